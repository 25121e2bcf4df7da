"""Two fronts in one box."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tsearch.errors import TsearchError
from tsearch.front.dominance import covered_part, losses
from tsearch.front.front import Front


@dataclass(frozen=True)
class Comparison:
    """Two fronts in one box: the worse of both references, the better of both ideals.

    `covered_a` is the part of the points of `a` that some point of `b` equals or dominates, and the other way
    round. Where one of the fronts has no box, `reference` and `ideal` are empty and the hypervolumes None.
    """

    reference: Mapping[str, float]
    ideal: Mapping[str, float]
    hypervolume_a: float | None
    hypervolume_b: float | None
    covered_a: float
    covered_b: float


def compare(a: Front, b: Front) -> Comparison:
    """Two fronts against a common reference. Raises: TsearchError when their objectives differ."""
    if a.objectives != b.objectives:
        ours, theirs = (", ".join(f"{o.name} ({o.direction})" for o in front.objectives) for front in (a, b))
        raise TsearchError(
            f"{a.where} and {b.where} have different objectives: {ours} against {theirs}. "
            "Compare runs that agree."
        )
    reference, ideal = _common_box(a, b) if a.has_box and b.has_box else ({}, {})
    one, two = (replace(front, reference=reference, ideal=ideal) for front in (a, b))
    of_one, of_two = (losses(front.points, front.objectives) for front in (one, two))
    covered = covered_part(of_one, of_two), covered_part(of_two, of_one)
    return Comparison(reference, ideal, one.hypervolume, two.hypervolume, *covered)


def _common_box(a: Front, b: Front) -> tuple[dict[str, float], dict[str, float]]:
    """The worse of both references and the better of both ideals, by objective."""
    reference, ideal = {}, {}
    for objective in a.objectives:
        name, is_maximized = objective.name, objective.is_maximized
        reference[name] = (min if is_maximized else max)(a.reference[name], b.reference[name])
        ideal[name] = (max if is_maximized else min)(a.ideal[name], b.ideal[name])
    return reference, ideal
