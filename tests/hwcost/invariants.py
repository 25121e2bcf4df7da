"""The invariants of the cost model, I1 to I29, each a check on random examples.

`test_invariants.py` runs every one, on 50 examples by default and 1,000 in the slow suite; `test_mutations.py` shows
that they notice seeded bugs. The name of a check starts with the number of the invariant in the specification.
"""

import itertools
import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oracle import brute_force_fan_out, draw_activity, draw_conv, draw_maps, draw_network, draw_record

import hwcost as h
from hwcost import overlap
from hwcost.counting.arrivals import arrivals

MEMORY, PAPER = "45nm_memory", "45nm_paper_simple"
INVARIANTS: dict[str, Callable[[st.DataObject], None]] = {}


def invariant(check: Callable[[st.DataObject], None]) -> Callable[[st.DataObject], None]:
    """Enter a check into the list."""
    INVARIANTS[check.__name__] = check
    return check


def check(one: Callable[[st.DataObject], None], n_examples: int, *, shrink: bool = True) -> None:
    """Run one invariant on so many random examples, the same ones every time; `shrink` looks for the smallest
    failure.
    """
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large)
    set_up = settings(
        max_examples=n_examples,
        derandomize=True,
        database=None,
        suppress_health_check=slow,
        phases=phases,
        report_multiple_bugs=False,
    )
    set_up(given(st.data())(one))()


def memory(**semantics: object) -> h.Profile:
    """The memory-aware profile with other habits."""
    return h.load_profile(MEMORY).where(**semantics)


def alone(layer: h.LayerSpec, timesteps: int = 1) -> h.NetworkSpec:
    """A network of one layer."""
    return h.NetworkSpec((layer,), (h.StageSpec(timesteps),))


def sop(layer: h.LayerSpec, maps: np.ndarray) -> int:
    """Synaptic operations of one layer on event maps [samples, T, *in_shape], summed over samples."""
    network = alone(layer, maps.shape[1])
    cost = h.estimate(network, h.SpikeRecord.from_maps(network, {layer.name: maps}), PAPER)
    return sum(sum(row.steps) for row in cost.rows if row.item == "synaptic_operation")


def without_channels(record: h.SpikeRecord) -> h.SpikeRecord:
    """The record without its counts by channel. These tell of masked steps too, and one more event can make channels
    more uneven, which the expected reads of weights take as a chance of reuse."""
    plain = {name: replace(s, channels=(), channel_events=()) for name, s in record.layers.items()}
    return h.SpikeRecord(plain, record.n_samples)


def kinds(cost: h.Cost, layer: str | None = None) -> dict[str, float]:
    """pJ by kind, of one layer or all."""
    parts: dict[str, float] = {}
    for row in cost.rows:
        if row.price and layer in (None, row.layer):
            parts[row.kind] = parts.get(row.kind, 0.0) + sum(row.steps) / cost.n_samples * row.price.value
    return parts


@invariant
def i01_sop_equals_brute_force(data: st.DataObject) -> None:
    layer = draw_conv(data)
    maps = draw_maps(data, (2, 2, *layer.in_shape))
    values, index = h.fan_out_classes(layer)
    truth = brute_force_fan_out(layer)
    assert (np.broadcast_to(values[index], truth.shape) == truth).all()
    assert sop(layer, maps) == (maps * truth).sum()


@invariant
def i02_all_ones_meet_every_synapse(data: st.DataObject) -> None:
    layer, steps = draw_conv(data), data.draw(st.integers(1, 4))
    assert sop(layer, np.ones((1, steps, *layer.in_shape))) == steps * h.n_synapses(layer)
    assert h.n_synapses(layer) == brute_force_fan_out(layer).sum()
    assert h.n_synapses(layer) <= h.n_padded_synapses(layer)
    if not any(map(sum, layer.padding)) and "transpose" not in layer.kind:
        assert h.n_synapses(layer) == h.n_padded_synapses(layer)


