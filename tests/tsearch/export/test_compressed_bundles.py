"""A bundle of a pruned and quantised network: the very logits, the same price, whole numbers and zeros on disk."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from written_bundle import written

from tsearch.configuration import Configuration, DataSpec, Hardware, Phase, Task
from tsearch.data import load_dataset
from tsearch.errors import TsearchError
from tsearch.export.bundle import Bundle
from tsearch.export.evaluation import evaluate_bundle
from tsearch.networks.backbones.vgg import Vgg
from tsearch.pricing.describe import describe_network
from tsearch.pricing.reduction import reduction_of
from tsearch.training.evaluate import logits_hash, measure, one_thread, train_and_price

TASK = Task(data=DataSpec(name="digits"), hardware=Hardware(also=()))
DENSE = Phase(timesteps=(2, 1), epochs=1)
CONFIGURATION = Configuration(
    backbone=Vgg(widths=(4, 4), pool_after=(1,)),
    stages=(1, 1),
    schedule=(DENSE, DENSE.model_copy(update={"sparsity": 0.5, "weight_bits": 4})),
)


@pytest.fixture(scope="module")
def result():
    return train_and_price(CONFIGURATION, 2, None, TASK)


@pytest.fixture(scope="module")
def bundle(result, tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("b") / "b", CONFIGURATION, TASK, result)


def test_the_network_gives_the_very_logits_and_prices_as_it_was_searched(bundle: Path, result) -> None:
    opened, dataset = Bundle(bundle), load_dataset(TASK.data)
    network = opened.load()
    with torch.no_grad(), one_thread():
        assert logits_hash(network(dataset.validation.batch(torch.arange(64), 2))) == result.probe
        again = measure(network, dataset, dataset.validation)
    spec = describe_network(CONFIGURATION, dataset, (2, 1), reduction_of(network, (2, 1)))
    assert spec == opened.network_spec
    assert again.record == opened.spike_record
    assert opened.costs()["45nm_memory"].total_pj == result.metrics["energy_pj"]
    assert {layer.weight_bits for layer in spec.layers if layer.n_parameters} == {4}
    assert [spec.layer(name).n_parameters <= n for name, n in (("block1", 18), ("block2", 72))] == [
        True,
        True,
    ]


def test_weights_are_whole_numbers_with_a_scale_and_zeros_where_they_were_pruned(bundle: Path) -> None:
    stored = load_file(bundle / "weights.safetensors")
    for block in ("1", "2"):
        codes = stored[f"blocks.{block}.main.conv.weight"]
        assert codes.dtype == torch.int8
        assert int(codes.abs().max()) == 7
        assert int((codes == 0).sum()) >= codes.numel() // 2
        assert stored[f"blocks.{block}.main.conv.weight_scale"].shape == (4, 1, 1, 1)
    assert stored["head.weight"].dtype == torch.int8
    assert not any("kept" in name for name in stored)


def test_card_and_evaluation_say_bits_and_sparsity(bundle: Path) -> None:
    text = (bundle / "card.md").read_text()
    assert "| weights | 4 bits, one scale per output channel |" in text
    assert "| pruned | 50.0% of the weights of every hidden layer |" in text
    evaluation = evaluate_bundle(bundle)
    assert (evaluation["weight_bits"], evaluation["sparsity"]) == (4, 0.5)


def test_quantised_and_pruned_networks_cost_less(result) -> None:
    """Under one profile, with their own spikes: the same training without the second phase's compression."""
    plain = CONFIGURATION.model_copy(update={"schedule": (DENSE, DENSE)})
    other = train_and_price(plain, 2, None, TASK)
    for name in ("energy_pj", "footprint_bits"):
        assert result.metrics[name] < other.metrics[name]


def test_a_scale_that_does_not_belong_to_its_weights_is_refused(bundle: Path, tmp_path: Path) -> None:
    import json
    import shutil

    from safetensors.torch import save_file

    from tsearch.export.bundle import sha256

    folder = Path(shutil.copytree(bundle, tmp_path / "b"))
    stored = load_file(folder / "weights.safetensors")
    save_file(stored | {"head.weight_scale": torch.ones(3)}, folder / "weights.safetensors")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["weights.safetensors"] = sha256(folder / "weights.safetensors")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(TsearchError, match=r"not the weights of this network \(the scale of head.weight"):
        Bundle(folder).load()
