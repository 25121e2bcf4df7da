"""Analytical cost of spiking networks: energy, latency and memory from shapes and spike counts. Numbers in, numbers
out.

`estimate(network, spikes, profile)` prices a network from its spike record, `bound(network, profile)` brackets it
before training. `from_torch(model, batch)` and `from_nir(file, spikes)` make both of a network of another library.

Prices come from tables of single operations at one node and voltage, or, for chips of cores, from published
measurements of operations, ticks and static power; many carry a wide or assumed range. A number from here ranks designs
under stated assumptions; docs/silicon.md compares predictions with measurements.

Not modelled: voltage and temperature, input sensors, input and output of a chip, congestion of a mesh, boards and host
computers, training; beside an array also the clock tree, control and instruction fetch.
"""

from hwcost.activity.attention import attention_counts, mask_attention_counts
from hwcost.activity.layer_spikes import LayerSpikes, PerSample
from hwcost.activity.record import SpikeRecord
from hwcost.adapters.models import from_torch
from hwcost.adapters.nir_graphs import from_nir
from hwcost.adapters.registry import register
from hwcost.cost import Cost, MeanTimesteps
from hwcost.counting.rows import Row
from hwcost.errors import ChoiceError, HwcostError, TooWideError
from hwcost.estimate import estimate, mean_timesteps
from hwcost.execution import EXECUTIONS, Execution
from hwcost.network.constructors import conv, linear, pool, pruned
from hwcost.network.fan_out import fan_in, fan_out_classes, n_padded_synapses, n_synapses
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.network.stage import StageSpec
from hwcost.network.temporal import MODES, Mode, bucket_edges, passes_through
from hwcost.prices.capacity import assuming
from hwcost.prices.price import Price
from hwcost.prices.profile import Profile
from hwcost.prices.profile_file import known_profiles, load_profile, profile_content
from hwcost.studies.ann_twins import AnnTwins, ann_twins, crossover_rate, dense_twin
from hwcost.studies.bounds import Bound, bound
from hwcost.studies.compare import Comparison, compare
from hwcost.studies.dataflows import under_dataflows, without_reuse
from hwcost.studies.predict import Prediction, Predictor
from hwcost.studies.resample import with_timesteps
from hwcost.studies.stage_tables import predictor

__all__ = [
    "EXECUTIONS",
    "MODES",
    "AnnTwins",
    "Bound",
    "ChoiceError",
    "Comparison",
    "Cost",
    "Execution",
    "HwcostError",
    "LayerSpec",
    "LayerSpikes",
    "MeanTimesteps",
    "Mode",
    "NetworkSpec",
    "PerSample",
    "Prediction",
    "Predictor",
    "Price",
    "Profile",
    "Row",
    "SpikeRecord",
    "StageSpec",
    "TooWideError",
    "ann_twins",
    "assuming",
    "attention_counts",
    "bound",
    "bucket_edges",
    "compare",
    "conv",
    "crossover_rate",
    "dense_twin",
    "estimate",
    "fan_in",
    "fan_out_classes",
    "from_nir",
    "from_torch",
    "known_profiles",
    "linear",
    "load_profile",
    "mask_attention_counts",
    "mean_timesteps",
    "n_padded_synapses",
    "n_synapses",
    "passes_through",
    "pool",
    "predictor",
    "profile_content",
    "pruned",
    "register",
    "under_dataflows",
    "with_timesteps",
    "without_reuse",
]
