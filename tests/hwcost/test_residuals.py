"""Residual networks: blocks with a shortcut, several entries per stage, counted event by event."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from oracle import walk_network

import hwcost as h
from hwcost.counting import transformer
from hwcost.counting.kinds import residuals
from hwcost.studies.resample import resampled

HARDWARE = h.load_profile("45nm_memory").where(codec="aer", dataflow="none")


def block(
    name: str, before: h.LayerSpec, channels: int, *, stage: int = 0, stride: int = 1
) -> tuple[h.LayerSpec, ...]:
    """Two convolutions whose sum with the input drives neurons; the shortcut is a convolution where shapes change."""
    more = {"stage": stage, "bias": True}
    first = h.conv(
        f"{name}.first", before.out_shape, channels, 3, stride=stride, padding=1, neuron="lif",
        source=before.name, **more,
    )  # fmt: skip
    second = h.conv(f"{name}.second", first.out_shape, channels, 3, padding=1, **more)
    shortcut = h.conv(
        f"{name}.shortcut", before.out_shape, channels, 1, stride=stride, source=before.name, **more
    )
    convolved = stride > 1 or channels != before.out_shape[0]
    total = h.LayerSpec(
        f"{name}.sum",
        "membrane_shortcut",
        stage,
        second.out_shape,
        second.out_shape,
        in_class="analog",
        neuron="lif",
        source=second.name,
        other_source=shortcut.name if convolved else before.name,
    )
    return (first, second, shortcut, total) if convolved else (first, second, total)


def resnet(timesteps: tuple[int, int] = (3, 1), mode: str = "score_mix", width: int = 4) -> h.NetworkSpec:
    """A stem and two blocks; the second one has a shortcut with weights, starts the second stage and halves the map."""
    stem = h.conv("stem", (2, 4, 4), 3, 3, padding=1, neuron="lif", bias=True)
    one = block("block1", stem, 3)
    two = block("block2", one[-1], width, stage=1, stride=2)
    head = h.linear("head", two[-1].out_shape, 5, stage=1)
    stages = (
        h.StageSpec(timesteps[0]),
        h.StageSpec(timesteps[1], mode if timesteps[0] != timesteps[1] else None),
    )
    return h.NetworkSpec((stem, *one, *two, head), stages)


def activity(
    network: h.NetworkSpec, rate: float, n_samples: int = 2
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Random spikes: what a layer sends is what its readers receive."""
    rng = np.random.default_rng(7)
    outputs = {
        layer.name: (rng.random((n_samples, network.timesteps(layer), *layer.out_shape)) < rate).astype(int)
        for layer in network.layers
        if layer.neuron
    }
    events = {}
    for layer in network.layers:
        source = network.source(layer)
        shape = (n_samples, network.input_timesteps(layer), *layer.in_shape)
        if source is None:
            events[layer.name] = (rng.random(shape) < rate).astype(int)
        elif source.neuron:
            events[layer.name] = outputs[source.name].reshape(shape)
    return events, outputs


def counted(cost: h.Cost, items: set[str]) -> dict[tuple[str, str], int]:
    totals: dict[tuple[str, str], int] = {}
    for row in cost.rows:
        if row.item in items and any(row.steps):
            key = row.layer, row.item
            totals[key] = totals.get(key, 0) + sum(row.steps)
    return totals


WALKED = {
    "synapse_ac", "synapse_mac", "weight_read", "accumulator_read", "accumulator_write",
    "bias_add", "mix_ac", "mix_mac", "score_ac", "score_mac",
    "score_lookup", "residual_add", "activation_read", "activation_write", "spike_read", "spike_write",
    "neuron_multiply", "neuron_add", "neuron_compare",
}  # fmt: skip


