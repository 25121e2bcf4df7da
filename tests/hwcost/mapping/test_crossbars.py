"""Layers in crossbars: accesses follow from shapes alone, and energies equal the formula of SpikeSim's script."""

from dataclasses import replace
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hwcost as h

PROFILE = "crossbar_rram"


def spikesim_pj(layer: h.LayerSpec, timesteps: int, size: int = 64) -> float:
    """Energy of a layer in the released script: processing-element cycles times the energy of one."""
    k = layer.kernel[0] * layer.kernel[1] if layer.kernel else 1
    element = k * 1.76423 + (size / 8) * (2.03084 + 0.094245)
    cycle = (
        19.64 * 8 + 4.64 + 1.274 * 4 + size / 8 * element + (size / 8) * 16 * 1.15e-6 + (size / 8) * 0.2 + 397
    )
    positions = layer.out_shape[1] * layer.out_shape[2] if layer.kernel else 1
    return ceil(layer.out_shape[0] / size) * ceil(layer.in_shape[0] / size) * positions * timesteps * cycle


def priced(
    layer: h.LayerSpec, timesteps: int, rate: float = 1.0, profile: h.Profile | str = PROFILE
) -> h.Cost:
    network = h.NetworkSpec((layer,), (h.StageSpec(timesteps),))
    return h.estimate(network, h.SpikeRecord.constant(network, rate, 10), profile)


@settings(max_examples=40)
@given(data=st.data())
def test_energy_equals_the_released_script(data) -> None:
    n_in, n_out, kernel = (data.draw(st.integers(1, n)) for n in (200, 200, 3))
    steps = data.draw(st.integers(1, 5))
    layer = h.conv(
        "c",
        (n_in, 6, 6),
        n_out,
        kernel,
        padding=data.draw(st.integers(0, 1)),
        neuron="lif",
        placement="crossbar",
    )
    cost = priced(layer, steps)
    assert cost.by_kind()["crossbars"] == pytest.approx(spikesim_pj(layer, steps), rel=1e-6)
    flat = h.linear("l", n_in, n_out, placement="crossbar")
    assert priced(flat, steps).by_kind()["crossbars"] == pytest.approx(spikesim_pj(flat, steps), rel=1e-6)


def test_accesses_do_not_follow_spikes_and_replace_the_work_of_a_memory() -> None:
    layer = h.conv("c", (65, 6, 6), 130, 3, neuron="lif", placement="crossbar")
    costs = [priced(layer, 4, rate) for rate in (0.0, 0.3, 1.0)]
    for cost in costs:
        assert cost.count("crossbar_access") == 2 * 3 * 16 * 4
        assert cost.count("crossbar_read") == 9 * cost.count("crossbar_access")
        for item in (
            "synaptic_operation",
            "synapse_ac",
            "weight_read",
            "accumulator_read",
            "accumulator_write",
            "address_add",
        ):
            assert cost.count(item) == 0
        assert cost.count("neuron_update") == 4 * layer.n_outputs
        assert cost.dataflows == {"c": "crossbar"}
        assert "crossbars of c: used whole at every active timestep, whatever arrives" in cost.notes
    beside = priced(replace(layer, placement=""), 4)
    assert beside.count("crossbar_access") == 0
    assert beside.sop > 0


def test_groups_masks_and_constant_frames() -> None:
    grouped = h.conv("c", (128, 4, 4), 128, 1, groups=2, neuron="lif", placement="crossbar")
    assert priced(grouped, 2).count("crossbar_access") == 2 * 1 * 1 * 16 * 2
    masked = replace(grouped, mask=(1, 0, 0))
    assert priced(masked, 3).count("crossbar_access") == 2 * 16
    frame = h.conv(
        "c", (3, 4, 4), 8, 3, in_class="analog", constant_input=True, neuron="lif", placement="crossbar"
    )
    assert priced(frame, 5).count("crossbar_access") == 4
    assert priced(frame, 5).mac == 0


def test_behind_a_temporal_transformer_either_order_uses_the_crossbar() -> None:
    first = h.conv("a", (2, 4, 4), 4, 3, padding=1, neuron="lif")
    second = h.conv("b", (4, 4, 4), 4, 3, padding=1, stage=1, neuron="lif", placement="crossbar")
    network = h.NetworkSpec((first, second), (h.StageSpec(4), h.StageSpec(2, "score_mix")))
    for order, steps in (("mix_then_conv", 2), ("conv_then_mix", 4)):
        cost = h.estimate(network, h.SpikeRecord.full(network), PROFILE, orders={"b": order})
        assert cost.count("crossbar_access") == 16 * steps
        assert cost.count("synapse_mac", "b") == 0


def test_without_crossbars_or_a_weight_matrix_it_is_refused() -> None:
    layer = h.linear("l", 8, 8, placement="crossbar")
    with pytest.raises(
        h.HwcostError, match=r"'l': profile '45nm_memory' has no crossbars.*use crossbar_rram"
    ):
        priced(layer, 1, profile="45nm_memory")
    with pytest.raises(h.HwcostError, match=r"'l': unknown placement 'crosbar'\. Did you mean 'crossbar'"):
        replace(layer, placement="crosbar")
    lstm = h.LayerSpec("cell", "lstm", 0, (8,), (4,), placement="crossbar")
    with pytest.raises(h.HwcostError, match="'cell': a lstm has no place on a crossbar"):
        priced(lstm, 1)
