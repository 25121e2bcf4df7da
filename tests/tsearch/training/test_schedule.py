"""Where an epoch lies, and its learning rate."""

import pytest

from tsearch.configuration import Configuration, Phase
from tsearch.training.schedule import one_cycle, positions


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
