"""`Price`: a number with the range in which it is believed to lie, its unit and its source."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple


class Part(NamedTuple):
    """What one constant of a profile adds to a price.

    Args:
        constant: Its name. Parts of the same name move together; `register@320` is the larger of two constants in
            memories of 320 bits, and moves by itself.
        slope: How much the price rises per unit of the constant; for `sram` and `leakage`, which stand for several
            numbers that rise together, per relative change.
        low, value, high: pJ at the low end of the constant, at its value and at its high end.
    """

    constant: str
    slope: float
    low: float
    value: float
    high: float

    def times(self, factor: float) -> "Part":
        """The part of the price of `factor` pieces."""
        return Part(self.constant, *(number * factor for number in self[1:]))


@dataclass(frozen=True, slots=True)
class Price:
    """One number of a profile, or a price made from several: the value used, and the ends of its range.

    A price that is computed from others has no unit and no source of its own: both are empty. `parts` says which
    constants it was made of; empty where it is one constant of the profile as it stands.
    """

    value: float
    low: float
    high: float
    unit: str = ""
    source: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def ends(self) -> tuple[float, float, float]:
        """Low end, value and high end, in this order."""
        return self.low, self.value, self.high

    @property
    def is_assumed(self) -> bool:
        """True where no publication gives the number."""
        return self.source.lower().startswith("assum")

    def times(self, factor: float) -> "Price":
        """The price of `factor` pieces."""
        parts = tuple(part.times(factor) for part in self.parts)
        return Price(self.value * factor, self.low * factor, self.high * factor, parts=parts)

    def made_of(self, constant: str, slope: float) -> "Price":
        """The same price, all of it paid by `constant`."""
        return replace(self, parts=(Part(constant, slope, *self.ends),))

    def over(self, divisor: "Price") -> "Price":
        """The price divided by another uncertain number: the low end by the high one, and the other way round."""
        by = divisor.ends[::-1]
        parts = tuple(
            Part(
                part.constant, part.slope / divisor.value, *(a / b for a, b in zip(part[2:], by, strict=True))
            )
            for part in self.parts
        )
        low, value, high = (a / b for a, b in zip(self.ends, by, strict=True))
        return Price(value, low, high, parts=parts)

    def combined(self, other: "Price", how: Callable[[float, float], float]) -> "Price":
        """`how` applied to the values, to the low ends and to the high ends of two prices."""
        return Price(how(self.value, other.value), how(self.low, other.low), how(self.high, other.high))


def sum_of(parts: Iterable[Part]) -> Price:
    """The price made of several parts, with the range that their independent constants give. The slope of a part may be
    negative: what a wider constant takes away.
    """
    parts = tuple(parts)
    value = sum(part.value for part in parts)
    low, high = (sum(end(part.low, part.high) for part in parts) for end in (min, max))
    return Price(value, low, high, parts=parts)
