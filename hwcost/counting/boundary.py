"""Values that cross a layer boundary: each is written once by the layer that makes it, at every step that it runs, and
read once by every layer that reads it.

| a layer gives | written | read |
|---|---|---|
| spikes of its neurons | their bits in the profile's codec | the same bits, by every reader |
| events that it hands on: pools, SEW sums, concatenations, mask attention | the same | the same |
| numbers, of weighted layers, norms, sums, attention ... | one word per output | one word per input |

Weighted layers read numbers as their dataflow says. A sum of branches reads two operands. A recurrent layer is a reader
of its own spikes, also where it is the last layer. What is neither written nor read:

- the answer of the last layer, and the network's input, which someone else wrote. Outputs that the last layer adds up
  over time are accumulators: they are read and written as membranes are.
- what a flattening gives: it moves nothing, and its readers read what its source wrote.
- what an average pool gives that is fused into the weighted layers behind it: they read the events that entered it.

How many events a layer hands on is known from the record of a layer that reads them; where there is none, as many are
assumed as can be, from what arrived.
"""

from collections.abc import Sequence

from hwcost.counting.codec_bounds import fewest_bits
from hwcost.counting.codecs import codec_bits
from hwcost.counting.counts import Count, every
from hwcost.counting.job import Job
from hwcost.counting.memory import event_reads, spike_writes
from hwcost.counting.memory_sizes import event_bits, gives_signs
from hwcost.counting.updates import updates
from hwcost.network.kinds import MIXABLE
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec


def input_reads(job: Job, events: Sequence[int], mask: Sequence[int]) -> list[Count]:
    """The events that arrive, in the codec's bits, and the tests of a hardware that scans for them."""
    return event_reads(job, events, mask) * n_event_reads(job)


def n_event_reads(job: Job) -> int:
    """How often arriving events are read: once; by a fused pool, once for every layer behind it, which reads none."""
    if job.layer.kind != "flatten" and not job.semantics.fuse_avg_pool:
        return 1
    source = job.network.source(job.layer)
    if is_view(job.network, job.layer) or (source is not None and is_fused(job, source)):
        return 0
    return len(job.network.readers(job.layer)) if is_fused(job, job.layer) else 1


def frame_reads(job: Job) -> list[Count]:
    """The numbers that arrive at a layer without weights, one word per input and step."""
    if is_view(job.network, job.layer):
        return []
    frames, bits = every(job.inputs, job.arriving_steps), job.profile.bits["activation"]
    return [Count("activation_read", frames, bits, job.memories.frame_in)]


def output_writes(job: Job, updated_steps: Sequence[int]) -> list[Count]:
    """What leaves the layer."""
    layer = job.layer
    if job.is_last:
        return _kept_for_itself(job)
    if is_view(job.network, layer) or is_fused(job, layer):
        return []
    if layer.fires:
        return spike_writes(job, updated_steps)
    if not layer.gives_events:
        return _frame_writes(job, updates(job, updated_steps).samples)
    bits, steps = event_bits(job.network, layer), job.network.output_mask(layer)
    frame, signed = (steps, layer.out_shape, bits), gives_signs(layer)
    written = codec_bits(job, job.given_events, *frame, signed=signed)
    low = fewest_bits(job, job.given_events, job.given_of_one, written, *frame, signed=signed)
    return [Count("spike_write", written, 1, job.memories.spikes_out, low, low and written)]


def is_view(network: NetworkSpec, layer: LayerSpec) -> bool:
    """True for a flattening that only gives what it reads another shape."""
    return layer.kind == "flatten" and layer.neuron is None and layer is not network.layers[-1]


def is_fused(job: Job, layer: LayerSpec) -> bool:
    """True for an average pool of events that becomes part of the weighted layers of its stage that read it."""
    if not job.semantics.fuse_avg_pool or job.semantics.graded != "unary":
        return False
    is_pool = layer.kind.startswith("avg_pool") and not layer.is_analog and not layer.neuron
    readers = job.network.readers(layer)
    return is_pool and bool(readers) and all(r.kind in MIXABLE and r.stage == layer.stage for r in readers)


def _kept_for_itself(job: Job) -> list[Count]:
    """Output of a last layer that it hears itself at the next step."""
    if job.layer.kind != "recurrent":
        return []
    steps = (*(a * b for a, b in zip(job.active_steps, job.active_steps[1:], strict=False)), 0)
    if job.layer.fires:
        return spike_writes(job, steps)
    return _frame_writes(job, every(job.n_samples, steps))


def _frame_writes(job: Job, samples: Sequence[int]) -> list[Count]:
    bits, frames = job.profile.bits["activation"], every(job.layer.n_outputs, samples)
    return [Count("activation_write", frames, bits, job.memories.frame_out)]
