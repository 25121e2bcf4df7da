"""A Spikformer by its name in plain data: trained, priced, written as a bundle and read again."""

from pathlib import Path

import torch
from written_bundle import written

from tsearch.configuration import Configuration, DataSpec, Hardware, Task
from tsearch.data import load_dataset
from tsearch.export.bundle import Bundle
from tsearch.networks.backbones.spikformer import Spikformer
from tsearch.training.evaluate import logits_hash, measure, one_thread, train_and_price

TASK = Task(data=DataSpec(name="digits"), hardware=Hardware(also=()))
PLAIN = {
    "backbone": {"name": "spikformer", "width": 8, "layers": 1, "heads": 2, "pools": [2, 3], "mlp_ratio": 1},
    "stages": [1, 2],
    "schedule": [{"timesteps": [3, 2], "epochs": 1}],
}


def test_a_bundle_gives_the_very_logits_and_price_of_its_training(tmp_path: Path) -> None:
    configuration = Configuration.model_validate(PLAIN)
    assert configuration.backbone == Spikformer(width=8, layers=1, heads=2, pools=(2, 3), mlp_ratio=1)
    result = train_and_price(configuration, 1, None, TASK)
    assert result.unpriced == ""
    folder = written(tmp_path / "bundle", configuration, TASK, result)
    opened, dataset = Bundle(folder), load_dataset(TASK.data)
    network = opened.load()
    with torch.no_grad(), one_thread():
        assert logits_hash(network(dataset.validation.batch(torch.arange(64), 3))) == result.probe
        assert measure(network, dataset, dataset.validation).record == opened.spike_record
    assert opened.costs()["45nm_memory"].total_pj == result.metrics["energy_pj"] > 0