@invariant
def i03_sop_is_additive_and_bracketed(data: st.DataObject) -> None:
    layer = draw_conv(data)
    maps = draw_maps(data, (2, 3, *layer.in_shape))
    half = maps * (np.random.default_rng(0).random(maps.shape) < 0.5)
    assert sop(layer, maps) == sop(layer, half) + sop(layer, maps - half)
    assert sop(layer, maps) == sum(sop(layer, maps[:, t : t + 1]) for t in range(3))
    totals = h.LayerSpikes(maps.sum(axis=(0, *range(2, maps.ndim)))[:, None])
    known = arrivals(layer, totals, 2, unary=True)
    truth = (maps * brute_force_fan_out(layer)).sum(axis=(0, *range(2, maps.ndim)))
    low, high = known.low or known.synapses, known.high or known.synapses
    assert all(a <= b <= c for a, b, c in zip(low, truth, high, strict=True))
    uniform = arrivals(layer, h.LayerSpikes([[2 * layer.n_inputs]]), 2, unary=True)
    assert uniform.synapses == (2 * h.n_synapses(layer),) == (uniform.low or uniform.synapses)


@invariant
def i04_order_and_batches_do_not_matter(data: st.DataObject) -> None:
    network = draw_network(data)
    events, outputs = draw_activity(data, network, 4)
    whole = h.SpikeRecord.from_maps(network, events, outputs)
    order = np.array([2, 0, 3, 1])

    def part(chosen: slice | np.ndarray) -> h.SpikeRecord:
        pick = lambda maps: {name: m[chosen] for name, m in maps.items()}  # noqa: E731
        return h.SpikeRecord.from_maps(network, pick(events), pick(outputs))

    assert part(order) == whole
    assert part(slice(0, 1)) + part(slice(1, 4)) == whole
    flipped = {name: m[:, :, ::-1] for name, m in events.items()}
    turned = h.SpikeRecord.from_maps(network, flipped, outputs)
    assert h.estimate(network, turned, MEMORY).to_dict() == h.estimate(network, whole, MEMORY).to_dict()
    by_channel = {n: replace(s, channel_events=s.channel_events[::-1]) for n, s in turned.layers.items()}
    assert replace(turned, layers=by_channel) == whole
    doubled = h.estimate(network, whole + whole, MEMORY)
    assert doubled.total_pj == h.estimate(network, whole, MEMORY).total_pj


@invariant
def i05_silence_costs_only_neurons_and_static(data: st.DataObject) -> None:
    network = draw_network(data, modes=("truncate",))
    network = replace(network, layers=tuple(replace(layer, bias=False) for layer in network.layers))
    cost = h.estimate(network, h.SpikeRecord.empty(network), memory(codec="min"))
    paid = {kind for kind, energy in kinds(cost).items() if energy}
    assert paid <= {"neuron", "zero_check", "membrane", "leakage"}
    lazy = memory(codec="aer", zero_check="none", skip_policy="lazy_leak")
    readout = "fc"
    quiet = h.estimate(network, h.SpikeRecord.empty(network), lazy)
    assert {row.kind for row in quiet.rows if any(row.steps) and row.layer != readout and row.price} <= {
        "leakage"
    }


@invariant
def i06_one_step_has_no_membrane_traffic(data: st.DataObject) -> None:
    layer = draw_conv(data, neuron="lif")
    network = alone(layer)
    record = h.SpikeRecord.full(network)
    assert "membrane" not in {
        kind for kind, energy in kinds(h.estimate(network, record, memory())).items() if energy
    }
    streaming = h.estimate(network, record, memory(stateless=False), "lock_step")
    assert streaming.count("membrane_read") == streaming.count("membrane_write") == layer.n_outputs
    per_event = h.estimate(network, record, memory(dataflow="none"))
    assert per_event.count("accumulator_read") == per_event.sop
    steps = data.draw(st.integers(2, 5))
    longer = h.estimate(alone(layer, steps), h.SpikeRecord.full(alone(layer, steps)), memory(), "lock_step")
    assert longer.count("membrane_read") == longer.count("membrane_write") == layer.n_outputs * (steps - 1)


