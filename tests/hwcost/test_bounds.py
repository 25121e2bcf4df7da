"""No activity costs less than the lower bound or more than the upper one, and totals bracket the exact cost."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import hwcost as h
from hwcost.estimate import estimate

MODES = ("score_mix", "static_mix", "rank1_score", "bucket", "truncate")
PROFILES = (
    "45nm_memory",
    "45nm_memory",
    "45nm_paper_simple",
    "45nm_int8_memory",
    "7nm_memory",
    "lemaire",
    "yan2024",
)
ARRAY = {"array_positions", "array_channels", "window", "weight_buffer_bits", "accumulator_buffer_bits"}
HABITS: dict[str, tuple[object, ...]] = {
    "dataflow": ("none", "weight_stationary", "output_stationary", "tick_batched"),
    "codec": ("min", "aer", "bitmap"),
    "skip_policy": ("none", "if_exact", "lazy_leak", "shut_off"),
    "graded": ("unary", "mac"),
    "attention": ("row", "coincidence"),
}


def draw_profile(data: st.DataObject) -> h.Profile:
    profile = h.load_profile(data.draw(st.sampled_from(PROFILES)))
    if not profile.hardware.keys() >= ARRAY:
        return profile
    habits = {name: data.draw(st.sampled_from(values)) for name, values in HABITS.items()}
    if data.draw(st.booleans()):
        few = {name: h.Price(n, n, n) for name, n in (("bits_per_cycle", 32), ("window", 2))}
        profile = replace(profile, hardware={**profile.hardware, **few})
    return profile.where(**habits)


def draw_network(data: st.DataObject) -> h.NetworkSpec:
    """One to three stages of convolutions with a pool, a shortcut or a mask here and there, and a linear layer."""
    n_stages = data.draw(st.integers(1, 3))
    timesteps = sorted((data.draw(st.integers(1, 5)) for _ in range(n_stages)), reverse=True)
    neuron, bias = data.draw(st.sampled_from(("lif", "if"))), data.draw(st.booleans())
    stages = [h.StageSpec(timesteps[0])]
    layers: list[h.LayerSpec] = []
    shape, channels = (data.draw(st.sampled_from((1, 2))), 6, 6), (4, 16, 4)
    for stage, steps in enumerate(timesteps):
        if stage:
            changes = steps != timesteps[stage - 1]
            stages.append(h.StageSpec(steps, data.draw(st.sampled_from(MODES)) if changes else None))
        more: dict[str, object] = {"neuron": neuron, "bias": bias, "stage": stage}
        graded = {"in_class": "graded", "in_max": 3} if not layers and data.draw(st.booleans()) else {}
        width = data.draw(st.sampled_from(channels))
        mask = (
            tuple(data.draw(st.integers(0, 1)) for _ in range(steps))
            if data.draw(st.integers(0, 3)) == 0
            else ()
        )
        entry = h.conv(f"c{stage}", shape, width, 3, padding=1, mask=mask, **graded, **more)
        layers.append(entry)
        if stage and data.draw(st.booleans()):
            source = layers[-2].name
            beside = h.conv(f"s{stage}", shape, width, 1, source=source, **more)
            add = h.LayerSpec(
                f"a{stage}",
                "sew_add",
                stage,
                entry.out_shape,
                entry.out_shape,
                source=entry.name,
                other_source=beside.name,
            )
            layers += [beside, add]
        elif data.draw(st.booleans()) and min(entry.out_shape[1:]) > 1:
            layers.append(h.pool(f"p{stage}", entry.out_shape, 2, stage=stage))
        shape = layers[-1].out_shape
        if layers[-1].kind in ("sew_add", "avg_pool2d"):
            in_max = 2 if layers[-1].kind == "sew_add" else 4
            layers.append(
                h.conv(f"d{stage}", shape, 3, 3, padding=1, in_class="graded", in_max=in_max, **more)
            )
            shape = layers[-1].out_shape
    layers.append(h.linear("fc", shape, 5, stage=n_stages - 1))
    return h.NetworkSpec(tuple(layers), tuple(stages))


def draw_maps(
    data: st.DataObject, network: h.NetworkSpec, min_rate: float = 0.0, n_samples: int = 3
) -> h.SpikeRecord:
    """Independent random maps; of inner layers, every place is active in at least `min_rate` of the samples."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    rates = (0.0, 0.02, 0.3, 0.9, 1.0)
    n_least = int(np.ceil(min_rate * n_samples))

    def draw(steps: tuple[int, ...], shape: tuple[int, ...], *, inner: bool) -> np.ndarray:
        by_channel = rng.choice(rates, size=(1, len(steps), shape[0], *(1 for _ in shape[1:])))
        maps = rng.random((n_samples, len(steps), *shape)) < by_channel
        if inner and n_least:
            places = maps.shape[1:] if rng.random() < 0.5 else (1,) * (maps.ndim - 1)
            maps |= rng.random((n_samples, *places)).argsort(axis=0) < n_least
        return maps * np.array(steps).reshape(1, -1, *(1 for _ in shape))

    events, outputs = {}, {}
    for layer in network.layers:
        inner = network.source(layer) is not None
        seen = draw(network.input_mask(layer), layer.in_shape, inner=inner)
        events[layer.name] = seen * rng.integers(1, layer.in_max + 1, seen.shape)
        if layer.neuron:
            active = layer.mask or (1,) * network.timesteps(layer)
            outputs[layer.name] = draw(active, layer.out_shape, inner=True)
    return h.SpikeRecord.from_maps(network, events, outputs)


