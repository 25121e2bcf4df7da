"""Answers on test samples: measured once for every configuration and replicate."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tsearch.engine.replicates import Wanted, train_replicates
from tsearch.engine.run_folder import Run, open_run
from tsearch.errors import TsearchError
from tsearch.export.evaluation import accuracy_on_test
from tsearch.replication.testing import test_result as result_on_test


@pytest.fixture
def run(small_run, tmp_path) -> Run:
    """A run of real networks, in a folder of its own."""
    return open_run(
        Path(shutil.copytree(small_run.folder, tmp_path / "small", ignore=shutil.ignore_patterns("tests")))
    )


def test_they_are_kept_with_which_samples_were_right(run) -> None:
    trial = run.results[0]
    first = result_on_test(run, trial.configuration, 0)
    assert first.right.mean() == first.accuracy
    assert len(first.right) == first.n_samples
    assert accuracy_on_test(run, trial) == {"accuracy": first.accuracy, "n_samples": first.n_samples}
    shutil.rmtree(run.folder / "checkpoints")  # the stored one needs no weights
    again = result_on_test(run, trial.configuration, 0)
    assert np.array_equal(again.right, first.right)
    with pytest.raises(TsearchError, match="holds no weights"):
        result_on_test(run, run.results[1].configuration, 0)


def test_every_replicate_has_its_own(run) -> None:
    configuration = run.results[0].configuration
    run = train_replicates(run, [Wanted(configuration, 3)], executor="inline")
    own, other = (result_on_test(run, configuration, replicate) for replicate in (0, 3))
    assert not np.array_equal(own.right, other.right)
    names = sorted(path.name for path in (run.folder / "tests").iterdir())
    assert names == [f"{configuration.key}.r0.json", f"{configuration.key}.r3.json"]


def test_what_an_earlier_version_kept_is_that_of_the_searchs_own_replicate(run) -> None:
    configuration = run.results[0].configuration
    (run.folder / "tests").mkdir()
    older = run.folder / "tests" / f"{configuration.key}.json"
    older.write_text(json.dumps({"accuracy": 0.25, "n_samples": 8.0}))
    stored = result_on_test(run, configuration, 0)
    assert (stored.accuracy, stored.n_samples, stored.right) == (0.25, 8, None)
    with pytest.raises(TsearchError, match=r"r1.e\d+.safetensors: this run holds no weights"):
        result_on_test(run, configuration, 1)


@pytest.mark.parametrize("content", ["{", "{}", '{"accuracy": 0.5, "n_samples": 9, "right": "AA=="}'])
def test_one_that_is_damaged_is_measured_again(run, content) -> None:
    trial = run.results[0]
    (run.folder / "tests").mkdir()
    (run.folder / "tests" / f"{trial.key}.r0.json").write_text(content)
    assert result_on_test(run, trial.configuration, 0).n_samples > 9
