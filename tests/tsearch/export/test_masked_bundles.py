"""A bundle of a network with masks: whole numbers of timesteps and no scores, the very logits, the same price; and what
tables, page and card say of it."""

import re
from pathlib import Path

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from masked_networks import SPIKFORMER, configured, frames, lively
from safetensors.torch import load_file
from written_bundle import written

import tsearch
from tsearch.cli.tables import marked_table
from tsearch.configuration import Configuration, DataSpec, Hardware, Masks, Phase, Task
from tsearch.data import load_dataset
from tsearch.errors import TsearchError
from tsearch.export.bundle import Bundle, sha256
from tsearch.export.evaluation import evaluate_bundle
from tsearch.export.frozen import frozen, masks_of
from tsearch.export.pricing import price_bundle
from tsearch.front import Front
from tsearch.front.masked import layers_text, masked_text
from tsearch.networks.backbones.vgg import Vgg
from tsearch.pricing.describe import describe_network
from tsearch.pricing.reduction import reduction_of
from tsearch.report import write_report
from tsearch.training.evaluate import logits_hash, measure, one_thread, train_and_price

TASK = Task(data=DataSpec(name="digits"), hardware=Hardware(also=()))
CONFIGURATION = Configuration(
    backbone=Vgg(widths=(4, 4), pool_after=(1,), dense=(6,)),
    stages=(1, 2),
    masks=Masks(mode="prefix_sum", weight=2.0, warmup=0.0, learning_rate=30.0, types=("convolution",)),
    schedule=(Phase(timesteps=(4, 2), epochs=1),),
)


@pytest.fixture(scope="module")
def result():
    return train_and_price(CONFIGURATION, 1, None, TASK)


@pytest.fixture(scope="module")
def bundle(result, tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("b") / "b", CONFIGURATION, TASK, result)


def test_9_a_bundle_holds_whole_numbers_of_timesteps_and_no_scores(bundle: Path, result) -> None:
    opened = Bundle(bundle)
    assert opened.contents.layer_timesteps == result.layer_timesteps
    assert any(n < 4 for n in result.layer_timesteps.values())
    assert not any("mask" in name for name in load_file(bundle / "weights.safetensors"))
    assert not any("mask" in name for name in opened.load().state_dict())


def test_9_its_logits_its_record_and_its_price_are_those_of_the_network_with_scores(
    bundle: Path, result
) -> None:
    opened, dataset = Bundle(bundle), load_dataset(TASK.data)
    network = opened.load()
    with torch.no_grad(), one_thread():
        images = dataset.validation.batch(torch.arange(64), 4)
        assert logits_hash(network(images)) == result.probe
        dense = network.run(images, (4, 2), skips=False).logits
        assert torch.allclose(network(images), dense, rtol=0, atol=1e-6)
        again = measure(network, dataset, dataset.validation)
    spec = describe_network(CONFIGURATION, dataset, (4, 2), reduction_of(network, (4, 2)))
    assert (spec, again.record) == (opened.network_spec, opened.spike_record)
    assert price_bundle(bundle).cost.total_pj == result.metrics["energy_pj"]
    assert evaluate_bundle(bundle, "digits")["n_samples"] == len(dataset.test)


def test_the_card_names_the_timesteps_of_every_layer(bundle: Path, result) -> None:
    text = (bundle / "card.md").read_text()
    assert layers_text(result.layer_timesteps) in text
    assert f"| masked to | {masked_text(result.metrics)} timesteps" in text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "missing for a layer of neurons"),
        ({"block1": 5}, "'block1' is 1 to the 4"),
        ({"block1": 0}, "'block1' is 1 to the 4"),
        ({"block1": [0, 1, 1, 1]}, "1 for the first"),
        ({"block1": [1, 0]}, "a 0 or 1 for each of 4"),
        ({"nowhere": 1}, "of no layer of neurons: 'nowhere'"),
    ],
)
def test_timesteps_that_are_not_those_of_the_network_are_refused_in_one_line(
    bundle: Path, tmp_path: Path, changed, words
) -> None:
    folder = tmp_path / "altered"
    folder.mkdir()
    for file in bundle.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    path = folder / "configuration.yaml"
    content = yaml.safe_load(path.read_text())
    content["layer_timesteps"] = content["layer_timesteps"] | changed if changed else {}
    path.write_text(yaml.safe_dump(content))
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(sha256(bundle / "configuration.yaml"), sha256(path)))
    with pytest.raises(TsearchError, match=re.escape(words)) as refused:
        Bundle(folder).load()
    assert "\n" not in str(refused.value)


