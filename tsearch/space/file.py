"""Search-space files: where they are, and how their YAML becomes a search space."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from tsearch.configuration import Configuration
from tsearch.errors import TsearchError, did_you_mean
from tsearch.space.checks import check_names, check_settings
from tsearch.space.domains import Choice, Domain, Real, Whole
from tsearch.space.goals import Constraint, Objective
from tsearch.space.lines import Lines
from tsearch.space.problems import explain, plain
from tsearch.space.schema import Enqueued, LimitText, Range, SpaceFile
from tsearch.space.space import SearchSpace
from tsearch.units import metric_name, parse

DIRECTIONS: dict[str, Literal["maximize", "minimize"]] = {"accuracy": "maximize"}


def parse_space(text: str, source: str = "space.yaml") -> SearchSpace:
    """The search space that YAML `text` describes; `source` is the name that errors give.

    Raises: TsearchError with file, line, what was found and what is allowed.
    """
    lines = Lines(source, text)
    try:
        file = SpaceFile.model_validate(lines.content)
    except ValidationError as error:
        raise explain(error, lines) from None
    settings: dict[str, Domain] = {
        "temporal_transformer": _domain(file.temporal_transformer, "temporal_transformer", lines)
    }
    for section in ("backbone", "neuron", "training"):
        part = getattr(file, section)
        for field in type(part).model_fields:
            settings[f"{section}.{field}"] = _domain(getattr(part, field), f"{section}.{field}", lines)
    check_settings(settings, lines)
    objectives = tuple(_objective(objective) for objective in file.objectives)
    listed = [objective.name for objective in objectives]
    twice = next((name for name in listed if listed.count(name) > 1), None)
    if twice:
        raise lines.error(("objectives",), f"objective '{twice}' is given twice.")
    names = set(listed)
    for name in file.reference or {}:
        if name not in names:
            raise lines.error(
                ("reference", name),
                f"reference for '{name}', which is no objective.{did_you_mean(name, names)}",
            )
    try:
        space = SearchSpace(
            name=file.name,
            data=file.data,
            hardware=file.hardware,
            search=file.search,
            constraints=_constraints(file.constraints, lines),
            reference=file.reference,
            objectives=objectives,
            divisions=file.stages,
            timesteps=tuple(sorted(set(file.timesteps))),
            settings=settings,
            source_text=text,
            leading=Choice(file.schedule.leading),
            epochs=file.schedule.epochs,
            leading_epochs=file.schedule.leading_epochs,
        )
    except ValidationError as error:
        raise lines.error(("stages",), plain(error.errors()[0])) from None
    check_names(space, lines)
    enqueued = tuple(_enqueued(space, entry, i, lines) for i, entry in enumerate(file.enqueue))
    return space.model_copy(update={"enqueued": enqueued})


def spaces_folder() -> Path:
    """Folder of the shipped search spaces: inside the package where it is installed, beside it in a
    checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "search_spaces"
    return inside if inside.is_dir() else package.parent / "search_spaces"


def known_spaces() -> list[str]:
    """Names of the shipped search spaces."""
    return sorted(path.stem for path in spaces_folder().glob("*.yaml"))


def resolve_space(source: str) -> Path:
    """Path of a space file given by path or by the name of a shipped one. Raises TsearchError if there is
    none."""
    path = Path(source)
    if path.is_file():
        return path
    if path.exists():
        raise TsearchError(
            f"{source} is not a file. Give a search-space file, or the name of a shipped space."
        )
    if source in known_spaces():
        return spaces_folder() / f"{source}.yaml"
    known = ", ".join(known_spaces())
    hint = did_you_mean(source, known_spaces())
    raise TsearchError(
        f"search space '{source}' not found: no such file, and not a shipped one.{hint} Shipped: {known}."
    )


def _objective(given: str | Objective) -> Objective:
    return (
        given
        if isinstance(given, Objective)
        else Objective(name=given, direction=DIRECTIONS.get(given, "minimize"))
    )


def _constraints(given: Mapping[str, LimitText], lines: Lines) -> dict[str, Constraint]:
    found = {}
    for name, limit in given.items():
        metric, ends = metric_name(name), {}
        for end in ("min", "max"):
            value = getattr(limit, end)
            where = (
                f"{lines.source}:{lines.lines[('constraints', name, end)]}: constraints.{name}.{end}"
                if value is not None
                else ""
            )
            ends[end] = parse(value, metric, where) if isinstance(value, str) else value
        if ends["min"] is None and ends["max"] is None:
            raise lines.error(("constraints", name), f"constraints.{name}: give min, max or both.")
        found[metric] = Constraint(**ends)
    return found


def _domain(value: Any, name: str, lines: Lines) -> Domain:
    """The domain that a setting stands for."""
    path = tuple(name.split("."))
    if isinstance(value, Range):
        if value.low >= value.high:
            raise lines.error(path, f"'{name}': low {value.low:g} must be below high {value.high:g}.")
        if value.log and value.low <= 0:
            raise lines.error(path, f"'{name}': a log range starts above 0, found low {value.low:g}.")
        middle = (value.low * value.high) ** 0.5 if value.log else (value.low + value.high) / 2
        default = middle if value.default is None else value.default
        if not value.low <= default <= value.high:
            raise lines.error(
                path, f"'{name}': default {default:g} is outside [{value.low:g}, {value.high:g}]."
            )
        if _is_whole(name):
            return Whole(int(value.low), int(value.high), value.log, round(default))
        return Real(value.low, value.high, value.log, default)
    is_choice = isinstance(value, tuple) and (
        not _is_list(name) or (bool(value) and isinstance(value[0], tuple))
    )
    return Choice(tuple(dict.fromkeys(value)) if is_choice else (value,))


def _is_whole(name: str) -> bool:
    return name in ("training.batch_size", "training.shift")


def _is_list(name: str) -> bool:
    return name in ("backbone.widths", "backbone.pool_after")


def _enqueued(space: SearchSpace, entry: Enqueued, i: int, lines: Lines) -> Configuration:
    values = {name: domain.default for name, domain in space.settings.items()}
    given: dict[str, Any] = (
        {"temporal_transformer": entry.temporal_transformer} if entry.temporal_transformer else {}
    )
    for section in ("backbone", "neuron", "training"):
        given |= {f"{section}.{field}": value for field, value in getattr(entry, section).items()}
    for name, value in given.items():
        if name not in values:
            raise lines.error(
                ("enqueue", i, *name.split(".")), f"unknown key '{name}'.{did_you_mean(name, values)}"
            )
        values[name] = tuple(value) if isinstance(value, list) else value
    try:
        configuration = space.assemble(entry.stages, entry.timesteps, entry.leading, values)
        space.encode(configuration)
    except ValidationError as error:
        raise lines.error(("enqueue", i), f"enqueue[{i}]: {plain(error.errors()[0])}") from None
    except ValueError as error:
        raise lines.error(("enqueue", i), f"enqueue[{i}] is not in the space: {error}.") from None
    return configuration
