"""What a search space holds, before anything is trained: for `tsearch check`."""

from typing import Any

import numpy as np

from tsearch.data import describe_dataset
from tsearch.errors import TsearchError
from tsearch.pricing.bounds import cost_range
from tsearch.space.space import SearchSpace


def preview(space: SearchSpace, n_proposals: int = 5) -> dict[str, Any]:
    """Parameters, size, goals, a few proposals and the range of costs, as plain data."""
    if n_proposals < 0:
        raise TsearchError(f"--proposals {n_proposals}: a number of configurations, at least 0.")
    info = describe_dataset(space.data)
    space.reference_box()  # an objective that nothing is known of is told now, not when the search starts
    parameters = space.parameters()
    rng = np.random.default_rng(space.search.seed)
    return {
        "name": space.name,
        "data": {
            "name": space.data.name,
            "shape": list(info.shape),
            "n_classes": info.n_classes,
            "is_static": info.is_static,
        },
        "parameters": {name: domain.words for name, domain in parameters.items()},
        "fixed": {name: domain.default for name, domain in space.settings.items() if name not in parameters},
        "size": space.size,
        "n_structures": space.n_structures,
        "trials": space.search.trials,
        **_first(space),
        "proposer": space.search.proposer,
        "objectives": {objective.name: objective.direction for objective in space.objectives},
        "constraints": {name: [one.min, one.max] for name, one in space.constraints.items()},
        "profile": space.hardware.profile,
        "assume": dict(space.hardware.assume),
        "cost_range": cost_range(space),
        "proposals": [space.to_plain(space.random(rng)) for _ in range(n_proposals)],
    }


def _first(space: SearchSpace) -> dict[str, int]:
    """How many trials are not proposed: `n_first` in all, `n_baselines` and `n_enqueued` that are none of these."""
    baselines = space.baselines() if space.search.baselines == "uniform" else []
    n_baselines = len({space.key(configuration) for configuration in baselines})
    n_first = len({space.key(configuration) for configuration in (*baselines, *space.enqueued)})
    return {"n_first": n_first, "n_baselines": n_baselines, "n_enqueued": n_first - n_baselines}
