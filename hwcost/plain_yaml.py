"""YAML that anybody may have written: plain data within stated limits, or an error in one line."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from hwcost.errors import HwcostError

MOST_CHARACTERS = 500_000  # of a YAML text; the longest file that we ship has 6,000
MOST_VALUES = 20_000  # in one text, an alias counted as what it stands for
MOST_DEPTH = 32  # mappings and lists inside each other
MOST_DIGITS = 18  # of a whole number, which so fits into 64 bits
LONGEST_TEXT = 10_000  # characters of one value

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C version is ten times faster
_KINDS = ("map", "seq", "str", "int", "float", "bool", "null", "merge")
_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in _KINDS}
_KEYS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"}
_LONG_NUMBER = re.compile(rf"\s*[+-]?(0[xob])?[\d_:a-fA-F]{{{MOST_DIGITS + 1},}}\s*")
_TOO_DEEP = f"nested more than {MOST_DEPTH} deep, the most that is read"


class Yaml(NamedTuple):
    """What a YAML text says, and its nodes, which know their lines; the node of an empty text is None."""

    content: Any
    node: yaml.Node | None


def read_text(path: Path, where: str, most_characters: int = MOST_CHARACTERS) -> str:
    """The text of a file, up to one character more than the limit; `where` begins the error where there is none."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(most_characters + 1)
    except FileNotFoundError:
        raise HwcostError(f"{where}: no such file") from None
    except UnicodeDecodeError:
        raise HwcostError(f"{where}: no text in UTF-8") from None
    except (OSError, ValueError) as error:  # a name with a null character is a ValueError
        raise HwcostError(f"{where}: cannot be read ({error})") from None


def parse_yaml(
    text: str, where: str, most_characters: int = MOST_CHARACTERS, most_values: int = MOST_VALUES
) -> Yaml:
    """What a YAML text says: mappings with text as keys, each one once, lists, text, numbers, true, false and null.

    Raises: HwcostError that starts with `where` and the line, also for more than the limits above, for an alias inside
    of what it stands for, and for other types, such as dates."""
    if len(text) > most_characters:
        raise HwcostError(f"{where}: longer than {most_characters:,} characters, the most that is read.")
    try:
        _check_events(text, where, most_values)
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return Yaml(None, None)
        _Nodes(where, most_values).measure(node)
        return Yaml(loader.construct_document(node), node)
    except HwcostError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
        raise HwcostError(
            f"{where}{f':{mark.line + 1}' if mark else ''}: not valid YAML: {problem}."
        ) from None
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:  # a tag such as !!int before other things
        problem = " ".join(str(error).split())[:200]
        raise HwcostError(
            f"{where}: not valid YAML: a tag or a character does not fit ({problem})."
        ) from None


def _check_events(text: str, where: str, most_values: int) -> None:
    """Refuse what is nested too deep or too long before nodes are made of it, which is a recursion."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_Loader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH:
            raise _error(where, event, _TOO_DEEP)
        if number > 2 * most_values:
            raise _error(where, event, _too_long(most_values))


class _Nodes:
    """Nodes measured so far: an alias is the same node again."""

    def __init__(self, where: str, most_values: int) -> None:
        self.where, self.most_values = where, most_values
        self._measures: dict[int, tuple[int, int] | None] = {}  # None while it is being measured

    def measure(self, node: yaml.Node) -> tuple[int, int]:
        """Number of values and depth of a node. Raises: HwcostError where it is not plain, or beyond the limits."""
        if id(node) in self._measures:
            measure = self._measures[id(node)]
            if measure is None:
                raise _error(self.where, node, "an alias refers to what it stands in; write the values out")
            return measure
        self._measures[id(node)] = None
        measure = self._measure(node)
        if measure[0] > self.most_values:
            raise _error(self.where, node, _too_long(self.most_values))
        if measure[1] > MOST_DEPTH + 1:
            raise _error(self.where, node, _TOO_DEEP)
        self._measures[id(node)] = measure
        return measure

    def _measure(self, node: yaml.Node) -> tuple[int, int]:
        if node.tag not in _TAGS:
            kind = node.tag.rpartition(":")[2]
            raise _error(
                self.where, node, f"a value of type {kind} where text, numbers and lists are read; quote it"
            )
        if isinstance(node, yaml.ScalarNode):
            self._check_scalar(node)
            return 1, 1
        if isinstance(node, yaml.MappingNode):
            self._check_keys(node)
            parts = [self.measure(value) for _, value in node.value]
        else:
            parts = [self.measure(value) for value in node.value]
        return 1 + sum(n for n, _ in parts), 1 + max((depth for _, depth in parts), default=0)

    def _check_scalar(self, node: yaml.ScalarNode) -> None:
        if len(node.value) > LONGEST_TEXT:
            raise _error(self.where, node, f"a text of more than {LONGEST_TEXT:,} characters")
        is_number = node.tag.endswith(":int") or node.value.strip(" +-").replace("_", "").isdecimal()
        if is_number and _LONG_NUMBER.fullmatch(node.value):
            raise _error(self.where, node, f"a whole number of more than {MOST_DIGITS} digits")

    def _check_keys(self, node: yaml.MappingNode) -> None:
        names = set()
        for key, _ in node.value:
            if key.tag not in _KEYS:
                raise _error(self.where, key, "a key that is no text; put it in quotes")
            self._check_scalar(key)
            if key.value in names:
                raise _error(self.where, key, f"key '{key.value[:100]}' is given twice")
            names.add(key.value)


def _too_long(most_values: int) -> str:
    return f"more than {most_values:,} values, aliases written out, the most that is read"


def _error(where: str, place: Any, problem: str) -> HwcostError:
    return HwcostError(f"{where}:{place.start_mark.line + 1}: {problem}.")
