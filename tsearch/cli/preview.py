"""What a search space holds, before anything is trained: for `tsearch check`."""

from typing import Any

import numpy as np

from tsearch.data import describe_dataset
from tsearch.errors import TsearchError
from tsearch.pricing.bounds import cost_range, reference_box
from tsearch.space.domains import Choice, Domain
from tsearch.space.space import SearchSpace


def preview(space: SearchSpace, n_proposals: int = 5) -> dict[str, Any]:
    """Parameters, size, a few proposals and the range of costs, as plain data."""
    if n_proposals < 0:
        raise TsearchError(f"--proposals {n_proposals}: a number of configurations, at least 0.")
    info = describe_dataset(space.data)
    reference_box(space)  # an objective that nothing is known of is told now, not when the search starts
    parameters = space.parameters()
    rng = np.random.default_rng(space.search.seed)
    first = (space.baselines() if space.search.baselines == "uniform" else []) + list(space.enqueued)
    return {
        "name": space.name,
        "data": {
            "name": space.data.name,
            "shape": list(info.shape),
            "n_classes": info.n_classes,
            "is_static": info.is_static,
        },
        "parameters": {name: _words(domain) for name, domain in parameters.items()},
        "fixed": {name: domain.default for name, domain in space.settings.items() if name not in parameters},
        "size": space.size,
        "n_structures": space.n_structures,
        "trials": space.search.trials,
        "n_first": len({configuration.key for configuration in first}),
        "proposer": space.search.proposer,
        "objectives": {objective.name: objective.direction for objective in space.objectives},
        "profile": space.hardware.profile,
        "cost_range": cost_range(space),
        "proposals": [space.random(rng).model_dump(mode="json") for _ in range(n_proposals)],
    }


def _words(domain: Domain) -> str:
    if isinstance(domain, Choice):
        return ", ".join(str(label) for label in domain.choices)
    return f"{domain.low:g} to {domain.high:g}{', logarithmic' if domain.log else ''}"
