"""Arithmetic of a neuron update under named conventions.

| convention | multiply | add | compare | reset |
|---|---|---|---|---|
| hwcost | 1 if leaky | 1 | 1 | 1 add per output spike (soft), 0 (hard) |
| lemaire | 1 if leaky | 0 (the bias add counts) | 0 | 1 add per output spike |
| syops | 0 | 1 | 0 | 0 |
| none | 0 | 0 | 0 | 0 |

A neuron of two states (a synaptic current that decays beside the membrane) multiplies and adds twice.
"""

from collections.abc import Sequence
from operator import add

from hwcost.counting.counts import Count, every, times
from hwcost.counting.job import Job
from hwcost.counting.updates import Updates
from hwcost.network.kinds import ARITHMETIC

_ITEMS = {"lookups": "lookup", "multiplies": "multiply", "adds": "add", "compares": "compare"}


def neuron_counts(job: Job, updated: Updates, updated_steps: Sequence[int]) -> list[Count]:
    """Counts of the updates at the steps that run, without resets. A last layer without neurons adds its outputs up
    over time.
    """
    layer, convention = job.layer, job.semantics.neuron
    run = every(job.layer.n_outputs, updated.samples)
    if layer.neuron is None:
        adds_up = job.adds_up and convention != "none" and sum(updated_steps) > 1
        return [Count("neuron_add", run)] if adds_up else []
    counts = [Count("neuron_update", run)]
    if convention == "none":
        return counts
    if layer.neuron == "lif" and convention != "syops":
        counts.append(Count("neuron_multiply", times(layer.n_states, run)))
    adds = every(0, updated_steps) if convention == "lemaire" else times(layer.n_states, run)
    counts.append(Count("neuron_add", adds))
    if convention == "hwcost":
        counts.append(Count("neuron_compare", run))
    return counts


def besides(job: Job, updated: Updates) -> list[Count]:
    """What is done with numbers besides: projections of other membranes, or a function of what the layer gives."""
    numbers = ((f"gate_{_ITEMS[name]}", job.layer.operand(name)) for name in ARITHMETIC)
    return [Count(item, every(n, updated.samples)) for item, n in numbers if n]


def with_resets(job: Job, counts: Sequence[Count]) -> Sequence[Count]:
    """The counts of updates, with one add per output spike where the convention counts resets."""
    layer, convention = job.layer, job.semantics.neuron
    resets = convention == "lemaire" or (convention == "hwcost" and layer.reset == "soft")
    if layer.neuron is None or not resets:
        return counts
    spikes = job.spikes.outputs
    return [
        Count("neuron_add", tuple(map(add, c.steps, spikes))) if c.item == "neuron_add" else c for c in counts
    ]
