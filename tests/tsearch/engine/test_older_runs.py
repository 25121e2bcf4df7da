"""Runs that commit 7c9e42e wrote (tsearch 0.1.0, format 1): every later version opens, shows, reports and exports them.

`run_7c9e42e` is a search of small networks on the event digits, `toy_7c9e42e` one with the evaluator `toys:evaluate`.
"""

import json
import tarfile
from pathlib import Path

import pytest
import toys

import tsearch
from tsearch.cli import main
from tsearch.engine.run import resume
from tsearch.engine.run_folder import Run, open_run
from tsearch.errors import TsearchError
from tsearch.export.evaluation import accuracy_on_test
from tsearch.front import Front
from tsearch.replication.after import replicate_front
from tsearch.training.checkpoints import unpack_weights
from tsearch.units import format_value

FIXTURES = Path(__file__).parent / "fixtures"


def unpacked(name: str, folder: Path) -> Path:
    with tarfile.open(FIXTURES / f"{name}_7c9e42e.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / name


@pytest.fixture
def real(tmp_path) -> Run:
    """The run with real networks."""
    return open_run(unpacked("run", tmp_path))


@pytest.fixture
def toy(tmp_path) -> Run:
    """The run with a user's evaluator."""
    return open_run(unpacked("toy", tmp_path))


def test_it_opens_with_its_trials_under_the_names_that_they_had(real, toy) -> None:
    for run in (real, toy):
        stored = {path.stem for path in (run.folder / "results").iterdir()}
        assert {trial.key for trial in run.trials} == stored
        assert len(run.results) == run.n_total
        for trial in run.trials:
            content = json.loads((run.folder / "results" / f"{trial.key}.json").read_text())
            assert trial.result.metrics == content["metrics"]
            assert run.checkpoint(trial) == (run.folder / f"checkpoints/{trial.key}.safetensors").read_bytes()
            mode = content["configuration"]["transformer"]
            assert trial.configuration.temporal_transformer == mode
            assert run.space.decode(run.space.encode(trial.configuration)) == trial.configuration
    assert real.file.evaluator == "tsearch.training.evaluate:train_and_price"
    assert (real.task.identity.recipe, real.task.identity.counting) == (1, 1)


def test_its_front_is_trained_again_though_its_keys_are_not_todays(toy) -> None:
    """It went on for ever: fresh trainings have today's keys, and were not found under those of the trials."""
    members = Front.of(toy).points
    again = replicate_front(toy, 3, executor="inline", listener=tsearch.quiet)
    fresh = {point.number: len(point.replicates) for point in Front.of(again).points}
    assert set(fresh) == {point.number for point in members}
    assert min(fresh.values()) >= 1
    assert sum(fresh.values()) == len(again.replicates)


def test_its_front_is_the_one_that_was_shown_then(real, toy, capsys) -> None:
    front = Front.of(real)
    assert [point.number for point in front.points] == [2, 0]
    assert [point.number for point in Front.of(toy).points] == [0, 1, 2, 3]
    assert Front.of(toy).hypervolume == pytest.approx(0.6200858944399367)
    assert main(["show", "run", "--runs", str(real.folder.parent), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["hypervolume"] == front.hypervolume


def test_it_is_reported(real) -> None:
    assert main(["report", "run", "--runs", str(real.folder.parent)]) == 0
    page = (real.folder / "report.html").read_text()
    assert len(real.results) == 6
    for trial in real.results:
        assert format_value(trial.result.metrics["energy_pj"], "energy_pj") in page


def test_its_networks_are_exported(real) -> None:
    trial = Front.of(real).points[0].number
    assert main(["export", "run", "--runs", str(real.folder.parent), "--trial", str(trial)]) == 0
    bundle = tsearch.Bundle(real.folder / "exports" / f"trial{trial}")
    assert bundle.contents.metrics == real.trials[trial].result.metrics
    stored = json.loads((real.folder / "tests" / f"{real.trials[trial].key}.json").read_text())
    assert bundle.contents.test == stored
    assert bundle.load().configuration == real.trials[trial].configuration


def test_its_weights_give_the_accuracies_that_they_gave_then(real) -> None:
    stored = {path: json.loads(path.read_text()) for path in (real.folder / "tests").iterdir()}
    assert len(stored) == 3
    for path, before in stored.items():
        path.unlink()
        trial = next(trial for trial in real.trials if trial.key == path.stem)
        assert accuracy_on_test(real, trial) == before


def test_weights_of_another_kind_are_left_out_of_the_page_and_not_exported(toy, capsys) -> None:
    assert main(["report", "toy", "--runs", str(toy.folder.parent)]) == 0
    assert main(["export", "toy", "--runs", str(toy.folder.parent), "--trial", "0"]) == 2
    assert capsys.readouterr().err.startswith("tsearch: data: unknown name 'toy'.")
    with pytest.raises(TsearchError, match="these weights were not written by a training of tsearch"):
        unpack_weights(toy.checkpoint(toy.trials[0]))


def test_the_default_evaluator_refuses_to_go_on_with_it(real) -> None:
    before = {path: path.read_bytes() for path in real.folder.rglob("*") if path.suffix in (".json", ".yaml")}
    with pytest.raises(
        TsearchError, match=r"run: .* changed since this run started \(identity.recipe 1 -> 3\)"
    ):
        resume(real.folder, more_trials=1)
    assert {path: path.read_bytes() for path in before} == before


def test_a_users_evaluator_goes_on_to_the_new_total(toy) -> None:
    longer = resume(toy.folder, more_trials=5)
    assert longer.trials[:5] == toy.trials
    assert len(longer.results) == longer.n_total == 10
    keys = [longer.space.key(trial.configuration) for trial in longer.trials]
    assert len(set(keys)) == 10  # what was tried is recognised, whatever its key was then
    for trial in longer.trials[5:]:
        assert trial.result.metrics == toys.metrics_of(trial.configuration)
        assert (longer.folder / "results" / f"{trial.key}.r0.e3.json").is_file()
        assert longer.checkpoint(trial) == trial.key.encode()
    assert json.loads((toy.folder / "run.json").read_text())["format"] == 2
    assert resume(toy.folder).trials == longer.trials


def test_every_proposer_goes_on_with_values_of_older_names(toy) -> None:
    content = json.loads((toy.folder / "run.json").read_text())
    content["space"]["search"]["proposer"] = "tpe"
    (toy.folder / "run.json").write_text(json.dumps(content))
    assert len(resume(toy.folder, more_trials=15).results) == 20


def test_a_trial_cut_off_then_is_finished_under_its_own_name(toy) -> None:
    import sqlite3

    with sqlite3.connect(toy.folder / "ledger.sqlite") as ledger:
        ledger.execute("update trials set state = 'RUNNING', datetime_complete = null where number = 4")
        ledger.execute("delete from trial_values where trial_id = 5")
        ledger.execute("delete from trial_user_attributes where trial_id = 5 and key = 'finished'")
    ledger.close()
    last = toy.trials[4]
    (toy.folder / "results" / f"{last.key}.json").unlink()
    assert open_run(toy.folder).trials[4].state == "running"
    found = resume(toy.folder)
    assert (found.trials[4].key, found.trials[4].state) == (last.key, "complete")
    assert found.trials[4].result.metrics == last.result.metrics


def test_a_format_of_the_future_is_one_line(toy) -> None:
    (toy.folder / "run.json").write_text('{"format": 3}')
    with pytest.raises(TsearchError, match="format 3, but this tsearch reads formats 1 and 2"):
        open_run(toy.folder)
