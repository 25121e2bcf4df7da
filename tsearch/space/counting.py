"""The configurations of a space as structures with settings: how many there are, and every one of them.

Settings that make no difference, such as a temporal transformer where there is one stage, are not counted there."""

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

from tsearch.space.domains import Domain
from tsearch.space.settings import IDLE_UNLESS, defaults, idle
from tsearch.space.structures import Structure, Structures

Settings = Mapping[str, Domain]


def n_configurations(structures: Structures, settings: Settings) -> int | None:
    """How many there are; None where a setting is continuous."""
    total = 0
    for (has_stages, has_phases), n in structures.kinds.items():
        for fixed in _deciding(settings):
            sizes = [domain.size for domain in _free(settings, fixed, has_stages, has_phases).values()]
            if None in sizes:
                return None
            total += n * prod(size or 0 for size in sizes)
    return total


def every_configuration(
    structures: Structures, settings: Settings
) -> Iterator[tuple[Structure, dict[str, Any]]]:
    """Every structure with every combination of settings, where no setting is continuous."""
    fallback = defaults(settings)
    for structure in structures:
        has_stages, has_phases = len(structure.division) > 1, structure.n_phases > 1
        for fixed in _deciding(settings):
            free = _free(settings, fixed, has_stages, has_phases)
            for values in product(*(domain.values for domain in free.values())):
                yield structure, fallback | fixed | dict(zip(free, values, strict=True))


def _deciding(settings: Settings) -> Iterator[dict[str, Any]]:
    """Every combination of the settings whose value makes others idle."""
    names = [name for name in settings if name in {other for other, _ in IDLE_UNLESS.values()}]
    for values in product(*(settings[name].values for name in names)):
        yield dict(zip(names, values, strict=True))


def _free(
    settings: Settings, fixed: Mapping[str, Any], has_stages: bool, has_phases: bool
) -> dict[str, Domain]:
    """The settings besides those `fixed` that make a difference."""
    left_out = fixed.keys() | idle(fixed, has_stages=has_stages, has_phases=has_phases)
    return {name: domain for name, domain in settings.items() if name not in left_out}
