"""From a validation pass to a spike record: whole-number counts, the same to the bit however samples are
batched."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from hwcost import LayerSpec, LayerSpikes, NetworkSpec, SpikeRecord, fan_out_classes
from tsearch.networks.neuron.compiler import compiled_where_on


class EventClassError(ValueError):
    """The events of a layer contradict the class that it declares."""


def _bounds(events: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Least, largest, and the largest part behind the point."""
    return events.amin(), events.amax(), events.frac().amax()


class Recorder:
    """Observer of `Network.run` that counts input events by fan-out class, and output spikes, of every layer.

    Call it as an observer during any number of batches, tell it the samples with `add_samples`, then ask
    for the `record`."""

    def __init__(self, network: NetworkSpec) -> None:
        self.network = network
        self.n_samples = 0
        self._tallies: dict[str, _Tally] = {}
        self._pools: dict[str, _PoolTally] = {}
        for layer in network.layers:
            seen_at, scale = _seen_at(layer, network)
            tally = _Tally(layer, seen_at, scale, is_first=layer is network.layers[0])
            source = network.source(layer)
            if source is not None and _shows_all_it_takes(source):
                self._pools[self._tallies.pop(source.name).seen_at] = _PoolTally(source, behind=tally)
            self._tallies[layer.name] = tally
        self._last: tuple[Tensor, Tensor] | None = None

    def __call__(self, name: str, values: Tensor) -> None:
        """Count what `Network.run` shows: [T, B, ...] values at an input ("block2.in") or an output
        ("block2.out")."""
        if name in self._pools:
            self._pools[name].add(values)
            return
        for tally in self._tallies.values():
            if name == tally.seen_at and not tally.layer.is_analog:
                if tally.layer.in_max > 1:
                    tally.add_graded(values)
                else:
                    tally.add_binary(values, self._summed(values))
            if name == f"{tally.layer.name}.out" and tally.layer.neuron is not None:
                tally.add_outputs(self._summed(values))

    def add_samples(self, n_samples: int) -> None:
        """`n_samples` more samples have passed."""
        self.n_samples += n_samples
        self._last = None

    def record(self) -> SpikeRecord:
        """Everything counted so far."""
        counts = {name: tally.spikes() for name, tally in self._tallies.items()}
        for pool in self._pools.values():
            source = self.network.source(pool.layer)
            counts[pool.layer.name] = into_pool = pool.spikes()
            if source is not None:
                fired = tuple(sum(row) for row in into_pool.events)
                counts[source.name] = replace(counts[source.name], outputs=fired)
        return SpikeRecord({layer.name: counts[layer.name] for layer in self.network.layers}, self.n_samples)

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

    def add_binary(self, values: Tensor, sums: Tensor) -> None:
        """`values` [T, B, ...] and their sums over samples."""
        self._check_some(values)
        self._sums = _plus(self._sums, sums)

    def add_graded(self, values: Tensor) -> None:
        """`values` [T, B, ...], multiples of 1 / scale."""
        self._check_some(values)
        sums, events = _sums_and_events(values, 1 / self._scale)
        self._sums, self._events = _plus(self._sums, sums), _plus(self._events, events)

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

    def pooled(self) -> Tensor:
        """Events summed over samples and positions, [T]."""
        assert self._sums is not None
        return self._sums.flatten(1).sum(1) * self._scale

    def _check_some(self, values: Tensor) -> None:
        if self._is_first:
            self._check(values, 1, compiled_where_on(_bounds) or _bounds)
        elif self._n_samples == 0:
            self._check(values, 1)
        self._n_samples += values.shape[1]

    def _check(self, values: Tensor, n_samples: int, bounds: Callable[..., Any] = _bounds) -> None:
        """Refuse values, or sums over `n_samples`, that events of the declared class cannot have."""
        events = values * self._scale if self._scale != 1 else values
        low, high, fraction = (bound.item() for bound in bounds(_in_memory_order(events)))
        if not (fraction == 0 and 0 <= low <= high <= self.layer.in_max * n_samples):
            raise EventClassError(
                f"layer '{self.layer.name}' declares {self.layer.in_class} events up to {self.layer.in_max}, "
                f"but saw values from {low:g} to {high:g}"
            )


class _PoolTally:
    """Spikes that enter an average pool whose windows do not overlap. They are counted behind it, in fewer numbers;
    only rows and columns that no window covers are read here."""

    def __init__(self, layer: LayerSpec, behind: _Tally) -> None:
        self.layer, self._behind = layer, behind
        self._uncovered: Tensor | None = None

    def add(self, spikes: Tensor) -> None:
        """`spikes` [T, B, C, H, W]."""
        rows, columns = (
            n * size for n, size in zip(self.layer.out_shape[1:], self.layer.kernel, strict=True)
        )
        below, beside = spikes[..., rows:, :], spikes[..., :rows, columns:]
        of_samples = below.float().sum((2, 3, 4)) + beside.float().sum((2, 3, 4))
        self._uncovered = _plus(self._uncovered, of_samples.sum(1))

    def spikes(self) -> LayerSpikes:
        """All windows have the same fan-out, that of the first position; what none covers has that of the last."""
        if self._uncovered is None:
            return LayerSpikes()
        values, index = fan_out_classes(self.layer)
        counts = torch.zeros(len(self._uncovered), len(values), dtype=torch.float64)
        counts[:, index.flat[0]] += self._behind.pooled().cpu()
        counts[:, index.flat[-1]] += self._uncovered.cpu()
        return LayerSpikes(tuple(map(tuple, counts.long().tolist())))


def _shows_all_it_takes(layer: LayerSpec) -> bool:
    """Is it an average pool that sums every input once, or never?"""
    return layer.kind == "avg_pool2d" and fan_out_classes(layer)[0][-1] == 1


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
    rows = _in_memory_order(values).flatten(2).float()
    ones = rows.new_ones(rows.shape[0], 1, rows.shape[1])
    return _like_one_sample(torch.bmm(ones, rows), values)


def _sums_and_events(values: Tensor, least: float) -> tuple[Tensor, Tensor]:
    """Sums over samples of the values, and of the events, each worth no more than `least`, the smallest."""
    count = compiled_where_on(_sum_and_count)
    if count is None:
        return _sums(values), _sums(values.clamp(max=least))
    sums, n_events = count(_in_memory_order(values).flatten(2))
    return _like_one_sample(sums, values), _like_one_sample(n_events, values) * least


def _sum_and_count(rows: Tensor) -> tuple[Tensor, Tensor]:
    return rows.float().sum(1), (rows > 0).float().sum(1)


def _in_memory_order(values: Tensor) -> Tensor:
    return values if values.is_contiguous() else values.movedim(2, -1)


def _like_one_sample(sums: Tensor, values: Tensor) -> Tensor:
    """Sums over the samples of `_in_memory_order(values)` as [T, ...] of `values`."""
    kept = sums.view(len(values), *_in_memory_order(values).shape[2:])
    return kept if values.is_contiguous() else kept.movedim(-1, 1)


def _plus(so_far: Tensor | None, more: Tensor) -> Tensor:
    return more.to(torch.float64, copy=True) if so_far is None else so_far.add_(more)