def assert_within(bound: h.Bound, cost: h.Cost) -> None:
    low, high = bound.energy_pj
    assert low * (1 - 1e-9) <= cost.total_pj <= high * (1 + 1e-9)
    assert bound.low.latency_cycles <= cost.latency_cycles <= bound.high.latency_cycles
    first = bound.first_decision_cycles
    assert first[0] <= cost.first_decision_cycles <= first[1]
    assert bound.footprint_bits[0] <= cost.footprint_bits <= bound.footprint_bits[1]


def bounds_hold(data: st.DataObject) -> None:
    network, profile = draw_network(data), draw_profile(data)
    execution = data.draw(st.sampled_from(h.EXECUTIONS))
    min_rate = data.draw(st.sampled_from((0.0, 0.0, 0.3, 0.5, 1.0)))
    record = draw_maps(data, network, min_rate)
    bound = h.bound(network, profile, min_rate, execution)
    assert_within(bound, h.estimate(network, record, profile, execution))


def input_events_bound(data: st.DataObject) -> None:
    network, profile = draw_network(data), draw_profile(data)
    execution = data.draw(st.sampled_from(h.EXECUTIONS))
    record = draw_maps(data, network, n_samples=1)
    first = record.layers["c0"]
    events = sum(map(sum, first.sums)) + data.draw(st.integers(0, 3))
    bound = h.bound(network, profile, 0.0, execution, input_events=events)
    assert_within(bound, h.estimate(network, record, profile, execution))


def totals_hold_the_exact_cost(data: st.DataObject) -> None:
    network, profile = draw_network(data), draw_profile(data)
    execution = data.draw(st.sampled_from(h.EXECUTIONS))
    record = draw_maps(data, network)
    layers = {
        name: replace(s, events=[[sum(row)] for row in s.events], sums=[[sum(row)] for row in s.sums])
        for name, s in record.layers.items()
    }
    exact = h.estimate(network, record, profile, execution)
    known = h.estimate(network, replace(record, layers=layers), profile, execution)
    low, high = known.interval
    assert low * (1 - 1e-9) <= exact.total_pj <= high * (1 + 1e-9)
    low_cycles, high_cycles = known.latency_cycles_interval
    assert low_cycles <= exact.latency_cycles <= high_cycles


