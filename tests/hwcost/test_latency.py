"""Latency against machines that are simulated event by event or tick by tick."""

import heapq
import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import draw_conv

import hwcost as h
from hwcost import latency, overlap
from hwcost.counting.counts import Count, Work
from hwcost.counting.touched import fans_in

ONE_A_CYCLE = {
    f"{name}_per_cycle": h.Price(1, 1, 1) for name in ("ac", "mac", "updates", "events", "scan", "bits")
}
PROFILE = replace(
    h.load_profile("45nm_memory"),
    hardware={**h.load_profile("45nm_memory").hardware, **ONE_A_CYCLE, "sync_cycles": h.Price(3, 3, 3)},
)
Task = tuple[int, int]


def simulate_queue(durations: dict[Task, int], needs: dict[Task, set[Task]]) -> dict[Task, int]:
    """When each task (unit, step) is done: a unit does its steps in order, each as soon as it has its input."""
    finished: dict[Task, int] = {}
    now, queue, running = 0, [], set()
    next_step = dict.fromkeys({unit for unit, _ in durations}, 0)
    while len(finished) < len(durations):
        for unit, step in list(next_step.items()):
            task = (unit, step)
            if task in durations and unit not in running and needs[task] <= finished.keys():
                heapq.heappush(queue, (now + durations[task], unit, step))
                running.add(unit)
        now, unit, step = heapq.heappop(queue)
        finished[unit, step] = now
        running.discard(unit)
        next_step[unit] += 1
    return finished


def simulate_ticks(durations: dict[Task, int], needs: dict[Task, set[Task]], sync: int) -> dict[Task, int]:
    """When the tick of each task is over: in a tick every unit does the next step whose input came in earlier ticks."""
    finished: dict[Task, int] = {}
    now = 0
    while len(finished) < len(durations):
        done = finished.keys()
        tick = {
            (unit, step)
            for unit, step in durations
            if (unit, step) not in done
            and (step == 0 or (unit, step - 1) in done)
            and needs[unit, step] <= done
        }
        now += max(durations[task] for task in tick) + sync
        finished |= dict.fromkeys(tick, now)
    return finished


def draw_branches(data: st.DataObject) -> tuple[h.NetworkSpec, dict[str, str]]:
    """Up to three stages of linear layers that read any earlier layer, with sums of two, and an order per entry."""
    n_stages = data.draw(st.integers(1, 3))
    timesteps = sorted((data.draw(st.integers(1, 4)) for _ in range(n_stages)), reverse=True)
    layers: list[h.LayerSpec] = []
    modes: list[str | None] = [None]
    for stage in range(n_stages):
        changes = stage > 0 and timesteps[stage] != timesteps[stage - 1]
        choice = ("score_mix", "rank1_score", "static_mix", "bucket")
        if stage:
            modes.append(data.draw(st.sampled_from(choice)) if changes else None)
        own: list[h.LayerSpec] = []
        last = layers[-1].name if layers else "input"
        for _ in range(data.draw(st.integers(1, 3))):
            source = data.draw(st.sampled_from([last, *(layer.name for layer in own)]))
            name = f"l{len(layers)}"
            own.append(h.linear(name, 4, 4, stage=stage, source=source, neuron="lif"))
            layers.append(own[-1])
        branches = [layer.name for layer in own]
        for a, b in itertools.pairwise(branches):
            if data.draw(st.booleans()):
                more = {"source": a, "other_source": b, "neuron": "lif", "in_class": "graded", "in_max": 2}
                own.append(h.LayerSpec(f"l{len(layers)}", "sew_add", stage, (4,), (4,), **more))
                layers.append(own[-1])
    layers.append(h.linear("end", 4, 2, stage=n_stages - 1))
    network = h.NetworkSpec(
        tuple(layers), tuple(h.StageSpec(t, mode) for t, mode in zip(timesteps, modes, strict=True))
    )
    order = st.sampled_from(("mix_then_conv", "conv_then_mix"))
    return network, {layer.name: data.draw(order) for layer in layers if network.mixes(layer)}


