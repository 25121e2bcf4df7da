"""Price of one bit moved to or from a memory, by the memory's capacity: continuous and never falling as capacity grows.

Between the profile's points the logarithm of the price is linear in the logarithm of the capacity. Below the first
point it falls with the square root of the capacity (wire length) down to a register; above the last one, banks add a
wire term that grows with the square root, up to a limit; beyond it there is DRAM or a refusal, never a silent clamp.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, sqrt
from typing import Literal, NamedTuple

from hwcost.errors import HwcostError


class Price(NamedTuple):
    """A price with the range in which it is believed to lie."""

    low: float
    value: float
    high: float

    def times(self, factor: float) -> "Price":
        """The price of `factor` pieces."""
        return Price(self.low * factor, self.value * factor, self.high * factor)


@dataclass(frozen=True)
class MemoryPrices:
    """What moving a bit costs, in pJ, in memories of every capacity.

    `points` are (capacity in bits, price), ascending. `register` is the floor, `wire` the extra price of a bank four
    times as large as the last point, `limit_bits` the largest SRAM, `dram` the price beyond it (None: larger memories
    are refused).
    """

    points: tuple[tuple[int, Price], ...]
    register: Price
    wire: Price
    limit_bits: int
    dram: Price | None
    curve: Literal["log", "linear"] = "log"

    def price_per_bit(self, capacity_bits: int) -> Price:
        """pJ per bit of a memory of `capacity_bits`, at least 1."""
        if capacity_bits < 1:
            raise HwcostError(f"a memory holds at least one bit, got {capacity_bits}")
        if capacity_bits > self.limit_bits:
            return self._beyond(capacity_bits)
        if self.curve == "linear":
            return _straight(self.points, capacity_bits)
        (smallest, first), (largest, last) = self.points[0], self.points[-1]
        if capacity_bits <= smallest:
            root = sqrt(capacity_bits / smallest)
            return Price(
                *(max(floor, price * root) for floor, price in zip(self.register, first, strict=True))
            )
        if capacity_bits >= largest:
            banks = sqrt(capacity_bits / largest) - 1
            return Price(*(price + wire * banks for price, wire in zip(last, self.wire, strict=True)))
        return _between(self.points, capacity_bits)

    def _beyond(self, capacity_bits: int) -> Price:
        if self.dram is None:
            raise HwcostError(
                f"a memory of {capacity_bits} bits exceeds the profile's {self.limit_bits} bits of SRAM, "
                "and the profile names no price for DRAM"
            )
        return self.dram


def _straight(points: Sequence[tuple[int, Price]], capacity_bits: int) -> Price:
    """Straight lines from zero through the points, flat after the last: what Lemaire et al. 2022 use."""
    corners = [(0, Price(0.0, 0.0, 0.0)), *points]
    for (c0, p0), (c1, p1) in pairwise(corners):
        if capacity_bits <= c1:
            part = (capacity_bits - c0) / (c1 - c0)
            return Price(*(a + part * (b - a) for a, b in zip(p0, p1, strict=True)))
    return points[-1][1]


def _between(points: Sequence[tuple[int, Price]], capacity_bits: int) -> Price:
    upper = next(i for i, (capacity, _) in enumerate(points) if capacity >= capacity_bits)
    (c0, p0), (c1, p1) = points[upper - 1], points[upper]
    part = log(capacity_bits / c0) / log(c1 / c0)
    return Price(*(exp(log(a) + part * log(b / a)) for a, b in zip(p0, p1, strict=True)))
