"""The command line as a person uses it: what it prints, its exit codes, and one line for every mistake."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tsearch import cli
from tsearch.engine.run_folder import Run
from tsearch.export.bundle import Bundle
from tsearch.front import Front
from tsearch.replication.confirmation.sentences import candidate_sentence
from tsearch.units import format_value


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], small_run: Run):
    """Run a command on the small run's folder; gives back exit code, stdout and stderr."""

    def run_command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        runs = ["--runs", str(small_run.folder.parent)]
        code = cli.main([*arguments, *runs])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_command


def test_show_marks_the_front_and_says_what_may_be_saved(call, small_run: Run) -> None:
    code, out, _ = call("show", "small", "--all")
    assert code == 0
    assert "hypervolume" in out
    sentence = candidate_sentence(Front.of(small_run))
    assert "saving" in sentence
    assert sentence in out
    assert len([line for line in out.splitlines() if "nJ" in line or "µJ" in line]) >= len(small_run.results)


def test_show_as_json_is_json_and_nothing_else(call, small_run: Run) -> None:
    code, out, _ = call("show", "small", "--json", "--all")
    content = json.loads(out)
    assert code == 0
    assert len(content["points"]) == len(small_run.results)
    assert {"trial", "key", "timesteps", "metrics", "knee"} <= set(content["points"][0])


def test_show_best_under_a_limit(call, small_run: Run) -> None:
    energies = sorted(trial.result.metrics["energy_pj"] for trial in small_run.results)
    limit = f"energy={energies[2] * 1.0001}pJ"
    code, out, _ = call("show", "small", "--best", "accuracy", "--max", limit, "--json")
    assert code == 0
    assert json.loads(out)["metrics"]["energy_pj"] <= energies[2] * 1.0001


def test_show_two_runs_against_one_reference(call) -> None:
    code, out, _ = call("show", "small", "small", "--json")
    assert code == 0
    one, two = json.loads(out)["runs"]
    assert one["hypervolume"] == two["hypervolume"] > 0
    assert "common reference" in call("show", "small", "small")[1]


def test_report_export_and_evaluate(call, tmp_path: Path) -> None:
    code, out, _ = call("report", "small", "--output", str(tmp_path / "page.html"))
    assert code == 0
    assert Path(out.strip()).read_text().lower().startswith("<!doctype html>")
    code, out, _ = call("export", "small", "--best", "accuracy", "--output", str(tmp_path / "mine"))
    assert code == 0
    assert Path(out.strip()) == tmp_path / "mine"
    code, out, _ = call("evaluate", str(tmp_path / "mine"))
    assert code == 0
    assert "of 500 digits_dvs test samples, as stored" in out
    stored = json.loads(call("evaluate", str(tmp_path / "mine"), "--json")[1])
    again = json.loads(call("evaluate", str(tmp_path / "mine"), "--data", "digits_dvs", "--json")[1])
    assert not again["stored"]
    assert stored["accuracy"] == again["accuracy"]


def test_check_shows_the_space_and_trains_nothing(call, small_run: Run) -> None:
    code, out, _ = call("check", str(small_run.folder / "space.yaml"))
    assert code == 0
    for expected in ("timesteps.first", "1, 2, 3", "continuous", "smallest", "largest", "proposal"):
        assert expected in out
    content = json.loads(call("check", "digits", "--json", "--proposals", "3")[1])
    assert len(content["proposals"]) == 3
    low, high = content["cost_range"]["smallest"]["energy_pj"]
    assert 0 < low < high


def test_list_and_schema(call) -> None:
    assert "digits_dvs" in call("list")[1]
    assert json.loads(call("list", "profiles", "--json")[1])["profiles"]
    assert "timesteps" in json.loads(call("schema")[1])["properties"]


