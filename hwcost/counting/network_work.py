"""The work of all layers of a network, and the order taken at every temporal transformer."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from hwcost.activity.record import SpikeRecord
from hwcost.activity.summands import events_of_one, given_events, other_events
from hwcost.counting.counts import Work
from hwcost.counting.crossbar import on_crossbar
from hwcost.counting.job import Job, QuietJob, quiet_job
from hwcost.counting.operations import layer_work
from hwcost.counting.transformer import MIX_FIRST, MIX_LAST, entry_work
from hwcost.counting.undecided import Parts, counts_of, energy, may_be_cheaper, spanned
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile


class NetworkWork(NamedTuple):
    """The work of every layer in order, and the order taken at every temporal transformer.

    `undecided` are the layers where bounds of the counts leave open which order is cheaper; their work is that of the
    named order, with bounds for both.
    """

    work: list[Work]
    orders: dict[str, str]
    undecided: list[str]


def network_work(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile,
    execution: str,
    orders: Mapping[str, str] | None = None,
    beside: str = "",
    only: Sequence[str] = (),
) -> NetworkWork:
    """What a network does.

    Args:
        orders: Layer name -> order to take; without it, the cheaper one.
        beside: Order that entries of the same source are taken to have before; by default their own.
        only: Layers whose work is wanted; by default all.
    """
    done = NetworkWork([], {}, [])
    for quiet, mixes in _quiet_jobs(network, profile, execution, spikes.n_samples):
        layer = quiet.layer
        if only and layer.name not in only:
            continue
        job = _job(quiet, spikes)
        if not mixes:
            done.work.append(on_crossbar(job, layer_work(job)))
            continue
        before = dict.fromkeys(done.orders, beside) if beside else done.orders
        if orders:
            order = orders[layer.name]
            parts = _entries(job, before, (order,))[order]
        else:
            both = _entries(job, before)
            order = min(both, key=lambda o: energy(counts_of(both[o]), job.profile))
            parts = _with_both(job, done, both, order)
        done.orders[layer.name] = order
        done.work.extend(parts)
    return done


def work_choices(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile,
    execution: str,
    orders: Mapping[str, str] | None = None,
    known: Sequence[Work] = (),
) -> list[Sequence[Work]]:
    """The work under the given orders; without them, under both at every temporal transformer, each beside entries of
    both.

    Args:
        known: The work under the given orders, or any, where it has been counted already.
    """
    entries = [layer.name for layer in network.layers if network.mixes(layer)]
    if orders is not None or not entries:
        return [known or network_work(network, spikes, profile, execution, orders).work]

    def work_of(own: str, beside: str, only: Sequence[str] = ()) -> list[Work]:
        orders = dict.fromkeys(entries, own)
        return network_work(network, spikes, profile, execution, orders, beside, only).work

    sources = {network.source(network.layer(name)) for name in entries}
    besides = (MIX_FIRST, MIX_LAST) if len(sources) < len(entries) else (MIX_FIRST,)
    options = list(product((MIX_FIRST, MIX_LAST), besides))
    choices: list[Sequence[Work]] = [] if known else [work_of(*options[0])]
    known = known or choices[0]
    places = [i for i, part in enumerate(known) if part.layer in entries]
    for option in options[len(choices) :]:
        replaced = dict(zip(places, work_of(*option, only=entries), strict=True))
        choices.append([replaced.get(i, part) for i, part in enumerate(known)])
    return choices


@lru_cache(maxsize=256)
def _quiet_jobs(
    network: NetworkSpec, profile: Profile, execution: str, n_samples: int
) -> Sequence[tuple[QuietJob, bool]]:
    """The job of every layer, and whether a temporal transformer works on its input."""
    return [
        (quiet_job(network, layer, profile, execution, n_samples), network.mixes(layer))
        for layer in network.layers
    ]


def _job(quiet: QuietJob, spikes: SpikeRecord) -> Job:
    network, layer, unary = quiet.network, quiet.layer, quiet.profile.semantics.graded == "unary"
    recorded = spikes.layers[layer.name]
    others = other_events(network, layer, spikes, unary=unary) if layer.other_source else ()
    given = given_events(network, layer, spikes, unary=unary)
    job = Job(*quiet[:8], quiet, recorded, others, given)
    return _with_samples(job, spikes) if spikes.n_samples > 1 and recorded.per_sample else job


def _entries(
    job: Job, earlier: Mapping[str, str], orders: Sequence[str] = (MIX_FIRST, MIX_LAST)
) -> dict[str, Parts]:
    """For each of the orders, the work before and behind a temporal transformer."""
    both = entry_work(job, earlier, orders)
    return {order: tuple(on_crossbar(job, part) for part in parts) for order, parts in both.items()}


def _with_samples(job: Job, spikes: SpikeRecord) -> Job:
    """The job with fewest and most events of one sample that the layer gives, and that its second summand brings."""
    unary, other = job.semantics.graded == "unary", job.network.other_source(job.layer)
    return job._replace(
        given_of_one=events_of_one(job.network, job.layer, spikes, unary=unary),
        other_of_one=events_of_one(job.network, other, spikes, unary=unary) if other else (),
    )


def _with_both(job: Job, done: NetworkWork, both: Mapping[str, Parts], order: str) -> Parts:
    """The work under the chosen order; with bounds for both, and beside entries of both, where it may be either."""
    others = [both[other] for other in both if other != order]
    for name in done.undecided:
        if job.network.source(job.network.layer(name)) is job.network.source(job.layer):
            tried = [_entries(job, dict.fromkeys(done.orders, other)) for other in both]
            others += [option for either in tried for option in either.values()]
    cheaper = [option for option in others if may_be_cheaper(option, both[order], job.profile)]
    if not cheaper:
        return both[order]
    done.undecided.append(job.layer.name)
    return spanned(both[order], cheaper)
