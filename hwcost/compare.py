"""Does the order of two costs survive what is not known about the prices?

Both costs pay with the same constants, so a constant that turns out dearer moves both. The difference is therefore
bounded constant by constant, which is sharper than comparing two intervals.
"""

from math import fsum
from typing import NamedTuple

from hwcost.cost import Cost, Row
from hwcost.counts import ITEMS
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
    """The difference of two costs under one profile, constant by constant.

    All memories share one constant: a technology with dearer SRAM has it dearer at every capacity.

    Raises: HwcostError if the profiles differ, or if one of the costs is an interval because its record holds totals.
    """
    if first.profile != second.profile:
        raise HwcostError(
            f"costs under different profiles, '{first.profile}' and '{second.profile}', have no order"
        )
    if any(row.low is not None for row in (*first.rows, *second.rows)):
        raise HwcostError("a record of totals gives no exact counts; compare the intervals instead")
    knobs: dict[str, list[tuple[float, float, float]]] = {}
    for sign, cost in ((1, first), (-1, second)):
        for row in cost.rows:
            if row.price:
                knobs.setdefault(ITEMS[row.item].constant, []).append(_paid(row, sign, cost.n_samples))
    ends = [tuple(fsum(paid) for paid in zip(*rows, strict=True)) for rows in knobs.values()]
    return Comparison(
        fsum(value for _, value, _ in ends),
        fsum(min(prices) for prices in ends),
        fsum(max(prices) for prices in ends),
    )


def _paid(row: Row, sign: int, n_samples: int) -> tuple[float, float, float]:
    """pJ of a row at the low end, the value and the high end of its price."""
    assert row.price is not None
    n = sign * sum(row.steps) / n_samples
    return n * row.price.low, n * row.price.value, n * row.price.high
