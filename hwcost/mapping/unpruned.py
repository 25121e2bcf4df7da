"""Pruned layers on cores: mapped as if all of their weights were there, which bounds what they take from above.

Which cores an event of a pruned channel still reaches is not worked out: cores, axons and synaptic memory are those of
the whole layer, and of its messages the mean over its inputs counts. Synaptic operations stay those that are left.
"""

from dataclasses import replace
from functools import lru_cache

from hwcost.activity.layer_spikes import Counts, LayerSpikes
from hwcost.activity.record import SpikeRecord
from hwcost.network.network import NetworkSpec


@lru_cache(maxsize=256)
def unpruned(network: NetworkSpec) -> NetworkSpec:
    """The network with all weights in every layer."""
    if not _pruned(network):
        return network
    return replace(network, layers=tuple(replace(layer, kept="") for layer in network.layers))


def unpruned_record(network: NetworkSpec, record: SpikeRecord) -> SpikeRecord:
    """The record with totals for pruned layers, whose fan-out classes the whole layer does not have."""
    totals = {name: _totals(record.layers[name]) for name in _pruned(network)}
    return replace(record, layers={**record.layers, **totals}) if totals else record


def pruning_notes(network: NetworkSpec) -> tuple[str, ...]:
    """What is not worked out for pruned layers."""
    names = ", ".join(_pruned(network))
    return (f"pruned layers mapped as if all their weights were there: {names}",) if names else ()


def _pruned(network: NetworkSpec) -> list[str]:
    return [layer.name for layer in network.layers if layer.kept]


def _totals(spikes: LayerSpikes) -> LayerSpikes:
    return replace(spikes, events=_summed(spikes.events), sums=_summed(spikes.sums))


def _summed(table: Counts) -> Counts:
    return tuple((sum(row),) for row in table)
