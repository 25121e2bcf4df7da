"""Networks of windows for tests."""

from typing import Any

import torch
from torch import Tensor

from tsearch.configuration import Configuration
from tsearch.networks.backbones.windowed import PAPER_NEURON, Windowed
from tsearch.networks.build import Network, build, initialise

PAPER = Windowed()
PAPER_LSTM = Windowed(core="lstm")


def configuration(backbone: Windowed, *timesteps: int, **given: Any) -> Configuration:
    """A stage per number of `timesteps`, the last one with all blocks that are left."""
    division = (*[1] * (len(timesteps) - 1), backbone.depth - len(timesteps) + 1)
    schedule = [{"timesteps": timesteps, "epochs": 1}]
    plain = {"backbone": backbone, "stages": division, "schedule": schedule, "neuron": PAPER_NEURON}
    return Configuration.model_validate(plain | given)


def network(backbone: Windowed, *timesteps: int, shape: tuple[int, int, int] = (3, 16, 16)) -> Network:
    """Of 10 classes, with its first weights."""
    made = build(configuration(backbone, *(timesteps or (1,))), shape, 10)
    initialise(made, 0, 0)
    return made.eval()


def values_of(net: Network, x: Tensor, seed: int = 0) -> dict[str, Tensor]:
    """What every node gives, by name, and the logits as "head"."""
    torch.manual_seed(seed)
    values: dict[str, Tensor] = {}
    outputs = net.run(x, net.configuration.timesteps, lambda name, value: values.update({name: value}))
    return values | {"head": outputs.logits}
