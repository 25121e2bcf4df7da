"""What a search space holds, before anything is trained: for `tsearch check`."""

from time import monotonic
from typing import Any

import numpy as np

from tsearch.cli.fixed_settings import fixed_content
from tsearch.configuration import Configuration
from tsearch.data import DatasetInfo, describe_dataset, without_files
from tsearch.errors import TsearchError
from tsearch.masks import Masks
from tsearch.pricing.extremes import cost_range
from tsearch.space.file import LoadedSpace
from tsearch.space.idle import CONVERSION
from tsearch.space.refusals import reasons
from tsearch.space.schedules import MASK_MODE, NOTHING
from tsearch.space.space import SearchSpace

N_DRAWN = 200  # configurations asked for refusals; all of a space that has no more
MOST_BACKBONES = 5  # of which is told what they take of initial weights
PATIENCE_S = 2.0  # after which fewer do
_DRAWS_PER_CONFIGURATION = 10  # of a space barely larger than what is drawn: until all are distinct


def preview(space: LoadedSpace, n_proposals: int = 5) -> dict[str, Any]:
    """Parameters, size, goals, a few proposals and the range of costs, as plain data; of several alternatives, what
    each holds for itself under its name in `alternatives`."""
    if n_proposals < 0:
        raise TsearchError(f"--proposals {n_proposals}: a number of configurations, at least 0.")
    info = describe_dataset(space.data)
    space.reference_box()  # an objective that nothing is known of is told now, not when the search starts
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
        **_told(space),
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
        "initial_weights": _initial([*space.baselines(), *space.enqueued, *drawn], info),
        "warnings": [text for text in (without_files(space.data), *_warnings(space)) if text],
    }


def _told(space: LoadedSpace) -> dict[str, Any]:
    """What a space holds; of several alternatives by their names, with how many configurations each has."""
    held = {name: _held(one) for name, one in space.alternatives.items()}
    if len(held) == 1:
        return next(iter(held.values()))
    sizes = {
        name: {"size": one.size, "n_structures": one.n_structures} for name, one in space.alternatives.items()
    }
    every = {name: sizes[name] | each for name, each in held.items()}
    return {"epochs": max(each["epochs"] for each in held.values()), "alternatives": every}


def _held(space: SearchSpace) -> dict[str, Any]:
    """What is not searched, and the phases."""
    return {
        **fixed_content(space),
        "masks": _masks(space),
        "stages": "any" if space.divisions == "any" else [list(division) for division in space.divisions],
        "timesteps": list(space.timesteps),
        "depth": space.depth,
        "epochs": space.schedules.total_epochs,
        "phases": _phases(space),
    }


def _costs(space: LoadedSpace) -> dict[str, Any]:
    """`cost_range`, of several alternatives with their names in front."""
    several = len(space.alternatives) > 1
    return {
        f"{name}, {end}" if several else end: cost
        for name, one in space.alternatives.items()
        for end, cost in cost_range(one).items()
    }


def _warnings(space: LoadedSpace) -> list[str]:
    """What a space asks for in vain; of several alternatives, what all of them do, and masks of each."""
    first, *others = ([_unconfirmable(one), _without_ann(one)] for one in space.alternatives.values())
    of_all = [text for text in first if all(text in other for other in others)]
    return [*of_all, *dict.fromkeys(_frozen_masks(one) for one in space.alternatives.values())]


def _initial(configurations: list[Configuration], info: DatasetInfo) -> list[str]:
    """What of initial weights has a place in the networks of every backbone among `configurations`, a sentence each.
    Raises: TsearchError where nothing has."""
    backbones = {c.backbone: c for c in configurations if c.init is not None}
    if not backbones:
        return []
    from tsearch.networks.build import build
    from tsearch.training.initial import report, take_initial

    loaded = [
        take_initial(build(c, info.shape, info.n_classes)) for c in list(backbones.values())[:MOST_BACKBONES]
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


def _phases(space: SearchSpace) -> dict[str, Any]:
    """The phases that a schedule may have, in order, with their epochs; and how many paths of timesteps there are in
    the finest division."""
    schedules = space.schedules
    n_stages = space.all_divisions.most_stages
    leading: tuple[Any, ...] = space.leading.values
    return {
        "ann_epochs": schedules.ann_epochs,
        "leading": "any" if space.most_leading else [list(lead) for lead in leading],
        "most_leading": schedules.most_leading,
        "leading_epochs": schedules.leading_epochs,
        "last_epochs": schedules.last_epochs,
        "compression_epochs": schedules.compression_epochs,
        "n_stages": n_stages,
        "n_paths": space.paths.count(n_stages),
    }


def _masks(space: SearchSpace) -> dict[str, Any] | None:
    """In how many structures masks of timesteps may be learned, those with more than one timestep, and whether they
    always are there; None where there are no masks."""
    modes = space.settings[MASK_MODE].values if MASK_MODE in space.settings else ()
    if set(modes) <= {NOTHING[MASK_MODE]}:
        return None
    n = sum(n for kind, n in space.structures.kinds.items() if kind.has_steps)
    return {"n_structures": n, "are_always": NOTHING[MASK_MODE] not in modes}


def _without_ann(space: SearchSpace) -> str:
    """What a section `conversion` changes nothing for; "" where it does."""
    is_given = any(name in space.settings for name in CONVERSION)
    if not is_given or space.schedules.ann_epochs or "init.network" in space.settings:
        return ""
    return "`conversion` changes nothing, since no schedule begins with an ANN: set `schedule: {ann_epochs: ...}`"


def _frozen_masks(space: SearchSpace) -> str:
    """Which masks never change because scores are frozen all the time; "" where there are none."""
    if _masks(space) is None:
        return ""
    default = Masks()
    warmups, settles = (
        space.settings[f"masks.{name}"].ends
        if f"masks.{name}" in space.settings
        else (getattr(default, name),)
        for name in ("warmup", "settle")
    )
    if max(warmups) + max(settles) < 1:
        return ""
    return (
        "masks stay as they begin where `masks.warmup` and `masks.settle` take a whole phase, such as "
        f"{max(warmups):g} and {max(settles):g} of it: give less of both than 1"
    )


def _unconfirmable(space: SearchSpace) -> str:
    """Why the end of the search finds no candidate to confirm; "" where it may find some, or none is asked for."""
    if space.confirm is None:
        return ""
    names = [objective.name for objective in space.objectives]
    if all(objective.is_maximized for objective in space.objectives):
        return f"`confirm` finds no candidate, since no cost is among the objectives ({', '.join(names)})"
    is_uniform = space.all_divisions.most_stages == 1 or len(space.timesteps) == 1
    if is_uniform and _masks(space) is None:
        return "`confirm` finds no candidate, since every network has the same timesteps in all stages"
    first = (*space.baselines(), *space.enqueued)
    if len({c.timesteps[0] for c in first if len(set(c.timesteps)) == 1}) < 2:
        return (
            "`confirm` may find no candidate, since a candidate lies between uniform networks of two numbers of "
            "timesteps, and search.baselines names fewer"
        )
    return ""


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