def test_a_network_that_learns_no_masks_has_no_timesteps_of_layers() -> None:
    network = lively(configured(SPIKFORMER, (4,)), is_static=True)
    steps = dict.fromkeys((node.name for node, _ in network.plan.neurons()), 4)
    assert masks_of({}, network.configuration, network.plan) == {}
    with pytest.raises(ValueError, match="of a network that learns no masks"):
        masks_of(steps, network.configuration, network.plan)


@given(st.lists(st.integers(0, 1), min_size=4, max_size=4).map(lambda mask: (1, *mask[1:])))
def test_any_mask_frozen_and_read_again_is_itself(mask) -> None:
    learned = configured(SPIKFORMER, (4,)).model_copy(update={"masks": Masks(mode="free")})
    network = lively(learned, is_static=True)
    masks = {node.name: mask for node, _ in network.plan.neurons()}
    kept = frozen(masks)
    is_prefix = mask == tuple(sorted(mask, reverse=True))
    assert set(kept.values()) == {sum(mask) if is_prefix else mask}
    assert masks_of(kept, network.configuration, network.plan) == masks


def test_9_a_mask_that_is_no_prefix_gives_the_same_logits_when_it_is_held() -> None:
    """Scores of the mode "free", and the same mask without scores."""
    configuration = configured(SPIKFORMER, (4,)).model_copy(update={"masks": Masks(mode="free")})
    network, held = (lively(configuration, is_static=True) for _ in range(2))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for scores in network.timestep_masks.parameters():
            scores.copy_(torch.rand(4, generator=generator) - 0.5)
    masks = network.masks((4,))
    assert any(list(mask) != sorted(mask, reverse=True) for mask in masks.values())
    held.timestep_masks.hold(masks_of(frozen(masks), configuration, held.plan))
    assert torch.equal(network(frames(network)), held(frames(held)))


SPACE = """\
name: masked
data: {name: digits}
backbone: {name: spikformer, width: 8, layers: 1, heads: 2, pools: [1, 2]}
timesteps: [3]
stages: [[3]]
schedule: {epochs: 1}
masks: {mode: prefix_sum, initial_timesteps: 2}
training: {batch_size: 256}
hardware: {also: []}
search: {trials: 4, proposer: random}
"""


def test_tables_page_and_bundle_of_a_run_tell_the_learned_timesteps(tmp_path: Path) -> None:
    (tmp_path / "masked.yaml").write_text(SPACE)
    run = tsearch.run(tmp_path / "masked.yaml", runs=tmp_path, executor="inline")
    front = Front.of(run)
    masked = next(trial for trial in run.trials if trial.configuration.masks.are_learned)
    steps = masked.result.layer_timesteps
    point = next(point for point in front.complete if point.number == masked.number)
    assert len(steps) == 12
    assert {"mean_timesteps_of_qkv", "mean_timesteps_of_patch"} <= point.metrics.keys()
    shown = masked_text(point.metrics)
    assert re.fullmatch(r"[\d.]+ \(patch [\d.]+, qkv [\d.]+, attention [\d.]+, mlp [\d.]+\)", shown)
    assert shown in marked_table(front, front.complete)
    assert point.label.startswith("T=3 masked to ")
    assert front.to_pandas().set_index("trial").loc[point.number, "mean_timesteps_of_qkv"] == 2
    page = write_report(run, tmp_path / "page.html").read_text()
    assert layers_text(steps) in page
    bundle = tsearch.export_bundle(run, masked.number)
    assert Bundle(bundle).contents.layer_timesteps == steps