@invariant
def i07_more_steps_for_the_same_events_cost_more(data: st.DataObject) -> None:
    layer = draw_conv(data, neuron="lif", bias=data.draw(st.booleans()))
    maps = draw_maps(data, (1, 1, *layer.in_shape))
    energies = []
    for steps in (1, 2, 4):
        spread = np.zeros((1, steps, *layer.in_shape), dtype=int)
        for place in zip(*np.nonzero(maps[0, 0]), strict=True):
            spread[(0, sum(place) % steps, *place)] = 1
        network = alone(layer, steps)
        silent = {layer.name: np.zeros((1, steps, *layer.out_shape))}
        record = h.SpikeRecord.from_maps(network, {layer.name: spread}, silent)
        energies.append(h.estimate(network, record, MEMORY).dynamic_pj)
        paper = h.estimate(network, record, PAPER).total_pj
        assert math.isclose(paper, 0.9 * sop(replace(layer, neuron=None), maps))
    assert energies[0] < energies[1] < energies[2]


@invariant
def i08_an_event_never_saves(data: st.DataObject) -> None:
    network = draw_network(data)
    events, outputs = draw_activity(data, network, 1)
    name = data.draw(st.sampled_from([layer.name for layer in network.layers]))
    before = h.estimate(network, without_channels(h.SpikeRecord.from_maps(network, events, outputs)), MEMORY)
    free = np.argwhere(events[name] == 0)
    if not len(free):
        return
    events[name][tuple(free[data.draw(st.integers(0, len(free) - 1))])] = 1
    after = h.estimate(network, without_channels(h.SpikeRecord.from_maps(network, events, outputs)), MEMORY)
    assert after.total_pj >= before.total_pj
    if after.mixing_orders == before.mixing_orders:
        later, earlier = kinds(after), kinds(before)
        assert all(later[kind] >= earlier[kind] for kind in earlier)


@invariant
def i09_masking_a_step_deletes_its_events(data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, 4))
    layer = draw_conv(data, neuron="lif", bias=True)
    masks = [tuple(data.draw(st.integers(0, 1)) for _ in range(steps)) for _ in range(2)]
    maps = draw_maps(data, (1, steps, *layer.in_shape))

    def priced(mask: tuple[int, ...], seen: np.ndarray) -> h.Cost:
        network = alone(replace(layer, mask=mask), steps)
        silent = {layer.name: np.zeros((1, steps, *layer.out_shape))}
        spikes = h.SpikeRecord.from_maps(network, {layer.name: seen}, silent).layers[layer.name]
        return h.estimate(network, without_channels(h.SpikeRecord({layer.name: spikes}, 1)), MEMORY)

    gate = np.array(masks[0]).reshape(1, steps, *(1 for _ in layer.in_shape))
    masked, deleted = priced(masks[0], maps), priced((), maps * gate)
    assert masked.sop == deleted.sop
    assert masked.count("weight_read") == deleted.count("weight_read")
    assert priced((1,) * steps, maps).dynamic_pj == priced((), maps).dynamic_pj
    both = tuple(a * b for a, b in zip(*masks, strict=True))
    assert priced(both, maps).dynamic_pj <= min(priced(mask, maps).dynamic_pj for mask in masks)
    assert masked.mean_timesteps.by_layer == sum(masks[0])


@invariant
def i10_a_layer_that_is_shut_off_costs_nothing(data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, 4))
    layer = draw_conv(data, neuron="lif", bias=True, mask=(0,) * steps)
    network = alone(layer, steps)
    maps = draw_maps(data, (1, steps, *layer.in_shape))
    record = h.SpikeRecord.from_maps(
        network, {layer.name: maps}, {layer.name: np.zeros((1, steps, *layer.out_shape))}
    )
    cost = h.estimate(network, record, memory(skip_policy="shut_off"))
    assert cost.by_layer()[layer.name] == 0
    assert cost.latency_cycles == 0


