"""A dictionary of parameters is searched without pretending to be a network."""

import json
import math
from itertools import product

import pytest
import toys

import tsearch
from tsearch.cli import main
from tsearch.cli.progress import Progress
from tsearch.configuration import Task
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError
from tsearch.front import Front
from tsearch.space.domains import Choice, Real, Whole
from tsearch.space.entries import parameter_space
from tsearch.space.kinds import space_from_dict

PARAMETERS = {"lr": (1e-4, 1e-1, "log"), "width": [8, 16, 32], "depth": (1, 6)}
TABLE = {"a": [1, 2, 3, 4], "b": ["x", "y"], "c": [[1, 2], [3]]}


def test_entries_become_domains() -> None:
    space = parameter_space(PARAMETERS | {"p": (0, 0.5), "own": Choice((3, 4))}, {"loss": "minimize"})
    lr = pytest.approx(10**-2.5)
    assert space.domains["lr"] == Real(1e-4, 1e-1, log=True, default=lr)
    assert space.domains["width"] == Choice((8, 16, 32))
    assert space.domains["depth"] == Whole(1, 6, default=4)
    assert space.domains["p"] == Real(0.0, 0.5, default=0.25)
    assert space.domains["own"] == Choice((3, 4))
    assert space.size is None
    assert parameter_space(TABLE, {"loss": "minimize"}).size == 16


def test_a_space_survives_json_and_its_configurations_too() -> None:
    space = parameter_space(TABLE, {"loss": "minimize"}, enqueue=[{"c": [3]}], reference={"loss": 9})
    again = space_from_dict(json.loads(json.dumps(space.to_dict())))
    assert again == space
    every = list(space.enumerate())
    assert len({space.key(c) for c in every}) == 16
    for configuration in every:
        assert space.decode(space.encode(configuration)) == configuration
        assert again.from_plain(json.loads(json.dumps(space.to_plain(configuration)))) == configuration


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (3, "parameter 'x': 3 is neither choices nor a range. Write"),
        ([], "parameter 'x': no choices"),
        ([{}], "parameter 'x': {} is not text, a number"),
        ((1,), r"parameter 'x': \(1,\) is not a range"),
        ((1, 2, "lg"), "is not a range"),
        ((True, 2), "is not a range"),
        ((2, 1), "low 2 must be below high 1"),
        ((0, 1.0, "log"), "a logarithmic range starts above 0, found low 0"),
    ],
)
def test_an_entry_that_cannot_be_searched_is_one_line(entry, words) -> None:
    with pytest.raises(TsearchError, match=words):
        parameter_space({"x": entry}, {"loss": "minimize"})


def test_other_bad_input_is_one_line(tmp_path) -> None:
    def do(parameters=PARAMETERS, evaluator=toys.bowl, **more):
        run(parameters, evaluator, runs=tmp_path, executor="inline", **more)

    goal = {"objectives": {"loss": "minimize"}}
    for given, words in [
        ({}, "objectives: none given. Say what is better"),
        ({"objectives": {"loss": "minimise"}}, "Did you mean 'minimize'"),
        (goal | {"parameters": {}}, "parameters: none given"),
        (goal | {"evaluator": None}, "evaluator: none given"),
        (goal | {"reference": {"los": 1}}, "reference: 'los' is no objective. Did you mean 'loss'"),
        (goal | {"profile": "45nm_memory"}, "priced on no hardware"),
        (goal | {"parameters": "digits"}, "objectives: a search space has its own"),
    ]:
        with pytest.raises(TsearchError, match=words):
            do(**given)
    with pytest.raises(TsearchError, match=r"enqueue: {'depth': 9} is not in the space: depth: 9"):
        parameter_space(PARAMETERS, {"loss": "minimize"}, enqueue=[{"depth": 9}])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_a_function_is_searched_and_its_best_is_found(tmp_path, executor) -> None:
    found = tsearch.run(
        PARAMETERS, toys.bowl, objectives={"loss": "minimize"}, name="bowl", trials=60, runs=tmp_path,
        executor=executor, workers=1,
    )  # fmt: skip
    assert found.ended == "all trials done"
    (best,) = Front.of(found).points
    drawn = [trial.result.metrics["loss"] for trial in found.trials[:16]]
    assert best.metrics["loss"] < min(drawn)  # the model found more than the draws before it
    assert open_run(found.folder).trials == found.trials
    again = resume(found.folder, more_trials=2)
    assert again.trials[:60] == found.trials
    assert len({trial.key for trial in again.trials}) == 62


def test_a_table_is_searched_to_its_end(tmp_path) -> None:
    space = parameter_space(TABLE, {"cost": "minimize", "gain": "maximize"}, enqueue=[{"a": 3}])
    found = run(space, toys.table, name="table", runs=tmp_path, trials=100, executor="inline")
    assert found.ended == "space exhausted after 16 trials"
    assert found.trials[0].origin == "enqueued"
    assert found.trials[0].configuration == {"a": 3, "b": "x", "c": (1, 2)}
    values = {(2 * a + len(c) + (b == "y"), a) for a, b, c in product(*TABLE.values())}
    best = {v for v in values if not any(w[0] <= v[0] and w[1] >= v[1] and w != v for w in values)}
    points = Front.of(found).points
    assert {(point.metrics["cost"], point.metrics["gain"]) for point in points} == best


