"""Trainings that are cut anywhere, or made twice, end with the same bits, whatever their schedules combine."""

from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tiny import DATASET, trained

from tsearch.configuration import Configuration

ANALOG = replace(
    DATASET, info=replace(DATASET.info, input_class="analog")
)  # what a static image may be priced as
CUTS = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


def configuration(phases: list[dict[str, Any]], **given: Any) -> Configuration:
    """Two stages of a block each, with score_mix between them; `given` are sections of it."""
    return Configuration.model_validate(
        {
            "backbone": {"widths": [2, 3], "pool_after": [1]},
            "stages": [1, 1],
            "schedule": [{"timesteps": [1, 1], "epochs": 1} | phase for phase in phases],
            "temporal_transformer": "score_mix",
            "conversion": {"samples": 20, "timesteps": 3},
            **given,
            "training": {"batch_size": 16} | given.get("training", {}),
        }
    )


def assert_cuts_change_nothing(config: Configuration, cuts: Any = None) -> None:
    """Continued from the checkpoint of any epoch, and from that of every epoch before it, a training ends as it does in
    one piece."""
    _, whole = trained(config, dataset=ANALOG)
    checkpoint, curve = None, ()
    for epoch in range(1, config.epochs):
        _, step = trained(config, epoch, epoch - 1, checkpoint, ANALOG)
        checkpoint, curve = step.checkpoint, curve + step.curve
        if cuts is None or epoch in cuts:
            _, rest = trained(config, None, epoch, checkpoint, ANALOG)
            assert curve + rest.curve == whole.curve
            assert rest.checkpoint == whole.checkpoint


@some.composite
def configurations(draw: Any) -> Configuration:
    """Schedules of an ANN or none, then of spiking phases, ever more compressed, and settings that keep a state."""

    def one_of(*values: Any) -> Any:
        return draw(some.sampled_from(values))

    n_ann, n_spiking = one_of(0, 1, 2), one_of(1, 2, 3)
    sparsities = accumulate((one_of(0.0, 0.0, 0.4, 0.8) for _ in range(n_ann + n_spiking)), max)
    vectors = [[1, 1]] * n_ann + [[4, 3], [3, 2], [2, 1]][:n_spiking]
    phases = [
        {
            "timesteps": timesteps,
            "network": "ann" if number < n_ann else "snn",
            "epochs": one_of(1, 2, 3),
            "sparsity": sparsity,
            "pruning": one_of("layer", "network"),
            "weight_bits": one_of(32, 8, 4, 2),
            "optimizer": one_of(None, "sgd", "adamw"),
        }
        for number, (timesteps, sparsity) in enumerate(zip(vectors, sparsities, strict=True))
    ]
    training = {
        "keep": one_of("last", "best", "average"),
        "precision": one_of("float32", "bfloat16"),
        "optimizer": one_of("adamw", "sgd"),
        "transformer_adam": one_of(True, False),
        "rate_weight": one_of(0.0, 0.5),
        "early_head": one_of("linear", "convolution"),
        "early_tap": one_of("before", "after"),
        "dropout": one_of(0.0, 0.2),
        "mixup": one_of(0.0, 0.4),
        "loss": one_of("mean", "sum", "tet"),
    }
    masks = {
        "mode": one_of("none", "none", "prefix_sum", "free"),
        "granularity": one_of("layer", "module"),
        "weight": one_of(0.0, 1.0),
        "warmup": one_of(0.0, 0.6),
        "settle": one_of(0.0, 0.4),
        "recalibrate": one_of(True, False),
        "readout": one_of("all", "active"),
    }
    neuron = {"learned": one_of("none", "leak", "threshold", "both"), "tau": one_of(2.0, 1e30)}
    conversion = {"samples": 20, "timesteps": 3, "fold_norm": one_of(True, False)}
    backbone = {
        "widths": [2, 3],
        "pool_after": [1],
        "pool": one_of("average", "max"),
        "norm": one_of("batch", "none"),
    }
    mode = one_of("score_mix", "static_mix", "rank1_score", "bucket")
    return configuration(
        phases, training=training, neuron=neuron, conversion=conversion, backbone=backbone, temporal_transformer=mode,
        masks=masks,
    )  # fmt: skip


@given(configurations(), some.data())
@settings(max_examples=6, **CUTS)
def test_a_training_cut_anywhere_ends_with_the_same_bits(config: Configuration, data: Any) -> None:
    assert_cuts_change_nothing(config, {data.draw(some.integers(1, max(config.epochs - 1, 1)))})


@pytest.mark.slow
@given(configurations())
@settings(max_examples=120, **CUTS)
def test_many_trainings_cut_anywhere_end_with_the_same_bits(config: Configuration) -> None:
    assert_cuts_change_nothing(config)


def test_a_spikformer_cut_anywhere_ends_with_the_same_bits() -> None:
    """From an ANN with biases in front of BatchNorm over spiking phases to pruned weights of 4 bits."""
    backbone = {"name": "spikformer", "width": 8, "layers": 1, "heads": 2, "pools": [2, 3], "mlp_ratio": 1}
    phases = [
        {"network": "ann", "epochs": 2},
        {"timesteps": [3, 2], "epochs": 2},
        {"timesteps": [2, 1], "sparsity": 0.5, "weight_bits": 4},
    ]
    training = {"precision": "bfloat16", "keep": "average", "learning_rate": 0.003}
    config = configuration(phases, backbone=backbone, stages=[1, 2], training=training)
    assert_cuts_change_nothing(config)


@pytest.mark.parametrize("keep", ["best", "average"])
def test_what_a_phase_has_kept_goes_on_in_a_network_with_more_parts(keep) -> None:
    """Cut inside a phase, before others that prune and have boundaries of their own."""
    phases = [{"timesteps": [3, 2], "epochs": 8}, {"timesteps": [2, 1], "sparsity": 0.5}]
    assert_cuts_change_nothing(configuration(phases, training={"keep": keep}), {1, 7})


def test_the_penalty_on_spikes_does_not_know_that_weights_are_pruned_later() -> None:
    """Weights that 2 bits make zero are none that were pruned."""
    training = {"rate_weight": 0.9, "batch_size": 8, "learning_rate": 0.05}
    first = {"timesteps": [2, 1], "weight_bits": 2, "epochs": 2}
    alone = configuration([first], training=training)
    pruned_later = configuration([first, {"sparsity": 0.8, "weight_bits": 2}], training=training)
    assert alone.prefix_key(0) == pruned_later.prefix_key(0)
    _, to_there = trained(alone, dataset=ANALOG)
    _, beyond = trained(pruned_later, dataset=ANALOG)
    assert beyond.curve[:2] == to_there.curve


def test_products_in_16_bits_on_a_map_of_one_pixel_give_the_same_bits_again() -> None:
    """A stride wider than the map. The memory between trainings holds large numbers, which gradients must not read."""
    config = Configuration.model_validate(
        {
            "backbone": {"name": "resnet20", "width": 8},
            "stages": [9],
            "schedule": [
                {"timesteps": [1], "epochs": 1, "network": "ann"},
                {"timesteps": [2], "epochs": 1},
            ],
            "training": {"batch_size": 8, "precision": "bfloat16"},
        }
    )
    ends, memory = set(), []
    for number in range(6):
        ends.add(trained(config, stop=1)[1].checkpoint)
        memory += [torch.full((4000 + 999 * number,), 1e30), torch.full((64 * 64 * 9,), 1e30)]
        if number % 3 == 2:
            memory.clear()
    assert len(ends) == 1
