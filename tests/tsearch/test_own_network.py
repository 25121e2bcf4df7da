"""The example in `examples/`: a network and a data set that are not ours, from the space file to a bundle that loads
in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import tsearch
from tsearch.cli import main
from tsearch.engine.run_folder import Run
from tsearch.export.bundle import Bundle
from tsearch.export.contents import needed_modules
from tsearch.references import look_in, reference_to, resolve

REPOSITORY = Path(__file__).resolve().parent.parent.parent
EXAMPLES = REPOSITORY / "examples"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The example in a folder of its own, its training cut to two epochs on fewer samples."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(EXAMPLES / "mine.py", folder)
    text = (EXAMPLES / "own.yaml").read_text()
    for long, short in (("epochs: 10", "epochs: 2"), ("noise: 0.02", "noise: 0.02, n: 200")):
        assert long in text
        text = text.replace(long, short)
    (folder / "own.yaml").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path])
        patch.setattr("tsearch.references._folders", [])
        yield folder
    sys.modules.pop("mine", None)


@pytest.fixture(scope="module")
def run(folder) -> Run:
    """Three trials on two worker processes."""
    return tsearch.run(folder / "own.yaml", trials=3, workers=2, runs=folder / "runs")


@pytest.fixture(scope="module")
def bundle(run) -> Bundle:
    return Bundle(tsearch.export_bundle(run, run.results[-1].number))


def test_the_example_is_thirty_lines() -> None:
    lines = [line for name in ("mine.py", "own.yaml") for line in (EXAMPLES / name).read_text().splitlines()]
    code = [
        line for line in lines if line.strip() and not line.strip().startswith(("#", '"""', "import", "from"))
    ]
    assert len(code) <= 30


def test_check_reads_a_space_of_ones_own_from_another_folder(folder, capsys) -> None:
    assert main(["check", str(folder / "own.yaml")]) == 0
    shown = capsys.readouterr().out
    assert "mine:bars [1, 8, 8], 4 classes" in shown
    assert "backbone.width" in shown


def test_workers_train_and_price_it(run) -> None:
    assert [trial.state for trial in run.trials] == ["complete"] * 3
    layers = [layer["name"] for layer in run.results[0].result.spikes["network"]["layers"]]
    assert layers[:5] == [
        "block1.conv",
        "block1.pool",
        "block2.branch.0.0",
        "block2.branch.2.0",
        "block2.sum",
    ]
    assert all(trial.result.metrics["energy_pj"] > 0 for trial in run.results)


def test_the_bundle_loads_elsewhere_to_the_bit(folder, bundle) -> None:
    script = (
        "import sys, torch, tsearch\n"
        "from tsearch.data import load_dataset\n"
        "from tsearch.export.bundle import Bundle\n"
        "from tsearch.training.evaluate import measure, one_thread\n"
        "bundle = Bundle(sys.argv[1])\n"
        "dataset = load_dataset(bundle.contents.task.data)\n"
        "with one_thread(): print(measure(bundle.load(), dataset, dataset.validation).probe)\n"
    )
    done = _python("-c", script, str(bundle.folder), folder=folder)
    assert (done.stdout.strip(), done.stderr) == (bundle.contents.probe, "")


def test_without_its_modules_a_bundle_says_what_is_missing(bundle, tmp_path) -> None:
    done = _python("-m", "tsearch", "evaluate", str(bundle.folder), "--data", "mine:bars", folder=tmp_path)
    assert done.returncode == 2
    assert "module 'mine' not found" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    contents = bundle.contents
    assert contents.needs == ("mine:network", "mine:bars")
    assert contents.needs == needed_modules(contents.task, contents.configuration)


@pytest.mark.usefixtures("run")
def test_a_layer_that_is_not_known_is_told_with_its_line(folder, capsys) -> None:
    source = (folder / "mine.py").read_text().replace("tsearch.LIF(), conv(n, n)", "nn.GELU(), conv(n, n)")
    (folder / "theirs.py").write_text(source)
    text = (folder / "own.yaml").read_text().replace("mine:network", "theirs:network")
    (folder / "theirs.yaml").write_text(text)
    assert main(["check", str(folder / "theirs.yaml")]) == 2
    told = capsys.readouterr().err
    assert (
        "backbone theirs:network: block 2 has a layer 'branch.1' (GELU) that the cost model does not know"
        in told
    )
    assert "theirs.yaml:4: " in told


def test_a_run_does_not_go_on_with_another_network(run, monkeypatch) -> None:
    mine = sys.modules["mine"]
    old = mine.network
    monkeypatch.setattr(mine, "network", lambda shape, n_classes, width: old(shape, n_classes, width + 1))
    with pytest.raises(tsearch.TsearchError, match=r"backbone mine:network: it gives another network for"):
        tsearch.resume(run.folder, more_trials=1)


@pytest.mark.slow
def test_ray_finds_the_same(folder, run) -> None:
    pytest.importorskip("ray")
    other = tsearch.run(
        folder / "own.yaml", trials=3, workers=2, runs=folder / "runs", executor="ray", name="on_ray"
    )
    found = [{trial.key: trial.result.probe for trial in one.results} for one in (run, other)]
    assert found[0] == found[1]


@pytest.mark.slow
def test_the_example_as_it_is_shows_that_time_matters(tmp_path) -> None:
    done = _python(
        "-m",
        "tsearch",
        "run",
        "examples/own.yaml",
        "--trials",
        "8",
        "--runs",
        str(tmp_path),
        folder=REPOSITORY,
    )
    assert done.returncode == 0, done.stderr
    accuracies = [
        trial.result.metrics["accuracy"] for trial in tsearch.open_run(tmp_path / "moving_bars").results
    ]
    assert accuracies[4] < 0.75 < 0.9 < accuracies[7]  # of the wider network: one timestep, and four


def test_references_go_both_ways() -> None:
    assert resolve("tsearch.references:resolve") is resolve
    assert reference_to(resolve) == "tsearch.references:resolve"
    assert reference_to("a:b") == "a:b"
    assert reference_to(lambda: None) is None


def test_a_module_that_fails_says_where(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr("tsearch.references._folders", [])
    (tmp_path / "own_broken.py").write_text("import nothing_like_this\n")
    (tmp_path / "own_wrong.py").write_text("x = 1\ny = x / 0\n")
    look_in(tmp_path)
    for reference, expected in (
        ("own_broken:f", r"importing 'own_broken' failed: ModuleNotFoundError: No module named 'nothing_like_this'"),
        ("own_wrong:f", r"importing 'own_wrong' failed: ZeroDivisionError: division by zero \(own_wrong.py:2\)"),
        ("own_absent:f", "module 'own_absent' not found"),
        ("no name", "not of the form 'module:name'"),
    ):  # fmt: skip
        with pytest.raises(tsearch.TsearchError, match=expected):
            resolve(reference)


def test_a_folder_of_the_same_name_does_not_hide_a_module(tmp_path, monkeypatch) -> None:
    """Python takes a folder without files of its own for a module, where it finds it first."""
    (tmp_path / "here" / "own_hidden").mkdir(parents=True)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "own_hidden.py").write_text("found = 7\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "here"), *sys.path])
    monkeypatch.setattr("tsearch.references._folders", [])
    look_in(tmp_path / "there")
    assert resolve("own_hidden:found") == 7


def test_the_mark_can_be_run_as_it_is() -> None:
    assert tsearch.LIF(threshold=0.5)(torch.ones(1)).tolist() == [1.0]


def _python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A process of its own in `folder`, which, as for an installed command, Python does not search by itself."""
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
