"""Layers that hear themselves: numbers that arrive, own output, addresses, fan-in."""

from dataclasses import replace

import numpy as np
import pytest

import hwcost as h

EVENTS = h.load_profile("45nm_memory").where(codec="aer", dataflow="none")


def cell(kind: str, n_in: int = 100, n_out: int = 50, **more: object) -> h.LayerSpec:
    neuron = "lif" if kind == "recurrent" else None
    return h.LayerSpec("cell", kind, 0, (n_in,), (n_out,), **{"neuron": neuron} | more)


def alone(layer: h.LayerSpec, timesteps: int) -> h.NetworkSpec:
    return h.NetworkSpec((layer,), (h.StageSpec(timesteps),))


@pytest.mark.parametrize(("kind", "macs"), [("lstm", 80_000), ("recurrent", 20_000)])
def test_numbers_into_a_recurrent_layer_are_multiplied(kind: str, macs: int) -> None:
    network = alone(cell(kind, in_class="analog"), 4)
    silent = h.estimate(network, h.SpikeRecord.empty(network), "45nm_memory")
    assert (silent.mac, silent.sop) == (macs, 0)
    assert silent.count("weight_read") > 0
    loud = h.estimate(network, h.SpikeRecord.full(network), "45nm_memory")
    gates = 4 if kind == "lstm" else 1
    assert (loud.mac, loud.sop) == (macs, 3 * 50 * gates * 50)


@pytest.mark.parametrize("kind", ["lstm", "recurrent"])
def test_a_constant_frame_into_a_recurrent_layer_is_multiplied_once(kind: str) -> None:
    network = alone(cell(kind, in_class="analog", constant_input=True, mask=(0, 1, 1, 1)), 4)
    cost = h.estimate(network, h.SpikeRecord.empty(network), EVENTS)
    sums = 50 * (4 if kind == "lstm" else 1)
    assert cost.mac == 100 * sums
    assert cost.count("activation_write") == sums
    assert (0, sums, sums, sums) in [row.steps for row in cost.rows if row.item == "activation_read"]


@pytest.mark.parametrize(("kind", "gates"), [("lstm", 4), ("recurrent", 1)])
def test_the_twin_of_a_recurrent_layer_multiplies_numbers(kind: str, gates: int) -> None:
    """Of one timestep: no output of an earlier one. Of more: 50 numbers come back, one MAC per synapse."""
    numbers = cell(kind, in_class="analog", neuron=None, operands=(("analog_output", 1),))
    for timesteps, back in ((1, 0), (3, 2)):
        network = alone(numbers, timesteps)
        cost = h.estimate(network, h.SpikeRecord.empty(network), "45nm_memory")
        assert cost.mac == timesteps * 100 * gates * 50 + back * 50 * gates * 50
        assert cost.count("gate_lookup") == (5 * 50 * timesteps if kind == "lstm" else 0)
        assert not numbers.fires


def test_numbers_that_come_out_of_a_recurrent_layer_are_written() -> None:
    numbers = cell("recurrent", in_class="analog", neuron=None, operands=(("analog_output", 1),))
    reader = h.linear("head", 50, 2, in_class="analog")
    network = h.NetworkSpec((numbers, reader), (h.StageSpec(3),))
    cost = h.estimate(network, h.SpikeRecord.empty(network), EVENTS)
    assert cost.count("activation_write", "cell") == 3 * 50
    with pytest.raises(h.HwcostError, match="'cell': a recurrent layer feeds its own spikes back"):
        replace(numbers, operands=())


@pytest.mark.parametrize(("kind", "gates"), [("lstm", 4), ("recurrent", 1)])
def test_recurrent_layers_compute_addresses(kind: str, gates: int) -> None:
    """One add per synapse met, of events and of own spikes; two, three and four spikes, the last heard by nobody."""
    network = alone(cell(kind, 6, 5), 3)
    spikes = h.LayerSpikes([[1], [2], [3]], outputs=[2, 3, 4])
    cost = h.estimate(network, h.SpikeRecord({"cell": spikes}, 1), EVENTS)
    assert cost.count("address_add") == (1 + 2 + 3 + 2 + 3) * gates * 5
    assert cost.count("address_add") == cost.sop


