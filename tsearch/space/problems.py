"""One line for what pydantic finds wrong in a search-space file: where, what, what is allowed."""

from typing import Any

from pydantic import ValidationError

from tsearch.configuration import RENAMED
from tsearch.errors import TsearchError, did_you_mean, shown
from tsearch.space.lines import Lines, Path
from tsearch.space.schema import known_keys


def explain(error: ValidationError, lines: Lines, section: Path = ()) -> TsearchError:
    """The first problem of `section` (default: the whole file) with its line; a typo explains the rest."""
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    full = (*section, *first["loc"])
    if first["type"] == "missing":
        return TsearchError(f"{lines.source}: '{_dotted(full)}' is missing.")
    path = lines.known(full)
    if first["type"] == "extra_forbidden":
        return lines.error(path, _unknown_key(str(full[-1]), path[:-1], lines))
    return lines.error(path, f"'{_dotted(path)}': {plain(first)}")


def plain(first: Any) -> str:
    """What pydantic says, as a sentence with the value found."""
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "value_error":
        return message.removesuffix(".") + "."
    return f"{message[0].lower()}{message[1:]}, found {shown(repr(first['input']), 100)}."


def _unknown_key(key: str, section: Path, lines: Lines) -> str:
    known = known_keys(section, lines.content)
    if RENAMED.get(key) in known:
        return f"'{key}' is called '{RENAMED[key]}' now: rename it."
    hint = did_you_mean(key, known) or f" Known keys: {', '.join(known)}."
    return f"unknown key '{key}'.{hint}"


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path) or "file"
