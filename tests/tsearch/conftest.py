"""One small real run, trained once and shared by all tests that need one."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "files"))  # `mutations`, for tests of hostile files
sys.path.insert(0, str(Path(__file__).parent / "networks"))  # `masked_networks`

import tsearch
from tsearch.engine.run_folder import Run

SMALL = """\
name: small
data: {name: digits_dvs, options: {train_recordings: 2, validation_recordings: 1, test_recordings: 1}}
backbone: {widths: [4, 6], pool_after: [1]}
timesteps: [1, 2, 3]
schedule: {epochs: 2, leading: [[], [3]], leading_epochs: 1}
temporal_transformer: [score_mix, bucket]
training: {learning_rate: {low: 0.005, high: 0.02, log: true}, batch_size: 128}
search: {trials: 8, proposer: random}
enqueue:
  - {stages: [1, 1], timesteps: [3, 1]}
"""


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Six trials of a tiny network on the event digits, searched in this process."""
    runs = tmp_path_factory.mktemp("runs")
    (runs / "small.yaml").write_text(SMALL)
    return tsearch.run(runs / "small.yaml", name="small", runs=runs, executor="inline")


@pytest.fixture(scope="session")
def bundle(small_run: Run) -> Path:
    """The bundle of its enqueued configuration, two stages with 3 and 1 timesteps."""
    trial = next(trial for trial in small_run.trials if trial.origin == "enqueued")
    return tsearch.export_bundle(small_run, trial.number)
