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
    """Energy of the first minus energy of the second, in pJ, with its range over all prices of the profile."""

    difference_pj: float
    low: float
    high: float

    @property
    def is_robust(self) -> bool:
        """True where the order is the same for every price within the ranges."""
        return self.low > 0 or self.high < 0


def compare(first: Cost, second: Cost) -> Comparison:
    """The difference of two costs under one profile, constant by constant: registers, SRAM (dearer at every size at
    once), wires, DRAM and every operation move independently. Counts that are known within bounds widen the range.

    Raises: HwcostError if the profiles differ.
    """
    if first.profile != second.profile:
        raise HwcostError(
            f"costs under different profiles, '{first.profile}' and '{second.profile}', have no order"
        )
    return Comparison(
        first.total_pj - second.total_pj,
        _extreme(min, (first, "low"), (second, "high")),
        _extreme(max, (first, "high"), (second, "low")),
    )


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
