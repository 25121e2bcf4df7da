"""What an honest comparison needs beside a spiking network's cost: the same shapes without spikes.

- The dense twin is the conventional network of the same layers, at the widths of the spiking one, run once on numbers.
- The quantised twin carries as many bits as the spikes of T timesteps can distinguish, ceil(log2(T + 1)), in weights
  and activations alike, T being the timesteps at which a layer's input arrives: the fair opponent of Yan et al.,
  "Reconsidering the energy efficiency of spiking neural networks", 2024. At T = 1 it is a binary network.
- The twin of quantised activations keeps the weights of the spiking network, and only what stands in for spikes is
  quantised: the nearer opponent where the spiking network's own weights are wide.

The quantised twin is the harder opponent to beat and to build: networks of 1 to 4 bits are hard to train. Layers that
read numbers are quantised by the same rule; biases and sums keep their widths, as in integer networks (Jacob et al.,
CVPR 2018). A spiking network wins against its twins only while few of its synapses see a spike.

Windows keep their shapes: a gate hands the numbers of every window on, and where windows overlap these are added.

A recurrent layer and an LSTM have no twin that runs once: their steps are those of the data. A network that holds one
keeps all its timesteps, and its conventional twin computes every layer on numbers at every step.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from hwcost.activity.layer_spikes import LayerSpikes
from hwcost.activity.record import SpikeRecord
from hwcost.cost import Cost
from hwcost.errors import ChoiceError, HwcostError
from hwcost.estimate import estimate
from hwcost.network.kinds import ARITHMETIC, ATTENTIONS, EMITTING, FLOWS, RESIDUALS, SEQUENCE
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.network.stage import StageSpec
from hwcost.prices.capacity import profile_for
from hwcost.prices.profile import Profile

# What stands in for kinds that work on spikes only: a shortcut adds numbers, and neurons hand them on.
_CONVENTIONAL = {
    **dict.fromkeys(RESIDUALS, "membrane_shortcut"),
    "neurons": "flatten",
    "condense_or": "condense_add",
}
_OF_SPIKES = ("draws", *FLOWS, *ARITHMETIC)


class AnnTwins(NamedTuple):
    """Costs of the conventional networks of the same shapes.

    Attributes:
        dense: At the widths of the spiking network.
        quantised: Weights and activations of every layer at its `bits`.
        quantised_activations: Activations at `bits`, the spiking network's own weights.
        bits: Layer name -> ceil(log2(T + 1)) of the timesteps of its input.
    """

    dense: Cost
    quantised: Cost
    quantised_activations: Cost
    bits: Mapping[str, int]

    @property
    def bits_text(self) -> str:
        """The widths of the quantised twins: "3", or "1 to 3" where layers differ."""
        least, most = min(self.bits.values()), max(self.bits.values())
        return f"{most}" if least == most else f"{least} to {most}"


def ann_twins(
    network: NetworkSpec,
    profile: Profile | str,
    execution: str = "layer_serial",
    assume: Mapping[str, int] | None = None,
    dataflow: str | None = None,
) -> AnnTwins:
    """The conventional networks of the same shapes, under the same profile and the same what-if.

    Args:
        execution, assume: As in `estimate`.
        dataflow: One of `hwcost.network.kinds.DATAFLOWS` in place of the profile's; layers that name their own keep it.

    Raises: HwcostError if the profile has no price for MACs, or if the dense network cannot be priced.
    """
    profile = _with_macs(profile, dataflow)
    twin, bits = dense_twin(network), twin_bits(network)

    def priced(conventional: NetworkSpec) -> Cost:
        return estimate(conventional, _without_events(conventional), profile, execution, assume)

    return AnnTwins(
        priced(twin),
        priced(quantised(twin, bits)),
        priced(quantised(twin, bits, activations_only=True)),
        bits,
    )


def dense_twin(network: NetworkSpec) -> NetworkSpec:
    """The same layers on analog numbers, once: no neurons, no masks, no stages. Every shortcut adds numbers. With
    recurrent layers, the stages stay as they are.
    """
    stays = any(layer.feeds_back for layer in network.layers)
    layers = tuple(_without_spikes(layer, layer.stage if stays else 0) for layer in network.layers)
    return NetworkSpec(layers, network.stages if stays else (StageSpec(1),))


def twin_bits(network: NetworkSpec) -> dict[str, int]:
    """Layer name -> bits that tell apart what T timesteps of spikes can say: ceil(log2(T + 1))."""
    return {layer.name: network.input_timesteps(layer).bit_length() for layer in network.layers}


def quantised(twin: NetworkSpec, bits: Mapping[str, int], *, activations_only: bool = False) -> NetworkSpec:
    """A dense twin with words of `bits` by layer. An attention multiplies activations with each other."""

    def narrow(layer: LayerSpec) -> LayerSpec:
        width = bits[layer.name]
        has_weights = layer.kind not in ATTENTIONS
        return replace(
            layer,
            activation_bits=width,
            weight_bits=layer.weight_bits if activations_only and has_weights else width,
            membrane_bits=width if layer.kind in ("lstm", SEQUENCE) else layer.membrane_bits,
        )

    return replace(twin, layers=tuple(map(narrow, twin.layers)))


def crossover_rate(
    network: NetworkSpec,
    profile: Profile | str,
    execution: str = "layer_serial",
    assume: Mapping[str, int] | None = None,
    dataflow: str | None = None,
    against: str = "quantised",
) -> float:
    """Spikes per neuron and timestep at which the spiking network costs as much as a twin.

    Args:
        against: Which of the twins: "dense", "quantised" or "quantised_activations".

    Returns: A rate in [0, 1]: 0 if the twin always wins, 1 if it never does.
    """
    profile = _with_macs(profile, dataflow)
    twins = ann_twins(network, profile, execution, assume)._asdict()
    if not isinstance(twins.get(against), Cost):
        raise ChoiceError(f"unknown twin '{against}'. Known: dense, quantised, quantised_activations")
    target = twins[against].total_pj
    low, high = 0.0, 1.0
    for _ in range(24):
        rate = (low + high) / 2
        record = SpikeRecord.constant(network, rate, 1 << 24)
        cheaper = estimate(network, record, profile, execution, assume).total_pj < target
        low, high = (rate, high) if cheaper else (low, rate)
    return 0.0 if low == 0 else 1.0 if high == 1 else (low + high) / 2


def _with_macs(profile: Profile | str, dataflow: str | None) -> Profile:
    profile = profile_for(profile)
    if "mac" not in profile.prices:
        raise HwcostError(
            f"profile '{profile.name}' has no price for MACs: a dense network does not run there"
        )
    return profile.where(dataflow=dataflow) if dataflow else profile


def _without_spikes(layer: LayerSpec, stage: int) -> LayerSpec:
    keeps_input = layer.kind == "embedding"  # words are told by their index, in any network
    return replace(
        layer,
        kind=_CONVENTIONAL.get(layer.kind, layer.kind),
        stage=stage,
        in_class=layer.in_class if keeps_input else "analog",
        in_max=layer.in_max if keeps_input else 1,
        neuron=None,
        mask=(),
        constant_input=False,
        operands=_operands(layer),
    )


def _operands(layer: LayerSpec) -> tuple[tuple[str, int], ...]:
    """Without what neurons and gates do; a function of numbers stays."""
    kept = tuple(pair for pair in layer.operands if not (layer.fires and pair[0] in _OF_SPIKES))
    return (*kept, ("analog_output", 1)) if layer.feeds_back or layer.kind in EMITTING else kept


def _without_events(twin: NetworkSpec) -> SpikeRecord:
    """A record of numbers only; an embedding is still told one index per place and step."""
    record = SpikeRecord.empty(twin)
    told = {
        layer.name: LayerSpikes(((layer.n_inputs // layer.in_shape[0],),) * twin.input_timesteps(layer))
        for layer in twin.layers
        if layer.kind == "embedding"
    }
    return SpikeRecord({**record.layers, **told}, record.n_samples)
