"""The spike record: whole-number counts per layer and timestep, all that pricing needs to know about a network's
activity.

Counts are sums over samples, kept as Python integers: merging is exact, and so is every total, however large.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hwcost.errors import HwcostError
from hwcost.fan_out import class_sizes, fan_out_classes
from hwcost.network import LayerSpec, NetworkSpec

Counts = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class LayerSpikes:
    """What one layer saw and said, summed over samples.

    Args:
        events: Non-zero input events [input timesteps][fan-out classes], or [input timesteps][1] where only totals are
            known (the cost is then an interval). Empty for an analog input. Input timesteps are those before a temporal
            transformer.
        sums: Absolute event values summed, same shape; left out for binary and ternary events, where it equals
        `events`.
        outputs: Output spikes [own timesteps] of a layer with neurons; empty otherwise.
        extras: Further counts of kinds that need them, name -> [timesteps].
    """

    events: Counts = ()
    sums: Counts = ()
    outputs: tuple[int, ...] = ()
    extras: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "events", tuple(tuple(map(_whole, row)) for row in _rows(self.events)))
        object.__setattr__(
            self, "sums", tuple(tuple(map(_whole, row)) for row in _rows(self.sums)) or self.events
        )
        object.__setattr__(self, "outputs", tuple(map(_whole, self.outputs)))
        object.__setattr__(self, "extras", tuple((str(n), tuple(map(_whole, row))) for n, row in self.extras))

    def extra(self, name: str) -> tuple[int, ...] | None:
        """One of the further counts, or None."""
        return dict(self.extras).get(name)

    def __add__(self, other: Self) -> Self:
        shapes = [
            (len(s.outputs), [len(row) for row in s.events], [n for n, _ in s.extras]) for s in (self, other)
        ]
        if shapes[0] != shapes[1]:
            raise HwcostError("the two records differ in timesteps or fan-out classes")
        extras = tuple((n, _add(a, b)) for (n, a), (_, b) in zip(self.extras, other.extras, strict=True))
        return type(self)(
            tuple(map(_add, self.events, other.events)),
            tuple(map(_add, self.sums, other.sums)),
            _add(self.outputs, other.outputs),
            extras,
        )


@dataclass(frozen=True)
class SpikeRecord:
    """Counts of every layer of a network, over `n_samples` samples."""

    layers: Mapping[str, LayerSpikes]
    n_samples: int

    def __post_init__(self) -> None:
        if _whole(self.n_samples) < 1:
            raise HwcostError(f"a record needs at least one sample, got {self.n_samples}")

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
        """The record that `to_dict` wrote."""
        layers = {}
        for name, spikes in plain["layers"].items():
            extras = tuple(spikes.get("extras", {}).items())
            try:
                layers[name] = LayerSpikes(**{**spikes, "extras": extras})
            except HwcostError as error:
                raise HwcostError(f"layer '{name}': {error}") from None
            except TypeError:
                raise HwcostError(
                    f"layer '{name}': a record holds events, sums, outputs and extras only"
                ) from None
        return cls(layers, plain["n_samples"])

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
        if not 0 <= rate <= 1:
            raise HwcostError(f"a rate lies in [0, 1], got {rate}")
        return cls(
            {layer.name: _constant(network, layer, rate, n_samples) for layer in network.layers}, n_samples
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
            layer.name: _from_map(layer, events.get(layer.name), outputs.get(layer.name))
            for layer in network.layers
        }
        return cls(layers, n_samples.pop())


def _from_map(layer: LayerSpec, events: NDArray[Any] | None, outputs: NDArray[Any] | None) -> LayerSpikes:
    fired = (
        ()
        if outputs is None
        else tuple(int(n) for n in outputs.reshape(*outputs.shape[:2], -1).sum(axis=(0, 2)))
    )
    if events is None or layer.is_analog:
        return LayerSpikes(outputs=fired)
    if not np.array_equal(events, np.rint(events)):
        raise HwcostError(
            f"layer '{layer.name}': declared {layer.in_class}, but the events are no whole numbers"
        )
    if np.abs(events).max(initial=0) > layer.in_max or (
        layer.in_class != "ternary" and events.min(initial=0) < 0
    ):
        raise HwcostError(
            f"layer '{layer.name}': declared {layer.in_class} up to {layer.in_max}, but the events reach from "
            f"{events.min():g} to {events.max():g}"
        )
    values = np.abs(events).astype(np.int64)
    return LayerSpikes(_histogram(layer, values != 0), _histogram(layer, values), fired)


def _histogram(layer: LayerSpec, maps: NDArray[Any]) -> Counts:
    """Events by timestep and fan-out class."""
    values, index = fan_out_classes(layer)
    per_position = (
        maps.reshape(maps.shape[0], maps.shape[1], -1, index.size).astype(np.int64).sum(axis=(0, 2))
    )
    return tuple(
        tuple(int(row[index.ravel() == k].sum()) for k in range(len(values))) for row in per_position
    )


def _constant(network: NetworkSpec, layer: LayerSpec, rate: float, n_samples: int) -> LayerSpikes:
    share = Fraction(rate) * n_samples
    mask = network.input_mask(layer)
    own = layer.mask or (1,) * network.timesteps(layer)
    emits = layer.neuron or layer.kind == "lstm"
    outputs = tuple(int(share * layer.n_outputs) * step for step in own) if emits else ()
    if layer.is_analog:
        return LayerSpikes(outputs=outputs)
    row = tuple(int(share * size) for size in class_sizes(layer))
    events = tuple(tuple(n * step for n in row) for step in mask)
    sums = tuple(tuple(n * layer.in_max for n in step) for step in events)
    extras = tuple(
        (name, tuple(n * step for step in own)) for name, n in _constant_extras(layer, share).items()
    )
    return LayerSpikes(events, sums, outputs, extras)


def _constant_extras(layer: LayerSpec, share: Fraction) -> dict[str, int]:
    """Further counts at a constant rate; pairs of events in an attention are as many as there can be."""
    if layer.kind == "sew_add":
        return {"other": int(share * layer.n_outputs)}
    if layer.kind not in ("attention", "mask_attention"):
        return {}
    neurons, heads, tokens = layer.n_outputs, layer.operand("heads", 1), layer.out_shape[1]
    most = {"qk": neurons * tokens, "av": neurons * tokens, "kv": neurons * neurons // heads // tokens}
    if layer.kind == "mask_attention":
        most["kv"] = neurons
    return {name: int(share * n) for name, n in ({"q": neurons, "k": neurons, "v": neurons} | most).items()}


def _rows(table: Any) -> Any:
    return table.tolist() if isinstance(table, np.ndarray) else table


def _whole(count: Any) -> int:
    """A count as a Python integer; NaN, negative and broken numbers are refused."""
    if type(count) is int and count >= 0:
        return count
    if isinstance(count, bool | str) or not 0 <= count < float("inf") or int(count) != count:
        raise HwcostError(f"a count must be a whole number of at least 0, got {count}")
    return int(count)


def _add(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _plain(spikes: LayerSpikes) -> dict[str, Any]:
    plain: dict[str, Any] = {"events": [list(row) for row in spikes.events], "outputs": list(spikes.outputs)}
    if spikes.sums != spikes.events:
        plain["sums"] = [list(row) for row in spikes.sums]
    if spikes.extras:
        plain["extras"] = {name: list(row) for name, row in spikes.extras}
    return plain
