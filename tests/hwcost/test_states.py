"""Neurons of two states: a synaptic current decays beside the membrane."""

import pytest

import hwcost as h


def cost(states: int) -> h.Cost:
    layer = h.linear("fc", 4, 3, neuron="lif", dataflow="none", operands=(("states", states),))
    network = h.NetworkSpec((layer, h.linear("out", 3, 2)), (h.StageSpec(5),))
    stepwise = h.load_profile("45nm_memory").where(dataflow="output_stationary")
    return h.estimate(network, h.SpikeRecord.full(network, 2), stepwise)


def test_a_second_state_is_read_written_decayed_and_added() -> None:
    """i' = a i + input; v' = b v + i': a multiplication, an addition and a stored number for each state."""
    one, two = cost(1), cost(2)
    updates = 3 * 5
    assert two.count("neuron_multiply", "fc") == 2 * one.count("neuron_multiply", "fc") == 2 * updates
    assert two.count("neuron_add", "fc") - one.count("neuron_add", "fc") == updates
    assert two.count("neuron_compare", "fc") == one.count("neuron_compare", "fc")
    assert two.footprint["membranes"] - one.footprint["membranes"] == 3 * 32


@pytest.mark.parametrize("states", [1, 2])
def test_all_states_of_a_neuron_are_one_word(states: int) -> None:
    memory = h.load_profile("45nm_memory").memory
    assert memory is not None
    bits = 32 * states
    row = next(r for r in cost(states).rows if (r.layer, r.item) == ("fc", "membrane_read"))
    assert sum(row.steps) > 0
    assert row.price is not None
    assert row.price.value == pytest.approx(memory.price_per_bit(3 * bits).value * bits)