def latency_spans_every_sample(data: st.DataObject) -> None:
    network, profile = draw_network(data), draw_profile(data)
    execution = data.draw(st.sampled_from(h.EXECUTIONS))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    singles = []
    for rate in (0.0, 0.05, 1.0):
        events, outputs = {}, {}
        for layer in network.layers:
            mask, own = network.input_mask(layer), layer.mask or (1,) * network.timesteps(layer)
            for maps, steps, shape in ((events, mask, layer.in_shape), (outputs, own, layer.out_shape)):
                if maps is events or layer.neuron:
                    gate = np.array(steps).reshape(1, -1, *(1 for _ in shape))
                    maps[layer.name] = (rng.random((1, len(steps), *shape)) < rate) * gate
        singles.append(h.SpikeRecord.from_maps(network, events, outputs))
    together = h.estimate(network, singles[0] + singles[1] + singles[2], profile, execution)
    low, high = together.latency_cycles_interval
    costs = [estimate(network, one, profile, execution, orders=together.mixing_orders) for one in singles]
    assert low <= min(c.latency_cycles for c in costs)
    assert high >= max(c.latency_cycles for c in costs)


CHECKS = (bounds_hold, input_events_bound, totals_hold_the_exact_cost, latency_spans_every_sample)


def run(check: Callable[[st.DataObject], None], n_examples: int) -> None:
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large)
    options = settings(
        max_examples=n_examples, derandomize=True, database=None, suppress_health_check=slow,
        phases=(Phase.generate, Phase.shrink), report_multiple_bugs=False,
    )  # fmt: skip
    options(given(st.data())(check))()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_bounds(check: Callable[[st.DataObject], None]) -> None:
    run(check, 40)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_bounds_on_many_networks(check: Callable[[st.DataObject], None]) -> None:
    run(check, 2000)


def convolutions(widths: tuple[int, ...], timesteps: tuple[int, ...], mode: str) -> h.NetworkSpec:
    layers, shape = [], (2, 16, 16)
    for i, width in enumerate(widths):
        layers.append(h.conv(f"conv{i}", shape, width, 3, stage=i, padding=1, neuron="lif"))
        shape = layers[-1].out_shape
    return h.NetworkSpec(
        tuple(layers), tuple(h.StageSpec(t, mode if i else None) for i, t in enumerate(timesteps))
    )


@pytest.mark.parametrize(
    ("widths", "timesteps", "mode", "profile", "execution", "n_orders"),
    [
        (
            (4, 32, 4),
            (8, 5, 2),
            "rank1_score",
            h.load_profile("45nm_memory").where(dataflow="none"),
            "layer_serial",
            4,
        ),
        ((4, 32, 32), (7, 5, 3), "bucket", "45nm_paper_simple", "pipelined", 1),
    ],
)
def test_bounds_hold_although_the_order_of_mixing_follows_activity(
    widths: tuple[int, ...],
    timesteps: tuple[int, ...],
    mode: str,
    profile: h.Profile | str,
    execution: str,
    n_orders: int,
) -> None:
    """The least activity takes one order, the most another: neither's latency and memory bounds those between."""
    network = convolutions(widths, timesteps, mode)
    bound = h.bound(network, profile, 0.0, execution)
    orders = set()
    for rates in itertools.product((0.0, 0.001, 0.1, 1.0), repeat=3):
        records = [h.SpikeRecord.constant(network, rate, 1000) for rate in rates]
        layers = {x.name: one.layers[x.name] for x, one in zip(network.layers, records, strict=True)}
        cost = h.estimate(network, h.SpikeRecord(layers, 1000), profile, execution)
        orders.add(tuple(cost.mixing_orders.values()))
        assert_within(bound, cost)
    assert len(orders) == n_orders
    both = [
        h.estimate(
            network,
            h.SpikeRecord.empty(network),
            profile,
            execution,
            orders=dict(zip(names, order, strict=True)),
        )
        for names in [list(cost.mixing_orders)]
        for order in itertools.product(("mix_then_conv", "conv_then_mix"), repeat=2)
    ]
    footprints = {c.footprint_bits for c in both}
    assert bound.footprint_bits == (min(footprints), max(footprints))


