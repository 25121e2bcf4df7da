"""Execution that leaves out the timesteps that masks turn off, outside training: values with fewer steps.

A value [n, B, ...] of a stage of T timesteps holds the first n; at the others it is zero, and nothing is stored or
computed there. Neurons that run for longer than anything arrives are driven by what their layer makes of zeros: the
bias, and BatchNorm of zero, one number per channel, the same at the border of a map as inside. Source: arXiv 2311.16456
skips masked timesteps; that neurons without input are driven by BatchNorm of zero is our reading, and exact.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hwcost import passes_through
from tsearch.networks.modules import FiringModule, Observer, SumModule
from tsearch.networks.plan import INPUT, Node
from tsearch.networks.running import Runs
from tsearch.networks.steps import Masks, Steps, steps_of
from tsearch.networks.timestep_masks import masked


def run_skipping(
    network: Runs, x: Tensor, timesteps: tuple[int, ...], masks: Masks, observe: Observer | None
) -> Tensor:
    """Logits [B, classes] of a network outside training, whose `masks` leave out timesteps; `x` and `observe` as in
    `Network.run`."""
    configuration, plan = network.configuration, network.plan
    mode = configuration.temporal_transformer
    steps = steps_of(plan, configuration.stages, timesteps, masks, mode=mode, is_static=len(x) == 1)
    values = {INPUT: x}
    if observe is not None:
        observe(INPUT, x)
    for node in plan.nodes[:-1]:
        sources, own = [values[source] for source in node.sources], steps[node.name]
        value = computed(network.module_of(node), sources, own, masks.get(node.name, ()))
        for name in network.last_reads[node.name]:
            del values[name]
        if observe is not None:
            observe(node.name, value)
        values[node.name] = _handed_on(network, node, value, timesteps, own)
    last, readout = values[plan.readout.sources[0]], steps[plan.readout.name]
    n_steps = readout.reads if configuration.masks.readout == "active" else readout.total
    is_constant = all(readout.constant_sources)
    return network.head.answer(last.flatten(2).mean(0) if is_constant else last.flatten(2).sum(0) / n_steps)


def _handed_on(network: Runs, node: Node, value: Tensor, timesteps: tuple[int, ...], steps: Steps) -> Tensor:
    """What nodes behind `node` read of its `value`; at the end of a stage, fewer steps stay fewer where the temporal
    transformer hands them on as they are."""
    if node.name in network.ends and not steps.is_constant:
        stage, mode = network.stage_of(node), network.configuration.temporal_transformer
        t_in, t_out = timesteps[stage : stage + 2]
        if passes_through(mode, t_in, t_out):
            return value[:t_out]
        value = padded(value, t_in)
    return network.across(node, value, timesteps, [])


def computed(module: nn.Module, values: Sequence[Tensor], steps: Steps, mask: Sequence[int] = ()) -> Tensor:
    """What `module` gives at its first `steps.runs` timesteps, [runs, B, ...], or [1, B, ...] where it is constant.

    Args:
        values: Of its sources, each as long as it is computed, [1, B, ...] where it is constant.
        mask: One 0 or 1 per timestep, where the spikes of its neurons count; empty for all.
    """
    silent = module.silent() if isinstance(module, FiringModule) and _is_plain(module) else None
    if not isinstance(module, FiringModule) or silent is None:
        # it may do anything with time, unless it says that no step depends on a later one
        n_steps = max(steps.runs, 1) if getattr(module, "is_causal", False) else steps.total
        arriving = [
            value if is_constant else padded(value[:n_steps], n_steps)
            for value, is_constant in zip(values, steps.constant_sources, strict=True)
        ]
        value = module(*arriving, n_steps)
        return _masked(value if steps.is_constant else value[: steps.runs], mask)
    if steps.runs == 0:
        return values[0].new_zeros(0, values[0].shape[1], *module.node.shape)
    current = _current(module, values, steps)
    if not all(steps.constant_sources) and len(current) < steps.runs:
        current = _with_silent(current, silent, steps.runs)
    return _masked(module.fired(current, steps.runs, None), mask)


def _is_plain(module: FiringModule) -> bool:
    """Whether `silent` speaks of the `forward` that runs: a subclass that gives another one says so anew, or has all
    steps."""
    owners = [next(c for c in type(module).__mro__ if name in vars(c)) for name in ("silent", "forward")]
    return issubclass(*owners)


def padded(value: Tensor, timesteps: int) -> Tensor:
    """`value` [n, ...] with zeros behind it, [timesteps, ...]."""
    return _with_silent(value, value.new_zeros(()), timesteps) if len(value) < timesteps else value


def _current(module: FiringModule, values: Sequence[Tensor], steps: Steps) -> Tensor:
    """What drives the neurons as long as something arrives, [reads, B, ...]; [1, B, ...] where all of it is
    constant."""
    if all(steps.constant_sources):
        return module.current(*values)
    arriving = [
        value.expand(steps.reads, *value.shape[1:]) if is_constant else value[: steps.reads]
        for value, is_constant in zip(values, steps.constant_sources, strict=True)
    ]
    if steps.reads == 0:
        return arriving[0].new_empty(0, arriving[0].shape[1], *module.node.shape)
    if type(module).current is SumModule.current:
        return _sum(*arriving)
    return module.current(*(padded(value, steps.reads) for value in arriving))


def _sum(a: Tensor, b: Tensor) -> Tensor:
    """The sum of two values, as long as the longer one."""
    if len(a) == len(b):
        return a + b
    shorter, longer = (a, b) if len(a) < len(b) else (b, a)
    added = longer.clone()
    added[: len(shorter)] += shorter
    return added


def _with_silent(current: Tensor, silent: Tensor, timesteps: int) -> Tensor:
    """`current` [n, B, C, H, W] continued by `silent`, one number or [C, 1, 1]."""
    layout = torch.empty(1, *current.shape[1:], device="meta")
    if len(current):
        layout = torch.empty_like(current[:1], device="meta")
    longer = current.new_empty_strided(
        (timesteps, *current.shape[1:]), (layout.numel(), *layout.stride()[1:])
    )
    longer[: len(current)] = current
    longer[len(current) :] = silent
    return longer


def _masked(value: Tensor, mask: Sequence[int]) -> Tensor:
    """`value` [n, B, ...] without the spikes that a mask drops before its last active step."""
    counts = mask[: len(value)]
    return value if all(counts) else masked(value, value.new_tensor(counts))
