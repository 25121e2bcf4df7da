"""Configurations that a space file lists under `enqueue`, to be tried first."""

from typing import Any

from pydantic import ValidationError

from tsearch.configuration import Configuration
from tsearch.errors import TsearchError, did_you_mean
from tsearch.space.domains import holds
from tsearch.space.lines import Lines
from tsearch.space.paths import Path
from tsearch.space.problems import plain
from tsearch.space.schema import SCHEDULE_SETTINGS, CompressionSpace, ConversionSpace, Enqueued, MasksSpace
from tsearch.space.settings import SECTIONS, defaults
from tsearch.space.space import SearchSpace
from tsearch.space.timesteps import shrinking_vectors
from tsearch.space.union import UnionSpace

_LEFT_OUT = {  # settings that a space has only where its file gives them
    *(f"schedule.{name}" for name in SCHEDULE_SETTINGS),
    *(f"conversion.{name}" for name in ConversionSpace.model_fields),
    *(f"compression.{name}" for name in CompressionSpace.model_fields),
    *(f"masks.{name}" for name in MasksSpace.model_fields),
}


def enqueued_configuration(space: SearchSpace, entry: Enqueued, i: int, lines: Lines) -> Configuration:
    """The configuration of entry `i` of `enqueue`, which must lie in the space."""
    settings = defaults(space.settings)
    for name, value in _given_settings(entry).items():
        if name not in settings:
            text = f"unknown key '{name}'.{did_you_mean(name, settings)}"
            if name in _LEFT_OUT:
                text = f"enqueue[{i}]: '{name}' is not set in this space. Give it there, such as a list of choices."
            raise lines.error(("enqueue", i, *name.split(".")), text)
        settings[name] = _frozen(value)
        try:
            space.settings[name].encode(settings[name])
        except (ValueError, TypeError) as error:
            raise lines.error(("enqueue", i), f"enqueue[{i}] is not in the space: {name}: {error}.") from None
    if entry.path and entry.leading:
        raise lines.error(("enqueue", i, "path"), f"enqueue[{i}]: give `path` or `leading`, not both.")
    try:
        configuration = space.assemble(entry.stages, _path(entry), settings)
        space.encode(configuration)
    except ValidationError as error:
        raise lines.error(("enqueue", i), f"enqueue[{i}]: {plain(error.errors()[0])}") from None
    except ValueError as error:
        raise lines.error(("enqueue", i), f"enqueue[{i}] is not in the space: {error}.") from None
    return configuration


def enqueued_in_union(space: UnionSpace, entry: Enqueued, i: int, lines: Lines) -> Configuration:
    """The configuration of entry `i` of `enqueue`, in the alternative that it names, or in one of the family that it
    names; the first family if none."""
    families = {name: one.settings["backbone.name"].default for name, one in space.alternatives.items()}
    family = entry.backbone.get("name", next(iter(families.values())))
    if family in families:
        named = entry.model_copy(update={"backbone": entry.backbone | {"name": families[family]}})
        return enqueued_configuration(space.alternatives[family], named, i, lines)
    known = list(dict.fromkeys([*families, *families.values()]))
    problem = lines.error(
        ("enqueue", i, "backbone", "name"),
        f"enqueue[{i}]: backbone '{family}' is not in this space.{did_you_mean(str(family), known)} "
        f"Backbones: {', '.join(known)}.",
    )
    alike = [space.alternatives[name] for name, own in families.items() if own == family]
    problems = []
    for one in [one for one in alike if _may_hold(one, entry)] or alike:
        try:
            return enqueued_configuration(one, entry, i, lines)
        except TsearchError as error:
            problems.append(error)
    raise next(iter(problems), problem)


def _may_hold(space: SearchSpace, entry: Enqueued) -> bool:
    """Whether the backbone of an entry is one of the space, as far as the entry tells."""
    given = {f"backbone.{name}": value for name, value in entry.backbone.items()}
    return all(name in space.settings and holds(space.settings[name], _frozen(given[name])) for name in given)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _path(entry: Enqueued) -> Path:
    if entry.path:
        return (*entry.path, entry.timesteps)
    return shrinking_vectors(entry.leading, entry.timesteps)


def _given_settings(entry: Enqueued) -> dict[str, Any]:
    mode = entry.temporal_transformer
    given: dict[str, Any] = {"temporal_transformer": mode} if mode else {}
    for name in SCHEDULE_SETTINGS:
        if getattr(entry, name) is not None:
            given[f"schedule.{name}"] = getattr(entry, name)
    for section in SECTIONS:
        given |= {f"{section}.{field}": value for field, value in getattr(entry, section).items()}
    return given
