"""What a cost says about its dataflow, in its notes."""

from functools import lru_cache

from hwcost.counting.memory_sizes import weight_bits, weights_fit
from hwcost.dataflow.choice import dataflow_of
from hwcost.network.kinds import CROSSBAR, WEIGHTED
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile

_MEANT = {
    "none": "every synaptic operation reads its weight, and its sum from memory",
    "weight_stationary": "the weights of a channel are read once per window in which it has an event",
    "output_stationary": "a weight is read once per tile of positions and timestep, as expected from the spikes",
    "tick_batched": "a weight is read once per tile of positions and window, as expected from the spikes",
}


@lru_cache(maxsize=1024)
def dataflow_notes(network: NetworkSpec, profile: Profile, execution: str) -> tuple[str, ...]:
    """One sentence per dataflow, one for crossbars, and one where weights come from DRAM."""
    layers: dict[str, list[str]] = {}
    for layer in network.layers:
        if layer.kind in WEIGHTED and not layer.placement and profile.memory is not None:
            layers.setdefault(dataflow_of(layer, profile, execution), []).append(layer.name)
    where = {name: f" of {', '.join(names)}" if len(layers) > 1 else "" for name, names in layers.items()}
    notes = [f"dataflow {name}{where[name]}: {_MEANT[name]}" for name in layers]
    placed = [layer.name for layer in network.layers if layer.placement == CROSSBAR]
    if placed:
        notes.append(
            f"crossbars of {', '.join(placed)}: used whole at every active timestep, whatever arrives"
        )
    if not weights_fit(network, profile) and profile.memory is not None:
        notes.append(
            f"weights of {weight_bits(network, profile)} bits exceed the {profile.memory.limit_bits} bits on the chip: "
            f"every layer's come from DRAM once per {'inference' if execution == 'layer_serial' else 'timestep'}"
        )
    return tuple(notes)


@lru_cache(maxsize=1024)
def shared_weight_notes(
    network: NetworkSpec, profile: Profile, execution: str, n_samples: int
) -> tuple[str, ...]:
    """One sentence where reads of weights do not add up over samples: they are expected for the mean sample."""
    weighted = [layer for layer in network.layers if layer.kind in WEIGHTED and not layer.placement]
    used = {dataflow_of(layer, profile, execution) for layer in weighted}
    if n_samples == 1 or profile.memory is None or not used & {"output_stationary", "tick_batched"}:
        return ()
    return (
        "reads of weights that stay in the array are expected for the mean sample; samples that differ may read fewer "
        "or more, which the interval does not span",
    )