def test_input_events_may_all_come_in_one_timestep() -> None:
    """Eight events in one step take longer than one event in each of eight: 16 operations run in a cycle."""
    network = h.NetworkSpec(
        (h.linear("a", 64, 16, neuron="lif"), h.linear("b", 16, 2, neuron="lif")), (h.StageSpec(8),)
    )
    bound = h.bound(network, "45nm_memory", input_events=8)
    full = h.SpikeRecord.full(network)
    outputs = full.layers["a"].outputs
    at_once = h.LayerSpikes([[8], *[[0]] * 7], (), outputs)
    cost = h.estimate(network, h.SpikeRecord({**full.layers, "a": at_once}, 1), "45nm_memory")
    evenly = h.LayerSpikes([[1]] * 8, (), outputs)
    spread = h.estimate(network, h.SpikeRecord({**full.layers, "a": evenly}, 1), "45nm_memory")
    assert spread.latency_cycles < cost.latency_cycles <= bound.high.latency_cycles
    assert max(cost.total_pj, spread.total_pj) <= bound.high.total_pj


@pytest.mark.parametrize("kind", ["mask_attention", "attention"])
def test_operands_at_half_rate_need_not_meet(kind: str) -> None:
    """Queries and values fire at one half of the places, keys at the other: nothing coincides."""
    first = h.conv("qkv", (1, 4, 6), 3, 1, neuron="lif")
    layer = h.LayerSpec("a", kind, 0, (3, 4, 6), (4, 6), operands=(("heads", 2),), neuron="lif")
    network = h.NetworkSpec((first, layer), (h.StageSpec(1),))
    profile = h.load_profile("45nm_memory").where(attention="coincidence")
    half = np.zeros((2, 1, 2, 6, 2), dtype=int)
    half[0] = 1
    counts = h.attention_counts(half, half[::-1], half)
    assert counts["qk"] == counts["kv"] == (0,)
    maps = np.zeros((2, 1, 3, 4, 6), dtype=int)
    maps[0, :, (0, 2)] = maps[1, :, 1] = 1
    record = h.SpikeRecord.from_maps(
        network,
        {"qkv": np.zeros((2, 1, 1, 4, 6)), "a": maps},
        {"qkv": maps, "a": np.stack([np.ones((1, 4, 6)), np.zeros((1, 4, 6))])},
    )
    met = replace(record.layers["a"], extras=tuple(counts.items()))
    cost = h.estimate(network, replace(record, layers={**record.layers, "a": met}), profile)
    low = h.bound(network, profile, min_rate=0.5).low
    assert low.count("attention_ac") == 0
    assert low.total_pj <= cost.total_pj


def test_all_operands_that_must_meet_are_counted() -> None:
    """At a rate of 0.9, keys and values meet in at least 0.8 of samples."""
    first = h.conv("qkv", (1, 4, 6), 3, 1, neuron="lif")
    layer = h.LayerSpec("a", "mask_attention", 0, (3, 4, 6), (4, 6), neuron="lif")
    network = h.NetworkSpec((first, layer), (h.StageSpec(1),))
    low = h.bound(network, "45nm_memory", min_rate=0.9).low
    assert low.count("attention_ac") == pytest.approx(0.8 * 24)


def silent_and_full() -> tuple[h.NetworkSpec, h.SpikeRecord, h.SpikeRecord]:
    network = h.NetworkSpec(
        (h.conv("a", (2, 6, 6), 4, 3, padding=1, neuron="if"), h.linear("b", (4, 6, 6), 3)), (h.StageSpec(3),)
    )
    return network, h.SpikeRecord.empty(network), h.SpikeRecord.full(network)


def test_a_silent_and_a_full_sample_cost_the_same_together_and_apart() -> None:
    """The codec takes the shorter form sample by sample: nothing for one, the bitmap for the other."""
    network, silent, full = silent_and_full()
    profile = h.load_profile("45nm_memory").where(dataflow="none")
    apart = [h.estimate(network, record, profile) for record in (silent, full)]
    together = h.estimate(network, silent + full, profile)
    for item in ("spike_read", "spike_write"):
        rows = [row for row in together.rows if row.item == item]
        fewest, most = (sum(sum(getattr(row, end)) for row in rows) / 2 for end in ("low", "high"))
        mean = sum(cost.count(item) for cost in apart) / 2
        assert fewest == mean < together.count(item) == most
    energy = sum(cost.total_pj for cost in apart) / 2
    assert together.interval[0] < energy < together.interval[1]
    assert together.latency_cycles_interval == tuple(cost.latency_cycles for cost in apart)
    assert any("spans every sample" in note for note in together.notes)
    both = h.compare(together, apart[0])
    assert both.low < both.difference_pj < both.high


