"""No activity costs less than the lower bound or more than the upper one, and totals bracket the exact cost."""

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
    apart = sum(c.dynamic_pj for c in costs) / 3
    leaks = {row.item for row in together.rows if row.price} & {"leakage"}
    if profile.semantics.dataflow == "none" and not leaks and profile.semantics.codec != "min":
        assert together.dynamic_pj == pytest.approx(apart)


CHECKS = (bounds_hold, input_events_bound, totals_hold_the_exact_cost, latency_spans_every_sample)


def run(check: Callable[[st.DataObject], None], n_examples: int) -> None:
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large)
    options = settings(
        max_examples=n_examples, deadline=None, derandomize=True, database=None, suppress_health_check=slow,
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
