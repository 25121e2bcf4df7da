"""From a configuration to what the cost model prices, and from its prices to metrics. Needs no torch and no
training."""

from collections.abc import Mapping
from contextlib import suppress
from math import prod
from typing import TYPE_CHECKING, Any

from hwcost import (
    Bound,
    Cost,
    HwcostError,
    NetworkSpec,
    SpikeRecord,
    StageSpec,
    ann_twins,
    bound,
    estimate,
    load_profile,
)
from tsearch.configuration import Configuration, Hardware
from tsearch.data.dataset import Input
from tsearch.errors import TsearchError, did_you_mean
from tsearch.networks.backbones.vgg import describe_layers
from tsearch.units import format_value, title

PRICED = ("energy_pj", "latency_s", "footprint_bits", "mean_timesteps")  # metrics bounded before any training

if TYPE_CHECKING:
    from tsearch.space.space import SearchSpace


def describe_network(
    configuration: Configuration, data: Input, timesteps: tuple[int, ...] | None = None
) -> NetworkSpec:
    """The network of a configuration as the cost model sees it, with BatchNorm folded into the
    convolutions, early classifiers gone, and `timesteps` per stage (by default the final ones)."""
    timesteps = timesteps or configuration.timesteps
    mode = configuration.temporal_transformer
    stages = [StageSpec(t, mode if stage else None) for stage, t in enumerate(timesteps)]
    layers = describe_layers(configuration, data)
    return NetworkSpec(tuple(layers), tuple(stages))


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


def twin_metrics(network: NetworkSpec, hardware: Hardware) -> dict[str, float]:
    """Energy of the conventional networks of the same shapes: dense, and quantised to as many bits as the
    timesteps can tell apart. Nothing where the searched profile cannot run them."""
    try:
        twins = ann_twins(network, load_profile(hardware.profile), hardware.execution)
    except HwcostError:
        return {}
    return {"dense_energy_pj": twins.dense.total_pj, "quantised_energy_pj": twins.quantised.total_pj}


def metrics_of(costs: Mapping[str, Cost], hardware: Hardware) -> dict[str, float]:
    """The numbers of the searched profile's cost that may be objectives."""
    return _metrics(costs[hardware.profile])


def _metrics(cost: Cost) -> dict[str, float]:
    return {
        "energy_pj": cost.total_pj,
        "latency_s": cost.latency_s,
        "footprint_bits": float(cost.footprint_bits),
        "mean_timesteps": cost.mean_timesteps.by_stage,
        "sop": cost.sop,
        "mac": cost.mac,
        "spikes_per_synapse": cost.spikes_per_synapse,
    }


def cost_range(space: "SearchSpace") -> dict[str, Any]:
    """Energy and latency of the smallest and the largest network of a space before any training, as [low,
    high] pairs: silent neurons, and every neuron firing at every timestep."""
    return {
        name: {
            "timesteps": list(configuration.timesteps),
            "energy_pj": list(limits.energy_pj),
            "latency_s": list(limits.latency_s),
        }
        for name, (configuration, limits) in zip(("smallest", "largest"), _extreme_bounds(space), strict=True)
    }


def rejection(space: "SearchSpace", configuration: Configuration) -> str | None:
    """Why no training can make `configuration` meet the space's constraints or fit its hardware, or None if
    one may.

    A cost is at least that of a silent network; how high it may get depends on the data, so only upper
    limits reject."""
    limits = {name: limit for name, limit in space.constraints.items() if name in PRICED}
    if not limits and not load_profile(space.hardware.profile).capacity:
        return None
    try:
        bounds = _bound(space, configuration)
    except HwcostError as error:
        return str(error)
    low = _metrics(bounds.low)
    for name, limit in limits.items():
        if limit.max is not None and low[name] > limit.max:
            return f"{title(name)} is at least {format_value(low[name], name)}"
    return None


def extreme_configurations(space: "SearchSpace") -> tuple[Configuration, Configuration]:
    """The networks with the fewest and the most weights, at the smallest and the largest uniform
    timesteps."""
    widths = sorted(space.settings["backbone.widths"].values, key=sum)
    settings = {name: domain.default for name, domain in space.settings.items()}
    division = space.all_divisions.first
    smallest, largest = (
        space.assemble(division, (timesteps,) * len(division), (), settings | {"backbone.widths": chosen})
        for timesteps, chosen in ((min(space.timesteps), widths[0]), (max(space.timesteps), widths[-1]))
    )
    return smallest, largest


def reference_box(space: "SearchSpace") -> tuple[dict[str, float], dict[str, float]]:
    """The worst and the best value of every objective, in which hypervolumes of runs on this space are
    measured.

    Accuracy reaches from chance to 1; a cost from that of the smallest network with silent neurons to that
    of the largest one with every neuron firing at every timestep."""
    from tsearch.data import describe_dataset

    (_, smallest), (_, largest) = _extreme_bounds(space)
    worst, best = _metrics(largest.high), _metrics(smallest.low)
    worst["accuracy"], best["accuracy"] = 1 / describe_dataset(space.data).n_classes, 1.0
    names = [objective.name for objective in space.objectives]
    missing = [name for name in names if name not in worst]
    if missing:
        known = ", ".join(sorted(worst))
        raise TsearchError(
            f"{space.name}: no reference known for objective '{missing[0]}'.{did_you_mean(missing[0], worst)} "
            f"Known: {known}; for another one give `reference:` in the space file."
        )
    return {name: worst[name] for name in names}, {name: best[name] for name in names}


def _extreme_bounds(space: "SearchSpace") -> list[tuple[Configuration, Bound]]:
    """The smallest and the largest network, each with its cost bounds. Raises: TsearchError if one does not fit."""
    try:
        return [
            (configuration, _bound(space, configuration)) for configuration in extreme_configurations(space)
        ]
    except HwcostError as error:
        raise TsearchError(f"{space.name}: {error}. Change the backbone or the profile.") from None


def _bound(space: "SearchSpace", configuration: Configuration) -> Bound:
    """Cheapest and dearest cost of a configuration: silence, and all neurons firing at every timestep.
    Where the data are events, the dearest input is taken to bring one event per pixel and timestep."""
    from tsearch.data import describe_dataset

    info, hardware = describe_dataset(space.data), space.hardware
    return bound(
        describe_network(configuration, info),
        hardware.profile,
        execution=hardware.execution,
        assume=hardware.assume or None,
        input_events=None if info.input_class == "analog" else prod(info.shape) * configuration.timesteps[0],
    )
