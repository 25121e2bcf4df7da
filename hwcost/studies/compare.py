"""Does the order of two costs survive what is not known about the prices?

Both costs pay with the same constants, so a constant that turns out dearer moves both. The difference is therefore
bounded constant by constant, which is sharper than comparing two intervals.
"""

from math import fsum
from typing import NamedTuple

from hwcost.cost import Cost
from hwcost.errors import HwcostError
from hwcost.prices.items import ITEMS


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

    All memories share one constant: a technology with dearer SRAM has it dearer at every size.

    Raises: HwcostError if the profiles differ, or if one of the costs is an interval because its record holds totals.
    """
    if first.profile != second.profile:
        raise HwcostError(
            f"costs under different profiles, '{first.profile}' and '{second.profile}', have no order"
        )
    if any(row.low is not None for row in (*first.rows, *second.rows)):
        raise HwcostError("a record of totals gives no exact counts; compare the intervals instead")
    paid: dict[str, list[tuple[float, float, float]]] = {}
    for sign, cost in ((1, first), (-1, second)):
        for row in cost.rows:
            if row.price:
                energy = row.price.times(sign * sum(row.steps) / cost.n_samples)
                paid.setdefault(ITEMS[row.item].constant, []).append(energy.ends)
    ends = [tuple(fsum(end) for end in zip(*energies, strict=True)) for energies in paid.values()]
    return Comparison(
        fsum(value for _, value, _ in ends),
        fsum(min(differences) for differences in ends),
        fsum(max(differences) for differences in ends),
    )
