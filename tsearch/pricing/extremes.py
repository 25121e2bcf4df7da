"""The cheapest and the dearest network of a space before any training, and what follows from them. Needs no torch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hwcost import Bound, HwcostError
from tsearch.configuration import Configuration
from tsearch.errors import TsearchError, did_you_mean
from tsearch.pricing.bounds import NetworkSpace, bound_of
from tsearch.pricing.price import cost_metrics, refusal
from tsearch.space.domains import Domain
from tsearch.space.schedules import MASK_MODE, NOTHING, SPARSITY, WEIGHT_BITS
from tsearch.space.settings import backbone_choices, defaults


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


def extreme_configurations(space: NetworkSpace) -> tuple[Configuration, Configuration]:
    """The networks with the fewest and the most weights, at the smallest and the largest uniform timesteps, those of
    baselines included; their weights compressed as much and as little as may be searched, the smallest with masks where
    there are any."""
    order = _compressions(space.settings)
    return _extremes(space, order[-1])[0], _extremes(space, order[0])[1]


def _extremes(space: NetworkSpace, compression: dict[str, Any]) -> tuple[Configuration, Configuration]:
    from tsearch.data import describe_dataset

    info = describe_dataset(space.data)
    division = space.all_divisions.first

    def of(timesteps: int, settings: dict[str, Any]) -> list[Configuration]:
        path = ((timesteps,) * len(division),)
        return [space.assemble(division, path, each | settings) for each in _backbones(space)]

    def n_parameters(configuration: Configuration) -> int:
        return configuration.backbone.plan(info.shape, info.n_classes, configuration.neuron).n_parameters

    every = (*space.timesteps, *space.uniform_timesteps)
    modes = space.settings[MASK_MODE].values if MASK_MODE in space.settings else ()
    masked = next(({MASK_MODE: mode} for mode in modes if mode != NOTHING[MASK_MODE]), {})
    smallest = of(min(every), compression | masked)
    return min(smallest, key=n_parameters), max(of(max(every), compression), key=n_parameters)


def _compressions(settings: Mapping[str, Domain]) -> list[dict[str, Any]]:
    """Settings of compression, from the dearest network to the cheapest: by bits, then by sparsity, where storing where
    each of many weights is may take more than storing zeros."""
    if SPARSITY not in settings:
        return [{}]
    bits = sorted(settings[WEIGHT_BITS].ends, reverse=True)
    sparsities = sorted(settings[SPARSITY].ends)
    order = [s for s in sparsities[:2] if s] + [s for s in sparsities if not s] + sparsities[-1:]
    return [{WEIGHT_BITS: b, SPARSITY: s} for b in bits for s in order]


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
    """The smallest and the largest network that fit, each with its cost bounds: where a chip holds compressed weights
    only, these are compressed. Raises: TsearchError if none fits."""
    order = _compressions(space.settings)
    smallest = [_extremes(space, compression)[0] for compression in reversed(order)]
    largest = [_extremes(space, compression)[1] for compression in order]
    return [_first_that_fits(space, smallest), _first_that_fits(space, largest)]


def _first_that_fits(
    space: NetworkSpace, configurations: Sequence[Configuration]
) -> tuple[Configuration, Bound]:
    for configuration in configurations:
        try:
            return configuration, bound_of(space, configuration)
        except HwcostError as error:
            why = error
    raise TsearchError(f"{space.name}: {refusal(why)}") from None
