"""What a space holds, as plain data: settings, masks, phases; for `tsearch check`."""

from typing import Any

from tsearch.cli.fixed_settings import fixed_content
from tsearch.space.file import LoadedSpace
from tsearch.space.schedules import MASK_MODE, NOTHING
from tsearch.space.space import SearchSpace


def held(space: LoadedSpace) -> dict[str, Any]:
    """What a space holds; of several alternatives by their names, with how many configurations each has."""
    by_name = {name: _held_by_one(one) for name, one in space.alternatives.items()}
    if len(by_name) == 1:
        return next(iter(by_name.values()))
    sizes = {
        name: {"size": one.size, "n_structures": one.n_structures} for name, one in space.alternatives.items()
    }
    every = {name: sizes[name] | each for name, each in by_name.items()}
    return {"epochs": max(each["epochs"] for each in by_name.values()), "alternatives": every}


def _held_by_one(space: SearchSpace) -> dict[str, Any]:
    """What is not searched, and the phases."""
    return {
        **fixed_content(space),
        "masks": masks_of(space),
        "stages": "any" if space.divisions == "any" else [list(division) for division in space.divisions],
        "timesteps": list(space.timesteps),
        "depth": space.depth,
        "epochs": space.schedules.total_epochs,
        "phases": _phases(space),
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


def masks_of(space: SearchSpace) -> dict[str, Any] | None:
    """In how many structures masks of timesteps may be learned, those with more than one timestep, and whether they
    always are there; None where there are no masks."""
    modes = space.settings[MASK_MODE].values if MASK_MODE in space.settings else ()
    if set(modes) <= {NOTHING[MASK_MODE]}:
        return None
    n = sum(n for kind, n in space.structures.kinds.items() if kind.has_steps)
    return {"n_structures": n, "are_always": NOTHING[MASK_MODE] not in modes}
