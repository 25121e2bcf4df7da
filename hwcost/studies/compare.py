"""Does the order of two costs survive what is not known about the prices?

Both costs pay with the same constants, so a constant that turns out dearer moves both. The difference is therefore
bounded constant by constant, which is sharper than comparing two intervals.
"""

from collections.abc import Callable, Iterable
from math import fsum
from typing import NamedTuple

from hwcost.cost import Cost
from hwcost.counting.counts import Steps
from hwcost.errors import HwcostError


class Comparison(NamedTuple):
    """Energy of the first minus energy of the second, in pJ, with its range over all prices of the profile. `note` says
    where the two are worked out in different ways."""

    difference_pj: float
    low: float
    high: float
    note: str = ""

    @property
    def is_robust(self) -> bool:
        """True where the order is the same for every price within the ranges."""
        return self.low > 0 or self.high < 0


def compare(first: Cost, second: Cost) -> Comparison:
    """The difference of two costs under one profile, constant by constant: registers, SRAM (dearer at every size at
    once), wires, DRAM and every operation move independently. Counts that are known within bounds widen the range.

    Costs of other prices or word widths have no order. Those of another execution model or dataflow have one, because
    the same constants pay for them: it is an order of networks with their machines, which the note says.

    Raises: HwcostError if the profiles differ, by content or (in costs stored without their content) by name, or if
        the word widths of a what-if do.
    """
    _check_same_prices(first, second)
    return Comparison(
        first.total_pj - second.total_pj,
        _extreme(min, (first, "low"), (second, "high")),
        _extreme(max, (first, "high"), (second, "low")),
        _machines_note(first, second),
    )


def _check_same_prices(first: Cost, second: Cost) -> None:
    if first.profile != second.profile:
        raise HwcostError(
            f"costs under different profiles, '{first.profile}' and '{second.profile}', have no order"
        )
    if first.assumed != second.assumed and first.profile_hash and second.profile_hash:
        widths = [
            ", ".join(f"{name} {bits}" for name, bits in sorted(cost.assumed.items())) or "the profile's"
            for cost in (first, second)
        ]
        raise HwcostError(
            f"costs under different word widths (bits: {widths[0]}; {widths[1]}) have no order; "
            "price both with the same 'assume'"
        )
    if "" != first.profile_hash != second.profile_hash != "":
        raise HwcostError(
            f"costs under two profiles of the name '{first.profile}' have no order: their numbers or semantics differ; "
            "price both under one file"
        )


def _machines_note(first: Cost, second: Cost) -> str:
    """One sentence where execution model or dataflows differ."""
    ways = [(cost.execution, *sorted(set(cost.dataflows.values()))) for cost in (first, second)]
    if ways[0] == ways[1]:
        return ""
    words = [f"{execution} ({', '.join(dataflows) or 'no dataflow'})" for execution, *dataflows in ways]
    return f"the first works {words[0]}, the second {words[1]}: an order of machines, not of networks alone"


def _extreme(
    which: Callable[[Iterable[float]], float], first: tuple[Cost, str], second: tuple[Cost, str]
) -> float:
    """The least or the largest difference: of every constant, the end of its range (or its value) that gives it.

    Args:
        first, second: A cost with the bounds of its counts that are taken, "low" or "high".
    """
    paid: dict[str, list[list[float]]] = {}
    for sign, (cost, bound) in ((1, first), (-1, second)):
        for row in cost.rows:
            steps: Steps | None = getattr(row, bound)
            n = sign * sum(row.steps if steps is None else steps) / cost.n_samples
            for part in row.parts:
                paid.setdefault(part.constant, []).append([n * price for price in part[2:]])
    return fsum(which(fsum(end) for end in zip(*energies, strict=True)) for energies in paid.values())
