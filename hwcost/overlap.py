"""When the steps of different layers are done, under four execution models.

How steps of different layers overlap is the execution model:

- `layer_serial`: one step of one layer after the other; the sum.
- `lock_step`: in every tick all layers work on different steps, and the slowest one sets the pace, plus a
  synchronisation.
- `pipelined`: a layer's step starts when the layers that it reads have sent it and its own last step is done.
- `event_driven`: pipelined, where only events, sent spikes and touched neurons take time.

At a temporal transformer a layer waits for the last step before it.
"""

from collections.abc import Mapping, Sequence

from hwcost.counting.counts import Work
from hwcost.counting.timing import Earlier, finish_times, start_ticks
from hwcost.counting.transformer import helping_entries
from hwcost.execution import check_execution
from hwcost.network.network import NetworkSpec

Cycles = Sequence[tuple[int, ...]]


def latency_cycles(
    cycles: Cycles,
    barriers: Sequence[bool],
    execution: str,
    sync_cycles: int = 0,
    earlier: Earlier | None = None,
) -> int:
    """Cycles from the first input to the last output.

    Args:
        cycles: Cycles of every piece of work at every of its steps, in order of the network.
        barriers: For every piece of work, whether it waits for the last step of those that it waits for.
        execution: One of `EXECUTIONS`.
        sync_cycles: Added to every tick of `lock_step`.
        earlier: For every piece of work, the indices of those that it waits for; by default the one before.
    """
    check_execution(execution)
    if execution == "layer_serial":
        return sum(map(sum, cycles))
    earlier = _chain(len(cycles)) if earlier is None else earlier
    if execution == "lock_step":
        ticks, _ = _ticks(cycles, barriers, earlier)
        return sum(ticks) + sync_cycles * len(ticks)
    return finish_times(cycles, barriers, earlier)[-1][-1]


def first_decision_cycles(
    cycles: Cycles,
    barriers: Sequence[bool],
    execution: str,
    sync_cycles: int = 0,
    earlier: Earlier | None = None,
) -> int:
    """Cycles until the last layer has finished its first step; under `lock_step`, until the end of that tick."""
    check_execution(execution)
    if execution == "layer_serial":
        return sum(map(sum, cycles[:-1])) + cycles[-1][0]
    earlier = _chain(len(cycles)) if earlier is None else earlier
    if execution == "lock_step":
        ticks, starts = _ticks(cycles, barriers, earlier)
        return sum(ticks[: starts[-1] + 1]) + sync_cycles * (starts[-1] + 1)
    return finish_times(cycles, barriers, earlier)[-1][0]


def waits_for(
    network: NetworkSpec, work: Sequence[Work], orders: Mapping[str, str] | None
) -> list[tuple[int, ...]]:
    """For every piece of work, the indices of those that it waits for: the layers that it reads, and behind a temporal
    transformer its own part in front of it, and those of other entries that compute its scores or mix its frames.

    Args:
        orders: Layer name -> order taken at its temporal transformer; None where that is not known, and every earlier
            entry may have to be waited for.
    """
    last_of: dict[str, int] = {}
    fronts: dict[str, int] = {}
    earlier: list[tuple[int, ...]] = []
    for i, part in enumerate(work):
        layer = network.layer(part.layer)
        if part.barrier:
            beside = [n for n in fronts if network.source(network.layer(n)) is network.source(layer)]
            helpers = beside if orders is None else helping_entries(network, layer, orders)
            earlier.append((*(fronts[name] for name in helpers if name != layer.name), i - 1))
        else:
            sources = network.source(layer), network.other_source(layer)
            earlier.append(tuple(last_of[s.name] for s in sources if s is not None))
            fronts[part.layer] = i
        last_of[part.layer] = i
    return earlier


def _chain(n: int) -> Earlier:
    return [(i - 1,) if i else () for i in range(n)]


def _ticks(cycles: Cycles, barriers: Sequence[bool], earlier: Earlier) -> tuple[list[int], list[int]]:
    """The slowest step of every tick, and the tick at which each piece of work does its first step."""
    starts = start_ticks(list(map(len, cycles)), barriers, earlier)
    ticks: dict[int, int] = {}
    for steps, start in zip(cycles, starts, strict=True):
        for t, duration in enumerate(steps, start):
            ticks[t] = max(ticks.get(t, 0), duration)
    return [ticks[t] for t in sorted(ticks)], starts
