"""How many events the second summand of a residual sum brings."""

from hwcost.activity.record import SpikeRecord
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec


def other_events(
    network: NetworkSpec, layer: LayerSpec, record: SpikeRecord, *, unary: bool
) -> tuple[int, ...]:
    """Events of the layer's `other_source` per timestep, summed over samples; empty where it gives none.

    They are the output spikes of a layer that fires. Events handed on (by a pool, by another sum) are those that arrive
    at a layer that reads the same source; where there is none, the record's count `other` holds them.

    Args:
        unary: A graded event of value v counts as v events, where its values are known.
    """
    other = network.other_source(layer)
    if other is None or not other.gives_events:
        return ()
    if other.fires:
        return record.layers[other.name].outputs
    for reader in network.layers:
        if network.source(reader) is other and reader.stage == layer.stage and not reader.is_analog:
            spikes = record.layers[reader.name]
            return tuple(sum(row) for row in (spikes.sums if unary else spikes.events))
    return record.layers[layer.name].extra("other") or ()
