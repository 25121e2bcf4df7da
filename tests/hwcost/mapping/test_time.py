"""Time on a chip against a simulation that moves every core through every tick."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hwcost as h

SOP, MESSAGE, UPDATE, IDLE, BARRIER, TILE, HOP = 7e-9, 5e-9, 40e-9, 20e-9, 100e-9, 10e-9, 3e-9


def simulated(
    sizes: list[int], events: list[np.ndarray], per_core: int, serial: bool, tick: float
) -> tuple[float, float]:
    """Seconds to the last and to the first decision of linear layers, core by core and tick by tick.

    Args:
        events: Events that arrive at each layer, [timesteps].
    """
    steps = len(events[0])
    cores, at = [], 0
    for n in sizes[1:]:
        parts = -(-n // per_core)
        ends = [-(-n * (i + 1) // parts) for i in range(parts)]
        cores.append(
            [(at + i, end - begin) for i, (begin, end) in enumerate(zip([0, *ends], ends, strict=False))]
        )
        at += parts
    n_ticks = steps * len(cores) if serial else steps + len(cores) - 1
    work = np.zeros((n_ticks, at))
    for layer, held in enumerate(cores):
        for t in range(steps):
            begin = layer * steps if serial else layer
            for core, neurons in held:
                n = int(events[layer][t])
                work[begin + t, core] += n * neurons * SOP + n * MESSAGE + neurons * (UPDATE if n else IDLE)
    tiles = -(-at // 2)
    place = [(c // 2 % 4 if (c // 2 // 4) % 2 == 0 else 3 - c // 2 % 4, c // 2 // 4) for c in range(at)]
    farthest = 0
    for layer, held in enumerate(cores):
        senders = [place[c] for c, _ in cores[layer - 1]] if layer else [(0, 0)]
        for core, _ in held:
            farthest = max(farthest, *(abs(a - place[core][0]) + abs(b - place[core][1]) for a, b in senders))
    common = BARRIER + TILE * (tiles - 1) + HOP * farthest
    ticks = np.maximum(work.max(axis=1) + common, tick)
    first = (len(cores) - 1) * (steps if serial else 1) + 1
    return float(ticks.sum()), float(ticks[:first].sum())


@settings(max_examples=40)
@given(data=st.data())
def test_ticks_equal_a_simulation_of_all_cores(data, chip) -> None:
    n_layers, steps = data.draw(st.integers(2, 4)), data.draw(st.integers(1, 4))
    sizes = [data.draw(st.integers(10, 40)) for _ in range(n_layers + 1)]
    events = [np.array([data.draw(st.integers(0, n)) for _ in range(steps)]) for n in sizes[:-1]]
    per_core, tick = data.draw(st.integers(3, 9)), data.draw(st.sampled_from((0.0, 1e-6)))
    profile = chip(
        "loihi", neurons_per_core=per_core, cores_per_tile=2, mesh_columns=4, mesh_rows=10**6, cores_per_chip=10**6,
        sop_s=SOP, message_s=MESSAGE, update_s=UPDATE, idle_s=IDLE, barrier_s=BARRIER, tile_barrier_s=TILE,
        hop_s=HOP, tick_s=tick,
    )  # fmt: skip
    layers = tuple(h.linear(f"l{i}", a, b, neuron="if") for i, (a, b) in enumerate(pairwise(sizes)))
    network = h.NetworkSpec(layers, (h.StageSpec(steps),))
    record = h.SpikeRecord(
        {
            layer.name: h.LayerSpikes(
                arrived[:, None].tolist(),
                outputs=(events[i + 1].tolist() if i + 1 < n_layers else [0] * steps),
            )
            for i, (layer, arrived) in enumerate(zip(layers, events, strict=True))
        },
        1,
    )
    for execution in ("lock_step", "layer_serial"):
        cost = h.estimate(network, record, profile, execution, {"weight_bits": 8})
        last, first = simulated(sizes, events, per_core, execution == "layer_serial", tick)
        assert cost.latency_s == pytest.approx(last, abs=1.1e-9)
        assert cost.first_decision_cycles == pytest.approx(first * 1e9, abs=1.1)
        static = sum(row.steps[0] for row in cost.rows if row.item == "core_static")
        assert static == sum(cost.cores.values()) * cost.latency_cycles


def test_free_cores_are_pipelined_without_ticks(chip) -> None:
    """Two layers, no barrier: 10 and 20 operations per step; the second waits for the first, step by step."""
    profile = chip(
        "loihi", barrier_s=None, tile_barrier_s=None, hop_s=None, message_s=None, update_s=None, idle_s=None,
        sop_s=1e-9, neurons_per_core=10,
    )  # fmt: skip
    layers = h.linear("a", 5, 10, neuron="if"), h.linear("b", 10, 10, neuron="if")
    network = h.NetworkSpec(layers, (h.StageSpec(3),))
    record = h.SpikeRecord(
        {
            "a": h.LayerSpikes([[1]] * 3, outputs=(2, 2, 2)),
            "b": h.LayerSpikes([[2]] * 3, outputs=(0, 0, 0)),
        },
        1,
    )
    ends = {
        execution: h.estimate(network, record, profile, execution, {"weight_bits": 8})
        for execution in h.EXECUTIONS
    }
    assert {name: cost.latency_cycles for name, cost in ends.items()} == {
        "layer_serial": 90, "lock_step": 10 + 20 + 20 + 20, "pipelined": 70, "event_driven": 70,
    }  # fmt: skip
    assert ends["pipelined"].first_decision_cycles == 30


def test_events_at_borders_load_the_cores_at_borders(chip) -> None:
    """Three positions on three cores. A border input reaches the first or the last one; which is not recorded, so that
    each gets half of the 18 operations, and the one in the middle none. Spread over all cores it were 6.
    """
    profile = chip("loihi", neurons_per_core=6, sop_s=1e-9, message_s=None, update_s=None, idle_s=None,
                   barrier_s=None, tile_barrier_s=None, hop_s=None)  # fmt: skip
    layer = h.conv("c", (3, 5), 6, 3, neuron="if")
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    maps = np.zeros((1, 1, 3, 5), dtype=int)
    maps[..., 0] = 1
    record = h.SpikeRecord.from_maps(network, {"c": maps}, {"c": np.zeros((1, 1, 6, 3))})
    cost = h.estimate(network, record, profile, "lock_step", {"weight_bits": 8})
    assert (cost.cores, cost.sop, cost.latency_cycles) == ({"c": 3}, 18, 9)
    assert any("1.50 times the layer's mean" in note for note in cost.notes)


def test_time_and_cores_are_told_in_the_notes() -> None:
    network = h.NetworkSpec((h.linear("l", 3000, 300, neuron="if"),), (h.StageSpec(1),))
    cost = h.estimate(network, h.SpikeRecord.full(network), "loihi", "lock_step", {"weight_bits": 8})
    assert cost.cores == {"l": 7}
    text = "\n".join(cost.notes)
    assert "7 cores on 1 chip of profile loihi: layers one after the other" in text
    assert "busiest core of layer 'l' has 1.00 times" in text
    assert "snake order" in text
