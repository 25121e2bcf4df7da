"""A run goes on only where what its results depend on is unchanged; a user's evaluator decides for itself."""

import pytest
import toys

from tsearch.configuration import Identity
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError


class Evaluator:
    """The toy evaluator with a `prepare` that records an identity."""

    def __init__(self, device: str | None = None, **identity) -> None:
        self.identity = Identity(**({"data": "d1", "profile": "p1", "recipe": 2, "counting": 3} | identity))
        self.device = device

    def __call__(self, *given):
        return toys.evaluate(*given)

    def prepare(self, task):
        device = task.compute.device if self.device is None else self.device
        compute = task.compute.model_copy(update={"device": device, "versions": {"torch": "9"}})
        return task.model_copy(update={"identity": self.identity, "compute": compute})


@pytest.fixture
def begun(make_space, ideal, tmp_path):
    return run(make_space(trials=2), Evaluator(), runs=tmp_path, executor="inline", ideal=ideal)


def test_the_task_of_a_run_is_the_one_prepared(begun) -> None:
    assert begun.task.identity == Identity(data="d1", profile="p1", recipe=2, counting=3)
    assert begun.task.compute.versions == {"torch": "9"}
    assert open_run(begun.folder).task == begun.task
    assert len(resume(begun.folder, Evaluator(), more_trials=1).results) == 3


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"data": "d2"}, r"content of the data changed .* \(identity.data d1 -> d2\). Start a new run"),
        ({"profile": "p2"}, r"hardware profile changed .* \(identity.profile p1 -> p2\)"),
        ({"recipe": 5}, r"recipe of the training changed .* \(identity.recipe 2 -> 5\)"),
        ({"counting": 4}, r"counting of the cost model changed .* \(identity.counting 3 -> 4\)"),
        ({"device": "cuda"}, r"is for the device cpu, but cuda would train. Set TSEARCH_DEVICE=cpu"),
    ],
)
def test_a_change_is_refused_with_both_values(begun, changed, words) -> None:
    with pytest.raises(TsearchError, match=words):
        resume(begun.folder, Evaluator(**changed), more_trials=1)


def test_the_device_belongs_to_the_run(make_space, ideal, tmp_path, monkeypatch, begun) -> None:
    monkeypatch.setenv("TSEARCH_DEVICE", "cuda:1")
    with pytest.raises(TsearchError, match=r"device changed since this run started \(cpu -> cuda:1\)"):
        resume(begun.folder, Evaluator())
    other = run(make_space(trials=1), Evaluator(), runs=tmp_path, executor="inline", ideal=ideal)
    assert other.task.compute.device == "cuda:1"
    monkeypatch.delenv("TSEARCH_DEVICE")
    assert resume(other.folder, Evaluator(), more_trials=1).task.compute.device == "cuda:1"


def test_an_evaluator_that_prepares_nothing_always_goes_on(begun, monkeypatch) -> None:
    monkeypatch.setenv("TSEARCH_DEVICE", "cuda:7")
    assert len(resume(begun.folder, toys.evaluate, more_trials=1).results) == 3


def test_a_task_that_cannot_be_used_is_told_before_a_folder_is_made(make_space, ideal, tmp_path) -> None:
    class Refuses(Evaluator):
        def prepare(self, _task):
            raise TsearchError("data/digits: folder is missing")

    with pytest.raises(TsearchError, match="folder is missing"):
        run(make_space(), Refuses(), runs=tmp_path, executor="inline", ideal=ideal)
    assert list(tmp_path.iterdir()) == []
