"""The configurations of a space as structures with settings: how many there are, and every one of them.

Settings that make no difference in a structure, such as a temporal transformer where there is one stage, are not
counted there."""

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

from tsearch.space.domains import Domain
from tsearch.space.settings import IDLE_IN_ONE_STAGE, LEADING_RATE, defaults
from tsearch.space.structures import Structure, Structures

Settings = Mapping[str, Domain]


def n_configurations(structures: Structures, settings: Settings) -> int | None:
    """How many there are; None where a setting is continuous."""
    total = 0
    for (has_stages, has_phases), n in structures.kinds.items():
        sizes = [domain.size for domain in _free(settings, has_stages, has_phases).values()]
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
        free = _free(settings, len(structure.division) > 1, structure.n_phases > 1)
        for values in product(*(domain.values for domain in free.values())):
            yield structure, fallback | dict(zip(free, values, strict=True))


def _free(settings: Settings, has_stages: bool, has_phases: bool) -> dict[str, Domain]:
    """The settings that make a difference where there are several stages, and several phases."""
    idle = (*(() if has_stages else IDLE_IN_ONE_STAGE), *(() if has_phases else (LEADING_RATE,)))
    return {name: domain for name, domain in settings.items() if name not in idle}
