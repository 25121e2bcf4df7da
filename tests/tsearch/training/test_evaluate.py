"""One trial of the shipped space, trained for real."""

import numpy as np
import pytest
import torch

import tsearch.networks.modules as modules
from tsearch.configuration import Configuration, Phase
from tsearch.data import load_dataset
from tsearch.networks.build import build, initialise
from tsearch.networks.neuron import fire
from tsearch.space.file import load_space
from tsearch.training.checkpoints import unpack_weights
from tsearch.training.evaluate import measure, train_and_price


@pytest.fixture(scope="module")
def trial():
    """A shrinking configuration of digits_dvs with a schedule of two phases, its epochs cut to one and two."""
    space = load_space("digits_dvs")
    settings = {name: domain.default for name, domain in space.settings.items()}
    learned = {"temporal_transformer": "score_mix"}
    chosen = space.assemble((1, 1, 1), ((8, 8, 8), (6, 3, 1)), settings | learned)
    space.encode(chosen)
    schedule = tuple(
        Phase(timesteps=phase.timesteps, epochs=n) for n, phase in enumerate(chosen.schedule, start=1)
    )
    short = chosen.model_copy(update={"schedule": schedule})
    return short, space.task(), train_and_price(short, short.epochs, None, space.task())


def test_every_part_of_a_shipped_trial_learns(trial) -> None:
    config, task, result = trial
    dataset = load_dataset(task.data)
    untouched = build(config, dataset.shape, dataset.n_classes)
    initialise(untouched, task.seed, task.replicate)
    before, after = untouched.state_dict(), unpack_weights(result.checkpoint)
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    for part in (
        "blocks.1",
        "blocks.2",
        "blocks.3",
        *(f"early_classifiers.after_block{n}" for n in (1, 2)),
        "head",
    ):
        assert any(name.startswith(part) for name in changed), part
    for transformer in ("block1_8_to_8", "block2_8_to_8", "block1_6_to_3", "block2_3_to_1"):
        for layer in ("squeeze", "expand"):
            assert f"boundaries.after_{transformer}.{layer}.weight" in changed


def test_neurons_of_a_stage_step_exactly_its_timesteps_in_training_and_validation(trial, monkeypatch) -> None:
    config, task, _ = trial
    steps: dict[int, set[int]] = {8: set(), 16: set(), 32: set()}  # by channels, which name the stage here

    def counting(current, timesteps, neuron, norm):
        spikes = fire(current, timesteps, neuron, norm=norm)
        steps[spikes.shape[2]].add(spikes.shape[0])
        return spikes

    monkeypatch.setattr(modules, "fire", counting)
    last = config.model_copy(update={"schedule": (Phase(timesteps=(6, 3, 1), epochs=1),)})
    train_and_price(last, 1, None, task)
    assert steps == {8: {6}, 16: {3}, 32: {1}}


def test_the_result_holds_what_it_promises(trial) -> None:
    config, task, result = trial
    assert result.configuration == config
    assert result.budget == 3
    assert len(result.curve) == 3
    assert result.n_samples == {"train": 7976, "validation": 1500, "validation_groups": 300}
    assert 0 < result.metrics["accuracy"] <= 1
    assert result.metrics["mean_timesteps"] == pytest.approx(10 / 3)
    assert set(result.costs) == {"45nm_memory", "45nm_paper_simple"}
    assert result.costs[task.hardware.profile]["totals"]["total_pj"] == result.metrics["energy_pj"]
    assert len(result.probe) == 16
    record = result.spikes["record"]
    assert record["n_samples"] == 1500
    assert np.shape(record["layers"]["block2"]["events"])[0] == 6  # arriving with the timesteps of stage 1
    assert len(record["layers"]["block2"]["outputs"]) == 3


def test_a_segment_continues_where_the_last_one_stopped_to_the_bit(trial) -> None:
    config, task, whole = trial
    first = train_and_price(config, 2, None, task)
    second = train_and_price(config, 3, first.checkpoint, task)
    assert second.metrics == whole.metrics
    assert second.probe == whole.probe
    assert second.checkpoint == whole.checkpoint


def test_a_result_does_not_depend_on_the_number_of_threads(trial) -> None:
    config, task, whole = trial
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        again = train_and_price(config, 3, None, task)
    finally:
        torch.set_num_threads(threads)
    assert again.probe == whole.probe
    assert again.metrics == whole.metrics


def test_timesteps_matter_on_the_shipped_data() -> None:
    """Six epochs are enough to see it: one timestep blurs what six can tell apart."""
    task = load_space("digits_dvs").task()
    accuracy = {}
    for timesteps in (1, 6):
        config = Configuration(stages=(3,), schedule=(Phase(timesteps=(timesteps,), epochs=6),))
        accuracy[timesteps] = train_and_price(config, 6, None, task).metrics["accuracy"]
    assert accuracy[6] > accuracy[1] + 0.2


def test_products_in_16_bits_learn_as_well_and_repeat_themselves(trial, monkeypatch) -> None:
    config, task, full = trial
    kinds = set()

    def seeing(current, timesteps, neuron, norm):
        kinds.add(current.dtype)
        return fire(current, timesteps, neuron, norm=norm)

    monkeypatch.setattr(modules, "fire", seeing)
    training = config.training.model_copy(update={"precision": "bfloat16"})
    short = config.model_copy(update={"training": training})
    first, again = (train_and_price(short, 3, None, task) for _ in range(2))
    assert kinds == {torch.bfloat16}
    assert first.probe == again.probe
    assert first.versions["device"] == "cpu"
    assert first.checkpoint == again.checkpoint
    assert {value.dtype for value in unpack_weights(first.checkpoint).values()} <= {
        torch.float32,
        torch.int64,
    }
    assert first.curve[-1]["loss"] < first.curve[0]["loss"]
    assert first.curve[-1]["loss"] == pytest.approx(full.curve[-1]["loss"], rel=0.2)


def test_random_inference_repeats_itself_when_measured_again(trial, monkeypatch) -> None:
    """Neurons that fail now and then: the numbers that they draw follow from the configuration and the seed."""
    config, task, result = trial
    dataset = load_dataset(task.data)
    network = build(config, dataset.shape, dataset.n_classes)
    network.load_state_dict(unpack_weights(result.checkpoint))

    def failing(current, timesteps, neuron, norm):
        spikes = fire(current, timesteps, neuron, norm=norm)
        return spikes * (torch.rand_like(spikes) > 0.1)

    monkeypatch.setattr(modules, "fire", failing)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = measure(network, dataset, dataset.validation)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    again, other = (measure(network, dataset, dataset.validation, seed=(0, n)) for n in (0, 1))
    assert first.probe == again.probe != other.probe
    assert (first.right == again.right).all()
