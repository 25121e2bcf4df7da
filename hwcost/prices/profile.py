"""Profiles: tables of prices of one technology or chip, each number with unit, range and source."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any, Literal, get_args, get_type_hints

from hwcost.errors import HwcostError
from hwcost.network.fields import LayerFields
from hwcost.prices.items import ITEMS
from hwcost.prices.price import Part, Price, sum_of
from hwcost.prices.sram import MemoryPrices
from hwcost.prices.widths import width_factors


@dataclass(frozen=True)
class Semantics:
    """What the priced hardware does; every field is a choice that changes counts.

    graded: a graded event counts once per unit of its value (unary) or as one MAC per event (mac).
    neuron: convention for the arithmetic of one neuron update, see `hwcost.counting.neurons`.
    dataflow: one of `hwcost.network.kinds.DATAFLOWS`, or auto: the one that the execution model makes usual.
    addressing: addresses computed per event, or running counters (free).
    attention: products of binary matrices as every product, one row per event, or coincidences of events.
    codec: how spikes are stored and sent, see `hwcost.counting.codecs`.
    """

    graded: Literal["unary", "mac"] = "unary"
    pads_counted: bool = False
    direct_reuse: bool = True
    neuron: Literal["hwcost", "none", "lemaire", "syops"] = "hwcost"
    bias_policy: Literal["add", "threshold"] = "add"
    dataflow: Literal["auto", "none", "weight_stationary", "output_stationary", "tick_batched"] = "auto"
    addressing: Literal["event", "counters"] = "event"
    fan_out: Literal["exact", "textbook"] = "exact"
    weights_in: Literal["sram", "dram"] = "sram"
    codec: Literal["min", "aer", "bitmap", "word", "rle", "csr"] = "min"
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
    """Prices of one hardware, and how it works (its semantics).

    Attributes:
        prices: pJ by name of the constant that pays for an item.
        hardware: Numbers that latency needs: clock, units per cycle ...
        bits: Word widths.
        free: Items that the hardware does without: they are not counted.
        capacity: Most weight bits, synapses per neuron and neurons that it can hold; empty where it has no limit.
        assumed: Word widths of a what-if.
        priced_bits: Word widths for which arithmetic has its price, where those of `bits` are others.
    """

    name: str
    about: str
    prices: Mapping[str, Price]
    hardware: Mapping[str, Price]
    bits: Mapping[str, int]
    semantics: Semantics
    memory: MemoryPrices | None = None
    free: frozenset[str] = frozenset()
    capacity: Mapping[str, Price] = field(default_factory=dict)
    assumed: Mapping[str, int] = field(default_factory=dict)
    priced_bits: Mapping[str, int] = field(default_factory=dict)

    @lru_cache(maxsize=65536)  # noqa: B019  profiles are few and live as long as the process
    def price(self, item: str, bits: int = 0, memory_bits: int = 0) -> Price | None:
        """pJ per count of an item; None where the profile has no price for it.

        Args:
            bits: Bits of one memory access.
            memory_bits: Size of the memory that is accessed.
        """
        constant = ITEMS[item].constant
        if item in self.free:
            return None
        if constant != "memory":
            return self._arithmetic(constant, item) if constant in self.prices else None
        if self.memory is None:
            return None
        off_chip = ITEMS[item].kind in ("weights", "bias") and self.semantics.weights_in == "dram"
        return self.memory.price_per_bit(self.memory.limit_bits + 1 if off_chip else memory_bits).times(bits)

    def number(self, name: str) -> Price:
        """One of the profile's hardware numbers (clock, units per cycle ...)."""
        if name not in self.hardware:
            raise HwcostError(f"profile '{self.name}': 'hardware.{name}' is missing; latency needs it")
        return self.hardware[name]

    @cached_property
    def content_hash(self) -> str:
        """The same for profiles that price alike: values and ranges of all numbers, word widths without those of a
        what-if, and semantics but for the dataflow, which a cost names itself."""
        numbers = [
            {name: price.ends for name, price in sorted(section.items())}
            for section in (self.prices, self.hardware, self.capacity)
        ]
        memory = self.memory and (
            *((bits, price.ends) for bits, price in self.memory.points),
            *(price and price.ends for price in (self.memory.register, self.memory.wire, self.memory.dram)),
            (self.memory.limit_bits, self.memory.curve),
        )
        usual = vars(Semantics()) | {"dataflow": self.semantics.dataflow}
        semantics = vars(self.semantics).items() - usual.items()
        bits = self.priced_bits or self.bits
        content = (*numbers, memory, sorted(bits.items()), sorted(self.free), sorted(semantics))
        return sha256(repr(content).encode()).hexdigest()[:16]

    @property
    def common_tick(self) -> tuple[str, ...]:
        """The entries of `hardware` for which all cores of a chip wait at every timestep; () where none do."""
        return tuple(name for name in ("barrier_s", "tick_s") if name in self.hardware)

    @property
    def usual_execution(self) -> str:
        """The execution model of the machine: lock_step where cores share a timestep, layer_serial elsewhere."""
        return "lock_step" if self.common_tick else "layer_serial"

    def where(self, **semantics: Any) -> "Profile":
        """The same prices for hardware that works otherwise: fields of `Semantics`."""
        return replace(self, semantics=replace(self.semantics, **semantics))

    def with_bits(self, bits: Mapping[str, int]) -> "Profile":
        """The same hardware with other word widths; arithmetic is scaled to them (see `hwcost.prices.widths`)."""
        return replace(self, bits={**self.bits, **bits}, priced_bits=self.priced_bits or self.bits)

    def for_layer(self, layer: LayerFields) -> "Profile":
        """The profile with the word widths that the layer names."""
        return self._for_words(layer.weight_bits, layer.membrane_bits, layer.activation_bits)

    @lru_cache(maxsize=4096)  # noqa: B019  as above
    def _for_words(self, weight: int, membrane: int, activation: int) -> "Profile":
        named = {"weight": weight, "membrane": membrane, "activation": activation}
        bits = {word: width for word, width in named.items() if width}
        return self.with_bits(bits) if bits else self

    def _arithmetic(self, constant: str, item: str) -> Price:
        """The price of an item that no memory serves, at the profile's word widths."""
        factors = width_factors(item, self.bits, self.priced_bits) if self.priced_bits else {}
        wanted = {name: n for name, n in factors.items() if n and name in self.prices}
        if wanted in ({}, {constant: 1}):
            return self.prices[constant].times(1)
        return sum_of(Part(name, n, *self.prices[name].times(n).ends) for name, n in wanted.items())

    def scaled(self, factor: float) -> "Profile":
        """The same profile with every price multiplied by `factor`."""
        prices = {
            name: replace(p, value=p.value * factor, low=p.low * factor, high=p.high * factor)
            for name, p in self.prices.items()
        }
        return replace(self, prices=prices, memory=self.memory and self.memory.scaled(factor))
