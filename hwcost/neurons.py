"""Arithmetic of a neuron update under named conventions, and the steps at which neurons are updated at all.

| convention | multiply | add | compare | reset |
|---|---|---|---|---|
| hwcost | 1 if leaky | 1 | 1 | 1 add per output spike (soft), 0 (hard) |
| lemaire | 1 if leaky | 0 (the bias add counts) | 0 | 1 add per output spike |
| syops | 0 | 1 | 0 | 0 |
| none | 0 | 0 | 0 | 0 |
"""

from collections.abc import Sequence

from hwcost.counts import Count, every
from hwcost.job import Job


def executed(job: Job, words: Sequence[int]) -> tuple[int, ...]:
    """0 or 1 per own timestep: the neurons of the layer are updated.

    A step of the layer's own mask is never run. An unmasked step without input may be skipped under the policy: by IF
    neurons without bias (if_exact), by all neurons without bias that make up for the leak later (lazy_leak), by all
    (shut_off).
    """
    layer, own = job.layer, job.own
    may_skip = {
        "none": False,
        "if_exact": layer.neuron == "if" and not layer.bias,
        "lazy_leak": not layer.bias,
        "shut_off": True,
    }[job.semantics.skip_policy]
    if not may_skip or len(words) != len(own):
        return own
    return tuple(int(runs and n > 0) for runs, n in zip(own, words, strict=True))


def neuron_counts(job: Job, runs: Sequence[int]) -> list[Count]:
    """Counts of the updates at the steps that run. A last layer without neurons adds its outputs up over time."""
    layer, convention = job.layer, job.semantics.neuron
    updates = every(job.outputs, runs)
    if layer.neuron is None:
        adds_up = job.is_last and convention != "none" and sum(runs) > 1
        return [Count("neuron_add", updates)] if adds_up else []
    counts = [Count("neuron_update", updates)]
    if convention == "none":
        return counts
    if layer.neuron == "lif" and convention != "syops":
        counts.append(Count("neuron_multiply", updates))
    resets = convention == "lemaire" or (convention == "hwcost" and layer.reset == "soft")
    adds = every(0, runs) if convention == "lemaire" else updates
    added = tuple(n + s for n, s in zip(adds, job.spikes.outputs, strict=True)) if resets else adds
    counts.append(Count("neuron_add", added))
    if convention == "hwcost":
        counts.append(Count("neuron_compare", updates))
    return counts