def test_a_recurrent_layer_reads_its_own_spikes_also_where_it_is_the_last() -> None:
    """Three address bits each: six events, and the spikes of two steps, written and read."""
    network = alone(cell("recurrent", 6, 5), 3)
    spikes = h.LayerSpikes([[1], [2], [3]], outputs=[2, 3, 4])
    cost = h.estimate(network, h.SpikeRecord({"cell": spikes}, 1), EVENTS)
    assert cost.count("spike_read") == 3 * 6 + 3 * (2 + 3)
    assert cost.count("spike_write") == 3 * (2 + 3)
    assert cost.count("zero_check") == 3 * 6 + 2 * 5


def test_the_fan_in_limit_counts_own_spikes() -> None:
    """4,000 inputs and 500 own spikes are 4,500 synapses per neuron; Loihi has 4,096."""
    network = alone(cell("recurrent", 4000, 500), 1)
    with pytest.raises(h.HwcostError, match="'cell': 4500 synapses per neuron"):
        h.estimate(network, h.SpikeRecord.empty(network), "loihi", assume={"weight_bits": 8})
    assert h.fan_in(cell("recurrent", 3000, 500)) == 3500
    assert h.fan_in(cell("lstm", 30, 5)) == 4 * 35
    assert h.fan_in(h.linear("l", 7, 3)) == 7
    assert h.fan_in(h.conv("c", (4, 8, 8), 6, 3, groups=2)) == 18


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"), [(3, 2, 1), (4, 2, 1), (3, 3, 1), (3, 2, 2), (5, 3, 2), (2, 3, 1)]
)
def test_the_fan_in_of_a_transposed_convolution_is_that_of_its_fullest_output(
    kernel: int, stride: int, dilation: int
) -> None:
    length = 9
    out = (length - 1) * stride + dilation * (kernel - 1) + 1
    layer = h.LayerSpec(
        "up", "conv_transpose1d", 0, (4, length), (2, out), kernel=(kernel,), stride=(stride,),
        dilation=(dilation,), groups=2,
    )  # fmt: skip
    taps = [0] * out
    for y in range(length):
        for i in range(kernel):
            taps[y * stride + i * dilation] += 1
    assert h.fan_in(layer) == 2 * max(taps)


def test_every_gate_of_an_lstm_has_its_bias() -> None:
    network = alone(cell("lstm", 6, 5, bias=True), 3)
    cost = h.estimate(network, h.SpikeRecord.empty(network), EVENTS)
    assert cost.count("bias_add") == cost.count("bias_read") == 3 * 4 * 5


def test_the_last_lstm_has_no_accumulators_beside_its_states() -> None:
    """Cell and hidden state of five units, three steps: the first read and the last write never happen."""
    network = alone(cell("lstm", 6, 5), 3)
    cost = h.estimate(network, h.SpikeRecord.empty(network), EVENTS)
    assert cost.count("membrane_read") == cost.count("membrane_write") == 2 * 2 * 5
    assert cost.count("neuron_add") == 0
    assert cost.footprint["membranes"] == 2 * 5 * 32


@pytest.mark.parametrize("kind", ["lstm", "recurrent"])
def test_own_spikes_of_samples_that_differ_are_bounded(kind: str) -> None:
    """The codec takes the shorter form per sample: a silent sample sends nothing, a loud one a bitmap."""
    network = alone(cell(kind, 4, 50), 3)
    samples = [
        h.SpikeRecord.from_maps(network, {"cell": np.full((1, 3, 4), n)}, {"cell": np.full((1, 3, 50), n)})
        for n in (0, 1)
    ]
    costs = [h.estimate(network, record, "45nm_memory") for record in (*samples, samples[0] + samples[1])]
    rows = [[row for row in cost.rows if row.item == "spike_read"] for cost in costs]
    for silent, loud, both in zip(*rows, strict=True):
        assert sum(both.low or both.steps) == sum(silent.steps) + sum(loud.steps) <= sum(both.steps)
