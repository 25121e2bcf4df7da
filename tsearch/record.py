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
            self._tallies[layer.name] = _Tally(layer, seen_at, scale)

    def __call__(self, name: str, values: Tensor) -> None:
        """Count what `Network.run` shows: [T, B, ...] values at an input ("block2.in") or an output
        ("block2.out")."""
        for tally in self._tallies.values():
            if name == tally.seen_at and not tally.layer.is_analog:
                tally.add_events(values)
            if name == f"{tally.layer.name}.out" and tally.layer.neuron is not None:
                tally.add_outputs(values)

    def add_samples(self, n_samples: int) -> None:
        """`n_samples` more samples have passed."""
        self.n_samples += n_samples

    def record(self) -> SpikeRecord:
        """Everything counted so far."""
        return SpikeRecord({name: tally.spikes() for name, tally in self._tallies.items()}, self.n_samples)


class _Tally:
    """The counts of one layer."""

    def __init__(self, layer: LayerSpec, seen_at: str, scale: int) -> None:
        self.layer, self.seen_at, self._scale = layer, seen_at, scale
        values, index = fan_out_classes(layer)
        self._membership = torch.zeros(index.size, len(values), dtype=torch.float64)
        self._membership[torch.arange(index.size), torch.as_tensor(index.ravel())] = 1
        self._events: Tensor | None = None
        self._sums: Tensor | None = None
        self._outputs: Tensor | None = None

    def add_events(self, values: Tensor) -> None:
        events = values * self._scale if self._scale != 1 else values
        self._check(events)
        by_position = events.flatten(2).view(*events.shape[:2], -1, len(self._membership))
        self._events = _plus(self._events, self._by_class((by_position != 0).sum((1, 2))))
        if self.layer.in_max > 1:
            self._sums = _plus(self._sums, self._by_class(by_position.sum((1, 2), dtype=torch.float64)))

    def add_outputs(self, spikes: Tensor) -> None:
        self._outputs = _plus(self._outputs, spikes.flatten(1).sum(1, dtype=torch.float64).long())

    def spikes(self) -> LayerSpikes:
        return LayerSpikes(_plain(self._events), _plain(self._sums), _plain(self._outputs))

    def _by_class(self, by_position: Tensor) -> Tensor:
        """[T, positions] -> [T, classes]; float64 holds these whole numbers exactly."""
        return (by_position.double() @ self._membership).long()

    def _check(self, events: Tensor) -> None:
        low, high = events.aminmax()
        if not 0 <= low.item() <= high.item() <= self.layer.in_max or bool((events != events.round()).any()):
            raise EventClassError(
                f"layer '{self.layer.name}' declares {self.layer.in_class} events up to {self.layer.in_max}, "
                f"but saw values from {low.item():g} to {high.item():g}"
            )


def _seen_at(layer: LayerSpec, network: NetworkSpec) -> tuple[str, int]:
    """What `Network.run` calls the layer's input, and the factor that makes pooled averages whole numbers
    again."""
    source = network.source(layer)
    if layer.kind.endswith("pool2d"):
        return f"block{layer.name.removeprefix('pool')}.out", 1
    is_averaged = source is not None and source.kind == "avg_pool2d"
    return f"{layer.name}.in", layer.in_max if is_averaged else 1


def _plain(counts: Tensor | None) -> Any:
    return () if counts is None else counts.tolist()


def _plus(so_far: Tensor | None, more: Tensor) -> Tensor:
    return more if so_far is None else so_far + more
