"""A configuration becomes a network."""

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from tsearch.configuration import Configuration
from tsearch.networks.backbones.vgg import Shape, Vgg, block_shapes, build_blocks
from tsearch.networks.block import Observer
from tsearch.networks.boundary import TRANSFORMERS, RankOneScore, ScoreMix
from tsearch.networks.early_classifier import EarlyClassifier


@dataclass(frozen=True)
class Outputs:
    """Logits [B, classes] of the network, and of each early classifier while training."""

    logits: Tensor
    early: tuple[Tensor, ...] = ()


class Network(nn.Module):
    """Stages of blocks with their own timesteps, temporal transformers between them, one linear layer at
    the end.

    The shapes of the weights do not depend on the timesteps, so the same network runs every vector of its
    schedule; each (boundary, T_in, T_out) has a transformer of its own."""

    def __init__(
        self, configuration: Configuration, shape: Shape, n_classes: int, for_inference: bool = False
    ) -> None:
        super().__init__()
        self.configuration, self.shape = configuration, tuple(shape)
        assert isinstance(configuration.backbone, Vgg)
        blocks = iter(build_blocks(configuration.backbone, shape))
        shapes = block_shapes(configuration.backbone, shape)
        self.stages = nn.ModuleList(
            nn.ModuleList(next(blocks) for _ in range(n)) for n in configuration.stages
        )
        ends = (
            []
            if for_inference
            else [sum(configuration.stages[: i + 1]) - 1 for i in range(len(configuration.stages) - 1)]
        )
        self.early_classifiers = nn.ModuleList(EarlyClassifier(shapes[end][0], n_classes) for end in ends)
        self.transformers = nn.ModuleDict()
        for phase in configuration.schedule[-1:] if for_inference else configuration.schedule:
            for boundary, (t_in, t_out) in enumerate(zip(phase.timesteps, phase.timesteps[1:], strict=False)):
                name = _transformer_name(boundary, t_in, t_out)
                if name not in self.transformers:
                    self.transformers[name] = TRANSFORMERS[configuration.temporal_transformer](t_in, t_out)
        channels, height, width = shapes[-1]
        self.head = nn.Linear(channels * height * width, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `[B, classes]` with the final timesteps; `x` [T_1, B, C, H, W] frames, or [1, B, C, H, W]
        for a static image. Raises: ValueError for frames of another shape."""
        timesteps = self.configuration.timesteps[0]
        if x.dim() != 5 or x.shape[0] not in (1, timesteps) or tuple(x.shape[2:]) != self.shape:
            expected = f"[{timesteps}, samples, {', '.join(map(str, self.shape))}]"
            raise ValueError(
                f"frames must be {expected}, or [1, ...] for static images; found {list(x.shape)}"
            )
        return self.run(x, self.configuration.timesteps).logits

    def run(self, x: Tensor, timesteps: tuple[int, ...], observe: Observer | None = None) -> Outputs:
        """Run with any timestep vector of the schedule. While training, early classifiers read every stage
        but the last.

        `observe(name, tensor)` sees, per layer `block1`, `block2` ... and `head`, the events at its input
        ("block2.in"; at a stage boundary those before the transformer) and the spikes at its output
        ("block2.out").

        With the precision bfloat16, products run in 16 bits, here and in the exported network alike; logits come in
        the type of the weights."""
        weights, is_short = self.head.weight, self.configuration.training.precision == "bfloat16"
        with torch.autocast(weights.device.type, torch.bfloat16, enabled=is_short):
            outputs = self._run(x, timesteps, observe)
        return Outputs(outputs.logits.to(weights.dtype), tuple(e.to(weights.dtype) for e in outputs.early))

    def _run(self, x: Tensor, timesteps: tuple[int, ...], observe: Observer | None) -> Outputs:
        early: list[Tensor] = []
        number = 0
        for stage, (blocks, steps) in enumerate(zip(self.stages, timesteps, strict=True)):
            for position, block in enumerate(cast(nn.ModuleList, blocks)):
                number += 1
                if observe is not None:
                    observe(f"block{number}.in", x)
                if stage > 0 and position == 0:
                    x = self.transformers[_transformer_name(stage - 1, timesteps[stage - 1], steps)](x)
                seen = None if observe is None else partial(observe, f"block{number}.out")
                x = block(x, steps, self.configuration.neuron, seen)
            if self.training and stage < len(self.early_classifiers):
                early.append(self.early_classifiers[stage](x))
        if observe is not None:
            observe("head.in", x)
        features = x.flatten(2).mean(0)  # the linear layer of the mean is the mean of the linear layer
        return Outputs(self.head(self._dropout(features)), tuple(early))

    def _dropout(self, features: Tensor) -> Tensor:
        return nn.functional.dropout(features, self.configuration.training.dropout, self.training)


def build(
    configuration: Configuration, shape: Shape, n_classes: int, *, for_inference: bool = False
) -> Network:
    """The network of a configuration for inputs of `shape` (C, H, W), its weights still arbitrary;
    `for_inference` leaves out the early classifiers and the transformers of earlier phases."""
    return Network(configuration, shape, n_classes, for_inference).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def initialise(network: Network, seed: int, replicate: int) -> None:
    """Draw all weights from (seed, replicate, hash of the first phase, name of the layer): the same for
    whoever trains it."""
    origin = network.configuration.prefix_key(0)
    for name, module in network.named_modules():
        generator = torch.Generator().manual_seed(_stable_seed(f"{seed}:{replicate}:{origin}:{name}"))
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.Linear):
            bound = module.in_features**-0.5
            nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            nn.init.uniform_(module.bias, -bound, bound, generator=generator)
    for transformer in network.transformers.values():
        if isinstance(transformer, ScoreMix):
            nn.init.eye_(transformer.squeeze.weight)  # scores are at least 0, so no hidden unit starts dead
            nn.init.zeros_(transformer.squeeze.bias)
            nn.init.zeros_(transformer.expand.weight)
            nn.init.zeros_(transformer.expand.bias)
        elif isinstance(transformer, RankOneScore):
            nn.init.zeros_(transformer.gather.weight)
            nn.init.zeros_(transformer.gather.bias)


def _stable_seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


def _transformer_name(boundary: int, t_in: int, t_out: int) -> str:
    return f"boundary{boundary + 1}_{t_in}_to_{t_out}"