@invariant
def i11_a_network_is_the_sum_of_its_layers(data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, 4))
    first = h.conv("a", (2, 5, 5), 3, 3, neuron="lif")
    second = h.conv("b", first.out_shape, 4, 2, neuron="if", bias=True)
    network = h.NetworkSpec((first, second), (h.StageSpec(steps),))
    record = draw_record(data, network)
    cost = h.estimate(network, record, MEMORY)
    assert math.isclose(math.fsum(cost.by_layer().values()), cost.total_pj, rel_tol=1e-12)
    assert math.isclose(math.fsum(cost.by_kind().values()), cost.total_pj, rel_tol=1e-12)
    steps_sum = math.fsum(itertools.chain.from_iterable(cost.by_timestep().values()))
    assert math.isclose(steps_sum, cost.total_pj, rel_tol=1e-12)
    single = alone(second, steps)
    one = h.estimate(single, h.SpikeRecord({"b": record.layers["b"]}, record.n_samples), MEMORY)
    assert one.by_layer()["b"] == cost.by_layer()["b"]
    divided = h.NetworkSpec((first, replace(second, stage=1)), (h.StageSpec(steps), h.StageSpec(steps)))
    assert h.estimate(divided, record, MEMORY).total_pj == cost.total_pj


@invariant
def i12_energy_is_linear_in_every_price(data: st.DataObject) -> None:
    network = draw_network(data)
    record = draw_record(data, network)
    profile = h.load_profile(MEMORY)
    cost = h.estimate(network, record, profile)
    assert math.isclose(
        h.estimate(network, record, profile.scaled(2)).total_pj, 2 * cost.total_pj, rel_tol=1e-12
    )
    name = data.draw(st.sampled_from(("ac", "mac", "zero_check", "address_add", "multiply")))
    constant = profile.prices[name]
    raised = replace(constant, value=constant.high)
    dearer = h.estimate(network, record, replace(profile, prices={**profile.prices, name: raised}))
    if dearer.mixing_orders == cost.mixing_orders:
        rise = cost.gradient().get(name, 0.0) * (constant.high - constant.value)
        assert math.isclose(dearer.total_pj - cost.total_pj, rise, rel_tol=1e-6, abs_tol=1e-6 * cost.total_pj)


@invariant
def i13_paper_simple_is_memory_aware_without_the_rest(data: st.DataObject) -> None:
    network = draw_network(data)
    record = draw_record(data, network)
    aware, paper = h.load_profile(MEMORY), h.load_profile(PAPER)
    arithmetic = {name: aware.prices[name] for name in ("ac", "mac")}
    bare = replace(
        aware.where(neuron="none", direct_reuse=False), prices=arithmetic, memory=None, free=paper.free
    )
    assert h.estimate(network, record, bare).total_pj == h.estimate(network, record, paper).total_pj


@invariant
def i14_energy_per_operation_lies_between_the_prices(data: st.DataObject) -> None:
    network = draw_network(data)
    cost = h.estimate(network, draw_record(data, network), PAPER)
    operations = cost.mac + cost.ac
    assert 0.9 * operations * (1 - 1e-12) <= cost.total_pj <= 4.6 * operations * (1 + 1e-12)


@invariant
def i15_gain_over_the_dense_twin_is_bounded(data: st.DataObject) -> None:
    layer, steps = draw_conv(data), data.draw(st.integers(1, 4))
    maps = draw_maps(data, (1, steps, *layer.in_shape))
    network = alone(layer, steps)
    cost = h.estimate(network, h.SpikeRecord.from_maps(network, {layer.name: maps}), PAPER)
    if cost.sop and h.n_synapses(layer):
        rate = cost.sop / (steps * h.n_synapses(layer))
        twin = h.ann_twins(network, PAPER).dense.total_pj
        assert twin / cost.total_pj <= 4.6 / 0.9 / (steps * rate) * (1 + 1e-12)


@invariant
def i16_groups_are_independent_convolutions(data: st.DataObject) -> None:
    layer = draw_conv(data)
    maps = draw_maps(data, (1, 2, *layer.in_shape))
    n_in, n_out = layer.in_shape[0] // layer.groups, layer.out_shape[0] // layer.groups
    part = replace(
        layer, in_shape=(n_in, *layer.in_shape[1:]), out_shape=(n_out, *layer.out_shape[1:]), groups=1
    )
    pieces = [maps[:, :, g * n_in : (g + 1) * n_in] for g in range(layer.groups)]
    assert sop(layer, maps) == sum(sop(part, piece) for piece in pieces)


