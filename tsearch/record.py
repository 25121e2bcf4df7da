"""From a validation pass to a spike record: whole-number counts, the same to the bit however samples are
batched."""

from typing import Any

import torch
from torch import Tensor

from hwcost import LayerSpec, LayerSpikes, NetworkSpec, SpikeRecord, fan_out_classes


class EventClassError(ValueError):
    """The events of a layer contradict the class that it declares."""


class Recorder:
    """Observer of `Network.run` that counts input events by fan-out class, and output spikes, of every layer.

    Call it as an observer during any number of batches, tell it the samples with `add_samples`, then ask
    for the `record`."""

    def __init__(self, network: NetworkSpec) -> None:
        self.network = network
        self.n_samples = 0
        self._tallies: dict[str, _Tally] = {}
        for layer in network.layers:
            seen_at, scale = _seen_at(layer, network)
            self._tallies[layer.name] = _Tally(layer, seen_at, scale, is_first=layer is network.layers[0])
        self._last: tuple[Tensor, Tensor] | None = None

    def __call__(self, name: str, values: Tensor) -> None:
        """Count what `Network.run` shows: [T, B, ...] values at an input ("block2.in") or an output
        ("block2.out")."""
        for tally in self._tallies.values():
            if name == tally.seen_at and not tally.layer.is_analog:
                tally.add_events(values, self._summed(values))
            if name == f"{tally.layer.name}.out" and tally.layer.neuron is not None:
                tally.add_outputs(self._summed(values))

    def add_samples(self, n_samples: int) -> None:
        """`n_samples` more samples have passed."""
        self.n_samples += n_samples
        self._last = None

    def record(self) -> SpikeRecord:
        """Everything counted so far."""
        return SpikeRecord({name: tally.spikes() for name, tally in self._tallies.items()}, self.n_samples)

    def _summed(self, values: Tensor) -> Tensor:
        """Sums over samples. What one layer gives is often shown again as what the next one gets."""
        if self._last is None or self._last[0] is not values:
            self._last = values, _sums(values)
        return self._last[1]


class _Tally:
    """The counts of one layer, summed over samples, as [T, ...] like one sample.

    Every value that enters the network is checked. Those between layers are counts of spikes by construction:
    checked in the first batch, and by their sums.
    """

    def __init__(self, layer: LayerSpec, seen_at: str, scale: int, is_first: bool) -> None:
        self.layer, self.seen_at, self._scale, self._is_first = layer, seen_at, scale, is_first
        self._n_samples = 0
        self._events: Tensor | None = None
        self._sums: Tensor | None = None
        self._outputs: Tensor | None = None

    def add_events(self, values: Tensor, sums: Tensor) -> None:
        """`values` [T, B, ...] and their sums over samples."""
        if self._is_first or self._n_samples == 0:
            self._check(values, 1)
        self._n_samples += values.shape[1]
        self._sums = _plus(self._sums, sums)
        if self.layer.in_max > 1:
            is_event = values.clamp(max=1 / self._scale)  # every event is a whole number of this
            self._events = _plus(self._events, _sums(is_event))

    def add_outputs(self, sums: Tensor) -> None:
        self._outputs = _plus(self._outputs, sums)

    def spikes(self) -> LayerSpikes:
        outputs = () if self._outputs is None else tuple(self._outputs.flatten(1).sum(1).long().tolist())
        if self._sums is None:
            return LayerSpikes((), (), outputs)
        self._check(self._sums, self._n_samples)
        sums = self._by_class(self._sums)
        if self._events is None:
            return LayerSpikes(sums, (), outputs)  # binary: every event is worth 1
        return LayerSpikes(self._by_class(self._events), sums, outputs)

    def _by_class(self, sums: Tensor) -> Any:
        """[T, ...] -> [T, classes]; float64 holds these whole numbers exactly."""
        values, index = fan_out_classes(self.layer)
        membership = torch.zeros(index.size, len(values), dtype=torch.float64)
        membership[torch.arange(index.size), torch.as_tensor(index.ravel())] = 1
        by_position = sums.cpu().reshape(len(sums), -1, index.size).sum(1)
        return (by_position * self._scale @ membership).long().tolist()

    def _check(self, values: Tensor, n_samples: int) -> None:
        """Refuse values, or sums over `n_samples`, that events of the declared class cannot have."""
        events = values * self._scale if self._scale != 1 else values
        low, high = (bound.item() for bound in events.aminmax())
        is_whole = events.frac().max().item() == 0
        if not (is_whole and 0 <= low <= high <= self.layer.in_max * n_samples):
            raise EventClassError(
                f"layer '{self.layer.name}' declares {self.layer.in_class} events up to {self.layer.in_max}, "
                f"but saw values from {low:g} to {high:g}"
            )


def _seen_at(layer: LayerSpec, network: NetworkSpec) -> tuple[str, int]:
    """What `Network.run` calls the layer's input, and the factor that makes pooled averages whole numbers
    again."""
    source = network.source(layer)
    if layer.kind.endswith("pool2d"):
        return f"block{layer.name.removeprefix('pool')}.out", 1
    is_averaged = source is not None and source.kind == "avg_pool2d"
    return f"{layer.name}.in", layer.in_max if is_averaged else 1


def _sums(values: Tensor) -> Tensor:
    """Sums over samples, [T, B, ...] -> [T, ...], as products with ones in the order of memory: no other sum is as
    fast. The values are whole numbers or quarters, so float32 holds the sums of a batch exactly."""
    if values.is_contiguous():
        return _row_sums(values)
    return _row_sums(values.movedim(2, -1)).movedim(-1, 1)


def _row_sums(values: Tensor) -> Tensor:
    rows = values.flatten(2)
    ones = rows.new_ones(rows.shape[0], 1, rows.shape[1])
    return torch.bmm(ones, rows).view(values.shape[0], *values.shape[2:])


def _plus(so_far: Tensor | None, more: Tensor) -> Tensor:
    return more.to(torch.float64, copy=True) if so_far is None else so_far.add_(more)
