"""Counts with prices: the rows of a cost."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from hwcost.counting.counts import Steps, Work
from hwcost.errors import HwcostError
from hwcost.network.network import NetworkSpec
from hwcost.prices.items import ITEMS
from hwcost.prices.price import Part, Price
from hwcost.prices.profile import Profile


class Row(NamedTuple):
    """One item in one layer: its count per timestep (over all samples) and its price; None means not counted."""

    layer: str
    item: str
    steps: Steps
    price: Price | None
    low: Steps | None = None
    high: Steps | None = None

    @property
    def kind(self) -> str:
        """The group in which the item is reported."""
        return ITEMS[self.item].kind

    @property
    def parts(self) -> tuple[Part, ...]:
        """What every constant of the profile adds to the price; () where there is none.

        Of a memory in a cost stored before prices had parts, no constant is known: it moves by itself.
        """
        if self.price is None:
            return ()
        constant, value = ITEMS[self.item].constant, self.price.value
        name = f"memory@{value!r}" if constant == "memory" else constant
        slope = value if constant == "memory" or self.kind == "leakage" else 1.0
        return self.price.parts or (Part(name, slope, *self.price.ends),)

    def to_list(self) -> list[Any]:
        """Plain data: layer, item, steps, [low end, value, high end] of the price, and the bounds of the count; then
        the parts of a price that has some.
        """
        plain = [self.layer, self.item, self.steps, self.price and self.price.ends, self.low, self.high]
        return [*plain, self.price.parts] if self.price and self.price.parts else plain

    @classmethod
    def from_list(cls, plain: Sequence[Any]) -> "Row":
        """The row that `to_list` wrote."""
        layer, item, steps, price, low, high, *more = plain
        parts = tuple(Part(*part) for part in more[0]) if more else ()
        ends = price and Price(price[1], price[0], price[2], parts=parts)
        return cls(layer, item, tuple(steps), ends, _tuple_or_none(low), _tuple_or_none(high))


def priced_rows(work: Iterable[Work], network: NetworkSpec, profile: Profile) -> list[Row]:
    """The counts of all work with their prices, each layer at its own word widths.

    Raises: HwcostError for synaptic work that the profile has no price for: it would look free.
    """
    rows, free, new = list[Row](), profile.free, partial(tuple.__new__, Row)  # half the time of `Row(...)`
    for part in work:
        name, price = part.layer, profile.for_layer(network.layer(part.layer)).price
        rows += [
            new((name, item, steps, price(item, bits, memory_bits), low, high))
            for item, steps, bits, memory_bits, low, high in part.counts
            if item not in free
        ]
    for row in rows:
        if row.price is None:
            _check_unpriced(row, profile)
    return rows


def _check_unpriced(row: Row, profile: Profile) -> None:
    operation = ITEMS[row.item].operation
    covered = operation == "ac" and "sop" in profile.prices
    if operation and not covered and any(row.steps):
        raise HwcostError(
            f"layer '{row.layer}': profile '{profile.name}' has no price for '{row.item}'; "
            f"its hardware cannot run this {'analog' if operation == 'mac' else 'event-driven'} work"
        )


def _tuple_or_none(steps: Any) -> Steps | None:
    return None if steps is None else tuple(steps)
