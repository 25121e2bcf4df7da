"""What is counted, and which constant of a profile pays for it."""

from typing import NamedTuple


class Item(NamedTuple):
    """The group an item is reported in, the constant that prices it, and whether it is a MAC, an AC or neither."""

    kind: str
    constant: str
    operation: str = ""


ITEMS: dict[str, Item] = {
    "synaptic_operation": Item("synaptic_operations", "sop"),
    "synapse_mac": Item("operations", "mac", "mac"),
    "synapse_ac": Item("operations", "ac", "ac"),
    "bias_add": Item("operations", "ac", "ac"),
    "pool_add": Item("operations", "ac", "ac"),
    "pool_or": Item("operations", "logic"),
    "pool_compare": Item("operations", "compare"),
    "norm_mac": Item("operations", "mac", "mac"),
    "residual_add": Item("operations", "ac", "ac"),
    "residual_logic": Item("operations", "logic"),
    "attention_ac": Item("operations", "ac", "ac"),
    "attention_logic": Item("operations", "logic"),
    "gate_multiply": Item("neuron", "multiply"),
    "gate_add": Item("neuron", "add"),
    "gate_compare": Item("neuron", "compare"),
    "gate_logic": Item("neuron", "logic"),
    "gate_lookup": Item("neuron", "lookup"),
    "mix_mac": Item("transformer", "mac", "mac"),
    "mix_ac": Item("transformer", "ac", "ac"),
    "score_mac": Item("transformer", "mac", "mac"),
    "score_ac": Item("transformer", "ac", "ac"),
    "score_lookup": Item("transformer", "lookup"),
    "neuron_multiply": Item("neuron", "multiply"),
    "neuron_add": Item("neuron", "add"),
    "neuron_compare": Item("neuron", "compare"),
    "neuron_update": Item("neuron", "neuron_update"),
    "neuron_idle": Item("neuron", "neuron_idle"),
    "spike": Item("neuron", "spike"),
    "message": Item("routing", "message"),
    "hop": Item("routing", "hop"),
    "core_tick": Item("ticks", "core_tick"),
    "chip_tick": Item("ticks", "chip_tick"),
    "crossbar_access": Item("crossbars", "crossbar_access"),
    "crossbar_read": Item("crossbars", "crossbar_read"),
    "address_multiply": Item("addressing", "address_multiply"),
    "address_add": Item("addressing", "address_add"),
    "zero_check": Item("zero_check", "zero_check"),
    "weight_read": Item("weights", "memory"),
    "weight_buffer_read": Item("weight_buffer", "memory"),
    "dram_read": Item("dram", "memory"),
    "bias_read": Item("bias", "memory"),
    "membrane_read": Item("membrane", "memory"),
    "membrane_write": Item("membrane", "memory"),
    "accumulator_read": Item("accumulator", "memory"),
    "accumulator_write": Item("accumulator", "memory"),
    "spike_read": Item("spikes", "memory"),
    "spike_write": Item("spikes", "memory"),
    "activation_read": Item("activations", "memory"),
    "activation_write": Item("activations", "memory"),
    "leakage": Item("leakage", "leakage"),
    "core_static": Item("leakage", "core_static"),
    "chip_static": Item("leakage", "chip_static"),
}


WITHIN = {
    "synaptic_operation": ("synapse_ac",),
    "neuron_update": ("neuron_add",),
    "leakage": ("core_static", "chip_static"),
    **dict.fromkeys(("neuron_add", "neuron_multiply", "neuron_compare"), ("neuron_update",)),
    **dict.fromkeys(
        (
            "synapse_ac",
            "address_multiply",
            "address_add",
            "zero_check",
            "weight_read",
            "weight_buffer_read",
            "bias_read",
            "membrane_read",
            "membrane_write",
            "accumulator_read",
            "accumulator_write",
            "spike_read",
            "spike_write",
        ),
        ("synaptic_operation",),
    ),
}
"""Two ways to price one thing: as operations and memory, or all at once as a chip's datasheet does. What lies within
the price of any of these items is counted there."""
