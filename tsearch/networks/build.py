"""A configuration becomes a network: the modules of its plan, and what stands between its stages."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Literal, cast

import torch
from torch import Tensor, nn

from tsearch.configuration import Configuration
from tsearch.networks.boundary import TEMPORAL_TRANSFORMERS, Boundaries, TemporalTransformer
from tsearch.networks.early_classifier import EarlyClassifier, EarlyClassifiers
from tsearch.networks.modules import ConvolutionModule, FiringModule, Observer, ReadoutModule, drop
from tsearch.networks.parts import HasMask, Outputs
from tsearch.networks.plan import INPUT, Dense, Node, stage_of_blocks

Shape = tuple[int, int, int]


class Network(nn.Module):
    """The modules of a plan's nodes, and temporal transformers and early classifiers behind its stages.

    The shapes of the weights do not depend on the timesteps, so the same network runs every vector of its schedule up
    to `phase`; each (block, T_in, T_out) has a temporal transformer of its own. Names of weights depend neither on the
    division into stages nor on later phases: `blocks.3.main.conv.weight`, `boundaries.after_block3_4_to_2.scores`,
    `early_classifiers.after_block3.linear.bias`, `head.weight`.

    In a phase of an ANN, neurons are ReLU, and there is nothing between stages (see `enter`)."""

    def __init__(
        self,
        configuration: Configuration,
        shape: Shape,
        n_classes: int,
        phase: int,
        for_inference: bool,
        is_static: bool,
    ) -> None:
        super().__init__()
        self.configuration, self.shape, self.phase = configuration, tuple(shape), phase
        self.is_static = is_static
        self.plan = configuration.backbone.plan(shape, n_classes, configuration.neuron)
        self._stage = stage_of_blocks(configuration.stages)
        self._last_reads = _last_reads(self.plan.nodes)
        ends = [sum(configuration.stages[: i + 1]) for i in range(len(configuration.stages) - 1)]
        self._ends = {self.plan.block_output(block).name: block for block in ends}
        blocks = range(1, len(self._stage))
        self._dropped = {self.plan.block_output(block).name for block in blocks}
        self.blocks = nn.ModuleDict({str(block): nn.ModuleDict() for block in self._stage})
        for node in self.plan.nodes[:-1]:
            self._block(node)[node.part] = make_module(replace(node, stage=self._stage[node.block]))
        self.early_classifiers = EarlyClassifiers()
        has_early = not for_inference and configuration.schedule[phase].network == "snn"
        for block in ends if has_early else ():
            channels = self.plan.block_output(block).shape[0]
            self.early_classifiers[f"after_block{block}"] = EarlyClassifier(channels, n_classes)
        self.boundaries = Boundaries()
        for entry in configuration.schedule[phase if for_inference else 0 : phase + 1]:
            if entry.network == "ann":
                continue
            for block, t_in, t_out in zip(ends, entry.timesteps, entry.timesteps[1:], strict=False):
                name = Boundaries.key(block, t_in, t_out)
                if name not in self.boundaries:
                    made = TEMPORAL_TRANSFORMERS[configuration.temporal_transformer](t_in, t_out)
                    self.boundaries[name] = made
        self.head = cast(ReadoutModule, make_module(self.plan.readout))
        self.head.dropout = configuration.training.dropout
        self._form = ("snn", False)
        self.enter(phase)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `[B, classes]` with the final timesteps; `x` [T_1, B, C, H, W] frames, or [1, B, C, H, W]
        for a static image. Raises: ValueError for frames of another shape."""
        return self.run(x, self.configuration.timesteps).logits

    def run(self, x: Tensor, timesteps: tuple[int, ...], observe: Observer | None = None) -> Outputs:
        """Run with any timestep vector of the schedule up to `phase`. While training, early classifiers read every
        stage but the last.

        `observe(name, value)` sees the frames as "input" and the value of every node but the logits, once each; at the
        end of a stage that before the temporal transformer.

        With the precision bfloat16, products run in 16 bits, here and in the exported network alike; logits come in
        the type of the weights.

        Raises: ValueError for frames of another shape; one frame is a static image, never events of several timesteps.
        """
        self._check_frames(x, timesteps[0])
        weights, is_short = self.head.weight, self.configuration.training.precision == "bfloat16"
        with torch.autocast(weights.device.type, torch.bfloat16, enabled=is_short):
            outputs = self._run(x, timesteps, observe)
        return replace(
            outputs,
            logits=outputs.logits.to(weights.dtype),
            early=tuple(e.to(weights.dtype) for e in outputs.early),
            steps=None if outputs.steps is None else outputs.steps.to(weights.dtype),
        )

    @property
    def is_ann(self) -> bool:
        """Whether neurons are ReLU now."""
        return self._form == ("ann", False)

    def enter(self, phase: int) -> None:
        """Take the form in which `phase`, counted from 0, trains the weights, in place: an ANN or neurons, which behind
        an ANN have thresholds of their own and, with `fold_norm`, no BatchNorm. What is new starts as it would in a new
        network; what belongs to another form goes. Nothing changes where the form is the same."""
        schedule = self.configuration.schedule
        form = (schedule[phase].network, schedule[0].network == "ann" and schedule[phase].network == "snn")
        if form == self._form:
            return
        self._form, (network, is_converted) = form, form
        for module in self.modules():
            if isinstance(module, FiringModule):
                module.neurons.start(is_relu=network == "ann", has_threshold=is_converted)
            if isinstance(module, ConvolutionModule):
                is_folded = is_converted and self.configuration.conversion.fold_norm
                module.fold() if is_folded else module.unfold()

    def neurons(self) -> dict[str, dict[str, float]]:
        """Threshold and leak of every layer of neurons by the name of its node; nothing where all are those of the
        configuration."""
        layers = {m.node.name: m.neurons for m in self.modules() if isinstance(m, FiringModule)}
        if not any(neurons.own for neurons in layers.values()):
            return {}
        return {name: neurons.values() for name, neurons in layers.items() if neurons.neuron is not None}

    def masks(self, timesteps: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Timesteps at which layers do not run, as its parts have learned them: by node, one 0 or 1 per timestep."""
        found: dict[str, tuple[int, ...]] = {}
        for module in self.modules():
            if module is not self and isinstance(module, HasMask):
                found |= module.masks(timesteps)
        return found

    def _check_frames(self, x: Tensor, timesteps: int) -> None:
        allowed = (1, timesteps) if self.is_static else (timesteps,)
        if x.dim() != 5 or x.shape[0] not in allowed or tuple(x.shape[2:]) != self.shape:
            expected = f"[{timesteps}, samples, {', '.join(map(str, self.shape))}]"
            others = ", or [1, ...] for static images" if self.is_static else ", events of every timestep"
            raise ValueError(f"frames must be {expected}{others}; found {list(x.shape)}")

    def _run(self, x: Tensor, timesteps: tuple[int, ...], observe: Observer | None) -> Outputs:
        early: list[Tensor] = []
        values = {INPUT: x}
        del x
        if observe is not None:
            observe(INPUT, values[INPUT])
        for node in self.plan.nodes[:-1]:
            stage = self._stage[node.block]
            value = self.module_of(node)(*(values[s] for s in node.sources), timesteps[stage])
            for name in self._last_reads[node.name]:
                del values[name]
            if observe is not None:
                observe(node.name, value)
            if node.name in self._dropped and self.training:
                value = drop(value, self.configuration.training.block_dropout)
            values[node.name] = self.across(node, value, timesteps, early)
            del value
        last = values[self.plan.readout.sources[0]]
        if not self.training or self.configuration.training.loss != "tet":
            return Outputs(self.head(last), tuple(early), timesteps)
        steps = self.head.steps(last)
        return Outputs(steps.mean(0), tuple(early), timesteps, steps)

    def across(self, node: Node, value: Tensor, timesteps: tuple[int, ...], early: list[Tensor]) -> Tensor:
        """What nodes behind `node` read of its `value`: at the end of a stage, that behind the temporal transformer.
        While training, the logits of its early classifier go to `early`."""
        if node.name not in self._ends or self.is_ann:
            return value
        block, stage = self._ends[node.name], self._stage[node.block]
        if self.training and len(self.early_classifiers):
            early.append(self.early_classifiers[f"after_block{block}"](value))
        t_in, t_out = timesteps[stage : stage + 2]
        if len(value) < t_in:  # the same at every step
            value = value.expand(t_in, *value.shape[1:])
        mapped: Tensor = self.boundaries[Boundaries.key(block, t_in, t_out)](value)
        return mapped

    def stage_of(self, node: Node) -> int:
        """Index of the stage of `node`, from 0."""
        return self._stage[node.block]

    def module_of(self, node: Node) -> nn.Module:
        """The module that carries `node` out; of the readout, `head`."""
        return self._block(node)[node.part]

    def _block(self, node: Node) -> nn.ModuleDict:
        return cast(nn.ModuleDict, self.blocks[str(node.block)])


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
    width."""
    network.enter(0)
    origin = network.configuration.prefix_key(0)
    convolutions = [module for module in network.modules() if isinstance(module, ConvolutionModule)]
    dense = [module.conv for module in convolutions if isinstance(module.node, Dense)]
    for name, module in network.named_modules():
        generator = torch.Generator().manual_seed(_stable_seed(f"{seed}:{replicate}:{origin}:{name}"))
        if isinstance(module, nn.Conv2d):
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


def make_module(node: Node) -> nn.Module:
    """The module that carries out a node."""
    module, _, name = node.module.partition(":")
    made: nn.Module = getattr(import_module(module), name)(node)
    return made


def _last_reads(nodes: tuple[Node, ...]) -> Mapping[str, list[str]]:
    """By node, the values that no later node reads."""
    last = {source: node.name for node in nodes for source in node.sources}
    return {node.name: [source for source, name in last.items() if name == node.name] for node in nodes}


def _stable_seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")
