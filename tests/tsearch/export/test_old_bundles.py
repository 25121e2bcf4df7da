"""A bundle that commit 7c9e42e wrote: two stages with 2 and 1 timesteps, early names of settings and weights."""

import shutil
import tarfile
from pathlib import Path

import pytest
import yaml

import tsearch
from tsearch.cli import main
from tsearch.configuration import DataSpec
from tsearch.errors import TsearchError
from tsearch.export.bundle import Bundle, sha256
from tsearch.export.card import card
from tsearch.export.pricing import price_bundle

FIXTURE = Path(__file__).parent / "fixtures" / "two_stages_7c9e42e.tar.xz"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(folder, filter="data")
    return folder / "bundle"


def test_it_loads_and_its_accuracy_is_what_it_was(old: Path, tmp_path: Path) -> None:
    """With one recording per scan, as there was then."""
    contents = Bundle(old).contents
    assert contents.configuration.temporal_transformer == "score_mix"
    assert (contents.configuration.timesteps, contents.configuration.stages) == ((2, 1), (1, 1))
    assert contents.needs == ()
    stored = tsearch.evaluate_bundle(old)
    one = dict.fromkeys(("train_recordings", "validation_recordings", "test_recordings"), 1)
    task = contents.task.model_copy(update={"data": DataSpec(name="digits_dvs", options=one)})
    measured = tsearch.evaluate_bundle(
        changed(old, tmp_path, task=task.model_dump(mode="json")), "digits_dvs"
    )
    assert measured["n_samples"] == stored["n_samples"] == 500
    assert stored["accuracy"] == 0.358
    assert measured["accuracy"] == pytest.approx(0.358, abs=0.006)  # other processors sum in another order


def test_its_arithmetic_is_what_it_was_but_for_normalised_scores(old: Path) -> None:
    """Two steps of scores: three MACs each, which counting 1 did not know. What memory costs follows the dataflow."""
    stored = Bundle(old).stored_costs()["45nm_memory"]["totals"]
    assert price_bundle(old, "45nm_paper_simple").unreused is None
    priced = price_bundle(old)
    assert (priced.cost.sop, priced.cost.mac) == (stored["sop"], stored["mac"] + 6)
    assert set(priced.cost.dataflows.values()) == {"tick_batched"}
    assert priced.unreused.total_pj > priced.cost.total_pj


def test_its_card_can_be_written_anew(old: Path) -> None:
    bundle = Bundle(old)
    text = card(bundle.contents, bundle.stored_costs())
    assert "| stages | 1, 1 (blocks per stage) |" in text
    assert "| backbone | vgg: widths 4, 5; pool after 1, 2; pool average; norm batch |" in text
    assert "| accuracy, test | 35.80% of 500 samples |" in text


def changed(bundle: Path, folder: Path, **changes: object) -> Path:
    """A copy of a bundle with other contents, its manifest in order."""
    copy = Path(shutil.copytree(bundle, folder / "changed"))
    path = copy / "configuration.yaml"
    before = sha256(path)
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))
    manifest = copy / "manifest.json"
    manifest.write_text(manifest.read_text().replace(before, sha256(path)))
    return copy


def test_a_missing_module_is_named_in_one_line(old: Path, tmp_path: Path, capsys) -> None:
    needy = changed(old, tmp_path, format=2, needs=["no_such_module:network"])
    with pytest.raises(TsearchError, match="this bundle needs 'no_such_module:network': module"):
        Bundle(needy)
    assert main(["evaluate", str(needy)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_module_that_is_there_is_enough(old: Path, tmp_path: Path) -> None:
    assert Bundle(changed(old, tmp_path, format=2, needs=["json:dumps"])).contents.needs == ("json:dumps",)


def test_the_format_of_a_later_version_is_said(old: Path, tmp_path: Path) -> None:
    with pytest.raises(TsearchError, match="not of a format that this version reads"):
        Bundle(changed(old, tmp_path, format=99))
