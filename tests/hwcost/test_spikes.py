"""The record: exact, mergeable, and strict about what it takes."""

import json

import numpy as np
import pytest

import hwcost as h


def test_events_are_sorted_by_fan_out() -> None:
    layer = h.conv("conv", (1, 4, 4), 8, 3, padding=1)
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    spikes = np.zeros((1, 1, 1, 4, 4), dtype=int)
    spikes[0, 0, 0, 0, 0] = spikes[0, 0, 0, 0, 1] = spikes[0, 0, 0, 2, 2] = spikes[0, 0, 0, 1, 1] = 1
    record = h.SpikeRecord.from_maps(network, {"conv": spikes})
    assert record.layers["conv"].events == ((1, 1, 2),)
    assert h.fan_out_classes(layer)[0].tolist() == [4 * 8, 6 * 8, 9 * 8]
    assert h.estimate(network, record, "45nm_paper_simple").sop == 32 + 48 + 2 * 72


def test_merging_adds_exactly(demo) -> None:
    network = demo()
    a, b = h.SpikeRecord.full(network, 3), h.SpikeRecord.constant(network, 0.3, 7)
    assert (a + b).n_samples == 10
    assert a + b == b + a
    assert (a + b).layers["conv1"].events[0][0] == a.layers["conv1"].events[0][0] + b.layers["conv1"].events[
        0
    ][0]
    other = h.SpikeRecord({"conv1": a.layers["conv1"]}, 1)
    with pytest.raises(h.HwcostError, match="different layers"):
        a + other
    short = h.SpikeRecord({**a.layers, "fc": h.LayerSpikes([[1], [2]])}, 1)
    with pytest.raises(h.HwcostError, match=r"'fc'.*timesteps"):
        a + short


def test_json_gives_the_same_record(demo) -> None:
    record = h.SpikeRecord.constant(demo(), 0.2, 11)
    assert h.SpikeRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


@pytest.mark.parametrize("count", [-1, 0.5, float("nan"), float("inf"), True])
def test_counts_are_whole_numbers(count: float) -> None:
    with pytest.raises(h.HwcostError, match="whole number"):
        h.LayerSpikes([[count]])


@pytest.mark.parametrize(
    ("in_class", "value"), [("binary", 2), ("binary", -1), ("graded", 5), ("graded", -1), ("ternary", 0.5)]
)
def test_values_outside_the_declared_class_are_refused(in_class: str, value: float) -> None:
    layer = h.linear("guilty", 3, 2, in_class=in_class, in_max=4 if in_class == "graded" else 1)
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    with pytest.raises(h.HwcostError, match=r"'guilty'.*declared"):
        h.SpikeRecord.from_maps(network, {"guilty": np.full((1, 1, 3), value)})


def test_maps_of_another_shape_are_refused() -> None:
    network = h.NetworkSpec((h.linear("guilty", 3, 2),), (h.StageSpec(1),))
    with pytest.raises(h.HwcostError, match="'guilty': maps of"):
        h.SpikeRecord.from_maps(network, {"guilty": np.zeros((1, 1, 4))})


def test_ternary_events_count_by_presence() -> None:
    layer = h.linear("l", 3, 2, in_class="ternary")
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    record = h.SpikeRecord.from_maps(network, {"l": np.array([[[-1, 0, 1]]])})
    assert h.estimate(network, record, "45nm_paper_simple").ac == 4


def test_totals_only_give_an_interval(demo) -> None:
    network = demo((2, 2, 2))
    exact = h.SpikeRecord.constant(network, 0.1, 1000)
    totals = h.SpikeRecord(
        {
            name: h.LayerSpikes([[sum(row)] for row in s.events], [[sum(row)] for row in s.sums], s.outputs)
            for name, s in exact.layers.items()
        },
        1000,
    )
    true, known = (h.estimate(network, record, "45nm_memory") for record in (exact, totals))
    assert known.interval[0] < true.interval[0] < true.total_pj < true.interval[1] < known.interval[1]
    assert known.latency_cycles_interval[0] <= true.latency_cycles <= known.latency_cycles_interval[1]
    assert known.total_pj == pytest.approx(true.total_pj, rel=1e-3)


def test_the_sharp_interval_never_exceeds_the_existing_synapses() -> None:
    """k3 s2 on 8x8: 1,024 events over 16 channels fill every position; the naive bound would say 4,096."""
    layer = h.conv("conv", (16, 8, 8), 1, 3, stride=2, padding=1)
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    cost = h.estimate(network, h.SpikeRecord({"conv": h.LayerSpikes([[1024]])}, 1), "45nm_paper_simple")
    assert cost.sop == 1936
    assert cost.interval == pytest.approx((1936 * 0.72, 1936 * 1.08))
