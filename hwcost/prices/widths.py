"""What arithmetic costs at other word widths than those that its price was published for.

Adders grow linearly with the width, multipliers with the product of both widths: 3.7 (b/32)^2 + 0.9 b/32 pJ for a MAC
at 45 nm, as in the public reproduction of Yan et al. 2024 in the spyx library, after Horowitz, ISSCC 2014. Held against
the integer units of the same table: from int32 to 8 bits, a multiply of .194 pJ (table: .2) and an add of .025 (.03).
Floats come out dearer than integers: from fp32 to 8 bits .225 pJ per add, since that scales a floating-point adder.

Which words an operation takes (assumed, where no table says so):

| operation | words |
|---|---|
| synaptic accumulate | the weight; the carry bits of a wider membrane are not priced, as in tables of int8 |
| synaptic MAC, unfolded BatchNorm | weight times activation; its adder is as wide as the wider of the two |
| adds of pools, sums of branches, attention; mixing and scores of a temporal transformer | activations |
| bias add | the bias |
| neuron and gates | the membrane |

Look-ups, logic on single bits, tests for spikes, addresses, and what a chip's data sheet prices as a whole stay as they
are; so does the number of units that work side by side, which latency counts.
"""

from collections.abc import Mapping

from hwcost.prices.items import ITEMS

_ADDS = {
    "synapse_ac": "weight",
    "bias_add": "bias",
    **dict.fromkeys(("pool_add", "residual_add", "attention_ac", "mix_ac", "score_ac"), "activation"),
    "pool_compare": "activation",
    **dict.fromkeys(("gate_add", "neuron_add", "neuron_compare"), "membrane"),
}
_MULTIPLIES = dict.fromkeys(("gate_multiply", "neuron_multiply"), "membrane")
_MACS = {
    **dict.fromkeys(("synapse_mac", "norm_mac"), ("weight", "activation")),
    **dict.fromkeys(("mix_mac", "score_mac"), ("activation", "activation")),
}


def width_factors(item: str, bits: Mapping[str, int], priced_bits: Mapping[str, int]) -> dict[str, float]:
    """Constant of the profile -> how much of it an operation costs; empty where the width does not matter.

    A MAC whose price is that of a multiplier and an adder costs m (mac - ac) + a ac, with m and a the factors of the
    two: a sum over constants, so that energies stay linear in each.

    Args:
        bits: Word widths at which it runs.
        priced_bits: Word widths that the prices were published for.
    """
    constant = ITEMS[item].constant
    if item in _ADDS:
        word = _ADDS[item]
        return {constant: bits[word] / priced_bits[word]}
    if item in _MULTIPLIES:
        word = _MULTIPLIES[item]
        return {constant: (bits[word] / priced_bits[word]) ** 2}
    if item not in _MACS:
        return {}
    a, b = _MACS[item]
    multiplier = bits[a] * bits[b] / (priced_bits[a] * priced_bits[b])
    adder = max(bits[a], bits[b]) / max(priced_bits[a], priced_bits[b])
    return {"mac": multiplier, "ac": adder - multiplier}