def test_a_run_from_the_command_line_and_its_extension(tmp_path: Path, small_run: Run) -> None:
    space = tmp_path / "tiny.yaml"
    text = (small_run.folder / "space.yaml").read_text()
    space.write_text(
        text.replace("name: small", "name: tiny").replace("[1, 2, 3]", "[1, 2]").replace("[[], [3]]", "[[]]")
    )
    space.write_text(space.read_text().split("enqueue")[0])
    flags = ["--runs", str(tmp_path), "--executor", "inline"]
    assert cli.main(["run", str(space), "--name", "tiny", "--trials", "2", "--seed", "3", *flags]) == 0
    assert cli.main(["resume", "tiny", "--trials", "+1", *flags]) == 0
    trials = json.loads((tmp_path / "tiny" / "run.json").read_text())["trials"]
    assert trials == 3


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("show smal", "run 'smal' not found"),
        ("show small --best acuracy", "Did you mean 'accuracy'?"),
        ("show small --best accuracy --max energy=50ms", "energy is measured in J"),
        ("show small --best accuracy --max energy=0.001pJ", "The nearest is trial"),
        ("export small --trial 99", "there is no trial 99"),
        ("evaluate nothing_here", "is no bundle"),
        ("check digits_dsv", "Did you mean 'digits_dvs'?"),
        ("run digits_dvs --trials 0", "trials: 0"),
        ("run digits_dvs --workers 0", "workers: 0 would train nothing. Give at least 1"),
        (
            "run digits --name small",
            "holds a run. Choose another --name, or `tsearch resume small --runs /",
        ),
        ("run digits_dvs --proposer tpx", "Did you mean 'tpe'?"),
        ("run digits_dvs --timeout soon", "a time is a number with a unit"),
        ("run digits_dvs --seed -1", "seed: -1 is below 0"),
        ("show small --best accuracy --max enrgy=3uJ", "Did you mean 'energy_pj'?"),
        ("report small --output /", "Is a directory"),
        ("run digits_dvs --address 1.2.3.4:5 --executor inline", "only a Ray cluster has an address"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(call, command: str, message: str) -> None:
    code, out, err = call(*command.split())
    assert code == 2
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_missing_recordings_are_one_line(call, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TSEARCH_DATA", str(tmp_path))
    code, _, err = call("run", "nmnist", "--executor", "inline", "--name", "no_files")
    assert code == 2
    assert str(tmp_path) in err
    assert err.count("\n") == 1


def test_a_bundle_is_priced_again_under_another_profile(call, bundle: Path, tmp_path: Path) -> None:
    code, out, _ = call("cost", str(bundle))
    assert code == 0
    for expected in (
        "profile 45nm_memory",
        "spikes per synapse",
        "not counted",
        "without spikes",
        "dataflow   tick_batched",
        "(dataflow none)",
    ):
        assert expected in out
    stored = json.loads((bundle / "cost.json").read_text())["45nm_memory"]
    assert json.loads(call("cost", str(bundle), "--json")[1])["cost"] == stored
    mine = tmp_path / "mine.yaml"
    width = "{value: 16, range: [16, 16], unit: bit, source: mine}"
    mine.write_text(f"about: mine\nextends: 45nm_memory\nbits: {{weight: {width}}}\n")
    halved = json.loads(call("cost", str(bundle), "--profile", str(mine), "--json")[1])["cost"]["totals"][
        "total_pj"
    ]
    assert halved < stored["totals"]["total_pj"]
    what_if = json.loads(call("cost", str(bundle), "--assume", "weight_bits=16", "--json")[1])["cost"]
    assert what_if["totals"]["total_pj"] < halved  # adders of 16 bits are cheaper too
    assert any("what-if: weight" in note for note in what_if["notes"])
    assert "the order of the two is not sure" in call("cost", str(bundle), str(bundle))[1]
    assert json.loads(call("cost", str(bundle), str(bundle), "--json")[1])["difference"]["difference_pj"] == 0
    assert "Did you mean '45nm_memory'?" in call("cost", str(bundle), "--profile", "45nm_memroy")[2]
    assert "a what-if is NAME=BITS" in call("cost", str(bundle), "--assume", "weight_bits")[2]


def test_a_search_for_a_chip_rejects_what_does_not_fit(call) -> None:
    code, _, err = call("check", "digits_dvs", "--profile", "truenorth")
    assert code == 2
    assert "truenorth" in err
    assert call("check", "digits_dvs", "--profile", "7nm_memory")[0] == 0


def test_json_is_json_for_files_too(call, tmp_path: Path) -> None:
    assert Path(
        json.loads(call("report", "small", "--json", "--output", str(tmp_path / "p.html"))[1])["path"]
    ).is_file()
    done = json.loads(call("export", "small", "--json", "--trial", "0", "--output", str(tmp_path / "b"))[1])
    assert done["trial"] == 0


@pytest.mark.parametrize(
    "command", ["resume small --trials 6", "export small --trial 1 --knee", "show", "nonsense"]
)
def test_arguments_that_make_no_sense_exit_with_2(call, command: str) -> None:
    with pytest.raises(SystemExit) as caught:
        call(*command.split())
    assert caught.value.code == 2


def test_a_damaged_ledger_is_one_line(small_run: Run, tmp_path: Path, capsys) -> None:
    copy = Path(shutil.copytree(small_run.folder, tmp_path / "broken"))
    for extra in copy.glob("ledger.sqlite-*"):
        extra.unlink()
    (copy / "ledger.sqlite").write_text("this is no database, and long enough to be looked at as one" * 40)
    assert cli.main(["show", "broken", "--runs", str(tmp_path)]) == 2
    assert "ledger.sqlite is damaged" in capsys.readouterr().err


def test_check_shows_constraints_and_how_many_trials_are_proposed(
    call, small_run: Run, tmp_path: Path
) -> None:
    text = (small_run.folder / "space.yaml").read_text()
    space = tmp_path / "limited.yaml"
    space.write_text(text + "constraints: {energy: {max: 3uJ}, accuracy: {min: 80%}}\n")
    out = call("check", str(space))[1]
    assert "constraints: energy at most 3.00 µJ and accuracy at least 80.0 %" in out
    assert "objectives: maximize accuracy, minimize energy_pj, minimize latency_s" in out
    assert "trials: 8, of which 6 are baselines or enqueued (5 and 1); 2 are proposed" in out
    content = json.loads(call("check", str(space), "--json")[1])
    assert content["constraints"] == {"energy_pj": [None, 3e6], "accuracy": [0.8, None]}
    assert (content["n_first"], content["n_baselines"], content["n_enqueued"]) == (6, 5, 1)
    space.write_text(text.replace("trials: 8", "trials: 6"))
    out = call("check", str(space))[1]
    assert "constraints: none" in out
    assert "nothing is searched. Raise `trials` above 6" in out


def test_cost_has_the_units_of_the_rest(call, bundle: Path) -> None:
    content = json.loads(call("cost", str(bundle), "--json")[1])["cost"]
    out = call("cost", str(bundle))[1]
    totals = content["totals"]
    assert f"energy     {format_value(totals['total_pj'], 'energy_pj')}, " in out
    for layer, energy_pj in totals["by_layer"].items():
        assert re.search(rf"  {re.escape(layer)} +{re.escape(format_value(energy_pj, 'energy_pj'))}\n", out)
    metrics = Bundle(bundle).contents.metrics
    assert f"latency    {format_value(metrics['latency_s'], 'latency_s')}: " in out
    assert f"memory     {format_value(metrics['footprint_bits'], 'footprint_bits')}\n" in out
