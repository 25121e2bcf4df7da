"""How long a network takes on a chip of cores, in nanoseconds.

All cores step together: a timestep of the chip (a tick) lasts as long as its busiest core works, plus the barrier, and
at least the algorithmic tick. `lock_step` lets all layers work at once, each a tick behind those that it reads;
`layer_serial` runs one layer after the other. Loads of cores are expected ones: events of a fan-out class are taken to
be spread evenly over its inputs. Cores without barrier and tick may also run freely, `pipelined` or `event_driven`.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import ceil
from typing import NamedTuple

import numpy as np

from hwcost.activity.record import SpikeRecord
from hwcost.counting.core_loads import core_loads, core_shares, seconds
from hwcost.counting.counts import Work
from hwcost.counting.timing import finish_times, start_ticks
from hwcost.errors import HwcostError
from hwcost.mapping.cores import Mapping
from hwcost.mapping.traffic import Real
from hwcost.mapping.unpruned import unpruned_record
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.prices.price import Price
from hwcost.prices.profile import Profile

NANOSECONDS = Price(1e9, 1e9, 1e9, "Hz", "durations on a chip are counted in nanoseconds")
_FREE_RUNNING = ("pipelined", "event_driven")


class ChipTime(NamedTuple):
    """Nanoseconds to the last decision, their bounds, and those to the first decision; the work of the busiest core of
    every layer, and how many ticks the chip makes.
    """

    nanoseconds: int
    low: int
    high: int
    first_decision: int
    by_layer: dict[str, int]
    n_ticks: int


def check_chip_execution(profile: Profile, execution: str) -> None:
    """Raises: HwcostError for an execution without a common timestep on cores that wait for each other."""
    waits = profile.common_tick
    if waits and execution in _FREE_RUNNING:
        raise HwcostError(
            f"execution '{execution}': all cores of profile '{profile.name}' wait for each other at every timestep "
            f"({' and '.join(waits)}); use lock_step (all layers work at once) or layer_serial (one after the other)"
        )


def chip_time(
    network: NetworkSpec,
    work: Sequence[Work],
    record: SpikeRecord,
    profile: Profile,
    mapping: Mapping,
    execution: str,
) -> ChipTime:
    """Time of one inference; `work` is what `on_chip` gave."""
    record = unpruned_record(network, record)
    parts = [part for part in work if part.layer in mapping.cores]
    earlier = _earlier(network, parts)
    shares = {name: core_shares(t, record.layers[name]) for name, t in mapping.traffic.items()}
    loads = {
        end: [core_loads(part, record.n_samples, profile, mapping, shares[part.layer], end) for part in parts]
        for end in ("value", "low", "high")
    }
    by_layer = dict.fromkeys((part.layer for part in work), 0)
    for part, load in zip(parts, loads["value"], strict=True):
        by_layer[part.layer] += _nanoseconds(load.max(axis=1).sum())
    barriers, n_steps = [part.barrier for part in parts], [len(part.scanned) for part in parts]
    one_by_one = list(accumulate(n_steps, initial=0))[:-1]
    starts = one_by_one if execution == "layer_serial" else start_ticks(n_steps, barriers, earlier)
    n_ticks = max(start + n for start, n in zip(starts, n_steps, strict=True))
    if execution in _FREE_RUNNING and mapping.n_cores > 1:
        busiest = {end: [core.max(axis=1).tolist() for core in load] for end, load in loads.items()}
        ends = {end: finish_times(steps, barriers, earlier) for end, steps in busiest.items()}
        last = [_nanoseconds(ends[end][-1][-1]) for end in loads]
        return ChipTime(last[0], last[1], last[2], _nanoseconds(ends["value"][-1][0]), by_layer, n_ticks)
    ticks = {end: _ticks(load, starts, n_ticks, profile, mapping, end) for end, load in loads.items()}
    total = [_nanoseconds(ticks[end].sum()) for end in loads]
    first = _nanoseconds(ticks["value"][: starts[-1] + 1].sum())
    return ChipTime(total[0], total[1], total[2], first, by_layer, n_ticks)


def _ticks(
    loads: Sequence[Real], starts: Sequence[int], n_ticks: int, profile: Profile, mapping: Mapping, end: str
) -> Real:
    """Seconds of every tick of the chip. Layers on one core work one after the other."""
    busiest = np.zeros(n_ticks)
    for load, start in zip(loads, starts, strict=True):
        within, own = slice(start, start + len(load)), load.max(axis=1)
        busiest[within] = busiest[within] + own if mapping.shared else np.maximum(busiest[within], own)
    farthest = max(traffic.farthest for traffic in mapping.traffic.values())
    common = seconds(profile, "barrier_s", end) + seconds(profile, "hop_s", end) * farthest
    common += seconds(profile, "tile_barrier_s", end) * (mapping.n_tiles - 1)
    return np.maximum(busiest + common, seconds(profile, "tick_s", end))


def _earlier(network: NetworkSpec, parts: Sequence[Work]) -> list[tuple[int, ...]]:
    """For every piece of work, the indices of those that it waits for; layers without cores hand on."""
    last: dict[str, int] = {}
    earlier = []
    for i, part in enumerate(parts):
        layer = network.layer(part.layer)
        earlier.append((i - 1,) if part.barrier else _last_of(network, network.source(layer), last))
        last[part.layer] = i
    return earlier


def _last_of(network: NetworkSpec, layer: LayerSpec | None, last: dict[str, int]) -> tuple[int, ...]:
    if layer is None:
        return ()
    if layer.name in last:
        return (last[layer.name],)
    sources = (network.source(layer), network.other_source(layer))
    return tuple(i for source in sources for i in _last_of(network, source, last))


def _nanoseconds(seconds: float) -> int:
    return ceil(round(float(seconds) * 1e9, 3))
