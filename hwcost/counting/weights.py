"""Traffic of weights, and of the operands and sums that go with them, under the layer's dataflow.

| dataflow | reads of the weight memory | besides, per synaptic operation |
|---|---|---|
| none | one per synaptic operation | accumulator read and written in memory |
| weight_stationary | a channel's weights, per window in which it has an event | weight buffer read; as above |
| output_stationary | once per timestep and tile of positions that use the weight | nothing |
| tick_batched | once per window and tile of positions that use the weight | nothing |

Frames of numbers use every weight in every tile and window. Without a dataflow, each of their MACs reads its weight and
its operand, and the sum stays in a register.

A layer that reads its own spikes (recurrent, lstm) runs one timestep at one position at a time, and so does a linear
layer outside of windows: every operation then reads its weight; so it is with a sequence, whose positions wait for each
other. Groups that share their weights run one after the other and read them anew. A transposed convolution is tiled
over its output positions like any other; a group's weights serve its own channels only.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.counts import Count, Number, Steps, every, times
from hwcost.counting.job import Job
from hwcost.dataflow.on_chip import layer_passes
from hwcost.dataflow.reads import (
    at_most_operations,
    expected_channels,
    once_per_window,
    recorded_channels,
    tiled_reads,
    tiled_reads_by_channel,
)
from hwcost.dataflow.tiles import Window, windows
from hwcost.network.kinds import SEQUENCE
from hwcost.network.layer import LayerSpec


def weight_counts(job: Job, arrived: Arrivals) -> list[Count]:
    """Weights read for arriving events, and what happens beside the array because of them."""
    met = arrived.accesses or arrived.synapses
    reads = _event_reads(job, arrived, met)
    low = arrived.low and _event_reads(job, arrived, arrived.low, "low")
    high = arrived.high and _event_reads(job, arrived, arrived.high, "high")
    weights = Count("weight_read", reads, job.stored_weight_bits, job.memories.parameters, low, high)
    beside = _beside_the_array(job, met, arrived.low, arrived.high)
    return [weights, *beside, *_streamed(job, arrived)]


def frame_counts(job: Job, arrived: Arrivals) -> list[Count]:
    """Weights and operands read for the MACs of whole frames of numbers."""
    weights, operands = arrived.synapses, arrived.synapses
    plan, beside = job.plan, list[Count]()
    if plan.dataflow != "none" and job.layer.kind != SEQUENCE:
        runs = _runs(arrived)
        batches = windows(runs, plan.window)
        stays = plan.dataflow == "weight_stationary"
        per_window = _n_weights(job.layer) * job.n_samples * (1 if stays else plan.n_tiles)
        wanted = once_per_window(per_window, len(runs), batches)
        weights = tuple(at_most_operations(wanted, arrived.synapses, batches))
        reread = every(job.inputs * plan.input_reads, runs)
        operands = tuple(map(min, reread, arrived.synapses))
        beside = _beside_the_array(job, arrived.synapses)
    bits = job.profile.bits
    streamed = [] if job.layer.feeds_back else _streamed(job, arrived)  # these also hear themselves
    return [
        Count("weight_read", weights, job.stored_weight_bits, job.memories.parameters),
        Count("activation_read", operands, bits["activation"], job.memories.frame_in),
        *beside,
        *streamed,
    ]


def _event_reads(job: Job, arrived: Arrivals, operations: Steps, which: str = "synapses") -> Steps:
    """Weights read, per timestep, if events meet so many `operations`: as expected, or the bound named `which`."""
    plan = job.plan
    if plan.dataflow == "none" or _is_stepwise(job.layer) or not any(operations):
        return operations
    used: Steps = getattr(arrived.once, which) if arrived.once else operations
    fold = len(used) // len(operations)  # input timesteps that a bucket puts together
    runs = _runs(arrived)
    batches = windows(runs, plan.window)
    finer = tuple((start * fold, stop * fold) for start, stop in batches)
    if plan.dataflow == "weight_stationary":
        reads = _by_channel(job, arrived, finer, fold)
    else:
        reads = _by_tile(job, used, finer)
    folded = [sum(reads[t : t + fold]) for t in range(0, len(reads), fold)] if fold > 1 else reads
    return tuple(at_most_operations(folded, operations, batches))


def _by_tile(job: Job, used: Sequence[Number], batches: Sequence[Window]) -> Sequence[Number]:
    """Reads where sums stay in the array. Where the record has events by channel, each channel has its own share."""
    n_weights, sizes = _n_weights(job.layer), job.plan.tiles
    pairs = job.plan.n_pairs * job.n_samples
    shares = [n / pairs if n < pairs else 1.0 for n in used]
    channels = _in_order(job.spikes.channel_events)
    if len(channels) > 1 and channels[0] < channels[-1]:
        reads = tiled_reads_by_channel(n_weights, shares, channels, sizes, batches)
    else:
        reads = tiled_reads(n_weights, shares, sizes, batches)
    return times(job.n_samples, reads)


@lru_cache(maxsize=1024)
def _in_order(channels: tuple[int, ...]) -> NDArray[np.float64]:
    """Events of every channel in an order of their own, so that the sum over channels is the same."""
    return np.array(sorted(channels), dtype=np.float64)


def _by_channel(job: Job, arrived: Arrivals, batches: Sequence[Window], fold: int) -> Sequence[Number]:
    """Reads where the weights of an input channel stay while its events of a window are worked off."""
    layer, recorded = job.layer, job.spikes.channels[: len(arrived.events) * fold]
    n_channels = layer.in_shape[0] if layer.kernel else layer.n_inputs
    weights = _n_weights(layer)  # of a pruned layer, whose channels differ, the mean of a channel counts
    per_channel = weights / n_channels if weights % n_channels else weights // n_channels
    skipped = any(any(row) for row, runs in zip(recorded, _runs(arrived) * fold, strict=False) if not runs)
    if recorded and not skipped and (layer.kernel or len(layer.in_shape) == 1):
        return times(per_channel, recorded_channels(recorded, batches))
    events = [n / job.n_samples for n in (arrived.once or arrived).events]
    expected = expected_channels(n_channels, layer.n_inputs // n_channels, events, batches)
    return times(per_channel * job.n_samples, expected)


def _beside_the_array(
    job: Job, operations: Steps, low: Steps | None = None, high: Steps | None = None
) -> list[Count]:
    """Reads of the weight buffer, and sums that are read and written in memory, per operation."""
    plan, bits, beside = job.plan, job.profile.bits, list[Count]()
    if plan.dataflow not in ("none", "weight_stationary"):
        return []
    sums_bits = job.memories.membrane * min(plan.window, max(1, len(operations)))
    if plan.dataflow == "weight_stationary":
        buffer = plan.weight_buffer_bits
        beside.append(Count("weight_buffer_read", operations, job.stored_weight_bits, buffer, low, high))
    elif "accumulator_buffer_bits" in job.profile.hardware:
        sums_bits = max(sums_bits, int(job.profile.hardware["accumulator_buffer_bits"].value))
    for item in ("accumulator_read", "accumulator_write"):
        beside.append(Count(item, operations, bits["membrane"], sums_bits, low, high))
    return beside


def _streamed(job: Job, arrived: Arrivals) -> Sequence[Count]:
    """The layer's weights from DRAM, once per pass, where the network's weights do not fit on the chip together."""
    if not job.memories.streams or job.profile.memory is None:
        return ()
    return _passes_of(job.quiet or job, _runs(arrived), job.profile.memory.limit_bits)


@lru_cache(maxsize=4096)
def _passes_of(job: Job, runs: tuple[int, ...], limit_bits: int) -> Sequence[Count]:
    passes = layer_passes(runs, is_serial=job.execution == "layer_serial")
    weights = every(_n_weights(job.layer) * job.n_samples, passes)
    return [Count("dram_read", weights, job.stored_weight_bits, limit_bits + 1)]


def _n_weights(layer: LayerSpec) -> int:
    """Weights that a timestep goes through: those that groups share, once for every group."""
    return layer.n_parameters * layer.weight_passes


def _is_stepwise(layer: LayerSpec) -> bool:
    """True where one position waits for the one before, so that no weight is kept for the next one."""
    return layer.feeds_back or layer.kind == SEQUENCE


def _runs(arrived: Arrivals) -> tuple[int, ...]:
    return arrived.runs or (1,) * len(arrived.synapses)
