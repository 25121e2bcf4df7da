"""Pruned layers against a walk over every synapse that is left."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hwcost as h
from hwcost.estimate import mean_timesteps
from hwcost.network.pruning import weight_shape

PROFILE = h.load_profile("45nm_memory")
SCATTER = PROFILE.where(dataflow="none")


def random_mask(layer: h.LayerSpec, seed: int, density: float = 0.3) -> np.ndarray:
    mask = np.random.default_rng(seed).random(weight_shape(layer)) < density
    mask.flat[seed % mask.size] = True
    return mask


def alone(layer: h.LayerSpec, timesteps: int = 1) -> h.NetworkSpec:
    return h.NetworkSpec((layer,), (h.StageSpec(timesteps),))


@settings(max_examples=60)
@given(data=st.data())
def test_operations_equal_a_walk_over_every_synapse_that_is_left(
    data: st.DataObject, oracle: ModuleType, brute_force: Callable[..., np.ndarray]
) -> None:
    """Any stride, dilation, padding, mode and group, forward and transposed, with exact and with total counts."""
    layer = oracle.draw_conv(data) if data.draw(st.booleans()) else h.linear("l", (2, 3), 4)
    mask = random_mask(layer, data.draw(st.integers(0, 999)), data.draw(st.sampled_from((0.0, 0.3, 0.9))))
    layer = h.pruned(layer, mask)
    fan_out = brute_force(layer, mask)
    events = oracle.draw_maps(data, (2, 3, *layer.in_shape))
    network = alone(layer, 3)
    record = h.SpikeRecord.from_maps(network, {layer.name: events})
    cost = h.estimate(network, record, SCATTER)
    met = int((events * fan_out).sum())
    assert cost.count("synaptic_operation") * 2 == met
    assert cost.count("weight_read") * 2 == met
    assert h.n_synapses(layer) == fan_out.sum()
    assert layer.n_parameters == mask.sum()
    counts = [[int(n)] for n in events.sum(axis=(0, *range(2, events.ndim)))]
    totals = h.estimate(network, h.SpikeRecord({layer.name: h.LayerSpikes(counts)}, 2), SCATTER)
    [row] = [row for row in totals.rows if row.item == "synaptic_operation"]
    assert sum(row.low or row.steps) <= met <= sum(row.high or row.steps)


def test_a_mask_of_ones_is_no_pruning() -> None:
    layer = h.conv("c", (4, 6, 6), 8, 3, groups=2, padding=1)
    assert h.pruned(layer, np.ones((8, 2, 3, 3))) == layer


def test_without_one_output_channel_it_is_the_smaller_layer() -> None:
    layer = h.conv("c", (4, 6, 6), 8, 3, padding=1)
    mask = np.ones((8, 4, 3, 3))
    mask[5] = 0
    pruned, smaller = h.pruned(layer, mask), h.conv("c", (4, 6, 6), 7, 3, padding=1)
    assert h.n_synapses(pruned) == h.n_synapses(smaller)
    assert h.n_padded_synapses(pruned) == h.n_padded_synapses(smaller)
    assert np.array_equal(
        h.fan_out_classes(pruned)[0][h.fan_out_classes(pruned)[1]][2],
        h.fan_out_classes(smaller)[0][h.fan_out_classes(smaller)[1]],
    )


def test_numbers_meet_the_synapses_that_are_left() -> None:
    """One MAC each; the textbook's count has those on padding, too: kept weights times 36 positions."""
    layer = h.conv("c", (4, 6, 6), 8, 3, padding=1, in_class="analog")
    mask = random_mask(layer, 3)
    network = alone(h.pruned(layer, mask), 2)
    silent = h.SpikeRecord.empty(network)
    assert h.estimate(network, silent, PROFILE).mac == 2 * h.n_synapses(network.layers[0])
    padded = h.estimate(network, silent, PROFILE.where(pads_counted=True)).mac
    assert padded == 2 * 36 * mask.sum() > 2 * h.n_synapses(network.layers[0])
    assert h.ann_twins(alone(replace(network.layers[0], in_class="binary"), 2), PROFILE).dense.mac == (
        h.n_synapses(network.layers[0])
    )


