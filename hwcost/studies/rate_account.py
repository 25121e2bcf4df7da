"""The accounting of energy that papers on spiking networks print, beside ours: operations from a mean rate.

    adds = rate * T * MACs of the same network without spikes;  multiplies = those of its first layer
    energy = 0.9 pJ per add + 4.6 pJ per multiply (45 nm, 32-bit floating point: Horowitz, ISSCC 2014)

So does arXiv 2401.10843, section 4.2 and table 2, where a network without spikes pays both for each MAC, 5.5 pJ. Its
multiplies are those of the first layer and of linear layers that it does not name: of the 2.14 million of its CNN, the
first layer has 0.15 million, and only these are counted here. The account leaves out all memory, neurons, gates and
projections, and takes every layer but the first for one that spikes drive: MACs of numbers behind it, such as those of
perceptrons between spiking parts, are priced as adds of spikes.
"""

from typing import NamedTuple

from hwcost.activity.record import SpikeRecord
from hwcost.counting.kinds.windows import own_synapses
from hwcost.network.fan_out import n_padded_synapses
from hwcost.network.kinds import SEQUENCE, WEIGHTED
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec

ADD_PJ, MULTIPLY_PJ = 0.9, 4.6


class RateAccount(NamedTuple):
    """Operations of one sample as papers count them.

    Attributes:
        adds, multiplies: As many as are said to be done.
        numbers_macs: MACs of numbers behind the first layer, timesteps together, that it takes for adds of spikes.
    """

    adds: float
    multiplies: float
    numbers_macs: int = 0

    @property
    def energy_pj(self) -> float:
        """Of adds and multiplies alone."""
        return ADD_PJ * self.adds + MULTIPLY_PJ * self.multiplies


def without_spikes(macs: float) -> RateAccount:
    """A network of numbers: an add and a multiply for each MAC."""
    return RateAccount(macs, macs)


def rate_account(network: NetworkSpec, record: SpikeRecord) -> RateAccount:
    """What such a paper would print of a network whose spikes were recorded.

    The rate is spikes per neuron and timestep, all layers with neurons together; MACs count taps on padding, as papers
    do. Layers of several stages run their own timesteps. The first layer is multiplied once, its result kept.
    """
    weighted = [layer for layer in network.layers if layer.kind in WEIGHTED]
    firing = [layer for layer in network.layers if layer.neuron is not None]
    updates = sum(layer.n_outputs * network.timesteps(layer) for layer in firing) * record.n_samples
    rate = sum(sum(record.layers[layer.name].outputs) for layer in firing) / max(updates, 1)
    macs = {layer.name: n_macs(layer) * network.timesteps(layer) for layer in weighted}
    numbers = [layer for layer in weighted[1:] if layer.is_analog]
    own = sum(own_synapses(layer) * network.timesteps(layer) for layer in weighted if layer.kind == SEQUENCE)
    return RateAccount(
        rate * sum(macs.values()),
        n_macs(weighted[0]) if weighted else 0,
        sum(macs[layer.name] for layer in numbers if layer.kind != SEQUENCE) + own,
    )


def n_macs(layer: LayerSpec) -> int:
    """MACs of a layer on numbers at one timestep, taps on padding and a sequence's own numbers counted."""
    return n_padded_synapses(layer) + (own_synapses(layer) if layer.kind == SEQUENCE else 0)
