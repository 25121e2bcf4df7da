"""Pools: what an event meets, and how the record knows."""

import numpy as np
import pytest
from oracle import draw_maps  # noqa: F401  the walker needs the oracle to be loaded
from walker import windows_of

import hwcost as h


def pool(kernel: int, stride: int, size: int, mode: str = "avg", **more: object) -> h.LayerSpec:
    out = (size - kernel) // stride + 1
    return h.LayerSpec(
        "pool", f"{mode}_pool2d", 0, (1, size, size), (1, out, out), kernel=(kernel,) * 2, stride=(stride,) * 2,
        **more,
    )  # fmt: skip


def counts_of_one_event(layer: h.LayerSpec, place: tuple[int, int], value: int = 1) -> h.Cost:
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    events = np.zeros((1, 1, *layer.in_shape), dtype=int)
    events[(0, 0, 0, *place)] = value
    return h.estimate(network, h.SpikeRecord.from_maps(network, {"pool": events}), "45nm_memory")


@pytest.mark.parametrize("mode", ["avg", "max"])
@pytest.mark.parametrize(
    ("kernel", "stride", "size", "place", "met"),
    [(3, 1, 7, (3, 3), 9), (3, 1, 7, (0, 0), 1), (2, 2, 5, (4, 4), 0), (2, 2, 5, (1, 1), 1), (3, 2, 7, (2, 2), 4)],
    ids=["centre of 3x3 windows", "its corner", "dropped corner", "kept", "corner of four windows"],
)  # fmt: skip
def test_an_event_meets_every_window_that_covers_it(
    mode: str, kernel: int, stride: int, size: int, place: tuple[int, int], met: int
) -> None:
    layer = pool(kernel, stride, size, mode)
    cost = counts_of_one_event(layer, place)
    assert cost.count("pool_add" if mode == "avg" else "pool_or") == met
    values, index = h.fan_out_classes(layer)
    assert (values[index] == windows_of(layer)[0]).all()


@pytest.mark.parametrize(("in_class", "value"), [("graded", 3), ("ternary", -1)])
def test_the_maximum_of_values_takes_comparisons(in_class: str, value: int) -> None:
    layer = pool(3, 1, 7, "max", in_class=in_class, in_max=max(value, 1))
    cost = counts_of_one_event(layer, (3, 3), value)
    assert (cost.count("pool_compare"), cost.count("pool_or")) == (9, 0)
    assert cost.by_kind()["operations"] >= 9 * h.load_profile("45nm_memory").prices["compare"].value


def test_an_average_of_values_adds_each_unit() -> None:
    layer = pool(3, 1, 7, in_class="graded", in_max=3)
    assert counts_of_one_event(layer, (3, 3), 3).count("pool_add") == 27


def test_totals_of_an_overlapping_pool_give_bounds() -> None:
    layer = pool(3, 1, 7)
    network = h.NetworkSpec((layer, h.linear("fc", 25, 2, in_class="graded", in_max=9)), (h.StageSpec(1),))
    exact = h.SpikeRecord.full(network)
    totals = h.LayerSpikes([[10]])
    cost = h.estimate(network, h.SpikeRecord({**exact.layers, "pool": totals}, 1), "45nm_memory")
    row = next(row for row in cost.rows if row.item == "pool_add")
    # The ten least and most covered of 49 positions; windows cover 225 positions in all.
    assert (row.low, row.high) == ((4 * 1 + 6 * 2,), (9 * 9 + 1 * 6,))
    assert row.steps == pytest.approx((10 * 225 / 49,))


def fused() -> tuple[h.NetworkSpec, h.SpikeRecord]:
    first = h.conv("first", (1, 8, 8), 2, 3, padding=1, neuron="lif")
    layer = h.pool("pool", first.out_shape, 2)
    behind = {"in_class": "graded", "in_max": 4, "source": "pool"}
    network = h.NetworkSpec(
        (first, layer, h.linear("fc", layer.out_shape, 3, **behind), h.linear("side", layer.out_shape, 3, **behind)),
        (h.StageSpec(2),),
    )  # fmt: skip
    return network, h.SpikeRecord.constant(network, 0.5, 4)


def test_a_fused_pool_is_read_by_each_layer_behind_it_and_never_written() -> None:
    network, record = fused()
    profile = h.load_profile("45nm_memory").where(codec="aer", dataflow="none")
    apart = h.estimate(network, record, profile)
    together = h.estimate(network, record, profile.where(fuse_avg_pool=True))
    assert together.count("spike_read", "pool") == 2 * apart.count("spike_read", "pool")
    assert together.count("pool_add", "pool") == together.count("spike_write", "pool") == 0
    assert together.count("spike_read", "fc") == together.count("spike_read", "side") == 0
    assert together.sop == apart.sop


def test_pools_read_by_others_than_weights_are_not_fused() -> None:
    network, record = fused()
    norm = h.LayerSpec(
        "norm", "batch_norm", 0, (2, 4, 4), (2, 4, 4), source="pool", in_class="graded", in_max=4
    )
    layers = (*network.layers[:3], norm)
    network = h.NetworkSpec(layers, network.stages)
    record = h.SpikeRecord.constant(network, 0.5, 4)
    cost = h.estimate(network, record, h.load_profile("45nm_memory").where(fuse_avg_pool=True))
    assert cost.count("pool_add", "pool") > 0


def test_the_textbook_fan_out_is_that_of_convolutions_alone() -> None:
    """Lemaire's ceil(k / s) is the fan-out of a convolution; pools and transposed convolutions keep their own."""
    layer = pool(3, 1, 7)
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    record = h.SpikeRecord.full(network)
    assert h.estimate(network, record, "lemaire").count("pool_add") == windows_of(layer).sum()
    up = h.LayerSpec(
        "up", "conv_transpose2d", 0, (2, 3, 3), (4, 6, 6), kernel=(2, 2), stride=(2, 2), groups=2
    )
    network = h.NetworkSpec((up,), (h.StageSpec(1),))
    assert h.estimate(network, h.SpikeRecord.full(network), "lemaire").sop == 18 * 2 * 4
