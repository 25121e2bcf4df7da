"""One line for what pydantic finds wrong in a search-space file: where, what, what is allowed."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from tsearch.configuration import RENAMED
from tsearch.errors import TsearchError, did_you_mean, shown
from tsearch.space.known_keys import known_keys
from tsearch.space.lines import Lines, Path
from tsearch.units import counted


def explain(error: ValidationError, lines: Lines, section: Path = ()) -> TsearchError:
    """The first problem of `section` (default: the whole file) with its line; a typo explains the rest."""
    problems = error.errors()
    first = min(problems, key=lambda e: e["type"] != "extra_forbidden")
    full = (*section, *first["loc"])
    if first["type"] == "missing":
        return TsearchError(f"{lines.source}: '{_dotted(full)}' is missing.")
    path = lines.known(full)
    if first["type"] == "extra_forbidden":
        return lines.error(path, _unknown_key(str(full[-1]), path[:-1], lines))
    places = [lines.known((*section, *problem["loc"])) for problem in problems]
    path = max((place for place in places if place[: len(path)] == path), key=len)
    at_path = [problem for problem, place in zip(problems, places, strict=True) if place == path]
    return lines.error(path, f"'{_dotted(path)}': {_of_forms(at_path)}{_known_keys(at_path, path, lines)}")


def plain(first: Any) -> str:
    """What pydantic says, as a sentence with the value found."""
    words = _words(first)
    return f"{words}." if first["type"] == "value_error" else f"{words}, found {_found(first)}."


def _of_forms(problems: Sequence[Any]) -> str:
    """What is wrong with a value that may have several forms, such as a number or a list of numbers: the problem of the
    form that it has, or else which forms there are."""
    for problem in problems:
        if not _is_other_form(problem["type"]) or len(problems) == 1:
            return plain(problem)
    forms = dict.fromkeys(_words(problem).removeprefix("input should be ") for problem in problems)
    return f"input should be {', or '.join(forms)}, found {_found(problems[0])}."


def _found(problem: Any) -> str:
    return shown(repr(problem["input"]), 100)


def _is_other_form(kind: str) -> bool:
    return kind == "literal_error" or kind.endswith(("_type", "_parsing", "_from_float"))


def _words(problem: Any) -> str:
    """What pydantic says, in words of a space file."""
    kind, message = problem["type"], str(problem["msg"]).removeprefix("Value error, ").removesuffix(".")
    if kind == "value_error":
        return message
    if kind == "model_type":
        return "input should be a mapping of keys"
    if kind == "too_short":
        return f"input should be a list of at least {counted(problem['ctx']['min_length'], 'item')}"
    message = message.replace("valid tuple", "list").replace("valid dictionary", "mapping of keys")
    return f"{message[0].lower()}{message[1:]}"


def _known_keys(problems: Sequence[Any], path: Path, lines: Lines) -> str:
    """' Known keys: ...' where a mapping of them could stand at `path`."""
    if not any(problem["type"] == "model_type" for problem in problems):
        return ""
    return f" Known keys: {', '.join(known_keys(path, lines.content))}."


def _unknown_key(key: str, section: Path, lines: Lines) -> str:
    known = [*known_keys(section, lines.content), *lines.also.get(section, ())]
    if RENAMED.get(key) in known:
        return f"'{key}' is called '{RENAMED[key]}' now: rename it."
    hint = did_you_mean(key, known) or f" Known keys: {', '.join(known)}."
    if section == ("data",):
        hint += _options_hint(lines.content["data"].get("name"))
    return f"unknown key '{key}'.{hint}"


def _options_hint(name: Any) -> str:
    """' Options of digits_dvs stand under `options`: size, ...' for the name of a data set."""
    from tsearch.data import DATASETS

    if not isinstance(name, str) or name not in DATASETS:
        return " Options of a data set stand under `options`."
    options = list(DATASETS[name].options.model_fields)
    if not options:
        return f" {name} has no options."
    return f" Options of {name} stand under `options`: {', '.join(options)}."


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path) or "file"
