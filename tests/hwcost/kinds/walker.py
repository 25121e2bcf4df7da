"""A second counter: walks one layer sample by sample, timestep by timestep, event by event, on an event core (dataflow
`none`) that sends spikes as addresses, and writes down every item that `hwcost.estimate` should count.

It shares no formula with the package; fan-outs come from the oracle that walks all synapses and windows.
"""

import collections
import itertools
from typing import NamedTuple

import numpy as np
from oracle import brute_force_fan_out

import hwcost as h

Counts = collections.Counter
NUMBER_BITS = 32  # of the profile that the walker goes with


class Seen(NamedTuple):
    """What one layer saw: maps [samples, timesteps, *shape].

    `events` arrive (None: numbers), `others` are the events of the second summand (None: numbers, or none), `outputs`
    are its spikes, `given` the events that it hands on.
    """

    n_samples: int
    n_steps: int
    events: np.ndarray | None = None
    others: np.ndarray | None = None
    outputs: np.ndarray | None = None
    given: np.ndarray | None = None


def windows_of(layer: h.LayerSpec) -> np.ndarray:
    """Windows of a pool that cover each input position [C, *spatial]."""
    covered = np.zeros(layer.in_shape, dtype=np.int64)
    pads = [(p, p) if isinstance(p, int) else p for p in layer.padding]
    for place in itertools.product(*map(range, layer.out_shape[1:])):
        for tap in itertools.product(*map(range, layer.kernel)):
            at = [y * s + i - p[0] for y, i, s, p in zip(place, tap, layer.stride, pads, strict=True)]
            if all(0 <= a < n for a, n in zip(at, layer.in_shape[1:], strict=True)):
                covered[(slice(None), *at)] += 1
    return covered


def walk(layer: h.LayerSpec, seen: Seen, *, reading: str = "row", is_last: bool = False) -> dict[str, int]:
    """Counts by item of one layer that reads the network's input, all samples and timesteps together.

    Args:
        reading: Of a product of binary matrices: dense, row or coincidence.
        is_last: True where nothing reads the layer.
    """
    counts: Counts = collections.Counter()
    for sample in range(seen.n_samples):
        before_ran = False
        for t in range(seen.n_steps):
            runs = not layer.mask or bool(layer.mask[t])
            if runs:
                step = _Step(layer, seen, sample, t, before_ran, counts)
                _arrive(step)
                _work(step, reading)
                _leave(step, is_last=is_last)
            before_ran = runs
        _forget_ends(layer, counts, is_last=is_last)
    return {item: n for item, n in counts.items() if n}


class _Step(NamedTuple):
    layer: h.LayerSpec
    seen: Seen
    sample: int
    t: int
    before_ran: bool
    counts: Counts

    @property
    def events(self) -> np.ndarray:
        return self.seen.events[self.sample, self.t]

    def add(self, item: str, n: int = 1) -> None:
        self.counts[item] += int(n)

    def own_before(self) -> np.ndarray | None:
        """The layer's own spikes of the step before, if it ran."""
        return self.seen.outputs[self.sample, self.t - 1] if self.t and self.before_ran else None


def address_bits(places: int) -> int:
    """Bits of an address among so many places."""
    return max(1, (places - 1).bit_length())


def _arrive(step: _Step) -> None:
    layer = step.layer
    if layer.kind == "flatten" and not layer.neuron:
        return
    if layer.kind == "gate":
        for _pixel in np.ndindex(layer.out_shape):  # of every window
            step.add("activation_read")
    elif layer.is_analog:
        weighted = layer.kernel and "pool" not in layer.kind
        if not weighted and layer.kind not in ("linear", "recurrent", "lstm", "sequence"):
            step.add("activation_read", layer.n_inputs)
    else:
        _read_events(step, step.events, signed=layer.in_class == "ternary")
    if layer.kind.startswith("sew") or (layer.kind == "membrane_shortcut" and step.seen.others is not None):
        _read_events(step, step.seen.others[step.sample, step.t])
    elif layer.kind == "membrane_shortcut":
        step.add("activation_read", layer.n_inputs)


