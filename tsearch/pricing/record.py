"""From a validation pass to a spike record: whole-number counts, the same to the bit however samples are
batched."""

from dataclasses import replace

from torch import Tensor

from hwcost import LayerSpec, LayerSpikes, NetworkSpec, PerSample, SpikeRecord, fan_out_classes
from hwcost.network.kinds import WEIGHTED
from tsearch.networks.plan import INPUT, Attention, Plan
from tsearch.pricing.attention import AttentionTally
from tsearch.pricing.events import BINARY, Events, events_of
from tsearch.pricing.pool_tally import PoolTally
from tsearch.pricing.samples import BusyTally, SampleTally
from tsearch.pricing.shorter import during, with_all_steps
from tsearch.pricing.tally import Tally


class Recorder:
    """Observer of `Network.run` that counts the events that enter every layer, by fan-out class, and those that leave.

    Call it as an observer during any number of batches, tell it the samples with `add_samples`, then ask
    for the `record`."""

    def __init__(self, network: NetworkSpec, plan: Plan) -> None:
        """Args:
        network: What is priced, made from `plan`.
        plan: What runs.
        """
        self.network = network
        self.n_samples = 0
        self._attentions = {
            node.name: AttentionTally(node, sum(network.input_mask(network.layer(node.name))))
            for node in plan.nodes
            if isinstance(node, Attention)
        }
        events = events_of(network)
        self._tallies: dict[str, Tally] = {}
        for layer in network.layers:
            if layer.fires:
                self._tallies.setdefault(layer.name, Tally(BINARY, layer))
            for name in self._events_read(layer):
                entering = Events(layer.in_class, layer.in_max)
                tally = Tally(events.get(name, entering), layer, is_input=name == INPUT)
                self._tallies.setdefault(name, tally)
        self._pools = self._pools_alone()
        views = (layer for layer in network.layers if layer.kind == "flatten")
        self._views = [layer for layer in views if layer.name not in plan.by_name]  # of which no node tells
        self._samples = self._sample_tallies(events)
        self._busy = {layer.name: BusyTally() for layer in network.layers if self._shows_when_busy(layer)}

    def __call__(self, name: str, values: Tensor) -> None:
        """Count a value of `Network.run`, [T, B, ...], or fewer steps where there is nothing at the others: the frames
        ("input") or what a node gives.

        Raises: EventClassError if events contradict the class that a layer declares."""
        if not len(values):
            values = values.new_zeros(1, *values.shape[1:])
        if name in self._pools:
            self._pools[name].add(values)
        elif name in self._tallies:
            self._tallies[name].add(values)
        for tally in self._samples.get(name, {}).values():
            tally.add(values)
        for attention in self._attentions.values():
            attention.add(name, values)
        for view in self._views:
            if self._source(view) == name:
                self(view.name, values[: self.network.timesteps(view)])

    def add_samples(self, n_samples: int) -> None:
        """`n_samples` more samples have passed, in one batch."""
        self.n_samples += n_samples
        for name, tally in self._busy.items():
            layer = self.network.layer(name)
            values = [*self._events_read(layer), *([name] if layer.fires else [])]
            counts = [next(iter(self._samples[value].values())).events_of_batch for value in values]
            active_steps = layer.mask or (1,) * self.network.timesteps(layer)
            tally.add([during(events, active_steps) for events in counts])

    def record(self) -> SpikeRecord:
        """Everything counted so far."""
        spikes = {
            layer.name: with_all_steps(
                self._spikes(layer), self.network.input_timesteps(layer), self.network.timesteps(layer)
            )
            for layer in self.network.layers
        }
        return SpikeRecord(spikes, self.n_samples)

    def _spikes(self, layer: LayerSpec) -> LayerSpikes:
        outputs = self._fired(layer.name) if layer.fires else ()
        source, other = self._source(layer), self.network.other_source(layer)
        if source in self._pools:
            return replace(self._pools[source].spikes(), per_sample=self._per_sample(layer))
        extras: tuple[tuple[str, tuple[int, ...]], ...] = ()
        if other is not None and other.gives_events:
            extras = (("other", self._tallies[other.name].events_by_step()),)
        elif layer.name in self._attentions:
            extras = self._attentions[layer.name].extras()
            return LayerSpikes(self._attentions[layer.name].events(), (), outputs, extras)
        if layer.is_analog:
            return LayerSpikes(outputs=outputs, extras=extras)
        events, sums = self._tallies[source].by_class(layer)
        channels = self._samples[source][_is_flat(layer)]
        return LayerSpikes(
            events,
            sums,
            outputs,
            extras,
            channels.channels(),
            channels.channel_events(),
            self._per_sample(layer),
        )

    def _per_sample(self, layer: LayerSpec) -> PerSample:
        arriving = self._samples[self._source(layer)][_is_flat(layer)]
        sent = next(iter(self._samples[layer.name].values())).events() if layer.fires else ()
        busy = self._busy[layer.name].rows() if layer.name in self._busy else ()
        return PerSample(busy, arriving.events(), arriving.sums(), sent)

    def _fired(self, name: str) -> tuple[int, ...]:
        """Spikes of a layer's neurons, by timestep."""
        if name in self._pools:
            return tuple(sum(row) for row in self._pools[name].spikes().events)
        return self._tallies[name].by_step()

    def _source(self, layer: LayerSpec) -> str:
        """What `Network.run` calls the value that arrives at a layer."""
        source = self.network.source(layer)
        return INPUT if source is None else source.name

    def _events_read(self, layer: LayerSpec) -> list[str]:
        """The values that a layer reads as events."""
        other = self.network.other_source(layer)
        others = [other.name] if other is not None and other.gives_events else []
        return others if layer.is_analog else [self._source(layer), *others]

    def _sample_tallies(self, events: dict[str, Events]) -> dict[str, dict[bool, SampleTally]]:
        """Of every value whose samples may differ, a tally for readers that are flat and for those that are not."""
        tallies: dict[str, dict[bool, SampleTally]] = {}
        for layer in sorted(self.network.layers, key=lambda layer: layer.kind not in WEIGHTED):
            for name in self._events_read(layer):
                declared, is_flat = events.get(name, Events(layer.in_class, layer.in_max)), _is_flat(layer)
                tally = SampleTally(declared, is_flat=is_flat, has_weights=layer.kind in WEIGHTED)
                tallies.setdefault(name, {}).setdefault(is_flat, tally)
        for layer in self.network.layers:
            if layer.fires:
                sent = SampleTally(BINARY, is_flat=False, has_weights=False)
                tallies.setdefault(layer.name, {False: sent})
        return tallies

    def _shows_when_busy(self, layer: LayerSpec) -> bool:
        """Whether events arrive at the layer's own timesteps."""
        if layer.is_analog or layer.name in self._attentions:
            return False
        return self.network.input_timesteps(layer) == self.network.timesteps(layer)

    def _pools_alone(self) -> dict[str, PoolTally]:
        """Spikes that an average pool alone reads are counted behind it, by what is in front of it."""
        readers: dict[str, list[LayerSpec]] = {}
        for layer in self.network.layers:
            for name in self._events_read(layer):
                readers.setdefault(name, []).append(layer)
        return {
            name: PoolTally(first, behind=self._tallies[first.name])
            for name, (first, *others) in readers.items()
            if not others and self._shows_all_it_takes(first) and first.name in self._tallies
        }

    def _shows_all_it_takes(self, layer: LayerSpec) -> bool:
        """Whether it is an average pool of spikes without padding that sums every one once, or never, at every timestep
        at which they come."""
        is_plain = layer.kind == "avg_pool2d" and layer.in_class == "binary" and not any(layer.padding)
        if not is_plain or layer.stride != layer.kernel or fan_out_classes(layer)[0][-1] != 1:
            return False
        return self.network.output_mask(layer) == self.network.input_mask(layer)


def _is_flat(layer: LayerSpec) -> bool:
    return len(layer.in_shape) == 1