@invariant
def i17_a_pointwise_convolution_is_linear_at_every_position(data: st.DataObject) -> None:
    channels, out, size = (data.draw(st.integers(1, 5)) for _ in range(3))
    maps = draw_maps(data, (1, 2, channels, size, size))
    columns = maps.transpose(0, 3, 4, 1, 2).reshape(-1, 2, channels)
    assert sop(h.conv("c", (channels, size, size), out, 1), maps) == sop(
        h.linear("l", channels, out), columns
    )


@invariant
def i18_a_kernel_as_large_as_the_input_is_linear(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.integers(1, 4)) for _ in range(3))
    maps = draw_maps(data, (2, 1, *shape))
    flat = maps.reshape(2, 1, -1)
    assert sop(h.conv("c", shape, 5, shape[1:]), maps) == sop(h.linear("l", shape, 5), flat)


@invariant
def i19_coincidences_are_the_least_reading_of_attention(data: st.DataObject) -> None:
    heads, tokens, width = (data.draw(st.integers(1, n)) for n in (2, 5, 5))
    q, k, v = (draw_maps(data, (2, 1, heads, tokens, width)) for _ in range(3))
    extras = h.attention_counts(q, k, v)
    assert extras["qk"] == ((q @ k.swapaxes(-1, -2)).sum(),)
    assert extras["kv"] == ((k.swapaxes(-1, -2) @ v).sum(),)
    assert extras["qk"] == h.attention_counts(k, q, v)["qk"]
    row_q, row_k = extras["q"][0] * tokens, extras["k"][0] * tokens
    assert extras["qk"][0] <= min(row_q, row_k) <= 2 * heads * tokens * tokens * width
    shape, total = (heads * width, tokens), sum(extras[name][0] for name in "qkv")
    for kv_first in (0, 1):
        operands = (("heads", heads), ("kv_first", kv_first))
        layer = h.LayerSpec("a", "attention", 0, (3, *shape), shape, operands=operands)
        record = h.SpikeRecord({"a": h.LayerSpikes([[total]], extras=tuple(extras.items()))}, 2)
        counts = {
            reading: h.estimate(alone(layer), record, memory(attention=reading)).count("attention_ac")
            for reading in ("coincidence", "row", "dense")
        }
        assert counts["coincidence"] <= counts["row"] <= counts["dense"]


