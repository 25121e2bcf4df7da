"""Windows of a map that run one after the other (see `hwcost.network.windows`).

Per sample and timestep:

- A gate reads every pixel once per window that holds it, and compares it. Where it is drawn, a random number is made of
  one-bit operations, as many as it has bits: a feedback shift register.
- An event meets an OR (condense_or) or an add (condense_add). Numbers are added, all but the first of every pixel; what
  a mean divides by are shifts.
- In a sequence, events meet the gates of their position. The cell's own numbers meet those of the next position, a MAC
  and a weight each, and its state is read and written between positions.

| cell | multiplies | lookups | adds, per unit and position |
|---|---|---|---|
| LSTM: c = f c + i g, h = o tanh(c) | 3 | 5 | 1 |
| GRU: n = tanh(a + r b), h = n + z (h - n) | 2 | 3 | 3 |
| without gates: h = tanh(a) | 0 | 1 | 0 |
"""

from math import prod

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.counts import Count, every, times
from hwcost.counting.job import Job
from hwcost.counting.kinds.sums import sum_accesses
from hwcost.counting.memory import address_counts
from hwcost.counting.weights import weight_counts
from hwcost.network.layer import LayerSpec

_CELLS = {4: (3, 5, 1), 3: (2, 3, 3), 1: (0, 1, 0)}


def gate(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """Spikes of numbers; in a twin without spikes, the numbers of every window."""
    layer, steps, bits = job.layer, job.active_steps, job.profile.bits["activation"]
    again = every((layer.n_outputs - layer.n_inputs) * job.n_samples, steps)
    counts = [Count("activation_read", again, bits, job.memories.frame_in)]
    if not layer.fires:
        return counts
    tests = every(job.outputs, steps)
    drawn = [Count("gate_logic", times(bits, tests))] if layer.operand("draws") else []
    return [*counts, Count("gate_compare", tests), *drawn]


def condense_or(job: Job, arrived: Arrivals) -> list[Count]:
    """Events of overlapping windows, joined."""
    joined = Count("pool_or", arrived.synapses, low=arrived.low, high=arrived.high)
    return [joined, *sum_accesses(job, joined, job.layer.n_outputs, 1)]


def condense_add(job: Job, arrived: Arrivals) -> list[Count]:
    """Events or numbers of overlapping windows, added."""
    if job.layer.is_analog:
        return [Count("pool_add", every(job.inputs - job.outputs, job.active_steps))]
    added = Count("pool_add", arrived.synapses, low=arrived.low, high=arrived.high)
    largest = job.network.largest_output(job.layer)
    return [added, *sum_accesses(job, added, job.layer.n_outputs, largest.bit_length())]


def sequence(job: Job, arrived: Arrivals) -> list[Count]:
    """A cell that goes over the positions of every window."""
    layer, profile, steps = job.layer, job.profile, job.active_steps
    counts = [] if layer.is_analog else _events(job, arrived)
    units, handed_on = layer.out_shape[0], prod(layer.out_shape[1:]) - 1
    macs = every(own_synapses(layer) * job.n_samples, steps)
    multiplies, lookups, adds = (
        Count(f"gate_{what}", every(n * job.outputs, steps))
        for what, n in zip(("multiply", "lookup", "add"), _CELLS[layer.operand("gates", 1)], strict=True)
    )
    states = every(n_cell_states(layer) * units * handed_on * job.n_samples, steps)
    bits = profile.bits["membrane"]
    store = n_cell_states(layer) * units // layer.groups * bits
    return [
        *counts,
        Count("synapse_mac", macs),
        Count("weight_read", macs, job.stored_weight_bits, job.memories.parameters),
        *(multiplies, lookups, adds),
        Count("membrane_read", states, bits, store),
        Count("membrane_write", states, bits, store),
    ]


def own_synapses(layer: LayerSpec) -> int:
    """Products of a sequence's own numbers with weights per timestep: at every position of a window but the first, each
    direction's numbers meet its gates."""
    units, directions = layer.out_shape[0], layer.operand("directions", 1)
    heard = layer.operand("gates", 1) * units // layer.groups // directions
    return units * (prod(layer.out_shape[1:]) - 1) * heard


def n_cell_states(layer: LayerSpec) -> int:
    """Numbers that a unit of a sequence hands to the next position: hidden state, and the cell state of an LSTM."""
    return 2 if layer.operand("gates", 1) == 4 else 1


def _events(job: Job, arrived: Arrivals) -> list[Count]:
    return [
        Count("synaptic_operation", arrived.synapses, low=arrived.low, high=arrived.high),
        Count(f"synapse_{arrived.operation}", arrived.synapses, low=arrived.low, high=arrived.high),
        *weight_counts(job, arrived),
        *address_counts(job, arrived),
    ]
