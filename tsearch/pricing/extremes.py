"""The cheapest and the dearest network of a space before any training, and what follows from them. Needs no torch."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

from hwcost import Bound, HwcostError
from tsearch.configuration import Configuration
from tsearch.errors import TsearchError, did_you_mean
from tsearch.pricing.bounds import NetworkSpace, bound_of, least_metrics
from tsearch.pricing.price import cost_metrics, refusal
from tsearch.space.domains import Domain
from tsearch.space.schedules import MASK_MODE, NOTHING, SPARSITY, WEIGHT_BITS
from tsearch.space.settings import backbone_choices, defaults

Bounded = tuple[Configuration, Bound]


class UnknownObjectiveError(TsearchError):
    """Nothing is known of an `objective` before any training; `problem` says so without the name of the space."""

    def __init__(self, space: str, objective: str, problem: str) -> None:
        super().__init__(f"{space}: {problem}")
        self.objective, self.problem = objective, problem


def cost_range(space: NetworkSpace) -> dict[str, Any]:
    """Energy and latency of the smallest and the largest network of a space before any training, as [low,
    high] pairs: silent neurons, and every neuron firing at every timestep."""
    cheapest, dearest = _extreme_bounds(space)
    ends = {
        "smallest": min(cheapest, key=lambda one: one[1].energy_pj[0]),
        "largest": max(dearest, key=lambda one: one[1].energy_pj[1]),
    }
    return {
        name: {
            "timesteps": list(configuration.timesteps),
            "energy_pj": list(bounds.energy_pj),
            "latency_s": list(bounds.latency_s),
        }
        for name, (configuration, bounds) in ends.items()
    }


def _smallest(space: NetworkSpace, compression: dict[str, Any]) -> list[Configuration]:
    """At the fewest timesteps, those of baselines included, with masks where there are any."""
    modes = space.settings[MASK_MODE].values if MASK_MODE in space.settings else ()
    masked = next(({MASK_MODE: mode} for mode in modes if mode != NOTHING[MASK_MODE]), {})
    fewest = min((*space.timesteps, *space.uniform_timesteps))
    return _extremes(space, min, fewest, compression | masked)


def _largest(space: NetworkSpace, compression: dict[str, Any]) -> list[Configuration]:
    """At the most timesteps, those of baselines included."""
    return _extremes(space, max, max((*space.timesteps, *space.uniform_timesteps)), compression)


def _extremes(
    space: NetworkSpace, end: Callable[..., Any], timesteps: int, settings: dict[str, Any]
) -> list[Configuration]:
    """Networks at one end, by weights first, then by the other measures of size: weights alone tell nothing of the
    tokens of a Spikformer, nor of how large the windows are that share them."""
    from tsearch.data import describe_dataset

    info, division = describe_dataset(space.data), space.all_divisions.first

    def sizes(configuration: Configuration) -> tuple[int, int, int]:
        plan = configuration.backbone.plan(info.shape, info.n_classes, configuration.neuron)
        n_products = sum(node.n_products for node in plan.nodes)
        return plan.n_parameters, n_products, sum(prod(node.shape) for node in plan.nodes)

    path = ((timesteps,) * len(division),)
    every = [space.assemble(division, path, each | settings) for each in _backbones(space)]
    measured = [(sizes(configuration), configuration) for configuration in every]
    by_measure = [end(measured, key=lambda one, i=i: one[0][i:] + one[0][:i])[1] for i in range(3)]
    return list(dict.fromkeys(by_measure))


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
    of the largest one with every neuron firing at every timestep; of what only an evaluator of the user's gives,
    nothing is known but the space's `reference`. Raises: UnknownObjectiveError where that is missing."""
    from tsearch.data import describe_dataset

    cheapest, dearest = _extreme_bounds(space)
    worst = _each(max, [cost_metrics(bounds.high) for _, bounds in dearest])
    best = _each(min, [least_metrics(space, configuration) for configuration, _ in cheapest])
    worst["accuracy"], best["accuracy"] = 1 / describe_dataset(space.data).n_classes, 1.0
    names = [objective.name for objective in space.objectives]
    missing = [name for name in names if name not in {**worst, **(space.reference or {})}]
    if missing:
        raise UnknownObjectiveError(
            space.name,
            missing[0],
            f"no reference known for objective '{missing[0]}'.{did_you_mean(missing[0], worst)} "
            f"Known: {', '.join(sorted(worst))}; for another one give `reference:` in the space file.",
        )
    known = [name for name in names if name in worst]
    return {name: worst[name] for name in known}, {name: best[name] for name in known}


def _each(end: Callable[..., float], metrics: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: end(one[name] for one in metrics) for name in metrics[0]}


def _extreme_bounds(space: NetworkSpace) -> tuple[list[Bounded], list[Bounded]]:
    """The smallest and the largest networks that fit, each with its cost bounds: where a chip holds compressed weights
    only, these are compressed. Raises: TsearchError if none fits."""
    order = _compressions(space.settings)
    smallest = (_smallest(space, compression) for compression in reversed(order))
    largest = (_largest(space, compression) for compression in order)
    return _first_that_fit(space, smallest), _first_that_fit(space, largest)


def _first_that_fit(space: NetworkSpace, alike: Iterable[Sequence[Configuration]]) -> list[Bounded]:
    """Those of the first group in `alike` of which any fits."""
    why: HwcostError | None = None
    for configurations in alike:
        fitting = []
        for configuration in configurations:
            try:
                fitting.append((configuration, bound_of(space, configuration)))
            except HwcostError as error:
                why = why or error
        if fitting:
            return fitting
    assert why is not None
    raise TsearchError(f"{space.name}: {refusal(why)}") from None
