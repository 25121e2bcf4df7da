"""A space file whose `backbone` is a list: every alternative gives a space as if it were the only one."""

from collections.abc import Mapping
from typing import Any

from tsearch.space.domains import Choice, Domain, holds
from tsearch.space.limits import MOST_BASELINES
from tsearch.space.lines import Lines
from tsearch.space.schema import Alternative
from tsearch.space.settings import of_backbone
from tsearch.space.space import SearchSpace
from tsearch.space.union import UnionSpace

KEYS = tuple(Alternative.model_fields)  # of them, sections go before the file's key by key


def alternatives(lines: Lines) -> list[Lines]:
    """The file as each alternative sees it; one with a single backbone as it is. Raises: TsearchError where a list
    holds no backbones."""
    given = lines.content.get("backbone")
    if not isinstance(given, list):
        return [lines]
    if not given:
        raise lines.error(("backbone",), "'backbone': the list is empty. Name at least one family.")
    for i, one in enumerate(given):
        if not isinstance(one, Mapping):
            raise lines.error(
                ("backbone", i), f"'backbone': alternative {i + 1} is no mapping of keys, found {one!r}."
            )
    return [_alternative(lines, i, one) for i, one in enumerate(given)]


def joined(spaces: list[SearchSpace], lines: Lines) -> UnionSpace:
    """The space of all alternatives, which train equally long. Raises: TsearchError where two share networks."""
    for j, other in enumerate(spaces):
        for i, one in enumerate(spaces[:j]):
            if _overlap(of_backbone(one.settings), of_backbone(other.settings)):
                raise lines.error(
                    ("backbone", j),
                    f"'backbone': alternatives {i + 1} and {j + 1} share networks. Make them one.",
                )
    totals = [space.schedules.total_epochs or 0 for space in spaces]
    equal = [
        space.model_copy(update={"last_epochs": space.last_epochs + max(totals) - total, "source_text": ""})
        for space, total in zip(spaces, totals, strict=True)
    ]
    union = UnionSpace(alternatives=dict(zip(_names(spaces), equal, strict=True)), source_text=lines.text)
    n = len(union.baselines())
    if n > MOST_BASELINES:
        raise lines.error(
            ("backbone",),
            f"'backbone': uniform networks of all alternatives are {n:,} baselines, at most {MOST_BASELINES:,} are "
            "allowed. Name fewer timesteps: `search: {baselines: [1, 2, 4, 8]}`.",
        )
    return union


def _alternative(lines: Lines, i: int, given: Mapping[str, Any]) -> Lines:
    """The file with alternative `i` as its only backbone, every key at its line."""
    content = dict(lines.content)
    content["backbone"] = {key: value for key, value in given.items() if key not in KEYS}
    places = {path: line for path, line in lines.lines.items() if path[0] != "backbone"}
    for key in KEYS:
        if key in given:
            shared, own = content.get(key), given[key]
            is_section = isinstance(shared, Mapping) and isinstance(own, Mapping)
            content[key] = shared | own if is_section else own
            replaced = [(key, *([each] if is_section else [])) for each in (own if is_section else [key])]
            places = {
                path: line for path, line in places.items() if not any(path[: len(r)] == r for r in replaced)
            }
    for path, line in lines.lines.items():
        if path[:2] == ("backbone", i):
            rest = path[2:]
            places[rest if rest and rest[0] in KEYS else ("backbone", *rest)] = line
    return lines.seen_as(content, places, also={("backbone",): KEYS})


def _names(spaces: list[SearchSpace]) -> list[str]:
    """The family of each; where there are several of one, with what tells them apart, such as "windowed_cnn", or their
    number."""
    families = [space.settings["backbone.name"].default for space in spaces]
    names = []
    for i, family in enumerate(families):
        alike = [other for other, name in zip(spaces, families, strict=True) if name == family]
        word = _telling(spaces[i], alike) or str(families[: i + 1].count(family))
        names.append(family if len(alike) == 1 else f"{family}_{word}")
    return names


def _telling(space: SearchSpace, alike: list[SearchSpace]) -> str | None:
    """The word of a setting of the backbone that is another one in each of those `alike`; None where there is none."""
    for name, domain in of_backbone(space.settings).items():
        words = [other.settings[name].ends for other in alike if name in other.settings]
        is_fixed = len(words) == len(alike) and all(len(w) == 1 and isinstance(w[0], str) for w in words)
        if is_fixed and len(set(words)) == len(words):
            return str(domain.default)
    return None


def _overlap(one: Mapping[str, Domain], other: Mapping[str, Domain]) -> bool:
    """Whether some values are in both."""
    return one.keys() == other.keys() and all(_meet(domain, other[name]) for name, domain in one.items())


def _meet(one: Domain, other: Domain) -> bool:
    if isinstance(one, Choice):
        return any(holds(other, value) for value in one.values)
    if isinstance(other, Choice):
        return _meet(other, one)
    return bool(max(one.ends[0], other.ends[0]) <= min(one.ends[1], other.ends[1]))
