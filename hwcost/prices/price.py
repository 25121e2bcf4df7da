"""`Price`: a number with the range in which it is believed to lie, its unit and its source."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """One number of a profile, or a price made from several: the value used, and the ends of its range.

    A price that is computed from others has no unit and no source of its own: both are empty.
    """

    value: float
    low: float
    high: float
    unit: str = ""
    source: str = ""

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
        return Price(self.value * factor, self.low * factor, self.high * factor)

    def over(self, divisor: "Price") -> "Price":
        """The price divided by another uncertain number: the low end by the high one, and the other way round."""
        return Price(self.value / divisor.value, self.low / divisor.high, self.high / divisor.low)

    def combined(self, other: "Price", how: Callable[[float, float], float]) -> "Price":
        """`how` applied to the values, to the low ends and to the high ends of two prices."""
        return Price(how(self.value, other.value), how(self.low, other.low), how(self.high, other.high))