def machine(
    network: h.NetworkSpec, orders: dict[str, str], data: st.DataObject
) -> tuple[list[Work], dict[Task, int], dict[Task, set[Task]]]:
    """Work with random durations, and for every step of every unit what it needs, by what the layers read."""
    work: list[Work] = []
    durations: dict[Task, int] = {}
    needs: dict[Task, set[Task]] = {}
    gives: dict[str, int] = {}  # layer -> unit that sends its output
    fronts: dict[str, int] = {}  # entry -> unit in front of the transformer

    def unit(layer: h.LayerSpec, steps: int, *, barrier: bool = False) -> int:
        number = len(work)
        cycles = tuple(data.draw(st.integers(0, 30)) for _ in range(steps))
        idle = (0,) * steps
        work.append(Work(layer.name, (Count("synapse_ac", cycles),), idle, idle, idle, barrier))
        durations.update({(number, t): n for t, n in enumerate(cycles)})
        return number

    for layer in network.layers:
        read = [s for s in (network.source(layer), network.other_source(layer)) if s is not None]
        first = unit(
            layer, network.input_timesteps(layer) if layer.name in orders else network.timesteps(layer)
        )
        for t in range(len(work[first].scanned)):
            needs[first, t] = {(gives[source.name], t) for source in read}
        gives[layer.name] = first
        if layer.name not in orders:
            continue
        beside = [n for n in fronts if network.source(network.layer(n)) is network.source(layer)]
        waits = {first}
        if network.transformer(layer) in ("score_mix", "rank1_score") and beside:
            waits.add(fronts[beside[0]])
        mixers = [n for n in beside if orders[n] == "mix_then_conv"]
        if orders[layer.name] == "mix_then_conv" and mixers:
            waits.add(fronts[mixers[0]])
        fronts[layer.name] = first
        gives[layer.name] = second = unit(layer, network.timesteps(layer), barrier=True)
        ready = {(w, t) for w in waits for t in range(len(work[w].scanned))}
        needs.update({(second, t): ready for t in range(network.timesteps(layer))})
    return work, durations, needs


@settings(max_examples=150, derandomize=True)
@given(st.data())
def test_latency_equals_a_simulation_of_queues_and_ticks(data: st.DataObject) -> None:
    network, orders = draw_branches(data)
    work, durations, needs = machine(network, orders, data)
    last = len(work) - 1
    final = (last, len(work[last].scanned) - 1)
    one_after_another = list(itertools.accumulate(durations.values()))
    expected = {
        "layer_serial": (one_after_another[-1], one_after_another[list(durations).index((last, 0))]),
        "lock_step": [simulate_ticks(durations, needs, 3)[task] for task in (final, (last, 0))],
        "pipelined": [simulate_queue(durations, needs)[task] for task in (final, (last, 0))],
    }
    expected["event_driven"] = expected["pipelined"]
    for execution, (end, first) in expected.items():
        found = latency.latency(network, work, PROFILE, 1, execution, orders)
        if execution == "lock_step":
            end = max(simulate_ticks(durations, needs, 3).values())
        assert (found.cycles, found.first_decision) == (end, first), execution


def test_the_first_decision_of_lock_step_ends_with_its_tick() -> None:
    """Layer 1 works on step 0 in tick 1, which lasts 100 cycles; ticks 2 and 3 come later."""
    cycles = ((5, 100, 100), (1, 1, 1))
    assert overlap.first_decision_cycles(cycles, (False, False), "lock_step") == 105
    assert overlap.first_decision_cycles(cycles, (False, False), "lock_step", 10) == 125
    assert overlap.latency_cycles(cycles, (False, False), "lock_step") == 206


def test_a_parallel_shortcut_does_not_wait_for_the_branch_beside_it() -> None:
    """Two entries read one layer through buckets, and each does its own work in front of the barrier."""
    a = h.linear("a", 4, 4, neuron="lif")
    branch = h.linear("branch", 4, 4, stage=1, source="a", neuron="lif")
    shortcut = h.linear("shortcut", 4, 4, stage=1, source="a", neuron="lif")
    network = h.NetworkSpec((a, branch, shortcut), (h.StageSpec(4), h.StageSpec(2, "bucket")))
    orders = dict.fromkeys(("branch", "shortcut"), "conv_then_mix")
    assert overlap.waits_for(network, parts(network, orders), orders) == [(), (0,), (1,), (0,), (3,)]
    shared = dict.fromkeys(orders, "mix_then_conv")
    assert overlap.waits_for(network, parts(network, shared), shared)[-1] == (1, 3)
    scored = replace(network, stages=(h.StageSpec(4), h.StageSpec(2, "score_mix")))
    assert overlap.waits_for(scored, parts(scored, orders), orders)[-1] == (1, 3)


def parts(network: h.NetworkSpec, orders: dict[str, str]) -> list[Work]:
    work = []
    for layer in network.layers:
        barriers = (False, True) if layer.name in orders else (False,)
        work += [Work(layer.name, (), (), (), (), barrier) for barrier in barriers]
    return work


def test_event_driven_macs_run_at_the_rate_of_macs() -> None:
    """50,784 MACs of a graded layer at one a cycle take 50,784 cycles, not the 3,174 of 16 accumulators."""
    layer = h.conv("conv", (2, 16, 16), 12, 3, padding=1, in_class="graded", in_max=4)
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    profile = h.load_profile("45nm_memory").where(graded="mac")
    profile = replace(profile, hardware={**profile.hardware, "mac_per_cycle": h.Price(1, 1, 1)})
    cost = h.estimate(network, h.SpikeRecord.full(network), profile, "event_driven")
    assert cost.mac == 50784
    assert cost.latency_cycles == 50784


