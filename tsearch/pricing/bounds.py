"""What a network may cost before any training: bounds of a configuration, and why it is refused. Needs no torch."""

import re
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from math import prod
from typing import Any, Protocol

from hwcost import Bound, HwcostError, NetworkSpec, bound, load_profile
from tsearch.configuration import Configuration, DataSpec, Hardware
from tsearch.networks.plan import Plan
from tsearch.pricing.describe import describe_network
from tsearch.pricing.node_layers import neuron_fields
from tsearch.pricing.price import cost_metrics
from tsearch.pricing.reduction import Reduction, largest_reduction, scopes_of, smallest_reduction
from tsearch.space.divisions import Division, Divisions
from tsearch.space.domains import Domain
from tsearch.space.goals import Constraint, Objective
from tsearch.space.paths import Path
from tsearch.space.refusals import Refusal
from tsearch.space.timesteps import Vector
from tsearch.units import format_value, title

# Metrics bounded before any training.
PRICED = (
    "energy_pj", "latency_s", "footprint_bits", "mean_timesteps", "mean_timesteps_by_layer", "mean_timesteps_by_mac",
)  # fmt: skip
_LAYER = re.compile(r"layer '[^']*': ")
_NUMBER = re.compile(r"\b\d+\b")


Reduced = Callable[[Configuration, Plan], Reduction]


class NetworkSpace(Protocol):
    """What is asked here of a space whose configurations are networks."""

    @property
    def name(self) -> str: ...
    @property
    def data(self) -> DataSpec: ...
    @property
    def hardware(self) -> Hardware: ...
    @property
    def timesteps(self) -> Vector: ...
    @property
    def uniform_timesteps(self) -> Vector: ...
    @property
    def settings(self) -> Mapping[str, Domain]: ...
    @property
    def objectives(self) -> tuple[Objective, ...]: ...
    @property
    def constraints(self) -> Mapping[str, Constraint]: ...
    @property
    def reference(self) -> Mapping[str, float] | None: ...
    @property
    def all_divisions(self) -> Divisions: ...
    def assemble(self, division: Division, path: Path, settings: Mapping[str, Any]) -> Configuration: ...


def rejection(space: NetworkSpace, configuration: Configuration) -> Refusal | None:
    """Why no training can make `configuration` meet the space's constraints or fit its hardware, or None if
    one may.

    A cost is at least that of a silent network; how high it may get depends on the data, so only upper
    ends reject."""
    constraints = {name: constraint for name, constraint in space.constraints.items() if name in PRICED}
    if not constraints and not load_profile(space.hardware.profile).capacity:
        return None
    try:
        low = least_metrics(space, configuration)
    except HwcostError as error:
        return _unfit(space, configuration, str(error))
    for name, constraint in constraints.items():
        if constraint.max is not None and low[name] > constraint.max:
            least, most = format_value(low[name], name), format_value(constraint.max, name)
            return Refusal(f"{title(name)} is at least {least}, the limit is {most}", name, low[name])
    return None


def _unfit(space: NetworkSpace, configuration: Configuration, error: str) -> Refusal:
    """The hardware's refusal, with the temporal transformer where that is what does not fit."""
    mode = configuration.temporal_transformer
    with suppress(HwcostError):
        _least(space, configuration.model_copy(update={"temporal_transformer": "truncate"}))
        error += f" (temporal_transformer {mode}; truncate would fit)"
    return Refusal(error, _NUMBER.sub("", _LAYER.sub("", error)))


def priced_part(configuration: Configuration) -> Hashable:
    """What of a configuration its bounds depend on: learning rates and the like do not enter. A network that is not
    ours may be built from any property of its neurons."""
    neuron, backbone = configuration.neuron, configuration.backbone
    priced_neuron = neuron if ":" in backbone.name else tuple(neuron_fields(neuron).items())
    mode, last = configuration.temporal_transformer, configuration.schedule[-1]
    reduced = last.sparsity, frozenset(scopes_of(configuration)), last.weight_bits
    is_masked = configuration.masks.are_learned
    return backbone, configuration.stages, configuration.timesteps, mode, priced_neuron, reduced, is_masked


def bound_of(space: NetworkSpace, configuration: Configuration) -> Bound:
    """Cheapest and dearest cost of a configuration: silence, and all neurons firing at every timestep; of a pruned one
    whichever weights are kept, and of a masked one whichever timesteps."""
    least = _least(space, configuration)
    if not configuration.schedule[-1].sparsity and not configuration.masks.are_learned:
        return least
    return Bound(least.low, _bound_with(space, configuration, smallest_reduction).high)


def least_metrics(space: NetworkSpace, configuration: Configuration) -> dict[str, float]:
    """The numbers of the cheapest cost of a configuration."""
    return cost_metrics(_least(space, configuration).low)


def _least(space: NetworkSpace, configuration: Configuration) -> Bound:
    """Both ends for the weights and timesteps that are cheapest to keep; of a network that loses none, for all."""
    return _bound_with(space, configuration, largest_reduction)


def _bound_with(space: NetworkSpace, configuration: Configuration, reduction: Reduced) -> Bound:
    """Where the data are events, the dearest input is taken to bring one event per pixel and timestep, or as many as
    the fullest recording has where that is known and more; and messages of 8 bits, or of as many as the fullest pixel
    needs where that is known and more."""
    from tsearch.data import describe_dataset

    info, hardware = describe_dataset(space.data), space.hardware
    per_pixel = prod(info.shape) * configuration.timesteps[0]
    return bound(
        _described(space, configuration, reduction),
        hardware.profile,
        execution=hardware.execution,
        assume=hardware.assume or None,
        input_events=None if info.input_class == "analog" else max(per_pixel, info.most_events or 0),
    )


def _described(space: NetworkSpace, configuration: Configuration, reduction: Reduced) -> NetworkSpec:
    from tsearch.data import describe_dataset

    info = describe_dataset(space.data)
    plan = configuration.backbone.plan(info.shape, info.n_classes, configuration.neuron)
    return describe_network(configuration, info, None, reduction(configuration, plan))