def test_it_is_shown_with_and_without_a_box(tmp_path, capsys) -> None:
    boxes = {"boxed": {"reference": {"loss": 10.0}, "ideal": {"loss": 0.1}}, "open": {}}
    shown = {}
    for name, box in boxes.items():
        run(
            PARAMETERS, toys.bowl, objectives={"loss": "minimize"}, name=name, trials=6, runs=tmp_path,
            executor="inline", listener=Progress(_Stderr()), **box,
        )  # fmt: skip
        assert main(["show", name, "--runs", str(tmp_path)]) == 0
        assert main(["show", name, "--runs", str(tmp_path), "--json"]) == 0
        shown[name] = capsys.readouterr().out
        front = Front.of(open_run(tmp_path / name))
        assert front.has_box == bool(box)
        said = "".join(_Stderr.said)
        assert ("hypervolume" in said) == bool(box)
        assert "width" in said
        _Stderr.said.clear()
    assert "loss" in shown["open"]


class _Stderr:
    said: list[str] = []  # noqa: RUF012

    def write(self, text: str) -> None:
        self.said.append(text)

    def flush(self) -> None: ...
    def isatty(self) -> bool:
        return False


def test_constraints_keep_points_off_the_front(tmp_path) -> None:
    space = parameter_space(
        {"a": [1, 2, 3, 4]}, {"gain": "maximize"}, constraints={"cost": {"max": 5.0}}, name="limited"
    )
    found = run(space, lambda c, *_: {"gain": c["a"], "cost": 2.0 * c["a"]}, runs=tmp_path, executor="inline")
    assert [point.metrics["gain"] for point in Front.of(found).points] == [2.0]


def test_the_evaluator_is_given_a_seed_and_a_budget(tmp_path) -> None:
    def evaluate(configuration, budget, resume_from, task):
        assert (budget, resume_from, type(task), task.seed) == (4, None, Task, 7)
        return {"loss": configuration["a"]}

    space = parameter_space({"a": [1, 2]}, {"loss": "minimize"}, epochs=4)
    assert len(run(space, evaluate, runs=tmp_path, executor="inline", trials=2, seed=7).results) == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"evaluator": 3}, "evaluator: 3 cannot be called"),
        (
            {"objectives": ["loss"]},
            "objectives: 'loss' has no direction. Write objectives={'loss': 'minimize'}.",
        ),
        ({"trials": 2.5}, "trials: 2.5 is no whole number"),
        (
            {"proposer": lambda *_: None},
            "the proposer gave NoneType, not a value for every parameter by name",
        ),
        ({"proposer": "toys:nobody"}, "proposer 'toys:nobody'"),
    ],
)
def test_wrong_calls_are_one_line_and_leave_no_folder(tmp_path, wrong, message) -> None:
    given = {"evaluator": toys.bowl, "objectives": {"loss": "minimize"}, "executor": "inline"} | wrong
    with pytest.raises(TsearchError) as caught:
        run(PARAMETERS, runs=tmp_path, **given)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    if "gave" not in message:  # what a proposer gives is met while it searches
        assert list(tmp_path.iterdir()) == []


def test_constraints_of_plain_parameters_are_given_with_them(tmp_path) -> None:
    found = run(
        PARAMETERS, toys.bowl, objectives={"loss": "minimize"}, constraints={"loss": (2.0, None)}, trials=8,
        runs=tmp_path, executor="inline",
    )  # fmt: skip
    assert found.constraints == {"loss": (2.0, None)}
    assert Front.of(found).points
    assert all(point.metrics["loss"] >= 2.0 for point in Front.of(found).points)


@pytest.mark.parametrize(("values", "named"), [([True, 1], "True and 1"), ([1, 2, 1.0], "1 and 1.0")])
def test_choices_that_are_equal_and_not_the_same_are_refused_by_name(values, named) -> None:
    with pytest.raises(TsearchError, match=f"parameter 'x': {named} are equal; give one of them"):
        parameter_space({"x": values}, {"loss": "minimize"})


def test_a_constraint_on_a_metric_that_results_lack_ends_the_run_in_one_line(tmp_path) -> None:
    with pytest.raises(
        TsearchError, match=r"a constraint on 'los', which results lack\. Did you mean 'loss'\?"
    ):
        tsearch.run(
            PARAMETERS,
            toys.bowl,
            trials=3,
            objectives={"loss": "minimize"},
            constraints={"los": (None, 1.0)},
            runs=tmp_path,
            executor="inline",
        )


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"constraints": {"area": (None, math.nan)}}, "constraints: 'area': nan is no finite number"),
        ({"constraints": {"area": (10**5000, None)}}, "constraints: 'area': this number is no finite number"),
        ({"constraints": {"area": 3}}, "constraints: 'area': 3 is no pair. Give .smallest, largest."),
        ({"constraints": {"area": (0.6, 0.4)}}, "nothing is at least 0.6 and at most 0.4"),
        ({"reference": {"loss": "x"}}, "reference: 'loss': 'x' is no finite number"),
        (
            {"reference": {"loss": 0}, "ideal": {"loss": 1}},
            "0 is no worse than the ideal, 1, where it is minimized",
        ),
        ({"space": {"x": (0, 10**400)}}, "parameter 'x': .* goes beyond 9.0072e.15, where ranges end"),
        ({"space": {"x": (-1.7e308, 1.7e308)}}, r"goes beyond 1e\+300, where ranges end"),
        ({"space": {"\ud800": (0, 1)}}, "name .* cannot be printed"),
    ],
)
def test_limits_and_ranges_that_cannot_be_meant_are_one_line(tmp_path, wishes, words) -> None:
    settings = {"space": {"x": (0.0, 1.0)}, "objectives": {"loss": "minimize"}, "runs": tmp_path / "runs"}
    with pytest.raises(TsearchError, match=words) as told:
        run(**(settings | wishes), evaluator=toys.evaluate, executor="inline")
    assert "\n" not in str(told.value)
    assert not (tmp_path / "runs").exists()
