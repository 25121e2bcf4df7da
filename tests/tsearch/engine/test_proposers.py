"""The promises that every proposer keeps."""

import pytest

from tsearch.engine.proposers import PROPOSERS
from tsearch.engine.run import run
from tsearch.engine.run_folder import Run
from tsearch.space.domains import Choice

TRIALS = dict.fromkeys(PROPOSERS, 14) | {"gp": 12, "nsga2": 24}  # beyond the random start of each


def search(make_space, ideal, tmp_path, proposer, n_objectives=3, **settings) -> Run:
    settings = {"trials": TRIALS[proposer], "proposer": proposer, "baselines": "none"} | settings
    space = make_space(n_objectives, **settings)
    return run(space, "toys:evaluate", runs=tmp_path, executor="inline", ideal=ideal)


@pytest.mark.parametrize("n_objectives", [1, 2, 3, 4])
@pytest.mark.parametrize("proposer", PROPOSERS)
def test_stays_inside_the_space_whatever_the_objectives(
    make_space, ideal, tmp_path, proposer, n_objectives
) -> None:
    found = search(make_space, ideal, tmp_path, proposer, n_objectives)
    assert len(found.results) == TRIALS[proposer]
    for trial in found.trials:
        values = found.space.encode(trial.configuration)
        assert found.space.decode(values) == trial.configuration


@pytest.mark.parametrize("proposer", PROPOSERS)
def test_repeats_itself_for_one_seed_only(make_space, ideal, tmp_path, proposer) -> None:
    keys = {
        name: [t.key for t in search(make_space, ideal, tmp_path / name, proposer, 2, seed=seed).trials]
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    }
    assert keys["first"] == keys["again"]
    assert keys["first"] != keys["other"]


@pytest.mark.parametrize("proposer", PROPOSERS)
def test_never_proposes_a_configuration_again(make_space, ideal, tmp_path, proposer) -> None:
    small = {"timesteps": (1, 2), "rates": Choice((0.01,)), "trials": 12}
    found = search(make_space, ideal, tmp_path, proposer, 2, **small)
    keys = [trial.key for trial in found.trials]
    assert len(keys) == len(set(keys)) == 12 < found.space.size
