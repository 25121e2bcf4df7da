"""The spike record: whole-number counts per layer and timestep, all that pricing needs to know about activity.

Counts are sums over samples: merging is exact, and so is every total.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Self

from numpy.typing import NDArray

from hwcost.activity.constant import constant_spikes
from hwcost.activity.layer_spikes import Counts, LayerSpikes, PerSample, whole
from hwcost.activity.sources import spikes_from_map
from hwcost.errors import HwcostError
from hwcost.forms import LIST, LISTS_BY_NAME, MAPPING, ROWS, WHOLE, check_mapping
from hwcost.network.network import NetworkSpec

__all__ = ["Counts", "LayerSpikes", "SpikeRecord", "steps_and_samples"]


@dataclass(frozen=True)
class SpikeRecord:
    """Counts of every layer of a network, over `n_samples` samples."""

    layers: Mapping[str, LayerSpikes]
    n_samples: int

    def __post_init__(self) -> None:
        if whole(self.n_samples) < 1:
            raise HwcostError(f"a record needs at least one sample, got {self.n_samples}")

    def __getstate__(self) -> dict[str, Any]:
        """What is stored: the fields, without what is remembered of checks."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def is_checked_for(self, network: NetworkSpec) -> bool:
        """True where `remember_check` was called for this network last, and no layer was exchanged since."""
        checked = self.__dict__.get("_checked")
        return checked is not None and checked[0] is network and checked[1] == (*self.layers.items(),)

    def remember_check(self, network: NetworkSpec) -> None:
        """Remember that the counts can be those of the network."""
        object.__setattr__(self, "_checked", (network, (*self.layers.items(),)))

    def __add__(self, other: Self) -> Self:
        if self.layers.keys() != other.layers.keys():
            raise HwcostError(
                f"records of different layers: {sorted(self.layers.keys() ^ other.layers.keys())}"
            )
        merged = {}
        for name, spikes in self.layers.items():
            try:
                merged[name] = spikes + other.layers[name]
            except HwcostError as error:
                raise HwcostError(f"layer '{name}': {error}") from None
        return type(self)(merged, self.n_samples + other.n_samples)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, exact, readable by `from_dict`. Sums equal to the events are left out."""
        return {
            "n_samples": self.n_samples,
            "layers": {name: _plain(spikes) for name, spikes in self.layers.items()},
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The record that `to_dict` wrote. Raises: HwcostError, one line, for what is no record."""
        check_mapping(plain, {"layers": MAPPING, "n_samples": WHOLE}, "spikes", ("layers", "n_samples"))
        return cls(
            {name: _layer(name, spikes) for name, spikes in plain["layers"].items()}, plain["n_samples"]
        )

    @classmethod
    def full(cls, network: NetworkSpec, n_samples: int = 1) -> Self:
        """Every input carries its largest event and every neuron fires, at every step that is not masked."""
        return cls.constant(network, 1.0, n_samples)

    @classmethod
    def empty(cls, network: NetworkSpec, n_samples: int = 1) -> Self:
        """Silence."""
        return cls.constant(network, 0.0, n_samples)

    @classmethod
    def constant(cls, network: NetworkSpec, rate: float, n_samples: int = 1) -> Self:
        """Every neuron and input fires at `rate` in [0, 1] events per step, rounded down to whole events per fan-out
        class.
        """
        if not isinstance(rate, Real) or not 0 <= rate <= 1:
            raise HwcostError(f"a rate is a number in [0, 1], got {rate!s:.80}")
        return cls(
            {layer.name: constant_spikes(network, layer, rate, n_samples) for layer in network.layers},
            n_samples,
        )

    @classmethod
    def from_maps(
        cls,
        network: NetworkSpec,
        events: Mapping[str, NDArray[Any]],
        outputs: Mapping[str, NDArray[Any]] | None = None,
    ) -> Self:
        """Record of whole event maps.

        Args:
            events: Layer name -> [samples, input timesteps, *in_shape], whole numbers; analog inputs may be left out.
            outputs: Layer name -> [samples, own timesteps, *out_shape] for layers with neurons.
        """
        outputs = outputs or {}
        n_samples = {len(maps) for maps in (*events.values(), *outputs.values())}
        if len(n_samples) != 1:
            raise HwcostError(f"all maps need the same number of samples, got {sorted(n_samples)}")
        layers = {
            layer.name: spikes_from_map(
                network,
                layer,
                events.get(layer.name),
                outputs.get(layer.name),
                outputs.get(layer.other_source),
            )
            for layer in network.layers
        }
        return cls(layers, n_samples.pop())


def steps_and_samples(network: NetworkSpec, spikes: SpikeRecord) -> str:
    """`T=4, samples=8`: shows whoever gave a batch [samples, T, ...]."""
    steps = ", ".join(str(stage.timesteps) for stage in network.stages)
    return f"T={steps}, samples={spikes.n_samples}"


_ROWS = dict.fromkeys(("busy", "events", "sums", "outputs"), ROWS)
_FORMS = {
    "events": ROWS,
    "sums": ROWS,
    "outputs": LIST,
    "extras": LISTS_BY_NAME,
    "channels": ROWS,
    "channel_events": LIST,
    "per_sample": MAPPING,
}


def _layer(name: str, plain: Any) -> LayerSpikes:
    where = f"layer '{name!s:.80}'"
    spikes = dict(check_mapping(plain, _FORMS, where))
    samples = check_mapping(spikes.pop("per_sample", {}), _ROWS, f"{where}: 'per_sample'")
    extras = tuple(spikes.pop("extras", {}).items())
    try:
        return LayerSpikes(**spikes, extras=extras, per_sample=PerSample(**samples) if samples else None)
    except HwcostError as error:
        raise HwcostError(f"{where}: {error}") from None


def _plain(spikes: LayerSpikes) -> dict[str, Any]:
    plain: dict[str, Any] = {"events": [list(row) for row in spikes.events], "outputs": list(spikes.outputs)}
    if spikes.sums != spikes.events:
        plain["sums"] = [list(row) for row in spikes.sums]
    if spikes.extras:
        plain["extras"] = {name: list(row) for name, row in spikes.extras}
    if spikes.channels:
        plain["channels"] = [list(row) for row in spikes.channels]
    if spikes.channel_events:
        plain["channel_events"] = list(spikes.channel_events)
    if spikes.per_sample:
        plain["per_sample"] = _plain_per_sample(spikes.per_sample)
    return plain


def _plain_per_sample(samples: PerSample) -> dict[str, Any]:
    rows = {field.name: getattr(samples, field.name) for field in fields(samples)}
    if samples.sums == samples.events:
        del rows["sums"]
    return {name: [list(row) for row in table] for name, table in rows.items() if table}
