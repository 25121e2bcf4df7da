"""From a validation pass to a spike record: whole-number counts, the same to the bit however samples are
batched."""

from math import lcm, prod

import torch
from torch import Tensor

from hwcost import LayerSpec, LayerSpikes, NetworkSpec, SpikeRecord, fan_out_classes
from tsearch.networks.plan import INPUT, Attention, Plan, Pool, Sum
from tsearch.pricing.attention import AttentionTally
from tsearch.pricing.tally import Tally, plus


class Recorder:
    """Observer of `Network.run` that counts the events that enter every layer, by fan-out class, and those that leave.

    Call it as an observer during any number of batches, tell it the samples with `add_samples`, then ask
    for the `record`."""

    def __init__(self, network: NetworkSpec, plan: Plan) -> None:
        """Args:
        network: What is priced, made from `plan`.
        plan: What runs.
        """
        self.network, self.plan = network, plan
        self.n_samples = 0
        self._sources = {layer.name: self._names_read(layer) for layer in network.layers}
        self._attentions = {
            node.name: AttentionTally(node) for node in plan.nodes if isinstance(node, Attention)
        }
        self._tallies = self._all_tallies()
        self._pools = self._all_pools()

    def __call__(self, name: str, values: Tensor) -> None:
        """Count a value of `Network.run`, [T, B, ...]: the frames ("input") or what a node gives.

        Raises: EventClassError if events contradict the class that a layer declares."""
        if name in self._pools:
            self._pools[name].add(values)
        elif name in self._tallies:
            self._tallies[name].add(values)
        for attention, tally in self._attentions.items():
            if name in self._sources[attention]:
                tally.add(name, values)

    def add_samples(self, n_samples: int) -> None:
        """`n_samples` more samples have passed."""
        self.n_samples += n_samples

    def record(self) -> SpikeRecord:
        """Everything counted so far."""
        return SpikeRecord({layer.name: self._spikes(layer) for layer in self.network.layers}, self.n_samples)

    def _spikes(self, layer: LayerSpec) -> LayerSpikes:
        source, *others = self._sources[layer.name]
        outputs = self._fired(layer.name) if layer.neuron is not None else ()
        if layer.is_analog:
            return LayerSpikes(outputs=outputs)
        if source in self._pools:
            return self._pools[source].spikes()
        extras: tuple[tuple[str, tuple[int, ...]], ...] = ()
        if layer.kind == "sew_add":
            extras = (("other", self._tallies[others[0]].events_by_step()),)
        elif layer.name in self._attentions:
            extras = self._attentions[layer.name].extras()
        events, sums = self._tallies[source].by_class(layer)
        return LayerSpikes(events, sums, outputs, extras)

    def _fired(self, name: str) -> tuple[int, ...]:
        """Spikes of a layer's neurons, by timestep."""
        if name in self._pools:
            return tuple(sum(row) for row in self._pools[name].spikes().events)
        return self._tallies[name].by_step()

    def _names_read(self, layer: LayerSpec) -> tuple[str, ...]:
        """What `Network.run` calls the values that a layer reads."""
        if layer.name in self.plan.by_name:
            return self.plan.by_name[layer.name].sources
        source = self.network.source(layer)
        return (INPUT if source is None else source.name,)

    def _all_tallies(self) -> "dict[str, Tally]":
        """A tally for every value that is counted: events that a layer reads, and spikes."""
        scales, readers = _scales(self.plan), dict[str, LayerSpec]()
        for layer in self.network.layers:
            for source in self._sources[layer.name] if not layer.is_analog else ():
                readers.setdefault(source, layer)
        fired = {layer.name for layer in self.network.layers if layer.neuron is not None}
        return {
            name: Tally(readers.get(name), scales[name], is_input=name == INPUT)
            for name in fired | readers.keys()
        }

    def _all_pools(self) -> "dict[str, _PoolTally]":
        """Spikes that an average pool alone reads are counted behind it, by what is in front of it."""
        readers: dict[str, list[LayerSpec]] = {}
        for layer in self.network.layers:
            for source in self._sources[layer.name]:
                readers.setdefault(source, []).append(layer)
        pools = {}
        for name, (first, *others) in readers.items():
            is_counted_behind = not others and _shows_all_it_takes(first) and first.name in self._tallies
            if is_counted_behind and first.in_class == "binary":
                pools[name] = _PoolTally(first, behind=self._tallies[first.name])
        return pools


class _PoolTally:
    """Spikes that enter an average pool whose windows do not overlap. They are counted behind it, in fewer numbers;
    only rows and columns that no window covers are read here."""

    def __init__(self, layer: LayerSpec, behind: Tally) -> None:
        self.layer, self._behind = layer, behind
        self._uncovered: Tensor | None = None

    def add(self, spikes: Tensor) -> None:
        """`spikes` [T, B, C, H, W]."""
        rows, columns = (
            n * size for n, size in zip(self.layer.out_shape[1:], self.layer.kernel, strict=True)
        )
        below, beside = spikes[..., rows:, :], spikes[..., :rows, columns:]
        of_samples = below.float().sum((2, 3, 4)) + beside.float().sum((2, 3, 4))
        self._uncovered = plus(self._uncovered, of_samples.sum(1))

    def spikes(self) -> LayerSpikes:
        """All windows have the same fan-out, that of the first position; what none covers has that of the last."""
        if self._uncovered is None:
            return LayerSpikes()
        values, index = fan_out_classes(self.layer)
        counts = torch.zeros(len(self._uncovered), len(values), dtype=torch.float64)
        counts[:, index.flat[0]] += self._behind.totals().cpu()
        counts[:, index.flat[-1]] += self._uncovered.cpu()
        return LayerSpikes(tuple(map(tuple, counts.long().tolist())))


def _shows_all_it_takes(layer: LayerSpec) -> bool:
    """Whether it is an average pool without padding that sums every input once, or never."""
    is_plain = layer.kind == "avg_pool2d" and not any(layer.padding) and layer.stride == layer.kernel
    return is_plain and fan_out_classes(layer)[0][-1] == 1


def _scales(plan: Plan) -> dict[str, int]:
    """The factor that makes averages of spikes whole numbers again, for every value."""
    scales = {INPUT: 1}
    for node in plan.nodes:
        arriving = [scales[source] for source in node.sources]
        is_average = isinstance(node, Pool) and node.mode == "average"
        scale = lcm(*arriving) * (prod(node.kernel) if is_average else 1)  # type: ignore[attr-defined]
        scales[node.name] = scale if isinstance(node, Pool | Sum) and node.neuron is None else 1
    return scales