def _read_events(step: _Step, events: np.ndarray, *, signed: bool = False) -> None:
    step.add("zero_check", events.size)
    for value in events[events != 0]:
        step.add("spike_read", abs(int(value)) * (address_bits(events.size) + signed))


def _work(step: _Step, reading: str) -> None:
    kind = step.layer.kind
    if kind.startswith("conv") or kind == "linear":
        _weighted(step)
    elif kind in ("recurrent", "lstm"):
        _recurrent(step)
    elif "pool" in kind:
        _pool(step)
    elif kind.startswith("sew"):
        _sew(step)
    elif kind == "membrane_shortcut":
        others = step.seen.others
        step.add(
            "residual_add",
            step.layer.n_inputs if others is None else np.abs(others[step.sample, step.t]).sum(),
        )
    elif kind == "batch_norm":
        for item, n in (("norm_mac", 1), ("weight_read", 2)):
            step.add(item, n * step.layer.n_outputs)
    elif kind == "gate":
        _gate(step)
    elif kind.startswith("condense"):
        _condense(step)
    elif kind == "sequence":
        _sequence(step)
    elif kind == "embedding":
        _embedding(step)
    elif kind == "attention":
        _attention(step, reading)
    elif kind == "mask_attention":
        _mask_attention(step)


def _synapse(step: _Step, operation: str = "ac", n: int = 1) -> None:
    """Meeting a synapse: operation and weight; of events an address and a sum in memory, of numbers the operand."""
    step.add(f"synapse_{operation}", n)
    step.add("weight_read", n)
    if operation == "mac":
        step.add("activation_read", n)
        return
    for item in ("synaptic_operation", "address_add", "accumulator_read", "accumulator_write"):
        step.add(item, n)


def _weighted(step: _Step) -> None:
    layer, fan_out = step.layer, brute_force_fan_out(step.layer)
    if layer.is_analog:
        _frame(step, int(fan_out.sum()))
        return
    for place in zip(*np.nonzero(step.events), strict=True):
        for _unit in range(abs(int(step.events[place]))):
            step.add("address_multiply", 2 if layer.kernel else 0)
            for _one in range(fan_out[place]):
                _synapse(step)


def _frame(step: _Step, synapses: int) -> None:
    _synapse(step, "mac", synapses)
    kernel = int(np.prod(step.layer.kernel)) * step.layer.out_shape[0] if step.layer.kernel else 0
    step.add("address_add", step.layer.n_inputs + step.layer.n_outputs + kernel)


def _recurrent(step: _Step) -> None:
    layer = step.layer
    gates, passes = (4 if layer.kind == "lstm" else 1), layer.operand("passes", 1)
    sums = gates * layer.n_outputs
    if layer.is_analog:
        _frame(step, passes * layer.n_inputs * sums)
    else:
        for value in step.events[step.events != 0]:
            for _one in range(abs(int(value)) * sums * passes):
                _synapse(step)
    before = step.own_before()
    if before is not None:
        for _spike in before[before != 0]:
            for _one in range(sums * passes):
                _synapse(step)
        if layer.kind == "recurrent":
            _read_events(step, before)
    if layer.kind == "lstm":
        units = layer.n_outputs * passes
        analog = layer.operand("analog_gates")
        step.add("gate_multiply" if analog else "gate_logic", 3 * units)
        step.add("gate_lookup", 5 * units if analog else 0)
        step.add("gate_add", units)
        for item in ("membrane_read", "membrane_write"):
            step.add(item, 2 * units)


def _gate(step: _Step) -> None:
    for _pixel in np.ndindex(step.layer.out_shape):
        step.add("gate_compare")
        for _bit in range(NUMBER_BITS if step.layer.operand("draws") else 0):
            step.add("gate_logic")