@settings(max_examples=60, derandomize=True)
@given(st.data())
def test_inputs_of_every_output_neuron_equal_a_walk(data: st.DataObject) -> None:
    layer = draw_conv(data, neuron="lif")
    values, index = h.fan_out_classes(layer)
    reach = connections(layer)
    classes = np.broadcast_to(index, layer.in_shape).ravel()
    walked: dict[tuple[int, ...], int] = {}
    for row in reach:
        key = tuple(int((classes[row] == k).sum()) for k in range(len(values)))
        walked[key] = walked.get(key, 0) + 1
    assert {fans: n for n, fans in fans_in(layer)} == walked


def connections(layer: h.LayerSpec) -> np.ndarray:
    """[outputs, inputs] of 0 and 1: whether a synapse joins them, one kernel tap at a time."""
    reach = np.zeros((layer.n_outputs, layer.n_inputs), dtype=bool)
    numbers = np.arange(layer.n_inputs).reshape(layer.in_shape)
    transposed = layer.kind.startswith("conv_transpose")
    inside, outside = layer.in_shape[0] // layer.groups, layer.out_shape[0] // layer.groups
    modes = {"zeros": "constant", "circular": "wrap", "reflect": "reflect", "replicate": "edge"}
    reached = max(map(max, layer.pads)) + 1
    wide = [(0, 0)] + [(reached * 2, reached * 2)] * layer.n_axes
    more = {"constant_values": -1} if layer.padding_mode == "zeros" else {}
    padded = np.pad(numbers, wide, mode=modes[layer.padding_mode], **more)
    outputs = np.arange(layer.n_outputs).reshape(layer.out_shape)
    for place in itertools.product(*map(range, layer.in_shape[1:] if transposed else layer.out_shape[1:])):
        for tap in itertools.product(*map(range, layer.kernel)):
            at = tuple(
                y * s + i * d - p[0]
                for y, i, s, d, p in zip(place, tap, layer.stride, layer.dilation, layer.pads, strict=True)
            )
            for group in range(layer.groups):
                read = slice(group * inside, (group + 1) * inside)
                sent = slice(group * outside, (group + 1) * outside)
                if transposed:
                    if any(not 0 <= a < n for a, n in zip(at, layer.out_shape[1:], strict=True)):
                        continue
                    pairs = outputs[(sent, *at)], numbers[(read, *place)]
                else:
                    places = padded[(read, *(a + 2 * reached for a in at))]
                    pairs = outputs[(sent, *place)], places[places >= 0]
                reach[np.ix_(*pairs)] = True
    return reach


@pytest.mark.parametrize(("events", "samples"), [(1, 1), (9, 1), (40, 1), (50, 4)])
def test_touched_neurons_equal_a_monte_carlo(events: int, samples: int) -> None:
    """Union of the fan-outs of events at random places, the same number of every fan-out class in each sample."""
    layer = h.conv("conv", (3, 6, 6), 4, 3, padding=1, stride=2, neuron="lif")
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    reach, rng = connections(layer), np.random.default_rng(0)
    classes = np.broadcast_to(h.fan_out_classes(layer)[1], layer.in_shape).ravel()
    maps = np.zeros((samples, 1, layer.n_inputs), dtype=int)
    for s in range(samples):
        maps[s, 0, rng.permutation(layer.n_inputs)[: events // samples]] = 1
    record = h.SpikeRecord.from_maps(
        network,
        {"conv": maps.reshape(samples, 1, *layer.in_shape)},
        {"conv": np.zeros((samples, 1, *layer.out_shape))},
    )
    drawn = []
    for _ in range(4000):
        touched = 0
        for _sample in range(samples):
            chosen = np.zeros(layer.n_inputs, dtype=bool)
            for k, total in enumerate(record.layers["conv"].events[0]):
                places = np.flatnonzero(classes == k)
                share = total / samples
                here = int(share) + (rng.random() < share - int(share))
                chosen[rng.permutation(places)[:here]] = True
            touched += int(reach[:, chosen].any(axis=1).sum())
        drawn.append(touched)
    profile = replace(PROFILE, hardware={**PROFILE.hardware, "ac_per_cycle": h.Price(10**6, 10**6, 10**6)})
    cost = h.estimate(network, record, profile, "event_driven")
    assert abs(cost.latency_cycles - np.mean(drawn) / samples) < 1 + 4 * np.std(drawn) / samples / 4000**0.5


def test_one_event_touches_every_neuron_of_a_linear_layer_once() -> None:
    layer = h.linear("l", 100, 40, neuron="if")
    network = h.NetworkSpec((layer,), (h.StageSpec(2),))
    spikes = h.LayerSpikes([[50], [1]], outputs=[0, 0])
    profile = replace(PROFILE, hardware={**PROFILE.hardware, "ac_per_cycle": h.Price(10**6, 10**6, 10**6)})
    cost = h.estimate(network, h.SpikeRecord({"l": spikes}, 1), profile, "event_driven")
    assert cost.latency_cycles == 40 + 40
