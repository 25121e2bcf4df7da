"""One line for what pydantic finds wrong in a search-space file: where, what, what is allowed."""

from typing import Any

from pydantic import ValidationError

from tsearch.errors import TsearchError, did_you_mean
from tsearch.space.lines import Lines
from tsearch.space.schema import known_keys


def explain(error: ValidationError, lines: Lines) -> TsearchError:
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")  # a typo explains the rest
    path = lines.known(tuple(first["loc"]))
    if first["type"] == "extra_forbidden":
        known = known_keys(path[:-1])
        key = str(first["loc"][-1])
        hint = did_you_mean(key, known) or f" Known keys: {', '.join(known)}."
        return lines.error(path, f"unknown key '{key}'.{hint}")
    if first["type"] == "missing":
        return TsearchError(f"{lines.source}: '{_dotted(tuple(first['loc']))}' is missing.")
    return lines.error(path, f"'{_dotted(path)}': {plain(first)}")


def plain(first: Any) -> str:
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "value_error":
        return message + "."
    return f"{message[0].lower()}{message[1:]}, found {first['input']!r}."


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in path) or "file"
