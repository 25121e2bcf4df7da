"""How much of a cost is the dataflow: the same network and spikes with no reuse at all, and as the machine works."""

from collections.abc import Mapping
from dataclasses import replace

from hwcost.activity.record import SpikeRecord
from hwcost.cost import Cost
from hwcost.estimate import estimate
from hwcost.network.network import NetworkSpec
from hwcost.prices.capacity import profile_for
from hwcost.prices.profile import Profile


def under_dataflows(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile | str,
    execution: str = "layer_serial",
    assume: Mapping[str, int] | None = None,
) -> dict[str, Cost]:
    """Costs by dataflow: "none", without any reuse: every operation reads its weight and its sum; and the one that
    `estimate` gives, which may be the higher one (weight_stationary pays for a buffer as well). That one is called
    "mixed" where layers differ; there is none beside "none" where it is the same.

    Args: As in `estimate`. Raises: As `estimate`.
    """
    usual = estimate(network, spikes, profile, execution, assume)
    names = set(usual.dataflows.values())
    if names <= {"none"}:
        return {"none": usual}
    none = without_reuse(network, spikes, profile, execution, assume)
    return {"none": none, names.pop() if len(names) == 1 else "mixed": usual}


def without_reuse(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile | str,
    execution: str = "layer_serial",
    assume: Mapping[str, int] | None = None,
) -> Cost:
    """The cost under the dataflow "none", whatever profile and layers choose. Args and raises: As `estimate`."""
    plain = replace(network, layers=tuple(replace(layer, dataflow="") for layer in network.layers))
    return estimate(plain, spikes, profile_for(profile, assume).where(dataflow="none"), execution)
