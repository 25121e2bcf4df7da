"""The network of a configuration: the modules of its plan, and what stands between its stages."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import cast

import torch
from torch import Tensor, nn

from tsearch.configuration import Configuration
from tsearch.errors import TsearchError
from tsearch.networks.boundary import Boundaries
from tsearch.networks.early_classifier import EarlyClassifiers
from tsearch.networks.form import SPIKING, form_of, take_form
from tsearch.networks.kept import KeptWeights
from tsearch.networks.modules import FiringModule, Observer
from tsearch.networks.parts import HasMask, Outputs
from tsearch.networks.plan import Node, stage_of_blocks
from tsearch.networks.quantised import Weighted, weighted_of
from tsearch.networks.readout import ReadoutModule
from tsearch.networks.running import run_all_steps
from tsearch.networks.skipping import run_skipping
from tsearch.networks.timestep_masks import TimestepMasks
from tsearch.phase import UNREDUCED

Shape = tuple[int, int, int]


class Network(nn.Module):
    """The modules of a plan's nodes, and temporal transformers and early classifiers behind its stages.

    The shapes of the weights do not depend on the timesteps, so the same network runs every vector of its schedule up
    to `phase`; each (block, T_in, T_out) has a temporal transformer of its own. Names of weights depend neither on the
    division into stages nor on later phases: `blocks.3.main.conv.weight`, `boundaries.after_block3_4_to_2.scores`,
    `early_classifiers.after_block3.linear.bias`, `timestep_masks.block3.4`, `head.weight`.

    In a phase of an ANN, neurons are ReLU, and there are neither masks nor anything between stages (see `enter`)."""

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
        self.last_reads = _last_reads(self.plan.nodes)
        ends = [sum(configuration.stages[: i + 1]) for i in range(len(configuration.stages) - 1)]
        self.ends = {self.plan.block_output(block).name: block for block in ends}
        blocks = range(1, len(self._stage))
        self.dropped = {self.plan.block_output(block).name for block in blocks}
        self.blocks = nn.ModuleDict({str(block): nn.ModuleDict() for block in self._stage})
        for node in self.plan.nodes[:-1]:
            self._block(node)[node.part] = make_module(replace(node, stage=self._stage[node.block]))
        self.early_classifiers = EarlyClassifiers()
        has_early = not for_inference and not configuration.schedule[phase].is_ann
        for block in ends if has_early else ():
            channels, neuron = self.plan.block_output(block).shape[0], configuration.neuron
            self.early_classifiers.add(block, channels, n_classes, neuron, configuration.training)
        self.boundaries = Boundaries()
        self.timestep_masks = TimestepMasks(configuration, self.plan)
        for entry in configuration.schedule[phase if for_inference else 0 : phase + 1]:
            if not entry.is_ann:
                self.boundaries.add(configuration.temporal_transformer, ends, entry.timesteps)
                self.timestep_masks.add(entry.timesteps)
        self.head = cast(ReadoutModule, make_module(self.plan.readout))
        self.head.dropout = configuration.training.dropout
        schedule = configuration.schedule[: phase + 1]
        self.is_pruned = any(entry.sparsity for entry in schedule)
        self.kept = KeptWeights(self._hidden() if self.is_pruned and not for_inference else {})
        self.set_weight_bits(schedule[-1].weight_bits)
        self._form = SPIKING
        self.enter(phase)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `[B, classes]` with the final timesteps; `x` [T_1, B, C, H, W] frames, or [1, B, C, H, W]
        for a static image. Raises: ValueError for frames of another shape."""
        return self.run(x, self.configuration.timesteps).logits

    def run(
        self,
        x: Tensor,
        timesteps: tuple[int, ...],
        observe: Observer | None = None,
        *,
        skips: bool = True,
    ) -> Outputs:
        """Run with any timestep vector of the schedule up to `phase`. While training, early classifiers read every
        stage but the last.

        `observe(name, value)` sees the frames as "input" and the value of every node but the logits, once each; at the
        end of a stage that before the temporal transformer.

        Outside training, what masks leave out is not computed (see `networks/skipping.py`), and values have as many
        steps as are. Without `skips` all steps are computed, and then masked: the same logits.

        With the precision bfloat16, products run in 16 bits, here and in the exported network alike; logits come in
        the type of the weights.

        Raises: ValueError for frames of another shape; one frame is a static image, never events of several timesteps.
        """
        self._check_frames(x, timesteps[0])
        weights, is_short = self.head.weight, self.configuration.training.precision == "bfloat16"
        left_out = self.masks(timesteps) if skips and not self.training else {}
        with torch.autocast(weights.device.type, torch.bfloat16, enabled=is_short):
            if any(0 in mask for mask in left_out.values()):
                outputs = Outputs(run_skipping(self, x, timesteps, left_out, observe), (), timesteps)
            else:
                masks = {} if self.is_ann else self.timestep_masks.gates(timesteps)
                outputs = run_all_steps(self, x, timesteps, masks, observe)
        return replace(
            outputs,
            logits=outputs.logits.to(weights.dtype),
            early=tuple(e.to(weights.dtype) for e in outputs.early),
            steps=None if outputs.steps is None else outputs.steps.to(weights.dtype),
        )

    @property
    def is_ann(self) -> bool:
        """Whether neurons are ReLU now."""
        return self._form.is_ann

    def enter(self, phase: int) -> None:
        """Take the form in which `phase`, counted from 0, trains the weights, in place (see `Form`). What is new starts
        as it would in a new network; what belongs to another form goes. Nothing changes where the form is the same."""
        form = form_of(self.configuration, phase)
        if form != self._form:
            take_form(self, form)
            self._form = form

    def neurons(self) -> dict[str, dict[str, float]]:
        """Threshold and leak of every layer of neurons by the name of its node; nothing where all are those of the
        configuration."""
        layers = {m.node.name: m.neurons for m in self.modules() if isinstance(m, FiringModule)}
        if not any(neurons.own for neurons in layers.values()):
            return {}
        return {name: neurons.values() for name, neurons in layers.items() if neurons.neuron is not None}

    def weighted(self) -> dict[str, Weighted]:
        """The layers with weights, by the name of their node."""
        return self._hidden() | {self.plan.readout.name: self.head}

    def set_weight_bits(self, bits: int) -> None:
        """Precision of weights in products from now on, 32 for as they are. Raises: TsearchError where a module of the
        network has weights of its own making."""
        for layer in self.weighted().values():
            layer.weight_bits = bits
        kinds = nn.Conv2d | nn.Linear | nn.RNNBase
        layers = [module for module in self.blocks.modules() if isinstance(module, kinds)]
        others = [layer for layer in layers if not isinstance(layer, Weighted)]
        if bits != UNREDUCED and others:
            raise TsearchError(f"weight_bits {bits}: weights of {others[0]} cannot be quantised; use 32.")

    def masks(self, timesteps: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Timesteps at which layers do not run, as its parts have learned them: by node, one 0 or 1 per timestep.
        None in an ANN."""
        found: dict[str, tuple[int, ...]] = {}
        if self.is_ann:
            return found
        for module in self.modules():
            if module is not self and isinstance(module, HasMask):
                found |= module.masks(timesteps)
        return found

    def _hidden(self) -> dict[str, Weighted]:
        return weighted_of({node.name: self._block(node)[node.part] for node in self.plan.nodes[:-1]})

    def _check_frames(self, x: Tensor, timesteps: int) -> None:
        allowed = (1, timesteps) if self.is_static else (timesteps,)
        if x.dim() != 5 or x.shape[0] not in allowed or tuple(x.shape[2:]) != self.shape:
            expected = f"[{timesteps}, samples, {', '.join(map(str, self.shape))}]"
            others = ", or [1, ...] for static images" if self.is_static else ", events of every timestep"
            raise ValueError(f"frames must be {expected}{others}; found {list(x.shape)}")

    def across(self, node: Node, value: Tensor, timesteps: tuple[int, ...], early: list[Tensor]) -> Tensor:
        """What nodes behind `node` read of its `value`: at the end of a stage, that behind the temporal transformer.
        While training, the logits of its early classifier go to `early`."""
        if node.name not in self.ends or self.is_ann:
            return value
        block, stage = self.ends[node.name], self._stage[node.block]
        tap = self.configuration.training.early_tap
        if tap == "before":  # first: gradients are added in the reverse order
            self._classify(value, block, early)
        t_in, t_out = timesteps[stage : stage + 2]
        if len(value) < t_in:  # the same at every step
            value = value.expand(t_in, *value.shape[1:])
        mapped: Tensor = self.boundaries[Boundaries.key(block, t_in, t_out)](value)
        if tap == "after":
            self._classify(mapped, block, early)
        return mapped

    def stage_of(self, node: Node) -> int:
        """Index of the stage of `node`, from 0."""
        return self._stage[node.block]

    def module_of(self, node: Node) -> nn.Module:
        """The module that carries out a `node` before the readout."""
        return self._block(node)[node.part]

    def _classify(self, value: Tensor, block: int, early: list[Tensor]) -> None:
        """Append the logits of the early classifier behind `block`, while training."""
        if self.training and len(self.early_classifiers):
            key = EarlyClassifiers.key(block, self.configuration.training)
            early.append(self.early_classifiers[key](value))

    def _block(self, node: Node) -> nn.ModuleDict:
        return cast(nn.ModuleDict, self.blocks[str(node.block)])


def make_module(node: Node) -> nn.Module:
    """The module that carries out a node."""
    module, _, name = node.module.partition(":")
    made: nn.Module = getattr(import_module(module), name)(node)
    return made


def _last_reads(nodes: tuple[Node, ...]) -> Mapping[str, list[str]]:
    """By node, the values that no later node reads."""
    last = {source: node.name for node in nodes for source in node.sources}
    return {node.name: [source for source, name in last.items() if name == node.name] for node in nodes}
