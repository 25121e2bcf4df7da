"""How much of a cost is the dataflow: the same network and spikes with no reuse at all, and as the machine works."""

from collections.abc import Mapping
from dataclasses import replace

from hwcost.activity.record import SpikeRecord
from hwcost.cost import Cost
from hwcost.estimate import estimate
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile
from hwcost.prices.profile_file import load_profile


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
    profile = profile if isinstance(profile, Profile) else load_profile(profile)
    usual = estimate(network, spikes, profile, execution, assume)
    names = set(usual.dataflows.values())
    if names <= {"none"}:
        return {"none": usual}
    plain = replace(network, layers=tuple(replace(layer, dataflow="") for layer in network.layers))
    none = estimate(plain, spikes, profile.where(dataflow="none"), execution, assume)
    return {"none": none, names.pop() if len(names) == 1 else "mixed": usual}
