"""Dropout of blocks: the same values at every timestep, in training only, behind every block but the last."""

import pytest
import torch

import tsearch.networks.running as running
from tsearch.configuration import Configuration, Phase
from tsearch.networks.build import build
from tsearch.networks.readout import drop


def test_what_is_dropped_is_so_at_every_timestep_and_the_rest_grows() -> None:
    torch.manual_seed(0)
    x = torch.rand(4, 50, 3, 5, 5) + 1
    factors = drop(x, 0.2) / x
    assert torch.equal(factors.round(decimals=4).unique(), torch.tensor([0.0, 1.25]))
    assert torch.equal(factors == 0, (factors == 0)[:1].expand_as(factors))
    assert (factors == 0).float().mean().item() == pytest.approx(0.2, abs=4 * (0.16 / 3750) ** 0.5)
    assert drop(x, 0.0) is x


def test_every_block_but_the_last_drops_in_training_only(monkeypatch) -> None:
    seen = []

    def seeing(x, rate):
        seen.append((tuple(x.shape), rate))
        return drop(x, rate)

    monkeypatch.setattr(running, "drop", seeing)
    config = Configuration(
        stages=(1, 2),
        schedule=(Phase(timesteps=(4, 2), epochs=1),),
        training={"block_dropout": 0.3},
    )
    network = build(config, (2, 8, 8), 5)
    frames = torch.rand(4, 3, 2, 8, 8)
    network.train()
    network.run(frames, (4, 2))
    assert seen == [((4, 3, 8, 4, 4), 0.3), ((2, 3, 16, 2, 2), 0.3)]
    network.eval()
    network.run(frames, (4, 2))
    assert len(seen) == 2