@invariant
def i20_folding_a_batch_norm_keeps_the_spikes(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    n_in, n_out, steps = 6, 5, 4
    weights, events = rng.normal(size=(n_out, n_in)), rng.random((steps, n_in)) < 0.5
    gamma, beta, mean, variance = (
        rng.normal(size=n_out),
        rng.normal(size=n_out),
        rng.normal(size=n_out),
        rng.random(n_out),
    )
    scale = gamma / np.sqrt(variance + 1e-5)
    plain = (events @ weights.T - mean) * scale + beta
    folded = events @ (weights * scale[:, None]).T + (beta - mean * scale)
    assert np.allclose(plain, folded, atol=1e-5)
    fired = [_integrate_and_fire(current) for current in (plain, folded)]
    assert (fired[0] == fired[1]).all()
    reader = h.linear("next", n_out, 3)
    assert sop(reader, fired[0][None].astype(int)) == sop(reader, fired[1][None].astype(int))
    unfolded = (
        h.linear("fc", n_in, n_out),
        h.LayerSpec("norm", "batch_norm", 0, (n_out,), (n_out,), in_class="analog", neuron="if"),
    )
    network = h.NetworkSpec(unfolded, (h.StageSpec(steps),))
    cost = h.estimate(network, h.SpikeRecord.full(network), MEMORY)
    assert cost.count("norm_mac") == steps * n_out
    assert cost.count("synapse_ac") == steps * n_in * n_out


def _integrate_and_fire(current: np.ndarray) -> np.ndarray:
    voltage, fired = np.zeros(current.shape[1]), []
    for step in current:
        voltage = voltage + step
        fired.append(voltage >= 1)
        voltage = voltage - fired[-1]
    return np.array(fired)


@invariant
def i21_a_fused_average_pool_counts_the_same(data: st.DataObject) -> None:
    channels, size = data.draw(st.integers(1, 3)), data.draw(st.sampled_from((4, 6)))
    spikes = draw_maps(data, (1, 2, channels, size, size))
    pooled = spikes.reshape(1, 2, channels, size // 2, 2, size // 2, 2).sum(axis=(4, 6))
    conv = h.conv("c", (channels, size // 2, size // 2), 3, 3, padding=1, in_class="graded", in_max=4)
    fan_out = brute_force_fan_out(conv).repeat(2, axis=1).repeat(2, axis=2)
    assert sop(conv, pooled) == (spikes * fan_out).sum()


@invariant
def i22_memory_prices_rise_smoothly(data: st.DataObject) -> None:
    prices = h.load_profile(MEMORY).memory
    assert prices is not None
    capacity = data.draw(st.integers(1, prices.limit_bits - 1))
    here, next_bit = prices.price_per_bit(capacity), prices.price_per_bit(capacity + 1)
    assert 0 < here.low <= here.value <= here.high
    assert all(a <= b <= a + 0.02 + a * 0.5 / capacity for a, b in zip(here.ends, next_bit.ends, strict=True))


@invariant
def i23_latency_is_the_longest_path(data: st.DataObject) -> None:
    n_layers, steps = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    cycles = tuple(tuple(data.draw(st.integers(0, 9)) for _ in range(steps)) for _ in range(n_layers))
    none = (False,) * n_layers
    pipelined = overlap.latency_cycles(cycles, none, "pipelined")
    paths = (sum(cycles[at[0]][at[1]] for at in walk) for walk in _walks(n_layers, steps))
    assert pipelined == max(paths)
    serial = overlap.latency_cycles(cycles, none, "layer_serial")
    lock_step = overlap.latency_cycles(cycles, none, "lock_step")
    assert max(map(sum, cycles)) <= pipelined <= lock_step <= serial
    assert overlap.latency_cycles(cycles, none, "lock_step", 3) == lock_step + 3 * (steps + n_layers - 1)
    barriers = tuple(data.draw(st.booleans()) for _ in range(n_layers))
    assert pipelined <= overlap.latency_cycles(cycles, barriers, "pipelined") <= serial
    assert overlap.first_decision_cycles(cycles, barriers, "pipelined") <= serial


def _walks(n_layers: int, steps: int) -> list[list[tuple[int, int]]]:
    """All monotone paths from the first layer's first step to the last layer's last step."""
    walks = []
    for turns in itertools.combinations(range(n_layers + steps - 2), n_layers - 1):
        at, walk = (0, 0), [(0, 0)]
        for i in range(n_layers + steps - 2):
            at = (at[0] + 1, at[1]) if i in turns else (at[0], at[1] + 1)
            walk.append(at)
        walks.append(walk)
    return walks


@invariant
def i24_footprint_does_not_depend_on_activity(data: st.DataObject) -> None:
    layer = draw_conv(data, neuron="lif", bias=True)
    sizes = set()
    for steps, samples in itertools.product((1, 3), (1, 5)):
        network = alone(layer, steps)
        record = draw_record(data, network, samples)
        sizes.add(h.estimate(network, record, MEMORY, "lock_step").footprint_bits)
        waiting = h.estimate(network, record, MEMORY).footprint_bits
        sizes.add(waiting + (2 - steps) * layer.n_inputs)  # two frames of spikes, not those of all steps
    assert len(sizes) == 1


@invariant
def i25_contradictions_are_refused_by_name(data: st.DataObject) -> None:
    layer = draw_conv(data, name="guilty", neuron="lif")
    network = alone(layer, 2)
    good = draw_record(data, network).layers["guilty"]
    first = [list(row) for row in good.events]
    first[0][0] = 2 * layer.n_inputs + 1
    bad = {
        "too many": lambda: h.LayerSpikes(first, (), good.outputs),
        "missing step": lambda: h.LayerSpikes(good.events[:1], (), good.outputs),
        "class": lambda: h.LayerSpikes(
            good.events, [[n + 1 for n in row] for row in good.events], good.outputs
        ),
        "outputs": lambda: h.LayerSpikes(good.events, (), (2 * layer.n_outputs + 1, 0)),
    }
    spikes = bad[data.draw(st.sampled_from(sorted(bad)))]()
    _refused(lambda: h.estimate(network, h.SpikeRecord({"guilty": spikes}, 2), MEMORY), "guilty")
    events = {"events": [[math.nan]], "outputs": [-1]}
    key = data.draw(st.sampled_from(sorted(events)))
    _refused(
        lambda: h.SpikeRecord.from_dict({"n_samples": 1, "layers": {"guilty": {key: events[key]}}}), "guilty"
    )
    _refused(lambda: replace(layer, kind="conv2dd"), "guilty")
    _refused(lambda: replace(layer, in_class="spiky"), "guilty")


def _refused(action: Callable[[], object], name: str) -> None:
    with pytest.raises(h.HwcostError, match=name) as caught:
        action()
    assert "\n" not in str(caught.value)


@invariant
def i26_large_counts_are_exact(data: st.DataObject) -> None:
    layer = h.linear("l", 3, 7)
    samples = data.draw(st.integers(2**60, 2**70))
    network = alone(layer)
    events = data.draw(st.integers(2**60, 3 * 2**60))
    record = h.SpikeRecord({"l": h.LayerSpikes([[events]])}, samples)
    cost = h.estimate(network, record, PAPER)
    assert next(row.steps for row in cost.rows if row.item == "synapse_ac") == (7 * events,)
    again = h.SpikeRecord.from_dict(json.loads(json.dumps((record + record).to_dict())))
    assert again.layers["l"].events == ((2 * events,),)
    assert h.estimate(network, again, PAPER).total_pj == cost.total_pj


@invariant
def i27_the_type_of_the_recorded_numbers_does_not_matter(data: st.DataObject) -> None:
    network = draw_network(data)
    events, outputs = draw_activity(data, network)
    kinds = (np.float32, np.float64, np.int8, np.uint8, np.int64)
    records = [
        h.SpikeRecord.from_maps(
            network,
            {name: maps.astype(kind) for name, maps in events.items()},
            {name: maps.astype(kind) for name, maps in outputs.items()},
        )
        for kind in kinds
    ]
    assert all(record == records[0] for record in records)


@invariant
def i28_statistics_are_enough(data: st.DataObject) -> None:
    layer = draw_conv(data, in_class="graded", in_max=3)
    maps = draw_maps(data, (3, 2, *layer.in_shape), largest=3)
    network = alone(layer, 2)
    cost = h.estimate(network, h.SpikeRecord.from_maps(network, {layer.name: maps}), MEMORY)
    walked = (maps * brute_force_fan_out(layer)).sum(axis=(0, *range(2, maps.ndim)))
    assert next(row.steps for row in cost.rows if row.item == "synapse_ac") == tuple(walked)
    per_event = h.estimate(
        network, h.SpikeRecord.from_maps(network, {layer.name: maps}), memory(graded="mac")
    )
    assert per_event.mac * 3 == ((maps != 0) * brute_force_fan_out(layer)).sum()


@invariant
def i29_candidates_can_be_sorted_anew_from_gradients(data: st.DataObject) -> None:
    network = draw_network(data, modes=("truncate",))
    profile = h.load_profile(MEMORY)
    name = data.draw(st.sampled_from(("ac", "zero_check", "address_add", "multiply", "compare")))
    constant = profile.prices[name]
    changed = replace(profile, prices={**profile.prices, name: replace(constant, value=constant.high)})
    records = [draw_record(data, network) for _ in range(3)]
    costs = [h.estimate(network, record, profile) for record in records]
    stored = [c.total_pj + c.gradient().get(name, 0.0) * (constant.high - constant.value) for c in costs]
    rerun = [h.estimate(network, record, changed).total_pj for record in records]
    assert all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(stored, rerun, strict=True))
    assert (
        max(range(3), key=stored.__getitem__) == max(range(3), key=rerun.__getitem__) or len(set(rerun)) < 3
    )
