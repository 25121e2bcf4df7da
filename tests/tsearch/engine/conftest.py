"""A small space with toy evaluators, so that a search takes milliseconds, and a cluster of two nodes."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # workers import `toys` by name

from tsearch.configuration import DataSpec, Hardware
from tsearch.space.domains import Choice, Real
from tsearch.space.goals import Objective, SearchSettings
from tsearch.space.space import SearchSpace

OBJECTIVES = (
    Objective(name="accuracy", direction="maximize"),
    Objective(name="energy_pj", direction="minimize"),
    Objective(name="latency_s", direction="minimize"),
    Objective(name="footprint_bits", direction="minimize"),
)
IDEAL = {"accuracy": 1.0, "energy_pj": 1e3, "latency_s": 1e-6, "footprint_bits": 100.0}
REFERENCE = {"accuracy": 0.0, "energy_pj": 1e5, "latency_s": 1e-4, "footprint_bits": 1e3}

MakeSpace = Callable[..., SearchSpace]


@pytest.fixture
def make_space() -> MakeSpace:
    """Builds a toy space: 3 blocks, some timesteps, learning rate and dropout; `options` go to the toy evaluator."""

    def make(
        n_objectives: int = 3,
        rates: Any = Real(1e-4, 1.0, log=True, default=0.01),  # noqa: B008
        timesteps: tuple[int, ...] = (1, 2, 4, 6),
        options: dict[str, Any] | None = None,
        enqueued: tuple[Any, ...] = (),
        **search: Any,
    ) -> SearchSpace:
        names = [objective.name for objective in OBJECTIVES[:n_objectives]]
        return SearchSpace(
            name="toy",
            data=DataSpec(name="toy", options=options or {}),
            hardware=Hardware(),
            objectives=OBJECTIVES[:n_objectives],
            search=SearchSettings(**({"trials": 12, "proposer": "random"} | search)),
            reference={name: REFERENCE[name] for name in names},
            divisions="any",
            timesteps=timesteps,
            leading=Choice(((),)),
            epochs=3,
            leading_epochs=1,
            settings={
                "backbone.widths": Choice(((4, 8, 8),)),
                "temporal_transformer": Choice(("score_mix",)),
                "training.learning_rate": rates,
                "training.dropout": Choice((0.0, 0.2)),
            },
            enqueued=enqueued,
            source_text="name: toy\n",
        )

    return make


@pytest.fixture
def ideal() -> dict[str, float]:
    """The best value of every toy objective."""
    return dict(IDEAL)


@pytest.fixture(scope="session")
def cluster():
    """A head without a core, and two nodes with one core each."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    quiet = {"include_dashboard": False, "object_store_memory": 100 * 2**20}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0} | quiet)
    nodes = [made.add_node(num_cpus=1, object_store_memory=100 * 2**20) for _ in range(2)]
    made.wait_for_nodes()
    assert len(nodes) == 2
    yield made
    made.shutdown()
