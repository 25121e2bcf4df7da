"""What an honest comparison needs beside a spiking network's cost: the same shapes without spikes.

The dense twin is the conventional network of the same layers, run once on numbers. The quantised twin carries as many
bits as the spikes of T timesteps can distinguish, ceil(log2(T + 1)): the fair opponent of Yan et al., "Reconsidering
the energy efficiency of spiking neural networks", 2024. A spiking network wins against it only while few of its
synapses see a spike.
"""

from dataclasses import replace
from typing import NamedTuple

from hwcost.cost import Cost
from hwcost.errors import HwcostError
from hwcost.estimate import estimate
from hwcost.network import NetworkSpec, StageSpec
from hwcost.profile import Profile
from hwcost.profile_file import load_profile
from hwcost.spikes import SpikeRecord


class Baselines(NamedTuple):
    """Cost of the dense twin at the profile's precision, and of the twin quantised to `bits`."""

    dense: Cost
    quantised: Cost
    bits: int


def baselines(network: NetworkSpec, profile: Profile | str, execution: str = "layer_serial") -> Baselines:
    """The conventional networks of the same shapes, under the same profile."""
    profile = profile if isinstance(profile, Profile) else load_profile(profile)
    if "mac" not in profile.prices:
        raise HwcostError(
            f"profile '{profile.name}' has no price for MACs: a dense network does not run there"
        )
    twin = dense_twin(network)
    silent = SpikeRecord.empty(twin)
    bits = max(stage.timesteps for stage in network.stages).bit_length()
    return Baselines(
        estimate(twin, silent, profile, execution),
        estimate(twin, silent, quantised(profile, bits), execution),
        bits,
    )


def dense_twin(network: NetworkSpec) -> NetworkSpec:
    """The same layers on analog numbers, once: no neurons, no masks, no stages."""
    layers = tuple(
        replace(layer, stage=0, in_class="analog", in_max=1, neuron=None, mask=(), constant_input=False)
        for layer in network.layers
    )
    return NetworkSpec(layers, (StageSpec(1),))


def quantised(profile: Profile, bits: int) -> Profile:
    """The profile with words of `bits`: multipliers shrink with the square of the width, adders and words linearly."""
    width = bits / profile.bits["weight"]
    mac, ac = profile.prices["mac"], profile.prices["ac"]
    ends = {
        end: (getattr(mac, end) - ac.value) * width**2 + ac.value * width for end in ("low", "value", "high")
    }
    scaled = replace(mac, **{end: max(0.0, number) for end, number in ends.items()})
    prices = {**profile.prices, "mac": scaled}
    return replace(
        profile, name=f"{profile.name}, {bits} bit", prices=prices, bits=dict.fromkeys(profile.bits, bits)
    )


def crossover_rate(network: NetworkSpec, profile: Profile | str) -> float:
    """Spikes per neuron and timestep at which the spiking network costs as much as its quantised twin.

    Returns: A rate in [0, 1]: 0 if the twin always wins, 1 if it never does.
    """
    target = baselines(network, profile).quantised.total_pj
    low, high = 0.0, 1.0
    for _ in range(24):
        rate = (low + high) / 2
        cheaper = estimate(network, SpikeRecord.constant(network, rate, 1 << 24), profile).total_pj < target
        low, high = (rate, high) if cheaper else (low, rate)
    return (low + high) / 2
