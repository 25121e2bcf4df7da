"""What an honest comparison needs beside a spiking network's cost: the same shapes without spikes.

The dense twin is the conventional network of the same layers, run once on numbers. The quantised twin carries as many
bits as the spikes of T timesteps can distinguish, ceil(log2(T + 1)): the fair opponent of Yan et al., "Reconsidering
the energy efficiency of spiking neural networks", 2024. A spiking network wins against it only while few of its
synapses see a spike.
"""

from dataclasses import replace
from typing import NamedTuple

from hwcost.activity.record import SpikeRecord
from hwcost.cost import Cost
from hwcost.errors import HwcostError
from hwcost.estimate import estimate
from hwcost.network.kinds import RESIDUALS
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.network.stage import StageSpec
from hwcost.prices.price import Price
from hwcost.prices.profile import Profile
from hwcost.prices.profile_file import load_profile


class AnnTwins(NamedTuple):
    """Cost of the dense twin at the profile's precision, and of the twin quantised to `bits`."""

    dense: Cost
    quantised: Cost
    bits: int


def ann_twins(network: NetworkSpec, profile: Profile | str, execution: str = "layer_serial") -> AnnTwins:
    """The conventional networks of the same shapes, under the same profile.

    Raises: HwcostError if the profile has no price for MACs.
    """
    profile = profile if isinstance(profile, Profile) else load_profile(profile)
    if "mac" not in profile.prices:
        raise HwcostError(
            f"profile '{profile.name}' has no price for MACs: a dense network does not run there"
        )
    twin = dense_twin(network)
    silent = SpikeRecord.empty(twin)
    bits = max(stage.timesteps for stage in network.stages).bit_length()
    return AnnTwins(
        estimate(twin, silent, profile, execution),
        estimate(twin, silent, quantised(profile, bits), execution),
        bits,
    )


def dense_twin(network: NetworkSpec) -> NetworkSpec:
    """The same layers on analog numbers, once: no neurons, no masks, no stages. Every shortcut adds numbers."""
    return NetworkSpec(tuple(map(_without_spikes, network.layers)), (StageSpec(1),))


def _without_spikes(layer: LayerSpec) -> LayerSpec:
    kind = "membrane_shortcut" if layer.kind in RESIDUALS else layer.kind
    return replace(
        layer, kind=kind, stage=0, in_class="analog", in_max=1, neuron=None, mask=(), constant_input=False
    )


def quantised(profile: Profile, bits: int) -> Profile:
    """The profile with words of `bits`: multipliers shrink with the square of the width, adders and words linearly."""
    width = bits / profile.bits["weight"]
    mac, add = profile.prices["mac"], profile.prices["ac"].value

    def scaled(price: float) -> float:
        return max(0.0, (price - add) * width**2 + add * width)

    narrow = Price(scaled(mac.value), scaled(mac.low), scaled(mac.high), mac.unit, mac.source)
    return replace(
        profile,
        name=f"{profile.name}, {bits} bit",
        prices={**profile.prices, "mac": narrow},
        bits=dict.fromkeys(profile.bits, bits),
    )


def crossover_rate(network: NetworkSpec, profile: Profile | str) -> float:
    """Spikes per neuron and timestep at which the spiking network costs as much as its quantised twin.

    Returns: A rate in [0, 1]: 0 if the twin always wins, 1 if it never does.
    """
    target = ann_twins(network, profile).quantised.total_pj
    low, high = 0.0, 1.0
    for _ in range(24):
        rate = (low + high) / 2
        cheaper = estimate(network, SpikeRecord.constant(network, rate, 1 << 24), profile).total_pj < target
        low, high = (rate, high) if cheaper else (low, rate)
    return (low + high) / 2
