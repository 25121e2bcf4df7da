"""The shipped spaces: checked as `tsearch check` does, without the files of their data; the small ones are run."""

from pathlib import Path

import pytest
import yaml

from tsearch import cli
from tsearch.engine.run_folder import open_run
from tsearch.space.file import known_spaces, load_space, spaces_folder

RUNNABLE = ("ssnn_digits", "iir_digits", "spikformer_digits")  # with data that need no files
FULL_SIZE = (
    "ssnn_cifar10dvs",
    "ssnn_dvsgesture",
    "iir_cifar10_vgg16",
    "iir_cifar100_resnet20",
    "spikformer_cifar10_full",
    "windowed_cifar10_full",
)
CHECKED = [
    pytest.param(name, marks=pytest.mark.slow) if name in FULL_SIZE else name for name in known_spaces()
]
FEW_EPOCHS = {"epochs": 1, "leading_epochs": 1, "ann_epochs": [1, 0]}


@pytest.mark.parametrize("name", CHECKED)
def test_it_is_checked_without_its_data(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TSEARCH_DATA", str(tmp_path))
    assert cli.main(["check", name]) == 0
    out = capsys.readouterr().out
    assert "nothing is searched" not in out
    assert "warning" not in out
    assert load_space(name).name == name


@pytest.mark.parametrize("name", [name for name in known_spaces() if "_" in name])
def test_its_baselines_leave_half_of_the_trials_or_so_to_the_search(name: str) -> None:
    space = load_space(name)
    assert len(space.baselines()) < 0.6 * space.search.trials
    members = space.alternatives.values()
    totals = {member.schedules.total_epochs for member in members}
    assert {c.epochs for c in (*space.baselines(), *space.enqueued, space.decode({}))} == totals
    assert len(totals) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNABLE)
def test_a_small_one_is_searched(name: str, tmp_path: Path) -> None:
    """What is enqueued and one proposal, with an epoch for every phase."""
    content = yaml.safe_load((spaces_folder() / f"{name}.yaml").read_text())
    given = content.get("schedule", {})
    content["schedule"] = given | {k: v for k, v in FEW_EPOCHS.items() if k in given}
    if "compression" in content:
        content["compression"]["epochs"] = 1
    for entry in content["enqueue"]:
        entry |= {"ann_epochs": 1} if "ann_epochs" in entry else {}
    if content["data"]["name"] == "digits_dvs":
        content["data"]["options"] = {"train_recordings": 1, "validation_recordings": 1, "test_recordings": 1}
    content["search"] = {"trials": len(content["enqueue"]) + 1, "baselines": "none", "proposer": "random"}
    (tmp_path / "space.yaml").write_text(yaml.safe_dump(content))
    where = ["--runs", str(tmp_path), "--name", "few", "--executor", "inline"]
    assert cli.main(["run", str(tmp_path / "space.yaml"), *where]) == 0
    run = open_run(tmp_path / "few")
    assert [trial.state for trial in run.trials] == ["complete"] * content["search"]["trials"]
    assert all(run.space.decode(run.space.encode(t.configuration)) == t.configuration for t in run.trials)
