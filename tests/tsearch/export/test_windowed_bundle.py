"""A bundle of a network that draws the spikes of its gates: measured again, it draws the same ones."""

import torch
from written_bundle import written

from tsearch.configuration import Configuration, DataSpec, Hardware, Task
from tsearch.data import load_dataset
from tsearch.export.bundle import Bundle
from tsearch.export.evaluation import evaluate_bundle
from tsearch.networks.backbones.windowed import PAPER_NEURON
from tsearch.replication.testing import test_of as answers_of
from tsearch.training.evaluate import measure, one_thread, train_and_price

TASK = Task(data=DataSpec(name="digits"), hardware=Hardware(also=()), seed=3)
CONFIGURATION = Configuration.model_validate(
    {
        "backbone": {"name": "windowed", "core": "lstm", "width": 4, "depths": [1, 1], "groups": 2},
        "neuron": PAPER_NEURON,
        "stages": [1, 1],
        "schedule": [{"timesteps": [2, 1], "epochs": 1}],
    }
)


def test_a_bundle_repeats_answers_spikes_and_accuracy_to_the_bit(tmp_path) -> None:
    result = train_and_price(CONFIGURATION, 1, None, TASK)
    folder = written(tmp_path / "b", CONFIGURATION, TASK, result)
    opened, dataset = Bundle(folder), load_dataset(TASK.data)
    torch.manual_seed(5)
    with one_thread():
        again = measure(opened.load(), dataset, dataset.validation, seed=TASK.seeds)
    assert again.probe == result.probe
    assert again.record == opened.spike_record
    assert again.accuracy == result.metrics["accuracy"]
    assert opened.costs()["45nm_memory"].total_pj == result.metrics["energy_pj"]
    assert evaluate_bundle(folder, "digits") == evaluate_bundle(folder, "digits")


def test_gates_on_test_data_are_those_of_the_replicate_in_its_run_and_in_its_bundle(tmp_path) -> None:
    result = train_and_price(CONFIGURATION, 1, None, TASK)
    tasks = [TASK.model_copy(update={"replicate": replicate}) for replicate in (0, 1)]
    first, second = [answers_of(CONFIGURATION, 1, result.checkpoint, task) for task in tasks]
    assert first.right != second.right
    for task, answers in zip(tasks, (first, second), strict=True):
        bundle = written(tmp_path / str(task.replicate), CONFIGURATION, task, result)
        assert evaluate_bundle(bundle, "digits")["accuracy"] == answers.metrics["accuracy"]