@pytest.mark.parametrize(
    ("timesteps", "rate", "width", "orders"),
    [
        ((3, 1), 0.05, 4, {"block2.first": "conv_then_mix", "block2.shortcut": "mix_then_conv"}),
        ((6, 1), 1.0, 40, {"block2.first": "mix_then_conv", "block2.shortcut": "mix_then_conv"}),
        ((2, 2), 0.4, 4, {}),
        ((3, 1), 0.0, 4, None),
        ((3, 1), 1.0, 4, None),
    ],
    ids=["an order for each", "frames mixed once", "one timestep vector", "empty", "full"],
)
def test_counts_equal_brute_force(
    timesteps: tuple[int, int], rate: float, width: int, orders: dict[str, str] | None
) -> None:
    network = resnet(timesteps, width=width)
    events, outputs = activity(network, rate)
    cost = h.estimate(network, h.SpikeRecord.from_maps(network, events, outputs), HARDWARE)
    assert orders is None or cost.mixing_orders == orders
    assert counted(cost, WALKED) == walk_network(network, events, outputs, dict(cost.mixing_orders))


@pytest.mark.parametrize(
    ("module", "name", "wrong"),
    [
        (residuals, "_other_reads", lambda *given: []),  # noqa: ARG005
        (transformer, "orders_beside", lambda *given: []),  # noqa: ARG005
    ],
    ids=["second summand not read", "scores and mixing for every entry"],
)
def test_brute_force_notices_seeded_bugs(
    module: ModuleType, name: str, wrong: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = resnet((6, 1), width=40)
    events, outputs = activity(network, 1.0)
    record = h.SpikeRecord.from_maps(network, events, outputs)
    orders = dict(h.estimate(network, record, HARDWARE).mixing_orders)
    truth = walk_network(network, events, outputs, orders)
    monkeypatch.setattr(module, name, wrong)
    assert counted(h.estimate(network, record, HARDWARE), WALKED) != truth


def test_full_and_empty_records_are_the_limits_of_the_sums() -> None:
    network = resnet((3, 1))
    full, empty = (
        h.estimate(network, record, HARDWARE)
        for record in (h.SpikeRecord.full(network), h.SpikeRecord.empty(network))
    )
    assert full.count("residual_add", "block1.sum") == 3 * 48
    assert empty.count("residual_add", "block1.sum") == 0
    assert full.count("residual_add", "block2.sum") == empty.count("residual_add", "block2.sum") == 16
    assert full.count("zero_check", "block1.sum") == empty.count("zero_check", "block1.sum") == 3 * 48
    bound = h.bound(network, HARDWARE)
    for rate in (0.0, 0.3, 1.0):
        cost = h.estimate(network, h.SpikeRecord.constant(network, rate, 100), HARDWARE)
        assert bound.energy_pj[0] <= cost.total_pj <= bound.energy_pj[1]
        assert bound.latency_s[0] <= cost.latency_s <= bound.latency_s[1]


def test_every_reader_of_the_stage_before_is_an_entry() -> None:
    network = resnet((3, 1), "bucket")
    entries = {layer.name for layer in network.layers if network.transformer(layer)}
    assert entries == {"block2.first", "block2.shortcut"}
    assert {network.input_timesteps(network.layer(name)) for name in entries} == {3}
    assert network.input_timesteps(network.layer("block2.second")) == 1
    last = network.layer("block1.sum")
    masked = replace(
        network,
        layers=tuple(replace(last, mask=(1, 0, 1)) if x is last else x for x in network.layers),
    )
    assert {masked.input_mask(masked.layer(name)) for name in entries} == {(1, 0, 1)}
    assert masked.input_mask(masked.layer("block2.sum")) == (1,)


def test_a_division_without_a_change_of_timesteps_changes_no_energy() -> None:
    divided = resnet((3, 3))
    whole = replace(
        divided,
        layers=tuple(replace(layer, stage=0) for layer in divided.layers),
        stages=(h.StageSpec(3),),
    )
    record = h.SpikeRecord.constant(divided, 0.3, 100)
    for execution in h.EXECUTIONS:
        a, b = (h.estimate(network, record, HARDWARE, execution) for network in (divided, whole))
        assert (a.total_pj, a.latency_cycles) == (b.total_pj, b.latency_cycles)


@pytest.mark.parametrize("execution", ["pipelined", "event_driven"])
def test_the_latency_of_branches_is_the_longest_path(execution: str) -> None:
    """Without a transformer, every path walks layers along their sources, and timesteps in each of them."""
    network = resnet((2, 2))
    record = h.SpikeRecord.constant(network, 0.3, 1000)
    cost = h.estimate(network, record, HARDWARE, execution)
    alone = {
        name: [h.estimate(network, record, HARDWARE, execution).cycles_by_layer[name] // 2] * 2
        for name in cost.cycles_by_layer
    }

    def finish(layer: h.LayerSpec, t: int) -> int:
        sources = [s for s in (network.source(layer), network.other_source(layer)) if s is not None]
        waits = [finish(source, t) for source in sources]
        waits += [finish(layer, t - 1)] if t else []
        return max(waits, default=0) + alone[layer.name][t]

    assert cost.latency_cycles == finish(network.layers[-1], 1)
    assert cost.first_decision_cycles == finish(network.layers[-1], 0)


def test_execution_models_keep_their_order_with_branches() -> None:
    for timesteps in ((3, 1), (4, 2), (2, 2)):
        network = resnet(timesteps)
        record = h.SpikeRecord.constant(network, 0.3, 100)
        cycles = {
            e: h.estimate(network, record, HARDWARE.where(), e).latency_cycles
            for e in ("pipelined", "lock_step", "layer_serial")
        }
        assert cycles["pipelined"] <= min(cycles["lock_step"], cycles["layer_serial"])


def test_the_shortcut_is_part_of_the_footprint() -> None:
    """The stem's spikes wait for the first sum, at both timesteps; the shortcut's 4x2x2 numbers for the second."""
    network = resnet((2, 2))
    bits = h.estimate(network, h.SpikeRecord.empty(network), HARDWARE).footprint
    plain = replace(network, layers=tuple(replace(layer, other_source="") for layer in network.layers))
    without = h.estimate(plain, h.SpikeRecord.empty(plain), HARDWARE).footprint
    assert bits["spikes"] - without["spikes"] == 2 * 48
    assert bits["frames"] - without["frames"] == 2 * 16 * 32
    cut = h.estimate(resnet((3, 1)), h.SpikeRecord.empty(resnet((3, 1))), HARDWARE)
    waiting = {"conv_then_mix": 3 * 16 * 32, "mix_then_conv": 3 * 48 + 48 * 32}
    assert cut.footprint["transformers"] == sum(waiting[order] for order in cut.mixing_orders.values())


def test_the_dense_twin_adds_its_shortcuts() -> None:
    network = resnet((3, 1))
    twin = h.ann_twins(network, HARDWARE).dense
    assert twin.count("residual_add", "block1.sum") == 48
    assert twin.count("residual_add", "block2.sum") == 16
    assert twin.count("activation_read", "block1.sum") == 2 * 48
    assert twin.mac == sum(
        h.n_synapses(layer) for layer in network.layers if layer.kernel or layer.name == "head"
    )
    events = sew()
    assert h.ann_twins(events, HARDWARE).dense.count("residual_add") == 2 * 4


@pytest.mark.parametrize("rates_from", ["prefix", "constant"])
def test_predictions_equal_single_estimates(rates_from: str) -> None:
    network = resnet((4, 2))
    record = h.SpikeRecord.from_maps(network, *activity(network, 0.3))
    vectors = [v for v in itertools.product(range(1, 5), repeat=2) if v[0] >= v[1]]
    table = h.predictor(
        network, record, HARDWARE, largest=4, rates_from=rates_from, transformer="score_mix"
    ).price(vectors)
    for i, vector in enumerate(vectors):
        wanted = h.with_timesteps(network, vector, "score_mix")
        cost = h.estimate(wanted, resampled(record, network, wanted, rates_from), HARDWARE)
        assert table.energy_pj[i] == pytest.approx(cost.total_pj, rel=1e-12)
        assert table.latency_s[i] == pytest.approx(cost.latency_s, rel=1e-12)


def sew() -> h.NetworkSpec:
    """Two SEW-ADD blocks: sums of spikes grow by one per block."""
    layers = [h.linear("stem", 3, 4, neuron="lif")]
    for k in (1, 2):
        graded = {"in_class": "graded", "in_max": k} if k > 1 else {}
        before = layers[-1].name
        layers.append(h.linear(f"branch{k}", 4, 4, neuron="lif", source=before, **graded))
        layers.append(h.LayerSpec(f"add{k}", "sew_add", 0, (4,), (4,), other_source=before))
    layers.append(h.linear("head", 4, 2, in_class="graded", in_max=3))
    return h.NetworkSpec(tuple(layers), (h.StageSpec(2),))


def test_sew_add_reads_both_branches_and_adds_the_smaller() -> None:
    network = sew()
    spikes = {
        "stem": h.LayerSpikes([[3], [0]], outputs=[4, 1]),
        "branch1": h.LayerSpikes([[4], [1]], outputs=[2, 3]),
        "add1": h.LayerSpikes([[2], [3]]),
        "branch2": h.LayerSpikes([[4], [3]], [[6], [4]], outputs=[1, 0]),
        "add2": h.LayerSpikes([[1], [0]]),
        "head": h.LayerSpikes([[4], [3]], [[7], [4]]),
    }
    record = h.SpikeRecord(spikes, 1)
    cost = h.estimate(network, record, HARDWARE)
    assert cost.count("residual_add", "add1") == min(2, 4) + min(3, 1)
    assert cost.count("residual_add", "add2") == min(1, 4) + 0
    # Two address bits per event of either branch; unary hardware sends an event of value 2 twice.
    assert cost.count("spike_read", "add1") == 2 * (2 + 3 + 4 + 1)
    assert cost.count("spike_read", "add2") == 2 * (1 + 0 + 6 + 4)
    # Otherwise it is sent once, with two more bits for its value.
    once = h.estimate(network, record, HARDWARE.where(graded="mac"))
    assert once.count("spike_read", "add2") == 2 * (1 + 0) + (2 + 2) * (4 + 3)
    assert cost.count("zero_check", "add1") == 2 * 2 * 4
    # The second summand of add2 reaches 2: two bits per neuron, twice buffered.
    assert cost.footprint["spikes"] == 2 * (3 + 4 + (4 + 4) + 4 * 2 + (4 + 4 * 2) + 4 * 2)


def test_events_that_nobody_else_reads_are_counted_by_the_record() -> None:
    """The pool's output is read by the sum alone."""
    stem = h.conv("stem", (1, 4, 4), 2, 3, padding=1, neuron="lif")
    pool = h.pool("pool", stem.out_shape, 2)
    branch = h.conv("branch", stem.out_shape, 2, 3, padding=1, stride=2, source="stem")
    total = h.LayerSpec(
        "sum",
        "membrane_shortcut",
        0,
        (2, 2, 2),
        (2, 2, 2),
        in_class="analog",
        neuron="lif",
        other_source="pool",
    )
    network = h.NetworkSpec((stem, pool, branch, total, h.linear("head", (2, 2, 2), 2)), (h.StageSpec(2),))
    full = h.SpikeRecord.full(network)
    assert h.estimate(network, full, HARDWARE).count("residual_add") == 2 * 8

    def priced(others: tuple[int, ...]) -> float:
        extras = (("other", others),) if others else ()
        known = h.SpikeRecord({**full.layers, "sum": replace(full.layers["sum"], extras=extras)}, 1)
        return h.estimate(network, known, HARDWARE).count("residual_add")

    assert priced((3, 1)) == 4
    with pytest.raises(
        h.HwcostError, match="'sum': a membrane_shortcut needs the count 'other' at each of 2"
    ):
        priced(())
    with pytest.raises(h.HwcostError, match="'sum': the count 'other' has more events"):
        priced((9, 0))


def test_constant_records_of_sums_follow_their_summands() -> None:
    network = sew()
    for rate in (0.0, 0.5, 1.0):
        cost = h.estimate(network, h.SpikeRecord.constant(network, rate, 2), HARDWARE)
        assert (
            cost.count("residual_add") == 2 * 2 * 4 * rate
        )  # the branch never has more events than the sum so far
    table = h.predictor(network, h.SpikeRecord.constant(network, 0.5, 2), HARDWARE, largest=2).price([[2]])
    known = h.estimate(network, h.SpikeRecord.constant(network, 0.5, 2), HARDWARE)
    assert table.energy_pj[0] == pytest.approx(known.total_pj, rel=1e-12)


def test_descriptions_survive_json() -> None:
    for network in (resnet(), sew()):
        plain = json.loads(json.dumps(network.to_dict()))
        assert h.NetworkSpec.from_dict(plain) == network
        named = [layer["name"] for layer in plain["layers"] if "other_source" in layer]
        assert named == [layer.name for layer in network.layers if layer.other_source]


def test_several_layers_can_read_the_input() -> None:
    """Two branches on the same frames: the second one is no reader of the first."""
    a = h.conv("a", (2, 4, 4), 3, 3, padding=1)
    b = h.conv("b", (2, 4, 4), 3, 1, source="input")
    total = h.LayerSpec(
        "sum", "membrane_shortcut", 0, (3, 4, 4), (3, 4, 4), in_class="analog", neuron="lif", source="a",
        other_source="b",
    )  # fmt: skip
    network = h.NetworkSpec((a, b, total, h.linear("head", (3, 4, 4), 2)), (h.StageSpec(2),))
    assert network.source(network.layer("b")) is None
    low, high = h.bound(network, HARDWARE, input_events=4)
    assert (low.sop, high.count("synaptic_operation", "b")) == (0, 2 * 2 * 3)
    with pytest.raises(h.HwcostError, match="'b': stage 1 reads the network's input"):
        h.NetworkSpec((a, replace(b, stage=1)), (h.StageSpec(2), h.StageSpec(2)))


def three_stages(**change: object) -> h.NetworkSpec:
    a = h.linear("a", 4, 4, neuron="lif")
    b = h.linear("b", 4, 4, stage=1, neuron="lif")
    c = h.linear("c", 4, 4, stage=2)
    total = h.LayerSpec(
        "sum", "membrane_shortcut", 2, (4,), (4,), in_class="analog", neuron="lif", other_source="c"
    )
    layers = {layer.name: layer for layer in (a, b, c, total)}
    name = str(change.pop("name"))
    layers[name] = replace(layers[name], **change)
    return h.NetworkSpec(tuple(layers.values()), (h.StageSpec(2),) * 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "c", "source": "a"}, "'c': source 'a' lies in stage 0, more than one before its own, 2"),
        ({"name": "sum", "other_source": "b"}, "'sum': other_source 'b' lies in stage 1.*1x1 convolution"),
        ({"name": "sum", "other_source": "d"}, "'sum': source 'd' is no earlier layer"),
        ({"name": "c", "out_shape": (5,)}, r"'sum': other_source 'c' gives \(5,\), not \(4,\)"),
        ({"name": "c", "other_source": "b"}, "'c': a linear has one source"),
        ({"name": "sum", "in_class": "binary"}, "'sum': a membrane_shortcut adds numbers"),
        ({"name": "sum", "in_class": "binary", "kind": "sew_add"}, "'sum': other_source 'c' gives numbers"),
    ],
)
def test_impossible_shortcuts_are_refused_by_name(change: dict[str, object], message: str) -> None:
    with pytest.raises(h.HwcostError, match=message):
        three_stages(**change)


def test_a_sum_cannot_stand_at_a_temporal_transformer() -> None:
    network = resnet((3, 1))
    entry = replace(network.layer("block2.sum"), source="block1.sum", in_shape=(3, 4, 4), out_shape=(3, 4, 4))
    layers = (*network.layers[:4], replace(entry, other_source=""), h.linear("out", (3, 4, 4), 2, stage=1))
    with pytest.raises(h.HwcostError, match=r"'block2.sum': a temporal transformer must be followed by"):
        h.NetworkSpec(layers, network.stages)
