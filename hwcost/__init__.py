"""Analytical cost of spiking networks: energy, latency and memory from shapes and spike counts. Numbers in, numbers
out.

`estimate(network, spikes, profile)` prices a network from its spike record, `bound(network, profile)` brackets it
before training.

Not modelled: the clock tree, control, instruction fetch, off-chip links, input sensors, placement on cores and
congestion of a network on chip, voltage and temperature, training. Prices come from tables of single operations at one
node and voltage, and many of them carry a wide or assumed range. A number from here therefore ranks designs under
stated assumptions; it is not a measurement of silicon.
"""

from hwcost.attention import attention_counts
from hwcost.baselines import Baselines, baselines, crossover_rate, dense_twin
from hwcost.bounds import Bound, bound
from hwcost.compare import Comparison, compare
from hwcost.cost import Cost, MeanTimesteps, Row
from hwcost.errors import HwcostError
from hwcost.estimate import estimate, mean_timesteps
from hwcost.fan_out import fan_out_classes, n_padded_synapses, n_synapses
from hwcost.latency import EXECUTIONS
from hwcost.layers import conv, linear, pool
from hwcost.network import LayerSpec, NetworkSpec, StageSpec
from hwcost.predict import Prediction, Predictor, predictor, with_timesteps
from hwcost.profile import Constant, Profile
from hwcost.profile_file import known_profiles, load_profile
from hwcost.spikes import LayerSpikes, SpikeRecord
from hwcost.sram import Price

__all__ = [
    "EXECUTIONS",
    "Baselines",
    "Bound",
    "Comparison",
    "Constant",
    "Cost",
    "HwcostError",
    "LayerSpec",
    "LayerSpikes",
    "MeanTimesteps",
    "NetworkSpec",
    "Prediction",
    "Predictor",
    "Price",
    "Profile",
    "Row",
    "SpikeRecord",
    "StageSpec",
    "attention_counts",
    "baselines",
    "bound",
    "compare",
    "conv",
    "crossover_rate",
    "dense_twin",
    "estimate",
    "fan_out_classes",
    "known_profiles",
    "linear",
    "load_profile",
    "mean_timesteps",
    "n_padded_synapses",
    "n_synapses",
    "pool",
    "predictor",
    "with_timesteps",
]
