"""Plain data that anybody may have written: mappings with known keys, values of their form, or an error in one line."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from hwcost.errors import HwcostError, did_you_mean


class Form(NamedTuple):
    """What a value has to be: in words, and whether one is."""

    words: str
    fits: Callable[[Any], bool]


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_whole(value: Any) -> bool:
    return type(value) is int


def _are_wholes(value: Any) -> bool:
    return _is_list(value) and all(map(_is_whole, value))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


ANYTHING = Form("anything", lambda _: True)
TEXT = Form("a text", lambda value: isinstance(value, str))
TEXT_OR_NULL = Form("a text or null", lambda value: value is None or isinstance(value, str))
FLAG = Form("true or false", lambda value: isinstance(value, bool))
WHOLE = Form("a whole number", _is_whole)
NUMBER = Form("a number", _is_number)
WHOLES = Form("a list of whole numbers", _are_wholes)
PADDING = Form(
    "a list of whole numbers or of pairs of them",
    lambda value: _is_list(value) and all(_is_whole(p) or (_are_wholes(p) and len(p) == 2) for p in value),
)
NAMED_WHOLES = Form(
    "a mapping of names to whole numbers",
    lambda value: all(isinstance(name, str) and _is_whole(n) for name, n in _pairs(value)),
)
LIST = Form("a list", _is_list)
ROWS = Form("a list of lists", lambda value: _is_list(value) and all(map(_is_list, value)))
LISTS_BY_NAME = Form(
    "a mapping of names to lists",
    lambda value: isinstance(value, Mapping) and all(map(_is_list, value.values())),
)
MAPPING = Form("a mapping", lambda value: isinstance(value, Mapping))


def check_mapping(
    plain: Any, forms: Mapping[str, Form], where: str, required: Iterable[str] = ()
) -> Mapping[str, Any]:
    """`plain`, a mapping with keys of `forms` only, each of its form, and all that are required.

    Raises: HwcostError that starts with `where`.
    """
    if not isinstance(plain, Mapping):
        raise HwcostError(f"{where}: expected a mapping with {', '.join(forms)}, got {plain!r:.80}")
    for key in plain:
        if key not in forms:
            hint = did_you_mean(str(key), forms)
            raise HwcostError(f"{where}: unknown key '{key!s:.80}'.{hint} Known: {', '.join(forms)}")
    missing = [key for key in required if key not in plain]
    if missing:
        raise HwcostError(f"{where}: {', '.join(missing)} missing")
    for key, value in plain.items():
        if not forms[key].fits(value):
            raise HwcostError(f"{where}: '{key}' is {forms[key].words}, got {value!r:.80}")
    return plain


def _pairs(value: Any) -> Iterable[tuple[Any, Any]]:
    """Names and numbers of a mapping, or of a list of pairs; one pair that fits nothing for anything else."""
    if isinstance(value, Mapping):
        return value.items()
    are_pairs = _is_list(value) and all(_is_list(pair) and len(pair) == 2 for pair in value)
    return value if are_pairs else ((None, None),)
