"""What the temporal transformers of a network have learned, against the same numbers taken from one forward pass."""

import numpy as np
import pytest
import torch

from tsearch.configuration import Configuration
from tsearch.data.batches import ImageSplit
from tsearch.networks.boundary import PriorMix, ScoreMix
from tsearch.networks.build import Network, build, initialise
from tsearch.networks.mixing import Mixing, mixing_of


def network(mode: str, *vectors: tuple[int, ...]) -> Network:
    schedule = [{"timesteps": vector, "epochs": 1} for vector in vectors or [(4, 2, 2)]]
    content = {"stages": (1, 1, 1), "schedule": schedule, "temporal_transformer": mode}
    made = build(Configuration.model_validate(content), (1, 8, 8), 3)
    initialise(made, 0, 0)
    return made


def images(n: int = 70) -> ImageSplit:
    """More than one batch of them."""
    pixels = np.random.default_rng(0).random((n, 1, 8, 8), dtype=np.float32)
    return ImageSplit(3 * pixels, np.zeros(n, np.int64))


@pytest.mark.parametrize("mode", ["score_mix", "static_mix"])
def test_before_training_nothing_has_changed(mode: str) -> None:
    """Of four steps, two lie outside each of two buckets and weigh .05 against .55; of two steps, one and 1.05."""
    four, two = mixing_of(network(mode), images())
    assert (four.block, four.t_in, four.t_out) == (1, 4, 2)
    assert (two.block, two.t_in, two.t_out) == (2, 2, 2)
    for mixing, outside in [(four, 0.1 / 1.2), (two, 0.05 / 1.1)]:
        assert mixing.outside_before == pytest.approx(outside, rel=1e-6)
        assert mixing.outside == pytest.approx(outside, rel=1e-6)
        assert max(mixing.deviation, mixing.largest, mixing.change) < 1e-6


def test_numbers_follow_from_the_weights_of_every_sample() -> None:
    made, split = network("score_mix"), images()
    for transformer in made.boundaries.values():
        assert isinstance(transformer, ScoreMix)
        torch.nn.init.normal_(transformer.expand.weight, std=0.5, generator=torch.Generator().manual_seed(0))
    values: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        made.eval().run(split.batch(torch.arange(70), 4), (4, 2, 2), values.__setitem__)
        weights = made.boundaries["after_block1_4_to_2"].weights(values["pool1"]).double().numpy()
    start = np.array([[0.55, 0.55, 0.05, 0.05], [0.05, 0.05, 0.55, 0.55]]) / 1.2
    mean = weights.mean(0)
    found = mixing_of(made, split)[0]
    expected = Mixing(
        block=1,
        t_in=4,
        t_out=2,
        deviation=np.sqrt(((weights - mean) ** 2).mean(0)).mean(),
        largest=np.abs(weights - mean).max(),
        change=np.abs(mean - start).max(),
        outside=(mean[0, 2:].sum() + mean[1, :2].sum()) / 2,
        outside_before=0.1 / 1.2,
    )
    assert vars(found) == pytest.approx(vars(expected), abs=1e-5)
    assert found.deviation > 0.01


def test_a_static_mix_changes_without_a_difference_between_samples() -> None:
    made = network("static_mix")
    for transformer in made.boundaries.values():
        assert isinstance(transformer, PriorMix)
        torch.nn.init.constant_(transformer.scores[:, 0], 2.0)
    for mixing in mixing_of(made, images()):
        assert mixing.deviation == pytest.approx(0, abs=1e-7)
        assert mixing.change > 0.2


def test_only_the_boundaries_of_the_final_timesteps_are_told() -> None:
    told = mixing_of(network("static_mix", (4, 4, 4), (4, 1, 1)), images())
    assert [(mixing.block, mixing.t_in, mixing.t_out) for mixing in told] == [(1, 4, 1), (2, 1, 1)]


@pytest.mark.parametrize("mode", ["bucket", "truncate", "rank1_score"])
def test_modes_without_learned_weights_that_sum_to_one_have_nothing_to_tell(mode: str) -> None:
    assert mixing_of(network(mode), images()) == ()
