"""What a search space holds, before anything is trained: for `tsearch check`."""

from time import monotonic
from typing import Any

import numpy as np

from tsearch.cli.held import held
from tsearch.cli.in_vain import asked_in_vain
from tsearch.configuration import Configuration
from tsearch.data import DatasetInfo, describe_dataset, without_files
from tsearch.errors import TsearchError
from tsearch.networks.backbones import Backbone
from tsearch.pricing.extremes import UnknownObjectiveError, cost_range
from tsearch.space.file import LoadedSpace
from tsearch.space.lines import Lines
from tsearch.space.refusals import reasons

N_DRAWN = 200  # configurations asked for refusals; all of a space that has no more
MOST_TOLD = 5  # of an alternative, of which is told what they take of initial weights
PATIENCE_S = 2.0  # after which fewer do
_DRAWS_PER_CONFIGURATION = 10  # of a space barely larger than what is drawn: until all are distinct


def preview(space: LoadedSpace, n_proposals: int = 5, source: str = "space.yaml") -> dict[str, Any]:
    """Parameters, size, goals, a few proposals and the range of costs, as plain data; of several alternatives, what
    each holds for itself under its name in `alternatives`. `source` is the name that errors give to its file."""
    if n_proposals < 0:
        raise TsearchError(f"--proposals {n_proposals}: a number of configurations, at least 0.")
    info = describe_dataset(space.data)
    _check_objectives(space, source)
    parameters = space.parameters()
    drawn = _drawn(space, max(n_proposals, N_DRAWN))
    proposals = drawn[:n_proposals]
    return {
        "name": space.name,
        "data": {
            "name": space.data.name,
            "shape": list(info.shape),
            "n_classes": info.n_classes,
            "is_static": info.is_static,
        },
        "parameters": {name: domain.words for name, domain in parameters.items()},
        "size": space.size,
        "n_structures": space.n_structures,
        **held(space),
        "trials": space.search.trials,
        **_first(space),
        "proposer": space.search.proposer,
        "objectives": {objective.name: objective.direction for objective in space.objectives},
        "constraints": {name: [one.min, one.max] for name, one in space.constraints.items()},
        "profile": space.hardware.profile,
        "assume": dict(space.hardware.assume),
        "cost_range": _costs(space),
        "proposals": [space.to_plain(configuration) for configuration in proposals],
        "proposals_from": [space.alternative_of(configuration) for configuration in proposals],
        "proposals_refused": [_why(space, configuration) for configuration in proposals],
        "refused": _refused(space, drawn),
        "confirm": None if space.confirm is None else space.confirm.model_dump(),
        "initial_weights": _initial(space, [*space.baselines(), *space.enqueued, *drawn], info),
        "warnings": [text for text in (without_files(space.data), *asked_in_vain(space)) if text],
    }


def _check_objectives(space: LoadedSpace, source: str) -> None:
    """An objective that nothing is known of is told now, at its line, not when the search starts."""
    try:
        space.reference_box()
    except UnknownObjectiveError as error:
        if not space.source_text:
            raise
        place = [objective.name for objective in space.objectives].index(error.objective)
        raise Lines(source, space.source_text).error(("objectives", place), error.problem) from None


def _costs(space: LoadedSpace) -> dict[str, Any]:
    """`cost_range`, of several alternatives with their names in front."""
    several = len(space.alternatives) > 1
    return {
        f"{name}, {end}" if several else end: cost
        for name, one in space.alternatives.items()
        for end, cost in cost_range(one).items()
    }


def _initial(space: LoadedSpace, configurations: list[Configuration], info: DatasetInfo) -> list[str]:
    """What of initial weights has a place in the networks of the first backbones of every alternative among
    `configurations`, a sentence each. Raises: TsearchError where nothing has."""
    first: dict[str, dict[Backbone, Configuration]] = {name: {} for name in space.alternatives}
    for configuration in configurations:
        of_alternative = first[space.alternative_of(configuration)]
        if configuration.init is not None and len(of_alternative) < MOST_TOLD:
            of_alternative.setdefault(configuration.backbone, configuration)
    if not any(first.values()):
        return []
    from tsearch.networks.build import build
    from tsearch.training.initial import report, take_initial

    loaded = [
        take_initial(build(c, info.shape, info.n_classes)) for one in first.values() for c in one.values()
    ]
    return list(dict.fromkeys(report(one) for one in loaded if one is not None))


def _first(space: LoadedSpace) -> dict[str, Any]:
    """How many trials are not proposed: `n_first` in all, `n_baselines` and `n_enqueued` that are none of these; and
    `first_refused`, those that are refused instead."""
    baselines = dict.fromkeys(space.baselines())
    first = dict.fromkeys((*baselines, *space.enqueued))
    refused = {configuration: why for configuration in first if (why := _why(space, configuration))}
    n_baselines, n_first = len(baselines.keys() - refused.keys()), len(first.keys() - refused.keys())
    return {
        "n_first": n_first,
        "n_baselines": n_baselines,
        "n_enqueued": n_first - n_baselines,
        "first_refused": [
            {"timesteps": list(c.timesteps), "stages": list(c.stages), "reason": why}
            for c, why in refused.items()
        ],
    }


def _drawn(space: LoadedSpace, n: int) -> list[Configuration]:
    """Distinct configurations in random order: `n`, or all of a space that has no more."""
    rng = np.random.default_rng(space.search.seed)
    if space.size is not None and space.size <= n:
        every = list(space.enumerate())
        return [every[i] for i in rng.permutation(len(every))]
    drawn: dict[Configuration, None] = {}
    for _ in range(_DRAWS_PER_CONFIGURATION * n):
        drawn[space.random(rng)] = None
        if len(drawn) == n:
            break
    return list(drawn)


def _refused(space: LoadedSpace, drawn: list[Configuration]) -> dict[str, Any]:
    """How many of `drawn` (the first of them, where that takes long) are refused, and for which reasons."""
    end_s = monotonic() + PATIENCE_S
    refusals = []
    for configuration in drawn[:N_DRAWN]:
        if monotonic() > end_s:
            break
        refusals.append(space.refuse(configuration))
    counts = reasons(refusal for refusal in refusals if refusal is not None)
    return {
        "n_drawn": len(refusals),
        "is_all": len(refusals) == space.size,
        "n": sum(counts.values()),
        "reasons": [{"reason": reason, "n": n} for reason, n in counts.items()],
    }


def _why(space: LoadedSpace, configuration: Configuration) -> str | None:
    refusal = space.refuse(configuration)
    return None if refusal is None else refusal.text
