"""The priced network: a list of counts with prices, from which every total, interval and breakdown follows."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from math import fsum
from typing import Any, NamedTuple, Self

from hwcost.counting.counts import Steps
from hwcost.counting.rows import Row
from hwcost.prices.items import ITEMS, WITHIN
from hwcost.shown import shown


class MeanTimesteps(NamedTuple):
    """Mean number of timesteps that run: over stages, layers of neurons, and the MACs of the dense network."""

    by_stage: float
    by_layer: float
    by_mac: float


@dataclass(frozen=True, repr=False)
class Cost:
    """Energy, latency and footprint of one network under one profile, per inference (one sample).

    Attributes:
        rows: Every count with its price.
        n_samples: Samples that the counts are summed over.
        execution: Execution model behind the latency.
        latency_cycles, latency_s: From the first input to the last output; `_interval` spans counts and clock.
        first_decision_cycles: Until the last layer has finished its first step.
        cycles_by_layer: Cycles that each layer works, whatever else works at the same time.
        mean_timesteps: Not a cost by itself: two networks with equal means differ in energy and latency.
        footprint: Bits by purpose.
        mixing_orders: Layer name -> order taken at its temporal transformer.
        dataflows: Layer name -> dataflow of every weighted layer where memory has a price, or "crossbar"; empty in
            costs stored before dataflows were named.
        cores: Layer name -> cores that hold a part of the weighted layer, on a chip of cores; empty for other hardware.
            Layers may share a core: `n_cores` is no sum of these.
        notes: What was assumed, chosen or left out, one sentence each.
        n_cores, n_chips: Used cores and chips; 0 for other hardware.
        profile_hash: `Profile.content_hash`; empty in costs stored without.
        assumed: Word widths of a what-if.
    """

    profile: str
    execution: str
    rows: tuple[Row, ...]
    n_samples: int
    latency_cycles: int
    latency_s: float
    latency_cycles_interval: tuple[int, int]
    latency_s_interval: tuple[float, float]
    first_decision_cycles: int
    cycles_by_layer: Mapping[str, int]
    mean_timesteps: MeanTimesteps
    footprint: Mapping[str, int]
    n_synapses: int
    mixing_orders: Mapping[str, str]
    notes: tuple[str, ...]
    dataflows: Mapping[str, str] = field(default_factory=dict)
    cores: Mapping[str, int] = field(default_factory=dict)
    n_cores: int = 0
    n_chips: int = 0
    profile_hash: str = ""
    assumed: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """What it costs, in a few lines; `hwcost.report.text` tells where."""
        energy, low, high = (shown(pj, "energy_pj") for pj in (self.total_pj, *self.interval))
        lines = [
            f"profile    {self.profile}, execution {self.execution}",
            f"energy     {energy}, {low} to {high} over the ranges of the prices",
            f"latency    {shown(self.latency_s, 'latency_s')}",
            *([f"dataflow   {self.dataflow_text}"] if self.dataflows else []),
            *([f"cores      {self.n_cores:,}, chips {self.n_chips:,}"] if self.n_cores else []),
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        energy, latency = shown(self.total_pj, "energy_pj"), shown(self.latency_s, "latency_s")
        return f"Cost({energy}, {latency}, profile={self.profile!r}, execution={self.execution!r})"

    @cached_property
    def total_pj(self) -> float:
        """Energy of one inference, dynamic and static."""
        n = self.n_samples
        return fsum(sum(row.steps) / n * row.price.value for row in self.rows if row.price is not None)

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest energy over the ranges of all prices, and over the counts where only totals are known."""
        low = fsum(
            _total(row.low or row.steps) / self.n_samples * row.price.low for row in self.rows if row.price
        )
        high = fsum(
            _total(row.high or row.steps) / self.n_samples * row.price.high for row in self.rows if row.price
        )
        return low, high

    @property
    def static_pj(self) -> float:
        """Leakage over the latency."""
        return self._sum(lambda row: row.kind == "leakage")

    @property
    def dynamic_pj(self) -> float:
        """All but leakage."""
        return self._sum(lambda row: row.kind != "leakage")

    @property
    def sop(self) -> float:
        """Synaptic operations: events meeting existing synapses."""
        return self.count("synaptic_operation")

    @property
    def mac(self) -> float:
        """Multiply-accumulates."""
        return self._operations("mac")

    @property
    def ac(self) -> float:
        """Accumulates."""
        return self._operations("ac")

    @property
    def spikes_per_synapse(self) -> float:
        """Synaptic operations per existing synapse and inference: above about one, a spiking network rarely wins."""
        return self.sop / self.n_synapses

    @property
    def footprint_bits(self) -> int:
        """Memory occupied, in bits."""
        return sum(self.footprint.values())

    @property
    def dataflow_text(self) -> str:
        """The dataflow of most layers, then the layers of another; '-' where none is known."""
        counts = Counter(self.dataflows.values())
        if not counts:
            return "-"
        usual = max(counts, key=counts.__getitem__)
        others = [f"{layer} {dataflow}" for layer, dataflow in self.dataflows.items() if dataflow != usual]
        return "; ".join([usual, *others])

    def count(self, item: str, layer: str | None = None) -> float:
        """Mean count of an item per inference, in one layer or in all."""
        totals = [_total(row.steps) for row in self.rows if row.item == item and layer in (None, row.layer)]
        return sum(totals) / self.n_samples

    def by_layer(self) -> dict[str, float]:
        """pJ by layer, in order of the network."""
        return self._by(lambda row: row.layer)

    def by_kind(self) -> dict[str, float]:
        """pJ by kind of work: operations, weights, membrane ..."""
        return self._by(lambda row: row.kind)

    def by_item(self) -> dict[str, float]:
        """pJ by item, the finest division."""
        return self._by(lambda row: row.item)

    def by_timestep(self) -> dict[str, list[float]]:
        """pJ by layer and timestep. A layer behind a temporal transformer may work at the steps before and after it."""
        steps: dict[str, list[list[float]]] = {}
        for row in self.rows:
            per_step = steps.setdefault(row.layer, [])
            per_step.extend([] for _ in range(len(row.steps) - len(per_step)))
            for t, n in enumerate(row.steps):
                per_step[t].append(n / self.n_samples * row.price.value if row.price else 0.0)
        return {layer: [fsum(parts) for parts in per_step] for layer, per_step in steps.items()}

    def gradient(self) -> dict[str, float]:
        """How the energy changes with every constant of the profile: its total count per inference.

        `sram` and static power stand for several numbers that rise together: their entry is the energy spent on them,
        in pJ, which is the change per relative change. The other memory constants (`register`, `wire`, `dram`) have
        bits.
        """
        slopes: dict[str, list[float]] = {}
        for row in self.rows:
            for part in row.parts:
                constant = part.constant.partition("@")[0]
                slopes.setdefault(constant, []).append(_total(row.steps) / self.n_samples * part.slope)
        return {constant: fsum(parts) for constant, parts in slopes.items()}

    def not_counted(self) -> dict[str, float]:
        """Work that happens but has no price in the profile, alone or within another: item -> mean count per
        inference."""
        priced = {row.item for row in self.rows if row.price}
        unpriced = {row.item for row in self.rows if row.price is None and any(row.steps)}
        missing = {item for item in unpriced if priced.isdisjoint(WITHIN.get(item, ()))}
        return {item: self.count(item) for item in ITEMS if item in missing}

    def to_dict(self) -> dict[str, Any]:
        """Plain data, exact, readable by `from_dict`; the totals are written beside it for other readers."""
        plain: dict[str, Any] = {_stored(f.name): getattr(self, f.name) for f in fields(self)}
        plain["rows"] = [row.to_list() for row in self.rows]
        plain["mean_timesteps"] = self.mean_timesteps._asdict()
        plain["totals"] = {
            "total_pj": self.total_pj,
            "interval_pj": self.interval,
            "sop": self.sop,
            "mac": self.mac,
            "ac": self.ac,
            "footprint_bits": self.footprint_bits,
            "by_layer": self.by_layer(),
            "by_kind": self.by_kind(),
        }
        for later in ("dataflows", "cores", "n_cores", "n_chips", "profile_hash", "assumed"):
            if not plain[later]:
                del plain[later]
        return {key: _lists(value) for key, value in plain.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The cost that `to_dict` wrote."""
        values = {f.name: plain[_stored(f.name)] for f in fields(cls) if _stored(f.name) in plain}
        values["rows"] = tuple(map(Row.from_list, plain["rows"]))
        values["mean_timesteps"] = MeanTimesteps(**plain["mean_timesteps"])
        for name in ("latency_cycles_interval", "latency_s_interval", "notes"):
            values[name] = tuple(plain[name])
        return cls(**values)

    def _operations(self, operation: str) -> float:
        counted = [r for r in self.rows if ITEMS[r.item].operation == operation]
        return sum(_total(row.steps) for row in counted) / self.n_samples

    def _sum(self, chosen: Callable[[Row], bool]) -> float:
        return fsum(
            _total(r.steps) / self.n_samples * r.price.value for r in self.rows if r.price and chosen(r)
        )

    def _by(self, key: Callable[[Row], str]) -> dict[str, float]:
        parts: dict[str, list[float]] = {}
        for row in self.rows:
            if row.price:
                parts.setdefault(key(row), []).append(_total(row.steps) / self.n_samples * row.price.value)
        return {name: fsum(energies) for name, energies in parts.items()}


def _total(steps: Steps) -> int | float:
    return sum(steps)


def _stored(field: str) -> str:
    """The name under which a field is stored: one was renamed, and stored costs keep the first name."""
    return "orders" if field == "mixing_orders" else field


def _lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _lists(entry) for key, entry in value.items()}
    return [_lists(entry) for entry in value] if isinstance(value, list | tuple) else value
