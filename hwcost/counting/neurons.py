"""Arithmetic of a neuron update under named conventions, and the steps at which neurons are updated at all.

| convention | multiply | add | compare | reset |
|---|---|---|---|---|
| hwcost | 1 if leaky | 1 | 1 | 1 add per output spike (soft), 0 (hard) |
| lemaire | 1 if leaky | 0 (the bias add counts) | 0 | 1 add per output spike |
| syops | 0 | 1 | 0 | 0 |
| none | 0 | 0 | 0 | 0 |
"""

from collections.abc import Sequence

from hwcost.counting.counts import Count, every
from hwcost.counting.job import Job


def steps_with_updates(job: Job, events: Sequence[int]) -> tuple[int, ...]:
    """0 or 1 per own timestep: whether the neurons of the layer are updated.

    A step that the layer's own mask turns off is never run. Another step without input may be skipped under the policy:
    by IF neurons without bias (if_exact), by all neurons without bias, which make up for the leak later (lazy_leak), by
    all (shut_off).
    """
    layer, active_steps = job.layer, job.active_steps
    may_skip = {
        "none": False,
        "if_exact": layer.neuron == "if" and not layer.bias,
        "lazy_leak": not layer.bias,
        "shut_off": True,
    }[job.semantics.skip_policy]
    if not may_skip or len(events) != len(active_steps):
        return active_steps
    return tuple(int(active and n > 0) for active, n in zip(active_steps, events, strict=True))


def neuron_counts(job: Job, updated_steps: Sequence[int]) -> list[Count]:
    """Counts of the updates at the steps that run. A last layer without neurons adds its outputs up over time."""
    layer, convention = job.layer, job.semantics.neuron
    updates = every(job.outputs, updated_steps)
    if layer.neuron is None:
        adds_up = job.is_last and convention != "none" and sum(updated_steps) > 1
        return [Count("neuron_add", updates)] if adds_up else []
    counts = [Count("neuron_update", updates)]
    if convention == "none":
        return counts
    if layer.neuron == "lif" and convention != "syops":
        counts.append(Count("neuron_multiply", updates))
    resets = convention == "lemaire" or (convention == "hwcost" and layer.reset == "soft")
    adds = every(0, updated_steps) if convention == "lemaire" else updates
    added = tuple(n + s for n, s in zip(adds, job.spikes.outputs, strict=True)) if resets else adds
    counts.append(Count("neuron_add", added))
    if convention == "hwcost":
        counts.append(Count("neuron_compare", updates))
    return counts
