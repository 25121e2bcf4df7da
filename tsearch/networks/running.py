"""Execution of all timesteps of all layers; spikes are multiplied by masks where there are any."""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor, nn

from tsearch.configuration import Configuration
from tsearch.networks.modules import Observer
from tsearch.networks.parts import Outputs
from tsearch.networks.plan import INPUT, Node, Plan
from tsearch.networks.readout import ReadoutModule, drop
from tsearch.networks.steps import steps_of
from tsearch.networks.timestep_masks import masked, whole_masks


class Runs(Protocol):
    """What is asked of a `Network` here and where timesteps are skipped; see there."""

    configuration: Configuration
    plan: Plan
    ends: dict[str, int]
    dropped: set[str]
    last_reads: Mapping[str, list[str]]
    head: ReadoutModule
    training: bool

    def module_of(self, node: Node) -> nn.Module: ...
    def stage_of(self, node: Node) -> int: ...
    def across(
        self, node: Node, value: Tensor, timesteps: tuple[int, ...], early: list[Tensor]
    ) -> Tensor: ...


def run_all_steps(
    network: Runs,
    x: Tensor,
    timesteps: tuple[int, ...],
    masks: Mapping[str, Tensor],
    observe: Observer | None,
) -> Outputs:
    """What a network gives for frames `x`, with `masks` [T] by node; `observe` as in `Network.run`."""
    training = network.configuration.training
    early: list[Tensor] = []
    values = {INPUT: x}
    del x
    if observe is not None:
        observe(INPUT, values[INPUT])
    for node in network.plan.nodes[:-1]:
        n_steps = timesteps[network.stage_of(node)]
        value = network.module_of(node)(*(values[s] for s in node.sources), n_steps)
        if node.name in masks:
            value = masked(value, masks[node.name])
        for name in network.last_reads[node.name]:
            del values[name]
        if observe is not None:
            observe(node.name, value)
        if node.name in network.dropped and network.training:
            value = drop(value, training.block_dropout)
        values[node.name] = network.across(node, value, timesteps, early)
        del value
    return _answered(network, values[network.plan.readout.sources[0]], tuple(early), timesteps, masks)


def _answered(
    network: Runs,
    features: Tensor,
    early: tuple[Tensor, ...],
    timesteps: tuple[int, ...],
    masks: Mapping[str, Tensor],
) -> Outputs:
    """The logits of `features` [T, B, C, H, W], beside what was collected on the way."""
    tells_steps = network.training and network.configuration.training.loss == "tet"
    is_active = network.configuration.masks.readout == "active"
    reads = _reads(network, timesteps, masks) if tells_steps or is_active else timesteps[-1]
    scale = timesteps[-1] / reads if is_active else 1.0
    if not tells_steps:
        return Outputs(network.head(features, scale=scale), early, timesteps, masks=masks)
    steps = network.head.steps(features)
    return Outputs(network.head.mean_of(steps, scale), early, timesteps, steps[:reads], masks)


def _reads(network: Runs, timesteps: tuple[int, ...], masks: Mapping[str, Tensor]) -> int:
    """The number of the last timestep, from 1, at which anything reaches the readout."""
    if not masks:
        return timesteps[-1]
    plan, configuration = network.plan, network.configuration
    mode = configuration.temporal_transformer
    steps = steps_of(plan, configuration.stages, timesteps, whole_masks(masks), mode=mode, is_static=False)
    return steps[plan.readout.name].reads