def _condense(step: _Step) -> None:
    """Numbers: the first window of a pixel gives its value, every further one an add."""
    layer = step.layer
    if layer.is_analog:
        step.add("pool_add", layer.n_inputs - layer.n_outputs)
        return
    item = "pool_or" if layer.kind == "condense_or" else "pool_add"
    for _unit in range(int(step.events.sum())):
        for counted in (item, "accumulator_read", "accumulator_write"):
            step.add(counted)


CELLS = {4: (3, 5, 1, 2), 3: (2, 3, 3, 1), 1: (0, 1, 0, 1)}  # multiplies, lookups, adds, states


def _sequence(step: _Step) -> None:
    """Window by window, direction by direction, position by position, unit by unit."""
    layer = step.layer
    gates, directions = layer.operand("gates"), layer.operand("directions")
    channels, units = layer.in_shape[0] // layer.groups, layer.out_shape[0] // layer.groups // directions
    multiplies, lookups, adds, states = CELLS[gates]
    if layer.is_analog:
        _frame(step, layer.n_inputs * directions * units * gates)
    for group, _direction in itertools.product(range(layer.groups), range(directions)):
        for number, place in enumerate(np.ndindex(layer.in_shape[1:])):
            if not layer.is_analog:
                for channel in range(channels):
                    value = int(step.events[(group * channels + channel, *place)])
                    for _one in range(value * units * gates):
                        _synapse(step)
            for _unit in range(units):
                if number:
                    step.add("synapse_mac", units * gates)
                    step.add("weight_read", units * gates)
                    step.add("membrane_read", states)
                    step.add("membrane_write", states)  # of the position before
                step.add("gate_multiply", multiplies)
                step.add("gate_lookup", lookups)
                step.add("gate_add", adds)


def _pool(step: _Step) -> None:
    layer, covered = step.layer, windows_of(step.layer)
    is_max = layer.kind.startswith("max")
    if layer.is_analog:
        step.add("pool_compare" if is_max else "pool_add", covered.sum())
        return
    for place in zip(*np.nonzero(step.events), strict=True):
        units = 1 if is_max else abs(int(step.events[place]))
        for _window in range(covered[place] * units):
            binary = layer.in_class == "binary"
            step.add("pool_add" if not is_max else "pool_or" if binary else "pool_compare")
            step.add("accumulator_read")
            step.add("accumulator_write")


def _sew(step: _Step) -> None:
    if step.layer.kind != "sew_add":
        step.add("residual_logic", step.layer.n_outputs)
        return
    first, second = step.events, step.seen.others[step.sample, step.t]
    step.add("residual_add", min(np.abs(first).sum(), np.abs(second).sum()))


def _embedding(step: _Step) -> None:
    width, tokens = step.layer.out_shape[0], step.layer.n_outputs // step.layer.out_shape[0]
    rows = tokens if step.layer.is_analog else np.count_nonzero(step.events)
    step.add("weight_read", rows * width)
    step.add("address_add", rows * width)


def _attention(step: _Step, reading: str) -> None:
    """Runs the products entry by entry, with the scores in memory."""
    layer, heads = step.layer, step.layer.operand("heads", 1)
    tokens, width = layer.in_shape[2], layer.in_shape[1] // heads
    if layer.is_analog:
        side = width if layer.operand("kv_first") else tokens
        for item in ("synapse_mac", "activation_read"):  # a MAC, and its second operand
            step.add(item, 2 * heads * tokens * side * width)
        step.add("activation_write", heads * side * side)
        return
    shaped = step.events.reshape(3, heads, width, tokens)
    for head in range(heads):
        q, k, v = (shaped[i, head].T for i in range(3))  # [tokens, width]
        if layer.operand("kv_first"):
            scores = _product(step, k.T, v, reading, zeros_in="first")
            _product(step, q, scores, reading, zeros_in="first", second_is_dense=True)
        else:
            scores = _product(step, q, k.T, reading, zeros_in="first")
            _product(step, scores, v, reading, zeros_in="second")


