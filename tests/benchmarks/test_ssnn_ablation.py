"""The ablation of SSNN: what its tables hold, whom its folds test, and how its differences are estimated."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from tsearch.configuration import DataSpec, Task
from tsearch.data import load_dataset
from tsearch.training.augment import Labels
from tsearch.training.losses import make_loss

REPOSITORY = Path(__file__).resolve().parent.parent.parent
BENCHMARKS = REPOSITORY / "benchmarks"
SMALL = {"size": 6, "steps": 12, "train_recordings": 1, "validation_recordings": 1, "test_recordings": 1}


@pytest.fixture(scope="module")
def modules():
    """The benchmark's modules by their names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield {
            name: import_module(name) for name in ("ssnn_rows", "ssnn_data", "ssnn_early", "ssnn_ablation")
        }


def test_averages_of_all_vectors_are_what_they_are_called(modules) -> None:
    rows = modules["ssnn_rows"]
    for average, vector in rows.VECTORS.items():
        for configuration in rows.ladder(average, 1, {}).values():
            assert np.mean(configuration.timesteps) == average
        assert vector == rows.ladder(average, 1, {})[rows.WHOLE].timesteps
    divisions = modules["ssnn_ablation"].DIVISIONS
    assert [len(vectors) for vectors in divisions.values()] == [3, 3, 3]
    assert {np.mean(vector) for vectors in divisions.values() for vector in vectors} == {5.0}


def test_each_row_adds_one_part(modules) -> None:
    rows = modules["ssnn_rows"]
    uniform, shrinking, classifiers, whole = rows.ladder(3, 4, {}).values()
    assert uniform.training == shrinking.training
    weights = [one.training.early_loss_weight for one in (shrinking, classifiers, whole)]
    assert weights == [0, 1, 1]
    assert classifiers.training == whole.training
    modes = [one.temporal_transformer for one in (shrinking, classifiers, whole)]
    assert modes == ["bucket", "bucket", "score_mix"]


def test_a_difference_has_the_errors_of_seeds_and_of_samples(modules) -> None:
    """Of 400 samples, 100 right in one network alone, with every seed: +25 points, deviation sqrt(.25 x .75 / 400)."""
    rows, gaps = modules["ssnn_rows"], np.zeros((3, 400))
    gaps[:, :100] = 1
    one = rows.estimate(gaps, np.arange(400))
    assert one.value == 25
    assert one.variance.value**0.5 == pytest.approx(100 * (0.25 * 0.75 / 399) ** 0.5, rel=0.05)
    assert rows.above_zero("x", one).startswith("PASS: x (+25.0 points")
    assert rows.above_zero("x", rows.estimate(-gaps, np.arange(400))).startswith("FAIL")
    apart = gaps.copy()
    apart[0] = -1  # a seed that says the opposite
    assert rows.above_zero("x", rows.estimate(apart, np.arange(400))).startswith("UNDECIDED")


def test_the_gradient_with_early_classifiers_is_that_of_the_loss_of_training(modules) -> None:
    early, data = (
        modules["ssnn_early"],
        DataSpec(name="digits_dvs", options={"size": 8, "train_recordings": 1}),
    )
    configuration = early.Net(3).configuration(1.0, 1)
    job = early.Job("x", configuration, Task(data=data))
    without, those = early.gradients(job)
    network, split = early.initialised(job).train(), load_dataset(data).train
    loss, indices = make_loss(network), torch.arange(64)
    loss(network.run(split.batch(indices, 6), (6, 2, 1)), Labels(split.labels[indices])).backward()
    assert those == pytest.approx(network.blocks["1"]["main"].conv.weight.grad.norm().item(), rel=1e-5)
    assert without != those


@pytest.mark.slow
def test_every_recording_is_tested_once_and_backwards_with_itself(modules, real_data, monkeypatch) -> None:
    monkeypatch.setenv("TSEARCH_DATA", str(real_data))
    data = modules["ssnn_data"]
    forwards, both = ([data.nmnist(fold, playback) for fold in range(5)] for playback in (False, True))
    tested = np.concatenate([one.test.groups for one in forwards])
    assert sorted(tested) == list(range(980))
    for one, other in zip(forwards, both, strict=True):
        assert not set(one.train.groups) & set(one.test.groups)
        assert len(one.train) + len(one.test) == 980
        assert sorted(other.test.groups) == sorted(np.repeat(one.test.groups, 2))
        backwards = other.test.events
        half = len(one.test)
        assert (backwards.labels[half:] == one.test.events.labels + 10).all()
    gestures = data.gestures()
    assert (len(gestures.train), len(gestures.test)) == (10 * 33, 10 * 20)
    assert data.TEST_FROM_US - data.TRAIN_UNTIL_US == 50_000


@pytest.mark.slow
def test_the_table_of_a_tiny_run_and_its_resumption(tmp_path) -> None:
    """The second time nothing is trained, and the tables are the same."""
    command = [sys.executable, "-W", "error", str(BENCHMARKS / "ssnn_ablation.py"), "--tiny"]
    told = []
    for _ in range(2):
        done = subprocess.run(
            [*command, "--folder", str(tmp_path)], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        told.append(done)
    timed = ("what they add", "  score_mix", "  early classifiers")
    first, again = ([line for line in one.stdout.splitlines() if not line.startswith(timed)] for one in told)
    assert first == again
    assert "16 of 16 trainings" in told[0].stderr
    assert "trainings" not in told[1].stderr
    for row in (
        "uniform T",
        "shrinking T, bucket",
        "+ early classifiers",
        "+ temporal transformer",
        "all - uniform",
    ):
        assert any(line.startswith(row) for line in first), row
    assert any(line.startswith("(1, 1, 1) (8, 4, 3)") for line in first)