def test_samples_on_one_side_of_the_codec_have_an_exact_cost() -> None:
    network, silent, full = silent_and_full()
    events = np.zeros((1, 3, 2, 6, 6))
    events[0, 0, 0, 0, 0] = 1
    few = h.SpikeRecord.from_maps(
        network,
        {"a": events, "b": np.zeros((1, 3, 144))},
        {"a": np.zeros((1, 3, 4, 6, 6))},
    )
    for pair in (silent + few, full + full):
        cost = h.estimate(network, pair, "45nm_memory")
        assert all(row.low is None for row in cost.rows if row.item in ("spike_read", "spike_write"))


def test_latency_of_a_record_without_samples_says_so() -> None:
    network, silent, full = silent_and_full()
    plain = {n: h.LayerSpikes(s.events, s.sums, s.outputs) for n, s in (silent + full).layers.items()}
    cost = h.estimate(network, h.SpikeRecord(plain, 2), "45nm_memory")
    assert cost.latency_cycles_interval == (cost.latency_cycles,) * 2
    assert any("does not span samples" in note for note in cost.notes)


def test_branches_that_are_busy_in_different_samples_add_nothing() -> None:
    """One sample has events in the first branch only, the other in the second: no sample has anything to add."""
    more = {"neuron": "if", "source": "input"}
    layers = (
        h.linear("a", 4, 4, **more),
        h.linear("b", 4, 4, **more),
        h.LayerSpec("sum", "sew_add", 0, (4,), (4,), source="a", other_source="b"),
        h.linear("end", 4, 2, in_class="graded", in_max=2),
    )
    network = h.NetworkSpec(layers, (h.StageSpec(1),))
    one, other = np.zeros((2, 1, 4)), np.zeros((2, 1, 4))
    one[0], other[1] = 1, 1
    events = {"a": one, "b": other, "sum": one, "end": one + other}
    record = h.SpikeRecord.from_maps(network, events, {"a": one, "b": other})
    row = next(row for row in h.estimate(network, record, "45nm_memory").rows if row.item == "residual_add")
    assert (row.low, row.high) == ((0,), (4,))
    cost = h.estimate(network, h.SpikeRecord.full(network, 2), "45nm_memory")
    assert [(row.steps, row.low) for row in cost.rows if row.item == "residual_add"] == [((8,), None)]


@pytest.mark.parametrize("name", ["loihi", "seneca", "spinnaker2", "truenorth"])
def test_bounds_hold_on_chips_of_cores(name: str) -> None:
    """Layers of one stage whose channels are active to different degrees at different timesteps."""
    first = h.conv("c0", (2, 6, 6), 4, 3, padding=1, neuron="lif")
    second = h.conv("c1", first.out_shape, 4, 3, padding=1, neuron="lif")
    last = h.linear("fc", second.out_shape, 5, neuron="lif")
    network = h.NetworkSpec((first, second, last), (h.StageSpec(3),))
    assume = {"weight_bits": 2 if name == "truenorth" else 8}
    rng = np.random.default_rng(0)

    def maps(shape: tuple[int, ...]) -> np.ndarray:
        rates = rng.choice((0.0, 0.05, 0.5, 1.0), size=(1, 3, shape[0], *(1 for _ in shape[1:])))
        return (rng.random((2, 3, *shape)) < rates).astype(int)

    for execution in ("lock_step", "layer_serial"):
        bound = h.bound(network, name, 0.0, execution, assume)
        for _ in range(5):
            events = {layer.name: maps(layer.in_shape) for layer in network.layers}
            outputs = {layer.name: maps(layer.out_shape) for layer in network.layers}
            record = h.SpikeRecord.from_maps(network, events, outputs)
            assert_within(bound, h.estimate(network, record, name, execution, assume))
