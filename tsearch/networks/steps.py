"""At how many timesteps every node of a network runs, where masks turn some off. Needs no torch: what runs and what is
priced follow from the same numbers.

A layer of neurons runs up to the last timestep that its mask lets run: whatever comes behind needs neither its products
nor its membrane. Between, a mask that is no prefix ("free") drops spikes only, because later timesteps need the
membrane. A node without neurons belongs to those that read it, and runs as long as one of them does.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hwcost.network.temporal import passes_through
from tsearch.networks.plan import INPUT, Attention, Node, Plan, Readout, stage_of_blocks

Masks = Mapping[str, tuple[int, ...]]


class Steps(NamedTuple):
    """Of a node, in a stage of `total` timesteps: it is computed at the first `runs` and gives nothing behind them;
    something arrives at the first `reads` of these. Values that are the same at every timestep are stored once:
    `constant_sources` says so of what it reads, `is_constant` of what it gives."""

    total: int
    runs: int
    reads: int
    is_constant: bool = False
    constant_sources: tuple[bool, ...] = ()

    @property
    def mask(self) -> tuple[int, ...]:
        """One 0 or 1 per timestep, where it runs; empty where that is everywhere."""
        return () if self.runs == self.total else (1,) * self.runs + (0,) * (self.total - self.runs)


def steps_of(
    plan: Plan,
    division: Sequence[int],
    timesteps: Sequence[int],
    masks: Masks,
    *,
    mode: str,
    is_static: bool,
) -> dict[str, Steps]:
    """By the name of every node of a `plan` that is divided into stages so, whose temporal transformers are of `mode`.

    Args:
        timesteps: Of every stage.
        masks: One 0 or 1 per timestep of its stage, by the name of a node that has neurons.
        is_static: Whether one frame stands for all timesteps.
    """
    stage = stage_of_blocks(division)
    total = {node.name: timesteps[stage[node.block]] for node in plan.nodes}
    most = _most(plan, stage, total, masks)
    steps: dict[str, Steps] = {}

    def arriving(source: str, node: Node) -> Steps:
        if source == INPUT:
            return Steps(timesteps[0], timesteps[0], timesteps[0], is_static)
        given = steps[source]
        if stage[plan.by_name[source].block] == stage[node.block]:
            return given
        t_in, t_out = total[source], total[node.name]
        through = min(given.runs, t_out) if passes_through(mode, t_in, t_out) else t_out
        return Steps(t_out, through, through)

    for node in plan.nodes:
        sources = [arriving(source, node) for source in node.sources]
        of_sources = [s.total if s.is_constant else s.runs for s in sources]
        arrived = min(of_sources) if isinstance(node, Attention) else max(of_sources)
        reads = min(most[node.name], arrived)
        has_rest = node.neuron is not None or node.has_rest  # a current without any input
        constant = tuple(s.is_constant for s in sources)
        steps[node.name] = Steps(
            total[node.name],
            most[node.name] if has_rest else reads,
            reads,
            node.neuron is None and all(constant) and not node.varies,
            constant,
        )
    return steps


def _most(plan: Plan, stage: Mapping[int, int], total: Mapping[str, int], masks: Masks) -> dict[str, int]:
    """At how many first timesteps a node runs at most: as its mask says, or as those that read it need."""
    most: dict[str, int] = {}
    for node in reversed(plan.nodes):
        if node.name in masks:
            most[node.name] = last_active(masks[node.name])
            continue
        readers = [reader for reader in plan.nodes if node.name in reader.sources]
        is_free = node.neuron is None and not isinstance(node, Readout)
        is_free &= all(stage[reader.block] == stage[node.block] for reader in readers)
        most[node.name] = (
            max(most[reader.name] for reader in readers) if is_free and readers else total[node.name]
        )
    return most


def last_active(mask: Sequence[int]) -> int:
    """The number of the last timestep that runs, from 1."""
    return max((t for t, active in enumerate(mask, start=1) if active), default=0)
