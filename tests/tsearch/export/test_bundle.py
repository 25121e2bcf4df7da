"""Bundles: the same numbers again in a fresh process, to the bit, and a word for every file that is not right."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import tsearch
from tsearch.data import load_dataset
from tsearch.engine.run_folder import Run
from tsearch.errors import TsearchError
from tsearch.export.bundle import FILES, Bundle
from tsearch.networks.build import build
from tsearch.networks.mixing import mixing_of
from tsearch.training.checkpoints import unpack_weights
from tsearch.training.evaluate import logits_hash, one_thread

FRESH = """
import json, sys, torch, tsearch
from tsearch.data import load_dataset
from tsearch.training.evaluate import logits_hash, one_thread
bundle = tsearch.Bundle(sys.argv[1])
network = bundle.load()
validation = load_dataset(bundle.contents.task.data).validation
with torch.no_grad(), one_thread():
    logits = network(validation.batch(torch.arange(64), network.configuration.timesteps[0]))
costs = {name: cost.to_dict() for name, cost in bundle.costs().items()}
print(json.dumps([logits_hash(logits), costs]))
"""


def test_logits_and_energy_in_a_fresh_process_are_the_same_to_the_bit(bundle: Path, small_run: Run) -> None:
    output = subprocess.check_output([sys.executable, "-c", FRESH, str(bundle)], text=True)
    probe, costs = json.loads(output)
    trial = next(trial for trial in small_run.trials if trial.number == Bundle(bundle).contents.trial)
    assert probe == trial.result.probe
    assert costs == json.loads((bundle / "cost.json").read_text())
    assert costs["45nm_memory"]["totals"]["total_pj"] == trial.result.metrics["energy_pj"]


def test_the_searched_model_itself_gives_these_logits(bundle: Path, small_run: Run) -> None:
    contents = Bundle(bundle).contents
    dataset = load_dataset(small_run.task.data)
    searched = build(contents.configuration, dataset.shape, dataset.n_classes).eval()
    trial = next(trial for trial in small_run.trials if trial.number == contents.trial)
    searched.load_state_dict(unpack_weights(small_run.checkpoint(trial)))
    frames = dataset.validation.batch(torch.arange(64), contents.configuration.timesteps[0])
    with torch.no_grad(), one_thread():
        assert torch.equal(searched(frames), tsearch.load(bundle)(frames))
        assert logits_hash(searched(frames)) == contents.probe


def test_a_bundle_knows_whether_its_frames_are_images_or_events(bundle: Path) -> None:
    network = tsearch.load(bundle)
    with pytest.raises(ValueError, match="events of every timestep; found"):
        network(torch.zeros(1, 2, *network.shape))
    assert network(torch.zeros(3, 2, *network.shape)).shape == (2, 10)


def test_early_classifiers_and_earlier_transformers_are_gone(bundle: Path) -> None:
    names = tsearch.load(bundle).state_dict().keys()
    assert not any("early" in name for name in names)
    assert {name.split(".")[1] for name in names if name.startswith("boundaries")} == {"after_block1_3_to_1"}


def test_the_card_says_what_it_is(bundle: Path) -> None:
    card = (bundle / "card.md").read_text()
    for expected in (
        "dataflow tick_batched",
        "| energy if nothing fetched is reused |",
        "3, 1",
        "validation",
        "500 samples",
        "45nm_memory",
        "45nm_paper_simple",
        "seed 0",
        "torch",
        "| backbone | vgg: widths 4, 6; pool after 1; pool average; norm batch |",
        "| stages | 1, 1 (blocks per stage) |",
        "| device | cpu",
    ):
        assert expected in card


def test_test_samples_are_looked_at_once(bundle: Path, small_run: Run, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        "tsearch.training.evaluate.measure", lambda *_: pytest.fail("looked at test samples again")
    )
    number = Bundle(bundle).contents.trial
    again = tsearch.export_bundle(small_run, number, tmp_path / "again")
    assert Bundle(again).contents.test == Bundle(bundle).contents.test


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_missing_file_is_named(bundle: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(bundle, tmp_path / "copy"))
    (copy / name).unlink()
    with pytest.raises(TsearchError, match=f"{name} is missing"):
        tsearch.load(copy)


@pytest.mark.parametrize("name", FILES)
def test_an_altered_file_is_named(bundle: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(bundle, tmp_path / "copy"))
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(bytes(content))
    with pytest.raises(TsearchError, match=f"{name} was altered"):
        tsearch.load(copy)


def test_exporting_twice_keeps_the_bundle_that_is_there(bundle: Path, small_run: Run) -> None:
    before = (bundle / "manifest.json").stat().st_mtime_ns
    assert tsearch.export_bundle(small_run, Bundle(bundle).contents.trial, bundle) == bundle
    assert (bundle / "manifest.json").stat().st_mtime_ns == before


def test_an_existing_folder_is_not_overwritten(bundle: Path, small_run: Run, tmp_path: Path) -> None:
    number = Bundle(bundle).contents.trial
    other = next(trial.number for trial in small_run.results if trial.number != number)
    with pytest.raises(TsearchError, match="exists and is not this bundle"):
        tsearch.export_bundle(small_run, other, bundle)
    altered = Path(shutil.copytree(bundle, tmp_path / "altered"))
    (altered / "card.md").write_text("another one")
    for folder in (altered, tmp_path):
        with pytest.raises(TsearchError, match="exists and is not this bundle"):
            tsearch.export_bundle(small_run, number, folder)


def test_data_of_another_form_are_refused(bundle: Path) -> None:
    with pytest.raises(TsearchError, match=r"takes inputs \(2, 16, 16\)"):
        tsearch.evaluate_bundle(bundle, "digits")


def test_what_is_no_network_cannot_be_exported(small_run: Run) -> None:
    trial = replace(small_run.results[0], configuration={"lr": 0.1})  # type: ignore[arg-type]
    with pytest.raises(TsearchError, match="is no network, so there is nothing to export"):
        tsearch.export_bundle(replace(small_run, trials=(trial,)), trial.number)


def test_one_event_frame_into_the_network_of_a_bundle_is_refused(bundle: Path) -> None:
    frame = load_dataset(Bundle(bundle).contents.task.data).validation.batch(torch.arange(2), 1)
    expected = (
        r"frames must be \[3, samples, 2, 16, 16\], events of every timestep; found \[1, 2, 2, 16, 16\]"
    )
    with pytest.raises(ValueError, match=expected):
        tsearch.load(bundle)(frame)


def test_the_card_says_what_the_temporal_transformers_have_learned(bundle: Path) -> None:
    contents = Bundle(bundle).contents
    (mixing,) = mixing_of(tsearch.load(bundle), load_dataset(contents.task.data).validation)
    card = (bundle / "card.md").read_text()
    assert (
        f"## Mixing weights of `score_mix` over {contents.n_samples['validation']} validation samples" in card
    )
    assert (
        f"| behind block 1, 3 to 1 steps | {mixing.deviation:.3f} | {mixing.largest:.3f} | {mixing.change:.3f} | "
        "0.0% (0.0%) |" in card
    )
