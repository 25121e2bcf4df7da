"""Fixtures of the cost model's tests; the oracle and the invariants live in files of their own."""

import importlib.util
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import strategies as st

import hwcost as h


def _load(file: str) -> ModuleType:
    """A file beside the tests, importable by its name from then on."""
    path = Path(__file__).parent / f"{file}.py"
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


ORACLE = _load("oracle")
KINDS = _load("every_kind")
INVARIANTS = _load("invariants")
for _file in ("kinds/walker", "kinds/cases", "dataflow/machines"):
    _load(_file)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "network_of_a_kind" in metafunc.fixturenames:
        networks: dict[str, h.NetworkSpec] = KINDS.NETWORKS
        metafunc.parametrize("network_of_a_kind", list(networks.values()), ids=list(networks))
    if "invariant" in metafunc.fixturenames:
        checks: dict[str, Callable[[st.DataObject], None]] = INVARIANTS.INVARIANTS
        metafunc.parametrize("invariant", list(checks.values()), ids=list(checks))


@pytest.fixture(scope="session")
def invariants() -> dict[str, Callable[[st.DataObject], None]]:
    """All invariants by name."""
    return INVARIANTS.INVARIANTS


@pytest.fixture(scope="session")
def check() -> Callable[..., None]:
    """Run an invariant on so many random examples."""
    return INVARIANTS.check


@pytest.fixture(scope="session")
def oracle() -> ModuleType:
    """Random layers and maps, and counts of them by brute force."""
    return ORACLE


@pytest.fixture(scope="session")
def brute_force() -> Callable[..., np.ndarray]:
    """Fan-out of every input neuron, by walking all synapses."""
    return ORACLE.brute_force_fan_out


@pytest.fixture
def demo() -> Callable[..., h.NetworkSpec]:
    """The demo network 8C3-AP2 | 16C3-AP2 | 32C3 | FC on 2x16x16 events."""

    def build(timesteps: tuple[int, ...] = (6, 3, 1), mode: str = "score_mix") -> h.NetworkSpec:
        more = {"padding": 1, "in_class": "graded", "bias": True, "neuron": "lif"}
        pairs = [(None, timesteps[0]), *itertools.pairwise(timesteps)]
        return h.NetworkSpec(
            (
                h.conv("conv1", (2, 16, 16), 8, 3, stage=0, in_max=64, **more),
                h.pool("pool1", (8, 16, 16), 2, stage=0),
                h.conv("conv2", (8, 8, 8), 16, 3, stage=1, in_max=4, **more),
                h.pool("pool2", (16, 8, 8), 2, stage=1),
                h.conv("conv3", (16, 4, 4), 32, 3, stage=2, in_max=4, **more),
                h.linear("fc", (32, 4, 4), 10, stage=2, bias=True),
            ),
            tuple(h.StageSpec(b, mode if a not in (None, b) else None) for a, b in pairs),
        )

    return build
