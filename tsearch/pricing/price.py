"""From spikes to prices: a record under every profile of the hardware, and the metrics that follow. Needs no torch and
no training."""

from collections.abc import Mapping
from contextlib import suppress
from statistics import fmean

from hwcost import (
    ChoiceError,
    Cost,
    HwcostError,
    NetworkSpec,
    SpikeRecord,
    TooWideError,
    ann_twins,
    assuming,
    estimate,
    load_profile,
    without_reuse,
)
from hwcost.dataflow.choice import dataflow_of_profile
from tsearch.configuration import Hardware
from tsearch.networks.plan import Plan
from tsearch.units import OF_TYPE


def price(network: NetworkSpec, record: SpikeRecord, hardware: Hardware) -> dict[str, Cost]:
    """The cost under every profile of `hardware`, the one searched first. A further profile whose hardware
    cannot run the network is left out.

    Raises: HwcostError if the searched profile's hardware cannot run it.
    """
    costs = {hardware.profile: _estimate(network, record, hardware, hardware.profile)}
    for name in hardware.also:
        with suppress(HwcostError):
            costs[name] = _estimate(network, record, hardware, name)
    return costs


def _estimate(network: NetworkSpec, record: SpikeRecord, hardware: Hardware, profile: str) -> Cost:
    return estimate(network, record, load_profile(profile), hardware.execution, hardware.assume or None)


def why_not_priced(network: NetworkSpec, record: SpikeRecord, hardware: Hardware, profile: str) -> str:
    """Why a further profile's hardware cannot run a network; '' where it can."""
    try:
        _estimate(network, record, hardware, profile)
    except HwcostError as error:
        return str(error)
    return ""


def twin_metrics(network: NetworkSpec, hardware: Hardware) -> dict[str, float]:
    """Energy of the conventional networks of the same shapes: dense, quantised to as many bits as the timesteps can
    tell apart, and with activations of so many bits beside the network's own weights. Nothing where the searched
    profile cannot run them."""
    profile = assuming(load_profile(hardware.profile), tuple(sorted(hardware.assume.items())))
    try:
        twins = ann_twins(network, profile, hardware.execution)
    except HwcostError:
        return {}
    return {
        "dense_energy_pj": twins.dense.total_pj,
        "quantised_energy_pj": twins.quantised.total_pj,
        "quantised_activations_energy_pj": twins.quantised_activations.total_pj,
    }


def reuse_metrics(network: NetworkSpec, record: SpikeRecord, hardware: Hardware) -> dict[str, float]:
    """Energy under the searched profile without any reuse of fetched weights. Nothing where weights have
    no price of their own."""
    profile = load_profile(hardware.profile)
    if profile.memory is None:
        return {}
    cost = without_reuse(network, record, profile, hardware.execution, hardware.assume)
    return {"unreused_energy_pj": cost.total_pj}


def dataflow_name(hardware: Hardware) -> str:
    """The dataflow of the searched profile's hardware; '' where weights have no price of their own."""
    profile = load_profile(hardware.profile)
    return "" if profile.memory is None else dataflow_of_profile(profile, hardware.execution)


def refusal(error: HwcostError) -> str:
    """Why a profile cannot price a network, with the next step as it is typed. What does not exist is no fault of the
    network."""
    if isinstance(error, TooWideError):
        return f"{error}: add {' '.join(assume_flags(error.assume))}, or change the profile."
    if isinstance(error, ChoiceError):
        return f"{error}."
    return f"{error}. Change the backbone or the profile."


def assume_flags(assume: Mapping[str, int]) -> list[str]:
    """Word widths of a what-if as arguments of a command: ['--assume weight_bits=8']."""
    return [f"--assume {name}={bits}" for name, bits in assume.items()]


def metrics_of(costs: Mapping[str, Cost], hardware: Hardware) -> dict[str, float]:
    """The numbers of the searched profile's cost that may be objectives."""
    return cost_metrics(costs[hardware.profile])


def executed_timesteps(network: NetworkSpec) -> dict[str, int]:
    """Timesteps that every layer of neurons runs, by name: all of its stage, or up to the last one of its mask."""
    return {
        layer.name: network.active_timesteps(layer) for layer in network.layers if layer.neuron is not None
    }


def type_metrics(plan: Plan, layer_timesteps: Mapping[str, int]) -> dict[str, float]:
    """Mean timesteps that the layers of every type run, of a network with masks: `mean_timesteps_of_qkv` and the like.
    Nothing without masks."""
    of_types: dict[str, list[int]] = {}
    for node, _ in plan.neurons():
        if node.name in layer_timesteps:
            of_types.setdefault(node.layer_type, []).append(layer_timesteps[node.name])
    return {f"{OF_TYPE}{name}": fmean(steps) for name, steps in of_types.items()}


def cost_metrics(cost: Cost) -> dict[str, float]:
    """Every number of a cost that may be an objective."""
    return {
        "energy_pj": cost.total_pj,
        "latency_s": cost.latency_s,
        "footprint_bits": float(cost.footprint_bits),
        "mean_timesteps": cost.mean_timesteps.by_stage,
        "mean_timesteps_by_layer": cost.mean_timesteps.by_layer,
        "mean_timesteps_by_mac": cost.mean_timesteps.by_mac,
        "sop": cost.sop,
        "mac": cost.mac,
        "spikes_per_synapse": cost.spikes_per_synapse,
    }
