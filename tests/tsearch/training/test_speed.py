"""When compiling pays: decided from configuration and data alone."""

from tsearch.configuration import Backbone, Configuration, DataSpec, Phase
from tsearch.data import load_dataset
from tsearch.training.speed import is_worth_compiling, keep_memory, neuron_steps

DATASET = load_dataset(DataSpec(name="digits"))


def configuration(widths=(2, 4), epochs=1, timesteps=(3, 1)) -> Configuration:
    backbone = Backbone(widths=widths, pool_after=(1,))
    return Configuration(
        backbone=backbone, stages=(1, 1), schedule=(Phase(timesteps=timesteps, epochs=epochs),)
    )


def test_neuron_steps_by_hand() -> None:
    """2 channels of 8x8 for 3 steps and 4 of 4x4 for one, every sample, 5 epochs."""
    expected = 5 * len(DATASET.train) * (2 * 64 * 3 + 4 * 16)
    assert neuron_steps(configuration(epochs=5), DATASET) == expected


def test_small_trainings_are_not_compiled_and_large_ones_are() -> None:
    assert not is_worth_compiling(configuration(epochs=20), DATASET)
    assert is_worth_compiling(configuration(widths=(256, 512), epochs=200), DATASET)


def test_keeping_memory_harms_nothing_when_repeated() -> None:
    keep_memory()
    keep_memory()
