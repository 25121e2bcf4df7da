"""JSON and YAML files that anybody may have written: read within stated limits, or refused in one line."""

import json
import os
import re
from pathlib import Path
from typing import Any

from hwcost.errors import HwcostError
from hwcost.plain_yaml import MOST_CHARACTERS, MOST_DEPTH, Yaml
from hwcost.plain_yaml import parse_yaml as parse_plain_yaml
from tsearch.errors import TsearchError

YAML_BYTES = 2 * MOST_CHARACTERS  # of a YAML file
JSON_BYTES = 256 * 2**20  # of a JSON file that we wrote ourselves
JSON_DIGITS = 300  # of a whole number, which so fits into a float
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]')  # and strings, which may hold some
_TOO_DEEP = f"nested more than {MOST_DEPTH} deep, the most that is read"


def read_bytes(path: Path, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes. Raises: FileNotFoundError; ValueError, saying why, if it cannot
    be read or is larger."""
    if not os.path.isfile(path):  # also a pipe, which would be waited for
        raise FileNotFoundError(path)
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from None
    if len(content) > limit:
        raise ValueError(f"larger than {limit:,} bytes, the most that is read")
    return content


def parse_json(content: bytes | str) -> Any:
    """What JSON text stands for, nested at most `MOST_DEPTH` deep, its whole numbers of at most `JSON_DIGITS`. Raises:
    ValueError, saying why, if it is none."""
    try:
        text = content if isinstance(content, str) else content.decode()
        if _depth(text) > MOST_DEPTH:
            raise ValueError(_TOO_DEEP)
        return json.loads(text, parse_int=_whole)
    except UnicodeDecodeError:
        raise ValueError("not a text file in UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON: {error.msg}, line {error.lineno}") from None


def read_text(path: Path, limit: int, next_step: str = "") -> str:
    """The UTF-8 text of a file of at most `limit` bytes. Raises: TsearchError, which ends with `next_step`."""
    try:
        return read_bytes(path, limit).decode("utf-8")
    except FileNotFoundError:
        raise _error(path, "no such file", next_step) from None
    except UnicodeDecodeError:
        raise _error(path, "not a text file in UTF-8", next_step) from None
    except ValueError as error:
        raise _error(path, str(error), next_step) from None


def read_json(path: Path, limit: int, next_step: str = "") -> Any:
    """The content of a JSON file of at most `limit` bytes, see `parse_json`. Raises: TsearchError, which ends with
    `next_step`."""
    text = read_text(path, limit, next_step)
    try:
        return parse_json(text)
    except ValueError as error:
        raise _error(path, str(error), next_step) from None


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


def _depth(text: str) -> int:
    """How deep the brackets of a JSON text are nested, found without taking it apart."""
    deepest = depth = 0
    for token in _BRACKETS.findall(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0)
        deepest = max(deepest, depth)
    return deepest
