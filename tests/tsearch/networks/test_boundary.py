"""Temporal transformers: shapes, rows that sum to 1, no mixing beyond time, gradients that reach every
parameter."""

from itertools import product
from typing import get_args

import pytest
import torch

from hwcost import MODES
from tsearch.configuration import Configuration
from tsearch.networks.boundary import PRIOR_EPS, TEMPORAL_TRANSFORMERS, ScoreMix, bucket_matrix

PAIRS = [(t_in, t_out) for t_in, t_out in product(range(1, 9), repeat=2) if t_out <= t_in]


def frames(t_in: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(t_in, 3, 2, 4, 4, generator=torch.Generator().manual_seed(seed))


def test_modules_configurations_and_the_cost_model_know_the_same_temporal_transformers() -> None:
    allowed = Configuration.model_fields["temporal_transformer"].annotation
    assert tuple(TEMPORAL_TRANSFORMERS) == MODES == get_args(allowed)


@pytest.mark.parametrize("mode", sorted(TEMPORAL_TRANSFORMERS))
@pytest.mark.parametrize(("t_in", "t_out"), PAIRS)
def test_time_changes_and_nothing_else(mode: str, t_in: int, t_out: int) -> None:
    """SSNN 1."""
    assert TEMPORAL_TRANSFORMERS[mode](t_in, t_out)(frames(t_in)).shape == (t_out, 3, 2, 4, 4)


@pytest.mark.parametrize(("t_in", "t_out"), PAIRS)
def test_buckets_are_contiguous_and_average(t_in: int, t_out: int) -> None:
    matrix = bucket_matrix(t_in, t_out)
    torch.testing.assert_close(matrix.sum(1), torch.ones(t_out))
    assert ((matrix > 0).sum(0) == 1).all()
    owners = matrix.argmax(0)
    assert (owners.diff() >= 0).all()


def test_five_steps_to_two_are_three_and_two() -> None:
    assert (bucket_matrix(5, 2) > 0).sum(1).tolist() == [3, 2]


@pytest.mark.parametrize("mode", ["score_mix", "static_mix", "bucket"])
@pytest.mark.parametrize(("t_in", "t_out"), PAIRS)
def test_a_constant_stays_that_constant(mode: str, t_in: int, t_out: int) -> None:
    """SSNN 3."""
    transformer = TEMPORAL_TRANSFORMERS[mode](t_in, t_out)
    for parameter in transformer.parameters():
        torch.nn.init.normal_(parameter)
    constant = frames(1).expand(t_in, -1, -1, -1, -1)
    torch.testing.assert_close(transformer(constant), constant[:t_out])


@pytest.mark.parametrize("mode", ["score_mix", "static_mix"])
def test_starts_near_bucket_averaging(mode: str) -> None:
    """SSNN 3."""
    transformer = TEMPORAL_TRANSFORMERS[mode](6, 2)
    if isinstance(transformer, ScoreMix):
        torch.nn.init.zeros_(transformer.expand.weight)
        torch.nn.init.zeros_(transformer.expand.bias)
    x = frames(6)
    difference = (transformer(x) - TEMPORAL_TRANSFORMERS["bucket"](6, 2)(x)).abs().max().item()
    assert 0 < difference < 6 * PRIOR_EPS


def test_samples_do_not_mix() -> None:
    """SSNN 4."""
    transformer = ScoreMix(4, 2)
    x = frames(4)
    order = [2, 0, 1]
    torch.testing.assert_close(transformer(x)[:, order], transformer(x[:, order]))


@pytest.mark.parametrize("mode", ["score_mix", "static_mix", "rank1_score"])
def test_every_parameter_gets_a_gradient(mode: str) -> None:
    """SSNN 5."""
    torch.manual_seed(0)
    transformer = TEMPORAL_TRANSFORMERS[mode](4, 2)
    target = torch.randn(2, 3, 2, 4, 4, generator=torch.Generator().manual_seed(1))
    (transformer(frames(4)) * target).sum().backward()
    for parameter in transformer.parameters():
        assert torch.isfinite(parameter.grad).all()
        assert parameter.grad.abs().sum() > 0


def trained_score_mix(t_in: int = 6, t_out: int = 2) -> ScoreMix:
    """One with weights of a size that training reaches."""
    torch.manual_seed(0)
    transformer = ScoreMix(t_in, t_out)
    transformer.start()
    torch.nn.init.normal_(transformer.expand.weight, std=0.3)
    return transformer


def test_mixing_follows_the_order_of_the_rates_and_not_their_size() -> None:
    """Spike rates of .12 +- .02 and of .5 +- .2 in the same proportions are mixed alike."""
    deviations = torch.randn(6, 5, 1, 1, 1, generator=torch.Generator().manual_seed(0))
    transformer = trained_score_mix()
    quiet, loud = (
        transformer.weights(mean + spread * deviations) for mean, spread in [(0.12, 0.02), (0.5, 0.2)]
    )
    torch.testing.assert_close(
        quiet, loud, rtol=0, atol=0.02
    )  # the epsilon is 2 % of a variance of .02 squared
    transformer.read_raw_scores()  # as it was
    raw = transformer.weights(0.12 + 0.02 * deviations)
    assert quiet.std(0).mean() > 10 * raw.std(0).mean() > 0


def test_silent_and_constant_inputs_are_mixed_alike_and_have_finite_gradients() -> None:
    transformer = trained_score_mix()
    silent, constant = torch.zeros(6, 1, 2, 4, 4), torch.full((6, 1, 2, 4, 4), 0.3)
    torch.testing.assert_close(transformer.weights(silent), transformer.weights(constant))
    for x in (silent, constant):
        transformer(x.requires_grad_()).sum().backward()
        assert torch.isfinite(x.grad).all()


def test_one_step_is_handed_on() -> None:
    x = frames(1).requires_grad_()
    y = trained_score_mix(1, 1)(x)
    torch.testing.assert_close(y, x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, torch.ones_like(x))


@pytest.mark.parametrize("mode", ["score_mix", "static_mix"])
def test_training_starts_from_the_prior(mode: str) -> None:
    transformer = TEMPORAL_TRANSFORMERS[mode](5, 2)
    transformer.start()
    expected = bucket_matrix(5, 2) + PRIOR_EPS
    torch.testing.assert_close(transformer.prior, expected / expected.sum(-1, keepdim=True))
    torch.testing.assert_close(transformer.weights(frames(5)).expand(3, 2, 5)[1], transformer.prior)