@pytest.mark.parametrize(
    ("layer", "index"),
    [
        (h.linear("l", 100, 33), 6),  # one of 33 outputs
        (h.conv("c", (4, 6, 6), 8, 3), 7),  # one of 8 x 9 weights of an input channel
        (h.conv("d", (8, 6, 6), 8, 3, groups=8), 4),  # one of 9
        (h.LayerSpec("t", "conv_transpose2d", 0, (4, 3, 3), (2, 6, 6), kernel=(2, 2), stride=(2, 2)), 3),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_a_kept_weight_is_stored_with_its_index(layer: h.LayerSpec, index: int) -> None:
    mask = random_mask(layer, 7, 0.4)
    network = alone(h.pruned(layer, mask))
    record = h.SpikeRecord.full(network)
    cost = h.estimate(network, record, SCATTER)
    assert cost.footprint["weights"] == mask.sum() * (32 + index)
    assert h.estimate(network, record, SCATTER, assume={"weight_bits": 4}).footprint[
        "weights"
    ] == mask.sum() * (4 + index)
    [row] = [row for row in cost.rows if row.item == "weight_read"]
    memory = PROFILE.memory
    assert memory is not None
    size = int(mask.sum()) * (32 + index)
    assert row.price is not None
    assert row.price.value == pytest.approx(memory.price_per_bit(size).value * (32 + index))


@pytest.mark.parametrize("dataflow", ["weight_stationary", "output_stationary", "tick_batched"])
def test_a_dataflow_reads_kept_weights_alone(dataflow: str) -> None:
    """With every input active, a weight is read once per timestep (or window) and tile, and no other is."""
    layer = h.linear("l", 64, 32)
    mask = random_mask(layer, 11)
    network = alone(h.pruned(layer, mask))
    cost = h.estimate(network, h.SpikeRecord.full(network), PROFILE.where(dataflow=dataflow))
    assert cost.count("weight_read") == pytest.approx(mask.sum())


def test_pruning_survives_a_file_and_is_refused_where_it_is_none() -> None:
    layer = h.conv("c", (4, 6, 6), 8, 3, padding=1)
    pruned = h.pruned(layer, random_mask(layer, 5))
    assert h.LayerSpec.from_dict(pruned.to_dict()) == pruned
    for kept, message in (("?", "is no base64"), ("AAAA", "'kept' has 3 bytes, a mask of weights .* has 36")):
        with pytest.raises(h.HwcostError, match=message):
            replace(layer, kept=kept)
    with pytest.raises(h.HwcostError, match="keeps no weight"):
        h.pruned(layer, np.zeros((8, 4, 3, 3)))
    with pytest.raises(h.HwcostError, match=r"its weights are \(8, 4, 3, 3\), the mask is \(4, 8, 3, 3\)"):
        h.pruned(layer, np.zeros((4, 8, 3, 3)))
    with pytest.raises(h.HwcostError, match="a mask holds 0 and 1"):
        h.pruned(layer, np.full((8, 4, 3, 3), 0.5))
    with pytest.raises(h.HwcostError, match="not of lstm"):
        h.LayerSpec("l", "lstm", 0, (6,), (5,), kept="AAAA")
    network = alone(pruned)
    with pytest.raises(h.HwcostError, match="textbook fan-out knows no pruning"):
        h.estimate(network, h.SpikeRecord.full(network), PROFILE.where(fan_out="textbook"))


@pytest.mark.parametrize("execution", ["layer_serial", "lock_step"])
def test_a_chip_maps_the_whole_layer_and_prices_what_is_left(execution: str) -> None:
    """Messages, cores and notes are those of the whole layer, an upper bound; operations are those that are left."""
    conv, head = h.conv("c", (4, 8, 8), 16, 3, padding=1, neuron="lif"), h.linear("f", (16, 8, 8), 10)
    rng = np.random.default_rng(0)
    maps = {"c": rng.random((2, 4, 4, 8, 8)) < 0.2, "f": rng.random((2, 4, 1024)) < 0.1}
    events = {name: spikes.astype(int) for name, spikes in maps.items()}
    outputs = {"c": events["f"].reshape(2, 4, 16, 8, 8)}
    costs = []
    for layers in (
        (conv, head),
        (h.pruned(conv, random_mask(conv, 1)), h.pruned(head, random_mask(head, 2))),
    ):
        network = h.NetworkSpec(layers, (h.StageSpec(4),))
        record = h.SpikeRecord.from_maps(network, events, outputs)
        costs.append(h.estimate(network, record, "loihi", execution, {"weight_bits": 8}))
        operations = [(h.fan_out_classes(layer), events[layer.name]) for layer in layers]
        met = sum(int((values[index] * seen).sum()) for (values, index), seen in operations)
        assert costs[-1].sop * 2 == met
    whole, left = costs
    assert left.cores == whole.cores
    assert left.count("message") == whole.count("message")
    assert left.total_pj < whole.total_pj
    assert "pruned layers mapped as if all their weights were there: c, f" in left.notes
    assert not any("pruned" in note for note in whole.notes)


def test_a_limit_of_synapses_per_neuron_counts_those_that_are_left(tmp_path: Path) -> None:
    path = tmp_path / "narrow.yaml"
    limit = "{value: 256, range: [256, 256], unit: synapses, source: assumed}"
    path.write_text(f"extends: 45nm_memory\ncapacity: {{fan_in: {limit}}}\n")
    layer = h.linear("l", 300, 5, neuron="lif")
    mask = np.zeros((5, 300))
    mask[:, :200] = 1
    for spec, fits in ((layer, False), (h.pruned(layer, mask), True)):
        network = alone(spec)
        record = h.SpikeRecord.constant(network, 0.1, 10)
        if fits:
            assert h.estimate(network, record, path).total_pj > 0
        else:
            with pytest.raises(h.HwcostError, match="300 synapses per neuron"):
                h.estimate(network, record, path)


def test_mean_timesteps_by_mac_are_those_of_the_dense_network() -> None:
    """So they are known before training says which weights are left."""
    layers = (h.linear("a", 4, 6, neuron="lif"), h.linear("b", 6, 3, stage=1, in_class="analog"))
    stages = (h.StageSpec(5), h.StageSpec(1, "bucket"))
    masks = [np.arange(24).reshape(6, 4) < 1, np.ones((3, 6), dtype=bool)]
    pruned = tuple(h.pruned(layer, mask) for layer, mask in zip(layers, masks, strict=True))
    assert mean_timesteps(h.NetworkSpec(pruned, stages)).by_mac == (5 * 24 + 1 * 18) / 42
