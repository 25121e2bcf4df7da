"""The configurations of a space as structures with settings: how many there are, and every one of them.

Settings that make no difference, such as a temporal transformer where there is one stage, are not counted there."""

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

from tsearch.space.domains import Domain, holds
from tsearch.space.idle import deciding, idle
from tsearch.space.settings import defaults
from tsearch.space.structures import Structure, Structures

Settings = Mapping[str, Domain]


def n_configurations(structures: Structures, settings: Settings) -> int | None:
    """How many there are; None where a setting is continuous."""
    total = 0
    for kind, n in structures.kinds.items():
        for fixed in product(*(_classes(name, domain) for name, domain in _deciding(settings).items())):
            chosen = dict(zip(_deciding(settings), (value for value, _ in fixed), strict=True))
            unused = idle(chosen, kind)
            if not _is_first(chosen, unused, settings):
                continue
            sizes = [size for name, (_, size) in zip(chosen, fixed, strict=True) if name not in unused]
            sizes += [d.size for name, d in settings.items() if name not in unused | chosen.keys()]
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
        for values in product(*(_values(domain) for domain in _deciding(settings).values())):
            chosen = dict(zip(_deciding(settings), values, strict=True))
            unused = idle(chosen, structure.kind)
            if not _is_first(chosen, unused, settings):
                continue
            free = {name: d for name, d in settings.items() if name not in unused | chosen.keys()}
            for others in product(*(domain.values for domain in free.values())):
                yield structure, fallback | chosen | dict(zip(free, others, strict=True))


def _deciding(settings: Settings) -> dict[str, Domain]:
    """The settings whose value makes others idle."""
    return {name: settings[name] for name in settings if name in deciding()}


def _is_first(chosen: Mapping[str, Any], unused: set[str], settings: Settings) -> bool:
    """Whether the idle ones among `chosen` have their default: the one time that they are counted."""
    return all(value == settings[name].default for name, value in chosen.items() if name in unused)


def _values(domain: Domain) -> tuple[Any, ...]:
    """Every value; of a continuous setting, which is idle in spaces that are listed, the default."""
    return (domain.default,) if domain.size is None else domain.values


def _classes(name: str, domain: Domain) -> Iterator[tuple[Any, int | None]]:
    """One value of every kind that makes a difference to others, with how many there are of it: the values that matter
    and the default alone, all the rest as one."""
    alone = [
        v for v in dict.fromkeys((*sorted(deciding()[name], key=repr), domain.default)) if holds(domain, v)
    ]
    rest = None if domain.size is None else domain.size - len(alone)
    yield from ((value, None if rest is None else 1) for value in alone)
    if rest != 0:
        yield next(value for value in _some(domain) if value not in alone), rest


def _some(domain: Domain) -> Iterator[Any]:
    """Every value of a choice; of a range its ends, and one between."""
    yield from domain.ends
    low, high = domain.ends
    yield (low + high) / 2 if domain.size is None else low + 1
