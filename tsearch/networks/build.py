"""A configuration becomes a network, and the network gets the weights from which a training starts."""

import hashlib
from typing import Literal, cast

import torch
from torch import nn

from tsearch.configuration import Configuration
from tsearch.networks.boundary import TemporalTransformer
from tsearch.networks.modules import ConvolutionModule
from tsearch.networks.network import Network, Shape
from tsearch.networks.parts import DrawsWeights
from tsearch.networks.plan import Dense

__all__ = ["Network", "build", "initialise"]


def build(
    configuration: Configuration,
    shape: Shape,
    n_classes: int,
    *,
    phase: int | None = None,
    for_inference: bool = False,
    is_static: bool = True,
) -> Network:
    """The network of a configuration for inputs of `shape` (C, H, W), its weights still arbitrary.

    It has the temporal transformers of the phases up to `phase`, counted from 0 (by default all): what a training up to
    there needs, whatever comes later. `for_inference` leaves out the early classifiers and the temporal transformers of
    earlier phases. With `is_static`, one frame may stand for all timesteps, as an image does; otherwise every timestep
    has events of its own."""
    phase = len(configuration.schedule) - 1 if phase is None else phase
    network = Network(configuration, shape, n_classes, phase, for_inference, is_static)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def initialise(network: Network, seed: int, replicate: int) -> None:
    """Draw all weights from (seed, replicate, hash of the first phase, name of the layer): the same for
    whoever trains it. The network takes the form of the first phase.

    Convolutions have the deviation sqrt(2 / (pixels of the kernel x channels out)), as in the released code of IIR-SNN;
    those that read the whole map, its fully connected layers, sqrt(2 / inputs), where that code has 0.01 whatever the
    width. Layers whose node names a `deviation` have that one, and biases of 0; modules that draw their weights do so
    themselves (see `networks/parts.py`)."""
    network.enter(0)
    origin = network.configuration.prefix_key(0)
    convolutions = [module for module in network.modules() if isinstance(module, ConvolutionModule)]
    dense = [module.conv for module in convolutions if isinstance(module.node, Dense)]
    deviations: dict[nn.Module, float] = {module.conv: module.node.deviation for module in convolutions}
    deviations[network.head] = network.plan.readout.deviation
    drawn: set[nn.Module] = set()
    for name, module in network.named_modules():
        generator = torch.Generator().manual_seed(_stable_seed(f"{seed}:{replicate}:{origin}:{name}"))
        if module in drawn:
            continue
        if isinstance(module, DrawsWeights):
            module.draw_weights(generator)
            drawn |= {*cast(nn.Module, module).modules()}
        elif deviation := deviations.get(module):
            _start_small(cast(nn.Conv2d | nn.Linear, module), deviation, generator)
        elif isinstance(module, nn.Conv2d):
            mode: Literal["fan_in", "fan_out"] = "fan_in" if module in dense else "fan_out"
            nn.init.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            bound = module.in_features**-0.5
            nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            if module.bias is not None:
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
    for transformer in network.boundaries.values():
        cast(TemporalTransformer, transformer).start()


def _start_small(layer: nn.Conv2d | nn.Linear, deviation: float, generator: torch.Generator) -> None:
    nn.init.trunc_normal_(layer.weight, std=deviation, generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _stable_seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")
