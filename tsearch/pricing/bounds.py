"""What a network may cost before any training: bounds of a configuration, extremes of a space. Needs no torch."""

import re
from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from math import prod
from typing import Any, Protocol

from hwcost import Bound, HwcostError, bound, load_profile
from tsearch.configuration import Configuration, DataSpec, Hardware
from tsearch.errors import TsearchError, did_you_mean
from tsearch.pricing.describe import describe_network, neuron_fields
from tsearch.pricing.price import cost_metrics, refusal
from tsearch.pricing.structure import Structure, least_structure, most_structure
from tsearch.space.divisions import Division, Divisions
from tsearch.space.domains import Domain
from tsearch.space.goals import Constraint, Objective
from tsearch.space.refusals import Refusal
from tsearch.space.settings import backbone_choices, defaults
from tsearch.space.timesteps import Vector
from tsearch.units import format_value, title

# Metrics bounded before any training.
PRICED = (
    "energy_pj", "latency_s", "footprint_bits", "mean_timesteps", "mean_timesteps_by_layer", "mean_timesteps_by_mac",
)  # fmt: skip
_LAYER = re.compile(r"layer '[^']*': ")
_NUMBER = re.compile(r"\b\d+\b")


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
    def all_divisions(self) -> Divisions: ...
    def assemble(
        self, division: Division, vector: Vector, leading: Any, settings: Mapping[str, Any]
    ) -> Configuration: ...


def cost_range(space: NetworkSpace) -> dict[str, Any]:
    """Energy and latency of the smallest and the largest network of a space before any training, as [low,
    high] pairs: silent neurons, and every neuron firing at every timestep."""
    return {
        name: {
            "timesteps": list(configuration.timesteps),
            "energy_pj": list(bounds.energy_pj),
            "latency_s": list(bounds.latency_s),
        }
        for name, (configuration, bounds) in zip(("smallest", "largest"), _extreme_bounds(space), strict=True)
    }


def rejection(space: NetworkSpace, configuration: Configuration) -> Refusal | None:
    """Why no training can make `configuration` meet the space's constraints or fit its hardware, or None if
    one may.

    A cost is at least that of a silent network; how high it may get depends on the data, so only upper
    ends reject."""
    constraints = {name: constraint for name, constraint in space.constraints.items() if name in PRICED}
    if not constraints and not load_profile(space.hardware.profile).capacity:
        return None
    try:
        bounds = _bound(space, configuration)
    except HwcostError as error:
        return _unfit(space, configuration, str(error))
    low = cost_metrics(bounds.low)
    for name, constraint in constraints.items():
        if constraint.max is not None and low[name] > constraint.max:
            least, most = format_value(low[name], name), format_value(constraint.max, name)
            return Refusal(f"{title(name)} is at least {least}, the limit is {most}", name, low[name])
    return None


def _unfit(space: NetworkSpace, configuration: Configuration, error: str) -> Refusal:
    """The hardware's refusal, with the temporal transformer where that is what does not fit."""
    mode = configuration.temporal_transformer
    with suppress(HwcostError):
        _bound(space, configuration.model_copy(update={"temporal_transformer": "truncate"}))
        error += f" (temporal_transformer {mode}; truncate would fit)"
    return Refusal(error, _NUMBER.sub("", _LAYER.sub("", error)))


def priced_part(configuration: Configuration) -> Hashable:
    """What of a configuration its bounds depend on: learning rates and the like do not enter. A network that is not
    ours may be built from any property of its neurons."""
    neuron, backbone = configuration.neuron, configuration.backbone
    priced_neuron = neuron if ":" in backbone.name else tuple(neuron_fields(neuron).items())
    mode, last = configuration.temporal_transformer, configuration.schedule[-1]
    compressed = last.sparsity, last.pruning, last.weight_bits
    return backbone, configuration.stages, configuration.timesteps, mode, priced_neuron, compressed


def extreme_configurations(space: NetworkSpace) -> tuple[Configuration, Configuration]:
    """The networks with the fewest and the most weights, at the smallest and the largest uniform timesteps, those of
    baselines included."""
    from tsearch.data import describe_dataset

    info = describe_dataset(space.data)
    division = space.all_divisions.first

    def of(timesteps: int) -> list[Configuration]:
        vector = (timesteps,) * len(division)
        return [space.assemble(division, vector, (), settings) for settings in _backbones(space)]

    def n_parameters(configuration: Configuration) -> int:
        return configuration.backbone.plan(info.shape, info.n_classes, configuration.neuron).n_parameters

    every = (*space.timesteps, *space.uniform_timesteps)
    return min(of(min(every)), key=n_parameters), max(of(max(every)), key=n_parameters)


def _backbones(space: NetworkSpace) -> Iterator[dict[str, Any]]:
    """The settings of every backbone that may be searched, of a range both ends; of all else the defaults."""
    settings = defaults(space.settings)
    for content in backbone_choices(space.settings):
        yield settings | {f"backbone.{name}": value for name, value in content.items()}


def reference_box(space: NetworkSpace) -> tuple[dict[str, float], dict[str, float]]:
    """The worst and the best value of every objective, in which hypervolumes of runs on this space are
    measured.

    Accuracy reaches from chance to 1; a cost from that of the smallest network with silent neurons to that
    of the largest one with every neuron firing at every timestep."""
    from tsearch.data import describe_dataset

    (_, smallest), (_, largest) = _extreme_bounds(space)
    worst, best = cost_metrics(largest.high), cost_metrics(smallest.low)
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


def _extreme_bounds(space: NetworkSpace) -> list[tuple[Configuration, Bound]]:
    """The smallest and the largest network, each with its cost bounds. Raises: TsearchError if one does not fit."""
    try:
        return [
            (configuration, _bound(space, configuration)) for configuration in extreme_configurations(space)
        ]
    except HwcostError as error:
        raise TsearchError(f"{space.name}: {refusal(error)}") from None


def _bound(space: NetworkSpace, configuration: Configuration) -> Bound:
    """Cheapest and dearest cost of a configuration: silence, and all neurons firing at every timestep.
    Where the data are events, the dearest input is taken to bring one event per pixel and timestep, or as many as the
    fullest recording has where that is known and more; and messages of 8 bits, or of as many as the fullest pixel needs
    where that is known and more."""
    from tsearch.data import describe_dataset

    info, hardware = describe_dataset(space.data), space.hardware
    per_pixel = prod(info.shape) * configuration.timesteps[0]

    def of(structure: Structure | None) -> Bound:
        return bound(
            describe_network(configuration, info, None, structure),
            hardware.profile,
            execution=hardware.execution,
            assume=hardware.assume or None,
            input_events=None if info.input_class == "analog" else max(per_pixel, info.most_events or 0),
        )

    if not configuration.schedule[-1].sparsity:
        return of(None)
    plan = configuration.backbone.plan(info.shape, info.n_classes, configuration.neuron)
    least, most = (of(structure(configuration, plan)) for structure in (least_structure, most_structure))
    return Bound(least.low, most.high)
