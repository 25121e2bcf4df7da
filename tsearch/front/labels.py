"""Short names of points that are shown together: no two of them share one."""

from collections.abc import Sequence

from tsearch.front.point import Point, have_families, setting_text, setting_title

_LONGEST = 40  # characters of a label; a longer one gives way to the trial number


def labels_of(points: Sequence[Point], among: Sequence[Point] = ()) -> dict[int, str]:
    """A label for every point by its number, no two alike; with the family in front where they, or those `among` which
    they are shown, have several.

    A point keeps its own (see `Point.label`; 'T=4' where all uniform ones have the same stages) where no other has it;
    to others one setting is added that tells all of them apart ('T=6, learning rate 0.1'), or else the trial ('T=6,
    trial 12').
    """
    are_alike = len({point.stages for point in points if point.is_uniform}) < 2
    has_families = have_families([*points, *among])
    groups: dict[str, list[Point]] = {}
    for point in {point.number: point for point in points}.values():
        own = point.undivided_label if are_alike else point.label
        label = with_family(own, point, has_families=has_families)
        groups.setdefault(label if 0 < len(label) <= _LONGEST else f"trial {point.number}", []).append(point)
    labels = {number: label for own, group in groups.items() for number, label in _apart(own, group).items()}
    return {point.number: labels[point.number] for point in points}


def with_family(label: str, point: Point, *, has_families: bool) -> str:
    """A label of a point, with its family in front where there are several and the label does not begin with what the
    space calls it."""
    return f"{point.family} {label}" if has_families and not point.alternative else label


def _apart(own: str, points: list[Point]) -> dict[int, str]:
    """The points that share the label `own`, by number, with what tells them apart."""
    if len(points) == 1:
        return {points[0].number: own}
    every = [{"stages": point.stages} | point.details for point in points]
    for name in (name for name in every[0] if name != "schedule"):
        labels = [f"{own}, {_setting(name, settings.get(name))}" for settings in every]
        if len(set(labels)) == len(points) and len(max(labels, key=len)) <= _LONGEST:
            return {point.number: label for point, label in zip(points, labels, strict=True)}
    return {point.number: f"{own}, trial {point.number}" for point in points}


def _setting(name: str, value: object) -> str:
    """`training.learning_rate`, 0.01 -> 'learning rate 0.01'; timesteps and sizes in brackets."""
    text = f"({setting_text(value)})" if isinstance(value, tuple | list) else setting_text(value)
    return f"{setting_title(name)} {text}"
