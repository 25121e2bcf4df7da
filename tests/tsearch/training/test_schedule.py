"""Where an epoch lies, and its learning rate."""

import pytest

from tsearch.configuration import Configuration, Phase, Training
from tsearch.training.schedule import learning_rate_at, one_cycle, positions


def test_epochs_walk_through_the_phases() -> None:
    schedule = (Phase(timesteps=(4,), epochs=2), Phase(timesteps=(1,), epochs=1))
    walk = positions(Configuration(stages=(3,), schedule=schedule))
    assert [(p.index, p.epoch) for p in walk] == [(0, 0), (0, 1), (1, 0)]


@pytest.mark.parametrize("warmup", [0.0, 0.15, 0.5])
def test_the_rate_rises_to_one_and_falls_to_almost_nothing(warmup: float) -> None:
    rates = [one_cycle(i / 1000, warmup) for i in range(1001)]
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(1)
    assert peak == pytest.approx(1000 * warmup, abs=1)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert 0 < rates[-1] < 1e-4


def test_the_step_schedule_of_ssnn_divides_by_ten_after_30_60_and_90_of_100_epochs() -> None:
    training = Training(learning_rate_schedule="step", step_every=0.3, step_factor=0.1)
    rates = [learning_rate_at((epoch + 63 / 64) / 100, training) for epoch in range(100)]
    assert rates == pytest.approx([1.0] * 30 + [0.1] * 30 + [0.01] * 30 + [0.001] * 10)
    assert [learning_rate_at(epoch / 100, training) for epoch in (30, 60, 90)] == pytest.approx(
        [0.1, 0.01, 0.001]
    )


def test_a_constant_rate_is_the_peak_and_the_others_begin_as_they_say() -> None:
    assert {learning_rate_at(p, Training(learning_rate_schedule="constant")) for p in (0, 0.5, 1)} == {1.0}
    assert learning_rate_at(0.3, Training(warmup=0.5)) == one_cycle(0.3, 0.5)
