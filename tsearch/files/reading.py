"""JSON and YAML files that anybody may have written: read within stated limits, or refused in one line."""

import json
import os
from pathlib import Path
from typing import Any

from hwcost.errors import HwcostError
from hwcost.plain_yaml import MOST_CHARACTERS, MOST_DEPTH, Yaml
from hwcost.plain_yaml import parse_yaml as parse_plain_yaml
from tsearch.errors import TsearchError

YAML_BYTES = 2 * MOST_CHARACTERS  # of a YAML file
JSON_DIGITS = 300  # of a whole number, which so fits into a float
_TOO_DEEP = f"nested more than {MOST_DEPTH} deep, the most that is read"


def read_text(path: Path, limit: int, next_step: str = "") -> str:
    """The UTF-8 text of a file of at most `limit` bytes. Raises: TsearchError, which ends with `next_step`."""
    try:
        if not os.path.isfile(path):  # also a pipe, which would be waited for
            raise _error(path, "no such file", next_step)
        with path.open("rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise _error(path, f"larger than {limit:,} bytes, the most that is read", next_step)
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise _error(path, "not a text file in UTF-8", next_step) from None
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise _error(path, f"cannot be read ({problem})", next_step) from None


def read_json(path: Path, limit: int, next_step: str = "") -> Any:
    """The content of a JSON file of at most `limit` bytes, nested at most `MOST_DEPTH` deep, its whole numbers of at
    most `JSON_DIGITS`. Raises: TsearchError, which ends with `next_step`."""
    text = read_text(path, limit, next_step)
    try:
        content = json.loads(text, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise _error(path, f"not valid JSON: {error.msg}, line {error.lineno}", next_step) from None
    except ValueError as error:
        raise _error(path, str(error), next_step) from None
    except RecursionError:
        raise _error(path, _TOO_DEEP, next_step) from None
    if _is_deeper(content, MOST_DEPTH):
        raise _error(path, _TOO_DEEP, next_step)
    return content


def read_yaml(path: Path, next_step: str = "") -> Any:
    """The content of a YAML file, see `hwcost.plain_yaml`. Raises: TsearchError, which ends with `next_step`."""
    text = read_text(path, YAML_BYTES, next_step)
    try:
        return parse_yaml(text, str(path)).content
    except TsearchError as error:
        raise TsearchError(f"{error} {next_step}".strip()) from None


def parse_yaml(text: str, where: str) -> Yaml:
    """What a YAML text says, and its nodes. Raises: TsearchError that starts with `where` and the line."""
    try:
        return parse_plain_yaml(text, where)
    except HwcostError as error:
        raise TsearchError(str(error)) from None


def _error(path: Path, problem: str, next_step: str) -> TsearchError:
    return TsearchError(f"{path}: {problem}. {next_step}".strip())


def _whole(digits: str) -> int:
    if len(digits) > JSON_DIGITS:
        raise ValueError(f"a whole number has more than {JSON_DIGITS} digits")
    return int(digits)


def _is_deeper(content: Any, depth: int) -> bool:
    level = [content] if isinstance(content, list | dict) else []
    for _ in range(depth):
        inside = (entry.values() if isinstance(entry, dict) else entry for entry in level)
        level = [value for values in inside for value in values if isinstance(value, list | dict)]
    return bool(level)
