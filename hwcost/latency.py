"""Cycles to the last and to the first decision of a network, and their extremes where counts have bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from hwcost.counting.counts import Work
from hwcost.counting.cycles import step_cycles
from hwcost.counting.transformer import MIX_LAST
from hwcost.network.network import NetworkSpec
from hwcost.overlap import Cycles, first_decision_cycles, latency_cycles, waits_for
from hwcost.prices.price import Price
from hwcost.prices.profile import Profile


class Latency(NamedTuple):
    """Cycles to the last decision with their bounds, cycles to the first one, and cycles of work by layer."""

    cycles: int
    low: int
    high: int
    first_decision: int
    by_layer: dict[str, int]


def latency(
    network: NetworkSpec,
    work: Sequence[Work],
    profile: Profile,
    n_samples: int,
    execution: str,
    orders: Mapping[str, str],
) -> Latency:
    """Latency of all the work of a network, in order of the network; its bounds are itself.

    Args:
        execution: One of `EXECUTIONS`.
        orders: Layer name -> order taken at its temporal transformer.
    """
    cycles = tuple(step_cycles(part, profile, n_samples, execution) for part in work)
    return _overlapped(network, work, cycles, profile, execution, orders)


def extreme_latency(
    network: NetworkSpec,
    choices: Sequence[Sequence[Work]],
    profile: Profile,
    n_samples: int,
    execution: str,
    which: str,
    orders: Mapping[str, str] | None = None,
) -> Latency:
    """The shortest or longest latency of any of several works of a network, step by step.

    Args:
        choices: Work that may be done, the same pieces in each.
        which: "low" for the least counts and the shortest steps, "high" for the most and the longest.
        orders: Layer name -> order taken at its temporal transformer; None for any.
    """
    pick = min if which == "low" else max
    cycles = []
    for options in zip(*choices, strict=True):
        different = {id(part): _least(network, part, which) for part in options}.values()
        steps = [step_cycles(part, profile, n_samples, execution, which) for part in different]
        cycles.append(tuple(map(pick, zip(*steps, strict=True))))
    if orders is None and which == "low":
        orders = {layer.name: MIX_LAST for layer in network.layers if network.mixes(layer)}
    return _overlapped(network, choices[0], tuple(cycles), profile, execution, orders)


@lru_cache(maxsize=64)
def stepwise(profile: Profile, execution: str) -> Profile:
    """The same hardware with windows of one timestep. More events at one step of a window leave fewer weights to read
    for the next ones; without windows every step's counts rise with its own events only. Only `layer_serial` has any.
    """
    if execution != "layer_serial":
        return profile
    return replace(profile, hardware={**profile.hardware, "window": Price(1, 1, 1)})


def _overlapped(
    network: NetworkSpec,
    work: Sequence[Work],
    cycles: Cycles,
    profile: Profile,
    execution: str,
    orders: Mapping[str, str] | None,
) -> Latency:
    """The latency of work that takes these cycles at its steps."""
    barriers = [part.barrier for part in work]
    earlier = None if execution == "layer_serial" else waits_for(network, work, orders)
    sync = int(profile.number("sync_cycles").value) if execution == "lock_step" else 0
    last = latency_cycles(cycles, barriers, execution, sync, earlier)
    first = first_decision_cycles(cycles, barriers, execution, sync, earlier)
    return Latency(last, last, last, first, _by_layer(work, cycles))


def _least(network: NetworkSpec, part: Work, which: str) -> Work:
    """The work without reads of shared weights where the least is asked for: how few depends on where events are."""
    if which == "high" or network.layer(part.layer).is_analog:
        return part
    return part._replace(counts=tuple(c for c in part.counts if c.item != "weight_read"))


def _by_layer(work: Sequence[Work], cycles: Cycles) -> dict[str, int]:
    by_layer: dict[str, int] = {}
    for part, durations in zip(work, cycles, strict=True):
        by_layer[part.layer] = by_layer.get(part.layer, 0) + sum(durations)
    return by_layer
