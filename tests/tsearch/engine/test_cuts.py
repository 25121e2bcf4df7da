"""With `ordered`, a search that is cut off anywhere, again and again, proposes what an uninterrupted one proposes."""

import random
from contextlib import suppress

import pytest
from my_proposers import Halton, near_the_best  # noqa: F401  found by name

from tsearch.engine.proposers import PROPOSERS, tpe
from tsearch.engine.proposers.nsga2 import Nsga2Proposer
from tsearch.engine.run import resume, run
from tsearch.space.goals import Constraint
from tsearch.space.space import SearchSpace

EVERY = [*PROPOSERS, "my_proposers:near_the_best"]
STEPS = (  # of the way of a trial through the loop; a crash comes before one of them
    "tsearch.engine.journal.Journal.keep",
    "tsearch.engine.ledger.Ledger.note",
    "tsearch.engine.ledger.Ledger.end",
    "tsearch.engine.ledger.Ledger.add",
    "tsearch.engine.pump.Pump._learn",
)


class CutError(BaseException):
    """The process ended here."""


@pytest.fixture(autouse=True)
def models_from_early_on(monkeypatch) -> None:
    """A dozen trials see what takes a hundred otherwise."""
    monkeypatch.setattr(tpe, "STARTUP", 5)
    monkeypatch.setattr(Nsga2Proposer, "population", 4)


@pytest.fixture
def cut_at(monkeypatch):
    """Does something, and stops it before the n-th time that a step is taken."""

    def do(action, step: str, n: int) -> None:
        where, _, name = step.rpartition(".")
        module, _, owner = where.rpartition(".")
        owner = getattr(__import__(module, fromlist=[owner]), owner)
        original, calls = getattr(owner, name), []

        def counted(*arguments):
            calls.append(1)
            if len(calls) == n:
                raise CutError
            return original(*arguments)

        with monkeypatch.context() as patch, suppress(CutError):
            patch.setattr(owner, name, counted)
            action()

    return do


def told(found):
    return [(t.key, t.state, t.result and t.result.metrics) for t in found.trials]


def cut_again_and_again(space: SearchSpace, proposer: str, ideal, tmp_path, cut_at, n_cuts, rng, **more):
    """The run of a search that was cut off all along its way, and the one of a search that was not."""
    settings = {"proposer": proposer, "runs": tmp_path, "executor": "inline", "ideal": ideal} | more
    whole = run(space, "toys:evaluate", name="whole", **settings)
    cut_at(lambda: run(space, "toys:evaluate", name="cut", **settings), STEPS[0], rng.randint(1, 4))
    for step in rng.sample(STEPS, k=n_cuts):
        cut_at(lambda: resume(tmp_path / "cut"), step, rng.randint(2, 6))
    return resume(tmp_path / "cut"), whole


def limited(space: SearchSpace) -> SearchSpace:
    """The space with a limit that about half of its configurations break."""
    return space.model_copy(update={"constraints": {"accuracy": Constraint(min=0.7)}})


@pytest.mark.parametrize("proposer", EVERY)
def test_a_search_cut_off_anywhere_proposes_the_same(make_space, ideal, tmp_path, cut_at, proposer) -> None:
    problems = {"problem": "raise", "every": 5}
    space = limited(make_space(2, trials=12, batch=3, ordered=True, baselines="none", options=problems))
    rng = random.Random(proposer)
    found, whole = cut_again_and_again(space, proposer, ideal, tmp_path, cut_at, 3, rng)
    assert told(found) == told(whole)
    assert len(whole.trials) == 12
    assert {trial.state for trial in whole.trials} == {"complete", "failed"}


@pytest.mark.parametrize("proposer", ["nsga2", pytest.param("tpe", marks=pytest.mark.slow)])
def test_a_search_with_pauses_cut_off_anywhere_proposes_the_same(
    make_space, ideal, tmp_path, cut_at, proposer
) -> None:
    """Paused trials are told late: proposers hear of them in the order of their numbers all the same."""
    space = limited(make_space(2, trials=14, batch=4, ordered=True, baselines="none"))
    rng = random.Random(proposer)
    more = {"scheduler": "schedulers:halves"}
    found, whole = cut_again_and_again(space, proposer, ideal, tmp_path, cut_at, 3, rng, **more)
    assert told(found) == told(whole)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("is_limited", [False, True])
@pytest.mark.parametrize("proposer", EVERY)
def test_longer_searches_cut_off_anywhere_propose_the_same(
    make_space, ideal, tmp_path, cut_at, proposer, is_limited, seed
) -> None:
    trials = 16 if proposer == "gp" else 40
    options = {"problem": "nan", "every": 6}
    space = make_space(3, trials=trials, baselines="none", ordered=True, seed=seed, options=options)
    space = limited(space) if is_limited else space
    rng = random.Random(seed)
    found, whole = cut_again_and_again(space, proposer, ideal, tmp_path, cut_at, len(STEPS), rng)
    assert told(found) == told(whole)
