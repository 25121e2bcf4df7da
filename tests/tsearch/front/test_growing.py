"""A front that grows trial by trial says what `Front` says of the same trials."""

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsearch.configuration import Result
from tsearch.engine.run_folder import Trial
from tsearch.engine.trial import StoredResult
from tsearch.front import Front, GrowingFront
from tsearch.front.constraints import Constraints
from tsearch.space.goals import Objective

OBJECTIVES = (
    Objective(name="energy_pj", direction="minimize"),
    Objective(name="accuracy", direction="maximize"),
    Objective(name="latency_s", direction="minimize"),
)
REFERENCE = {"accuracy": 0.1, "energy_pj": 6.0, "latency_s": 6.0}
IDEAL = {"accuracy": 1.0, "energy_pj": 1.0, "latency_s": 1.0}


def trial(number: int, metrics: Mapping[str, float], state: Any = "complete") -> Trial:
    configuration = {"number": number}
    result = (
        Result(configuration=configuration, budget=1, metrics=dict(metrics)) if state == "complete" else None
    )
    return Trial(number, str(number), state, "proposed", configuration, result)


ODD = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0])
COST = st.one_of(st.integers(1, 7).map(float), st.integers(1, 7).map(float), ODD)
ACCURACY = st.one_of(st.integers(0, 6).map(lambda k: k / 6), ODD)
METRICS = st.one_of(
    st.fixed_dictionaries({"accuracy": ACCURACY, "energy_pj": COST, "latency_s": COST}),
    st.fixed_dictionaries({"energy_pj": COST}, optional={"accuracy": ACCURACY}),
)
TRIALS = st.lists(st.tuples(METRICS, st.sampled_from(["complete"] * 5 + ["failed", "running"])), max_size=25)
LIMITS = st.sampled_from([{}, {"energy_pj": (None, 4.0)}, {"accuracy": (0.5, None), "latency_s": (2.0, 5.0)}])


@given(TRIALS, LIMITS, st.sampled_from([1, 2, 3]), st.booleans())
def test_a_growing_front_equals_the_front_of_the_same_trials_after_each_of_them(
    rows: list[tuple[dict[str, float], str]], constraints: Constraints, n_objectives: int, has_box: bool
) -> None:
    objectives = OBJECTIVES[:n_objectives]
    box = {"reference": REFERENCE, "ideal": IDEAL} if has_box else {"reference": {}, "ideal": IDEAL}
    growing, trials = GrowingFront(objectives, **box, constraints=constraints), []
    for number, (metrics, state) in enumerate(rows):
        trials.append(trial(number, metrics, state))
        growing.add(trials[-1])
        front = Front.of_trials(trials, objectives, **box, constraints=constraints)
        assert growing.n_complete == len(front.complete)
        assert growing.n_front == len(front.points)
        assert growing.hypervolume == (pytest.approx(front.hypervolume, abs=1e-12) if has_box else None)
        leading = growing.leading.name
        usable = [p for p in front.feasible if math.isfinite(p.metrics.get(leading, math.nan))]
        assert growing.best == (front.best(leading) if usable else None)


def test_the_leading_objective_is_the_first_that_is_maximised_else_the_first() -> None:
    assert GrowingFront(OBJECTIVES, reference={}, ideal={}).leading.name == "accuracy"
    assert GrowingFront(OBJECTIVES[:1], reference={}, ideal={}).leading.name == "energy_pj"


def test_the_hypervolume_is_measured_only_where_the_front_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []
    monkeypatch.setattr("tsearch.front.growing.hypervolume", lambda gains: measured.append(len(gains)) or 0.5)
    growing = GrowingFront(OBJECTIVES, reference=REFERENCE, ideal=IDEAL)
    for number, accuracy in enumerate((0.5, 0.8, 0.4, 0.3, 0.05)):
        metrics = {"accuracy": accuracy, "energy_pj": 3.0, "latency_s": 3.0}
        growing.add(trial(number, metrics))
        assert growing.hypervolume == 0.5
    assert measured == [1, 1]


def test_results_that_lie_on_disk_stay_there() -> None:
    def load() -> Result:
        raise AssertionError("read")

    stored = StoredResult(
        {"accuracy": 0.5, "energy_pj": 3.0, "latency_s": 3.0}, {"validation": 300}, 1.0, load
    )
    growing = GrowingFront(OBJECTIVES, reference=REFERENCE, ideal=IDEAL)
    growing.add(Trial(0, "0", "complete", "proposed", {}, stored))  # type: ignore[arg-type]
    assert (growing.n_front, growing.best and growing.best.seconds) == (1, 1.0)