def _product(
    step: _Step, a: np.ndarray, b: np.ndarray, reading: str, *, zeros_in: str, second_is_dense: bool = False
) -> np.ndarray:
    """`a` times `b`; which of its single products are made depends on the reading. `zeros_in` names the factor of
    spikes whose zeros a row-driven machine skips."""
    result = np.zeros((a.shape[0], b.shape[1]), dtype=np.int64)
    for i, j, m in itertools.product(range(a.shape[0]), range(b.shape[1]), range(a.shape[1])):
        driver = a[i, m] if zeros_in == "first" else b[m, j]
        meets = driver and (second_is_dense or (a[i, m] and b[m, j]))
        if reading == "dense" or (reading == "row" and driver) or (reading == "coincidence" and meets):
            for item in ("attention_ac", "activation_read", "accumulator_read", "accumulator_write"):
                step.add(item)
        result[i, j] += a[i, m] * b[m, j]
    return result


def _mask_attention(step: _Step) -> None:
    channels, tokens = step.layer.out_shape
    if step.layer.is_analog:
        step.add("synapse_mac", 2 * channels * tokens)
        return
    _q, k, v = step.events
    for place in itertools.product(range(channels), range(tokens)):
        step.add("attention_logic")
        for _both in range(int(k[place] and v[place])):
            for item in ("attention_ac", "accumulator_read", "accumulator_write"):
                step.add(item)


def _leave(step: _Step, *, is_last: bool) -> None:
    layer, outputs = step.layer, step.seen.outputs
    is_gated = layer.kind == "lstm" or (layer.kind == "sequence" and layer.operand("gates") > 1)
    sums = layer.n_outputs * (4 if is_gated else 1)
    for name, item in (
        ("lookups", "lookup"),
        ("multiplies", "multiply"),
        ("adds", "add"),
        ("compares", "compare"),
    ):
        step.add(f"gate_{item}", layer.operand(name))
    step.add("membrane_read", layer.operand("inflow"))
    for item in ("bias_add", "bias_read") if layer.bias else ():
        step.add(item, sums)
    if layer.neuron:
        for item in ("neuron_update", "neuron_add", "neuron_compare", "membrane_read", "membrane_write"):
            step.add(item, layer.n_outputs)
        step.add("neuron_multiply", layer.n_outputs if layer.neuron == "lif" else 0)
        step.add("neuron_add", outputs[step.sample, step.t].sum() if layer.reset == "soft" else 0)
    fires = layer.neuron or layer.kind in ("lstm", "gate")
    if is_last and not fires:
        for item in ("membrane_read", "membrane_write"):
            step.add(item, layer.n_outputs)
        runs = sum(layer.mask) if layer.mask else step.seen.n_steps
        step.add("neuron_add", layer.n_outputs if runs > 1 else 0)
    kept = layer.kind == "recurrent" and step.t + 1 < step.seen.n_steps
    hears_itself = kept and (not layer.mask or layer.mask[step.t + 1])
    if is_last and not hears_itself:
        return
    if fires:
        step.add("spike_write", outputs[step.sample, step.t].sum() * address_bits(layer.n_outputs))
    elif layer.kind == "flatten":
        return
    elif step.seen.given is not None:
        signed = layer.in_class == "ternary" and not layer.kind.startswith("avg")
        given = np.abs(step.seen.given[step.sample, step.t]).sum()
        step.add("spike_write", given * (address_bits(layer.n_outputs) + signed))
    else:
        step.add("activation_write", layer.n_outputs)


def _forget_ends(layer: h.LayerSpec, counts: Counts, *, is_last: bool) -> None:
    """The first state is a constant, and nobody reads the last one."""
    if not any(layer.mask or (1,)):
        return
    fires = layer.neuron or layer.kind in ("lstm", "gate")
    states = (layer.neuron is not None) + 2 * (layer.kind == "lstm") + (is_last and not fires)
    for item in ("membrane_read", "membrane_write"):
        counts[item] -= states * layer.n_outputs
    counts["membrane_write"] += layer.operand("outflow")  # others read these, also after the last step
