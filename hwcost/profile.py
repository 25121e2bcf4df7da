"""Profiles: tables of prices of one technology or chip, each number with unit, range and source."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, get_args, get_type_hints

from hwcost.counts import ITEMS
from hwcost.errors import HwcostError
from hwcost.sram import MemoryPrices, Price

REUSE = {"weight_read": "weight_reuse", "activation_read": "activation_reuse"}


@dataclass(frozen=True)
class Constant:
    """One number of a profile: the value used, the range it is believed to lie in, unit and source."""

    value: float
    low: float
    high: float
    unit: str
    source: str

    @property
    def price(self) -> Price:
        """The constant as a price with its range."""
        return Price(self.low, self.value, self.high)

    @property
    def is_assumed(self) -> bool:
        """True where no publication gives the number."""
        return self.source.lower().startswith("assum")


@dataclass(frozen=True)
class Semantics:
    """What the priced hardware does; every field is a choice that changes counts.

    graded: a graded event counts once per unit of its value (unary) or as one MAC per event (mac).
    neuron: convention for the arithmetic of one neuron update, see `hwcost.neurons`.
    dataflow: output-stationary (per_step) or with membrane accumulators in memory (per_event).
    addressing: addresses computed per event, or running counters (free).
    attention: products of binary matrices as every product, one row per event, or coincidences of events.
    codec: spikes as addresses (aer), as a bitmap, or as the shorter of the two (min), or one machine word per
        event (word).
    """

    graded: Literal["unary", "mac"] = "unary"
    pads_counted: bool = False
    direct_reuse: bool = True
    neuron: Literal["hwcost", "none", "lemaire", "syops"] = "hwcost"
    bias_policy: Literal["add", "threshold"] = "add"
    dataflow: Literal["per_step", "per_event"] = "per_step"
    addressing: Literal["event", "counters"] = "event"
    fan_out: Literal["exact", "textbook"] = "exact"
    weights_in: Literal["sram", "dram"] = "sram"
    codec: Literal["min", "aer", "bitmap", "word"] = "min"
    zero_check: Literal["scan", "none"] = "scan"
    skip_policy: Literal["none", "if_exact", "lazy_leak", "shut_off"] = "none"
    stateless: bool = True
    memory_map: Literal["per_layer", "shared"] = "per_layer"
    fuse_avg_pool: bool = False
    attention: Literal["dense", "row", "coincidence"] = "row"

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            allowed = (True, False) if kind is bool else get_args(kind)
            if getattr(self, name) not in allowed:
                raise HwcostError(
                    f"semantics.{name}: got {getattr(self, name)!r}, allowed are {list(allowed)}"
                )


@dataclass(frozen=True, eq=False)
class Profile:
    """Prices and habits of one hardware. `free` lists items that it does without: they are not counted."""

    name: str
    about: str
    prices: Mapping[str, Constant]
    hardware: Mapping[str, Constant]
    bits: Mapping[str, int]
    semantics: Semantics
    memory: MemoryPrices | None = None
    free: frozenset[str] = frozenset()
    limits: Mapping[str, Constant] | None = None
    assumed: Mapping[str, int] = field(default_factory=dict)

    @lru_cache(maxsize=65536)  # noqa: B019  profiles are few and live as long as the process
    def price(self, item: str, bits: int = 0, capacity: int = 0) -> Price | None:
        """pJ per count of an item; None where the profile has no price for it."""
        constant = ITEMS[item].constant
        if item in self.free:
            return None
        if constant != "memory":
            return self.prices[constant].price if constant in self.prices else None
        if self.memory is None:
            return None
        off_chip = ITEMS[item].kind in ("weights", "bias") and self.semantics.weights_in == "dram"
        price = self.memory.price_per_bit(self.memory.limit_bits + 1 if off_chip else capacity).times(bits)
        if item in REUSE and REUSE[item] in self.hardware:
            reuse = self.hardware[REUSE[item]]
            return Price(price.low / reuse.high, price.value / reuse.value, price.high / reuse.low)
        return price

    def number(self, name: str) -> Constant:
        """One of the profile's hardware numbers (clock, units per cycle ...)."""
        if name not in self.hardware:
            raise HwcostError(f"profile '{self.name}': 'hardware.{name}' is missing; latency needs it")
        return self.hardware[name]

    @cached_property
    def assumptions(self) -> tuple[str, ...]:
        """Names of the numbers that no publication gives."""
        numbers = {**self.prices, **self.hardware}
        return tuple(sorted(name for name, constant in numbers.items() if constant.is_assumed))

    def where(self, **semantics: Any) -> "Profile":
        """The same prices for hardware with other habits: fields of `Semantics`."""
        return replace(self, semantics=replace(self.semantics, **semantics))

    def with_bits(self, bits: Mapping[str, int]) -> "Profile":
        """The same prices for other word widths; arithmetic keeps its price."""
        return replace(self, bits={**self.bits, **bits}, assumed={**self.assumed, **bits})

    def scaled(self, factor: float) -> "Profile":
        """The same profile with every price multiplied by `factor`."""

        def scale(c: Constant) -> Constant:
            return replace(c, value=c.value * factor, low=c.low * factor, high=c.high * factor)

        memory = self.memory and replace(
            self.memory,
            points=tuple((capacity, price.times(factor)) for capacity, price in self.memory.points),
            register=self.memory.register.times(factor),
            wire=self.memory.wire.times(factor),
            dram=self.memory.dram and self.memory.dram.times(factor),
        )
        return replace(self, prices={name: scale(c) for name, c in self.prices.items()}, memory=memory)
