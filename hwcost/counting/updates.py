"""At which timesteps, and in how many samples, the neurons of a layer are updated.

A step that the layer's own mask turns off is never run. Another step at which nothing happens may be skipped under the
policy: by IF neurons without bias (if_exact), by all neurons without bias, which make up for the leak later
(lazy_leak), by all (shut_off). Something happens where an event arrives (from the layer before, from a second summand,
or the layer's own of the step before) and where a spike is sent: after a soft reset a neuron may still be above its
threshold and fire without input.

Samples differ in where something happens. A record that holds how many samples are busy gives exact counts. One
that does not is read conservatively, as an upper end: where anything happens in one sample, all samples run.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from hwcost.counting.counts import every
from hwcost.counting.job import Job


class Updates(NamedTuple):
    """Samples that are updated at every own timestep; of those, the samples for which it is the first or last time."""

    samples: tuple[int, ...]
    first: tuple[int, ...]
    last: tuple[int, ...]


def steps_with_updates(job: Job, events: Sequence[int]) -> tuple[int, ...]:
    """0 or 1 per own timestep: whether the neurons of the layer are updated in any sample.

    Args:
        events: Events that arrive at each own timestep; of another length where no step may be skipped.
    """
    active = job.active_steps
    if not _may_skip(job) or len(events) != len(active):
        return active
    outputs = job.spikes.outputs or (0,) * len(active)
    own = (0, *outputs[:-1]) if job.layer.feeds_back else (0,) * len(active)
    others = job.other_events or job.spikes.extra("other") or (0,) * len(active)
    happens = zip(active, events, outputs, own, others, strict=True)
    return tuple(int(runs and any(moved)) for runs, *moved in happens)


def updates(job: Job, updated_steps: Sequence[int]) -> Updates:
    """How many samples run at the steps of `steps_with_updates`."""
    samples = job.spikes.per_sample
    if samples and samples.busy and _may_skip(job) and not job.network.mixes(job.layer):
        run, first, last = zip(*samples.busy, strict=True)
        return Updates(run, first, last)
    return _of_all(job.n_samples, tuple(updated_steps))


@lru_cache(maxsize=4096)
def _of_all(n_samples: int, updated_steps: tuple[int, ...]) -> Updates:
    """All samples at the same steps."""
    active = [t for t, updated in enumerate(updated_steps) if updated]
    first, last = (
        tuple(n_samples * (t in active[end]) for t in range(len(updated_steps)))
        for end in (slice(1), slice(-1, None))
    )
    return Updates(every(n_samples, updated_steps), first, last)


def _may_skip(job: Job) -> bool:
    """Whether the policy lets the layer skip steps. Numbers arrive and leave at every step, and the states of an LSTM
    change at every step; so do membranes that others flow into.
    """
    layer, policy = job.layer, job.semantics.skip_policy
    if policy == "none" or layer.is_analog or layer.kind == "lstm" or layer.operand("inflow"):
        return False
    if not layer.gives_events and not job.is_last:
        return False
    is_exact = not layer.bias and (policy == "lazy_leak" or layer.neuron == "if")
    return policy == "shut_off" or is_exact
