"""Price of one bit moved to or from a memory, by the memory's size: continuous, and never falling as the size grows.

Between the profile's points the logarithm of the price is linear in the logarithm of the size. Below the first point
it falls with the square root of the size (wire length) down to a register; above the last one, banks add a wire term
that grows with the square root, up to a limit. A larger memory is DRAM, or refused where the profile has no price for
DRAM.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, log, sqrt
from typing import Literal

from hwcost.errors import HwcostError
from hwcost.prices.price import Price

Points = Sequence[tuple[int, Price]]


@dataclass(frozen=True)
class MemoryPrices:
    """What moving a bit costs, in pJ, in memories of every size.

    `points` are (memory size in bits, price), ascending. `register` is the floor, `wire` the extra price of a bank four
    times as large as the last point, `limit_bits` the largest SRAM, `dram` the price beyond it (None: larger memories
    are refused).
    """

    points: tuple[tuple[int, Price], ...]
    register: Price
    wire: Price
    limit_bits: int
    dram: Price | None
    curve: Literal["log", "linear"] = "log"

    def price_per_bit(self, memory_bits: int) -> Price:
        """pJ per bit of a memory of `memory_bits`, at least 1, made of `register`, `sram` (all points together),
        `wire` and `dram`.
        """
        if memory_bits < 1:
            raise HwcostError(f"a memory holds at least one bit, got {memory_bits}")
        if memory_bits > self.limit_bits:
            return self._beyond(memory_bits).made_of("dram", 1)
        if self.curve == "linear":
            return _all_sram(_straight(self.points, memory_bits))
        (smallest, first), (largest, last) = self.points[0], self.points[-1]
        if memory_bits <= smallest:
            return _small(self.register, first.times(sqrt(memory_bits / smallest)), memory_bits)
        if memory_bits >= largest:
            banks = sqrt(memory_bits / largest) - 1
            total = last.combined(self.wire, lambda price, wire: price + wire * banks)
            wire = self.wire.times(banks).made_of("wire", banks)
            return replace(total, parts=_all_sram(last).parts + wire.parts)
        return _all_sram(_between(self.points, memory_bits))

    def scaled(self, factor: float) -> "MemoryPrices":
        """Every price multiplied by `factor`."""
        return replace(
            self,
            points=tuple((size, price.times(factor)) for size, price in self.points),
            register=self.register.times(factor),
            wire=self.wire.times(factor),
            dram=self.dram and self.dram.times(factor),
        )

    def _beyond(self, memory_bits: int) -> Price:
        if self.dram is None:
            raise HwcostError(
                f"a memory of {memory_bits} bits exceeds the profile's {self.limit_bits} bits of SRAM, "
                "and the profile names no price for DRAM"
            )
        return self.dram


def _all_sram(price: Price) -> Price:
    return price.made_of("sram", price.value)


def _small(register: Price, scaled: Price, memory_bits: int) -> Price:
    """The larger of a register and of the first point scaled down. Where it depends on the constants which one that is,
    the price moves by itself: bounds of a difference then stay bounds.
    """
    price = register.combined(scaled, max)
    if scaled.low >= register.high:
        return _all_sram(price)
    if register.low >= scaled.high:
        return price.made_of("register", 1)
    if scaled.value > register.value:
        return price.made_of(f"sram@{memory_bits}", price.value)
    return price.made_of(f"register@{memory_bits}", 1)


def _straight(points: Points, memory_bits: int) -> Price:
    """Straight lines from zero through the points, flat after the last: what Lemaire et al. 2022 use."""
    corners = [(0, Price(0.0, 0.0, 0.0)), *points]
    for (c0, p0), (c1, p1) in pairwise(corners):
        if memory_bits <= c1:
            part = (memory_bits - c0) / (c1 - c0)
            return p0.combined(p1, lambda a, b: a + part * (b - a))  # noqa: B023  called at once
    return points[-1][1]


def _between(points: Points, memory_bits: int) -> Price:
    """Straight lines between the logarithms."""
    upper = next(i for i, (size, _) in enumerate(points) if size >= memory_bits)
    (c0, p0), (c1, p1) = points[upper - 1], points[upper]
    part = log(memory_bits / c0) / log(c1 / c0)
    return p0.combined(p1, lambda a, b: exp(log(a) + part * log(b / a)))
