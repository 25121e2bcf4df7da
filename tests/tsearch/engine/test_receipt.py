"""Whatever an evaluator gives back, the run stays readable, and says in one line what was wrong."""

from pathlib import Path

import pytest
import toys

from tsearch.engine.run import run
from tsearch.engine.run_folder import open_run


@pytest.mark.parametrize("executor", ["inline", "process"])
@pytest.mark.parametrize(
    ("evaluator", "error"),
    [
        ("smaller_budget", "the result is for a budget of 2, not of 3"),
        ("other_configuration", "the result is for another configuration than the one to be tried"),
        ("unpicklable", "the result cannot be written as JSON: Object of type function is not JSON"),
        ("checkpoint_of_words", "the evaluator returned a checkpoint of type str, not bytes"),
        ("wrong_types", "the evaluator returned no number for the metric 'accuracy'"),
    ],
)
def test_an_unusable_result_fails_its_trial_once(
    make_space, ideal, tmp_path, executor, evaluator, error
) -> None:
    space = make_space(trials=1, max_failures=2, options={"log": str(tmp_path / "log")})
    found = run(space, f"misbehaving:{evaluator}", runs=tmp_path, executor=executor, ideal=ideal)
    assert found.trials[0].error.startswith(error)
    assert found.trials[0].n_lost == 0
    assert open_run(found.folder).trials == found.trials
    if evaluator == "unpicklable":
        assert len(Path(tmp_path / "log").read_text().splitlines()) == 1


def test_numbers_of_an_unknown_class_arrive_as_plain_ones(make_space, ideal, tmp_path) -> None:
    evaluator = "misbehaving:unpicklable_number"
    found = run(make_space(trials=2), evaluator, runs=tmp_path, executor="process", ideal=ideal)
    for trial in found.results:
        assert trial.result.metrics == toys.metrics_of(trial.configuration)
        assert {type(value) for value in trial.result.metrics.values()} == {float}
    assert len(found.results) == 2
