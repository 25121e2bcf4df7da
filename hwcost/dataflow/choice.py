"""The dataflow of a layer: its own, the profile's, or the one that is usual under the execution model.

- `none`: an event core; every event fetches its weights and updates accumulators in memory.
- `weight_stationary`: the weights of an input channel are fetched once per window in which it has an event.
- `output_stationary`: sums stay in the array for one timestep; a fetched weight serves all positions of a tile.
- `tick_batched`: output-stationary over a window of timesteps.
"""

from hwcost.network.layer import LayerSpec
from hwcost.prices.profile import Profile

USUAL = {
    "layer_serial": "tick_batched",
    "lock_step": "output_stationary",
    "pipelined": "output_stationary",
    "event_driven": "none",
}


def dataflow_of(layer: LayerSpec, profile: Profile, execution: str) -> str:
    """One of `hwcost.network.kinds.DATAFLOWS`. A layer's own choice comes before the profile's."""
    return layer.dataflow or dataflow_of_profile(profile, execution)


def dataflow_of_profile(profile: Profile, execution: str) -> str:
    """The dataflow of layers that choose none themselves. Cores of a chip are event cores."""
    chosen = profile.semantics.dataflow
    usual = "none" if "neurons_per_core" in profile.capacity else USUAL[execution]
    return usual if chosen == "auto" else chosen
