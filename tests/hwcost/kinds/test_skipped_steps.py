"""Skip policies: no real spike is dropped, and samples keep their own quiet steps however they are merged."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hwcost as h

POLICIES = ("none", "if_exact", "lazy_leak", "shut_off")
STEPWISE = h.load_profile("45nm_memory").where(codec="aer", dataflow="none")


def simulate(layer: h.LayerSpec, events: np.ndarray, weights: np.ndarray, theta: float) -> np.ndarray:
    """Spikes [samples, T, neurons] of a fully connected layer, with soft reset."""
    voltage, spikes = np.zeros((len(events), layer.n_outputs)), []
    for t in range(events.shape[1]):
        leak = 0.5 if layer.neuron == "lif" else 1.0
        voltage = leak * voltage + events[:, t] @ weights + 0.3 * layer.bias
        spikes.append(voltage >= theta)
        voltage = voltage - theta * spikes[-1]
    return np.stack(spikes, axis=1).astype(int)


def network_of(layer: h.LayerSpec, timesteps: int) -> h.NetworkSpec:
    return h.NetworkSpec((layer, h.linear("next", layer.n_outputs, 2)), (h.StageSpec(timesteps),))


def record_of(network: h.NetworkSpec, events: np.ndarray, spikes: np.ndarray) -> h.SpikeRecord:
    return h.SpikeRecord.from_maps(network, {"layer": events, "next": spikes}, {"layer": spikes})


def counted(network: h.NetworkSpec, record: h.SpikeRecord, policy: str) -> dict[str, float]:
    cost = h.estimate(network, record, STEPWISE.where(skip_policy=policy))
    names = ("neuron_update", "membrane_read", "membrane_write", "spike_write", "bias_add")
    return {name: cost.count(name, "layer") * record.n_samples for name in names}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("from_maps", [True, False], ids=["per sample", "totals"])
def test_a_neuron_above_two_thresholds_fires_again_without_input(policy: str, *, from_maps: bool) -> None:
    """Soft reset, IF above 2 theta: events [1, 0], outputs [1, 1]: two updates, one membrane read and one write."""
    layer = h.linear("layer", 1, 1, neuron="if")
    network = network_of(layer, 2)
    events = np.array([[[1], [0]]])
    spikes = simulate(layer, events, np.array([[2.5]]), 1.0)
    assert spikes.ravel().tolist() == [1, 1]
    record = record_of(network, events, spikes)
    if not from_maps:
        parts = {name: h.LayerSpikes(s.events, (), s.outputs) for name, s in record.layers.items()}
        record = h.SpikeRecord(parts, 1)
    assert counted(network, record, policy) == {
        "neuron_update": 2, "membrane_read": 1, "membrane_write": 1, "spike_write": 2, "bias_add": 0,
    }  # fmt: skip


def walked(layer: h.LayerSpec, events: np.ndarray, spikes: np.ndarray, policy: str) -> dict[str, int]:
    """One sample after the other, one step after the other."""
    may_skip = {
        "none": False,
        "if_exact": layer.neuron == "if" and not layer.bias,
        "lazy_leak": not layer.bias,
        "shut_off": True,
    }[policy]
    counts = dict.fromkeys(("neuron_update", "membrane_read", "membrane_write", "spike_write", "bias_add"), 0)
    for arriving, leaving in zip(events, spikes, strict=True):
        runs = [t for t in range(len(arriving)) if not may_skip or arriving[t].any() or leaving[t].any()]
        for t in runs:
            counts["neuron_update"] += layer.n_outputs
            counts["membrane_read"] += layer.n_outputs * (t != runs[0])
            counts["membrane_write"] += layer.n_outputs * (t != runs[-1])
            counts["bias_add"] += layer.n_outputs * layer.bias
        counts["spike_write"] += int(leaving.sum()) * max(1, (layer.n_outputs - 1).bit_length())
    return counts


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=25, derandomize=True, database=None)
@given(data=st.data())
def test_updates_equal_a_walk_over_samples(policy: str, data: st.DataObject) -> None:
    n_samples, steps, n_in, n_out = (data.draw(st.integers(1, n)) for n in (4, 5, 3, 3))
    layer = h.linear(
        "layer", n_in, n_out, neuron=data.draw(st.sampled_from(("if", "lif"))), bias=data.draw(st.booleans())
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    events = (rng.random((n_samples, steps, n_in)) < data.draw(st.sampled_from((0.0, 0.1, 0.4)))).astype(int)
    spikes = simulate(layer, events, rng.uniform(0, 3, (n_in, n_out)), 1.0)
    network = network_of(layer, steps)
    whole = record_of(network, events, spikes)
    truth = walked(layer, events, spikes, policy)
    assert counted(network, whole, policy) == pytest.approx(truth)
    cut = data.draw(st.integers(0, n_samples))
    parts = [
        record_of(network, events[s], spikes[s]) for s in (slice(0, cut), slice(cut, None)) if len(events[s])
    ]
    merged = parts[0] + parts[1] if len(parts) == 2 else parts[0]
    assert counted(network, merged, policy) == pytest.approx(truth)
    # A record of sums alone is read as if every sample ran where one does: never less.
    sums = {name: h.LayerSpikes(s.events, (), s.outputs) for name, s in whole.layers.items()}
    above = counted(network, h.SpikeRecord(sums, n_samples), policy)
    assert all(above[name] >= n - 1e-9 for name, n in truth.items())


def test_a_silent_and_a_full_sample_cost_what_they_cost_apart() -> None:
    """The mean of the costs of two samples is the cost of the two samples, under if_exact."""
    layer = h.linear("layer", 2, 3, neuron="if")
    network = network_of(layer, 3)
    profile = STEPWISE.where(skip_policy="if_exact")
    silent, full = (np.full((1, 3, 2), n) for n in (0, 1))
    records = [record_of(network, x, np.repeat(x[..., :1], 3, axis=2)) for x in (silent, full)]
    apart = [h.estimate(network, record, profile) for record in records]
    together = h.estimate(network, records[0] + records[1], profile)
    for item in ("neuron_update", "membrane_read", "membrane_write", "neuron_add"):
        assert together.count(item, "layer") == sum(cost.count(item, "layer") for cost in apart) / 2


def test_own_spikes_of_the_step_before_wake_a_recurrent_layer() -> None:
    """No event arrives after the first step, but the spikes of the first one do."""
    layer = h.LayerSpec("layer", "recurrent", 0, (2,), (2,), neuron="if")
    network = network_of(layer, 3)
    spikes = {
        "layer": h.LayerSpikes([[1], [0], [0]], outputs=[1, 0, 0]),
        "next": h.LayerSpikes([[1], [0], [0]]),
    }
    cost = h.estimate(network, h.SpikeRecord(spikes, 1), STEPWISE.where(skip_policy="if_exact"))
    assert cost.count("neuron_update", "layer") == 2 * 2


def test_events_of_the_second_summand_wake_a_sum() -> None:
    stem = h.linear("stem", 2, 2, neuron="if")
    branch = h.linear("branch", 2, 2, neuron="if", source="stem")
    total = h.LayerSpec("sum", "sew_add", 0, (2,), (2,), neuron="if", other_source="stem")
    network = h.NetworkSpec((stem, branch, total), (h.StageSpec(3),))
    quiet = h.LayerSpikes([[0], [0], [0]], outputs=[0, 0, 0])
    spikes = {
        "stem": replace(quiet, outputs=(1, 0, 1)),
        "branch": h.LayerSpikes([[1], [0], [1]], outputs=[0, 0, 0]),
        "sum": quiet,
    }
    cost = h.estimate(network, h.SpikeRecord(spikes, 1), STEPWISE.where(skip_policy="if_exact"))
    steps = next(row.steps for row in cost.rows if row.layer == "sum" and row.item == "neuron_update")
    assert steps == (2, 0, 2)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_masked_step_is_never_run(policy: str) -> None:
    for mask in itertools.product((0, 1), repeat=2):
        layer = h.linear("layer", 1, 1, neuron="if", mask=mask)
        network = network_of(layer, 2)
        events = np.ones((1, 2, 1), dtype=int)
        spikes = events * np.array(mask)[None, :, None]
        assert counted(network, record_of(network, events, spikes), policy)["neuron_update"] == sum(mask)
