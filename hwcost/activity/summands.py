"""How many events a layer gives to those that read it: its spikes, or the events that it hands on."""

from hwcost.activity.layer_spikes import Counts
from hwcost.activity.record import SpikeRecord
from hwcost.network.fan_out import class_values
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec

Steps = tuple[int, ...]


def other_events(network: NetworkSpec, layer: LayerSpec, record: SpikeRecord, *, unary: bool) -> Steps:
    """Events of the layer's `other_source` per timestep, summed over samples; empty where it gives none, or where no
    other layer reads them and the record has no count `other`.

    Args:
        unary: A graded event of value v counts as v events, where its values are known.
    """
    other = network.other_source(layer)
    if other is None or not other.gives_events:
        return ()
    if other.fires:
        return record.layers[other.name].outputs
    return _events_read(network, other, record, unary=unary) or record.layers[layer.name].extra("other") or ()


def given_events(network: NetworkSpec, layer: LayerSpec, record: SpikeRecord, *, unary: bool) -> Steps:
    """Events that the layer gives per own timestep, summed over samples; empty for a layer that gives numbers.

    They are its output spikes; of events handed on, those that arrive at a layer that reads it, or the count `other`
    of a sum. Where the record of no reader holds them: as many as can be, from what arrives at the layer itself.
    """
    if layer.fires or not layer.gives_events:
        return record.layers[layer.name].outputs if layer.fires else ()
    known = _events_read(network, layer, record, unary=unary)
    return known or _as_second(network, layer, record) or _most(network, layer, record, unary=unary)


def events_of_one(network: NetworkSpec, layer: LayerSpec, record: SpikeRecord, *, unary: bool) -> Counts:
    """Fewest and most events of one sample that the layer gives, [timesteps][2]; empty where not recorded."""
    reader = layer if layer.fires else _reader(network, layer)
    samples = record.layers[reader.name].per_sample if reader else None
    if samples is None:
        return ()
    return samples.outputs if layer.fires else samples.sums if unary else samples.events


def _events_read(network: NetworkSpec, layer: LayerSpec, record: SpikeRecord, *, unary: bool) -> Steps:
    """Events that arrive at a layer that reads this one and nothing else."""
    reader = _reader(network, layer)
    if reader is None:
        return ()
    spikes = record.layers[reader.name]
    return tuple(sum(row) for row in (spikes.sums if unary else spikes.events))


def _reader(network: NetworkSpec, layer: LayerSpec) -> LayerSpec | None:
    """A layer that reads this one's events and nothing else."""
    for reader in network.readers(layer):
        alone = network.source(reader) is layer and reader.n_inputs == layer.n_outputs
        if alone and not reader.is_analog:
            return reader
    return None


def _as_second(network: NetworkSpec, layer: LayerSpec, record: SpikeRecord) -> Steps:
    """The count `other` of a sum that reads the layer as its second summand."""
    sums = [reader for reader in network.readers(layer) if network.other_source(reader) is layer]
    return next((steps for reader in sums if (steps := record.layers[reader.name].extra("other"))), ())


def _most(network: NetworkSpec, layer: LayerSpec, record: SpikeRecord, *, unary: bool) -> Steps:
    """No more than arriving events make (in a pool, one per event and window), and no more than all outputs."""
    spikes, steps = record.layers[layer.name], network.timesteps(layer)
    table, values = spikes.sums if unary else spikes.events, class_values(layer)
    factors = values if table and len(table[0]) == len(values) else (max(values),)
    made = [sum(n * v for n, v in zip(row, factors, strict=True)) for row in table[:steps]]
    others = other_events(network, layer, record, unary=unary) or spikes.extra("other") or (0,) * steps
    largest = layer.n_outputs * record.n_samples * (network.largest_output(layer) if unary else 1)
    return tuple(min(a + b, largest) for a, b in zip(made, others, strict=True))
