"""The fields of a layer's description and what follows from them at once; nothing is checked here."""

from dataclasses import dataclass, fields
from functools import cached_property
from math import prod
from typing import Any

from hwcost.network.kinds import CONVOLUTIONS, EMITTING, FEEDING_BACK, HANDING_ON, POOLS, TRANSPOSED


@dataclass(frozen=True)
class Spec:
    """Base of the specifications: derived values are cached, and not sent to other processes."""

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class LayerFields(Spec):
    """One operation and, where `neuron` is set, the spiking neurons that its output drives.

    Args:
        name: Unique in the network.
        kind: One of `hwcost.network.kinds.KINDS`.
        stage: Index of the stage that holds the layer, from 0.
        in_shape, out_shape: Shapes of one sample at one timestep, channels first: (C, H, W), (C, L) or (N,).
        kernel, stride, padding, dilation: One entry per spatial axis; a padding is a number or a pair (before, after).
        groups: Divides input and output channels.
        padding_mode: zeros, circular, reflect or replicate.
        in_class: What arrives: analog numbers, binary spikes, ternary spikes or graded events (whole numbers up to
            `in_max`).
        in_max: Largest absolute event value.
        bias: True where a bias is added at every step (a folded BatchNorm has one).
        neuron: "lif" (leaky), "if" or None (the output is read as it is).
        reset: "soft" subtracts the threshold (one add per spike), "hard" overwrites.
        constant_input: The same analog frame at every step (direct encoding).
        mask: One 0 or 1 per timestep of the layer's own stage; empty means that every step runs.
        source: Name of the layer whose output arrives; empty means the previous one in the list (for the first layer,
            the network's input), "input" the network's input.
        operands: Whole-number settings of kinds that need more than a geometry (the heads of an attention ...).
        other_source: Name of the layer that gives the second summand of a residual kind; empty where it is not
            described, and then the reading of it is not priced.
        dataflow: One of `hwcost.network.kinds.DATAFLOWS`; empty means the profile's.
        weight_bits, membrane_bits, activation_bits: Word widths of this layer; 0 means the profile's.
        kept: Which weights pruning kept: the 0/1 mask of the weights in their usual shape (see
            `hwcost.network.pruning`), flattened, packed into bytes (`numpy.packbits`), in base64; empty means all.
        placement: Where the weights lie: empty for a memory beside the array, "crossbar" for in-memory computing.
    """

    name: str
    kind: str
    stage: int
    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    padding: tuple[int | tuple[int, int], ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    padding_mode: str = "zeros"
    in_class: str = "binary"
    in_max: int = 1
    bias: bool = False
    neuron: str | None = None
    reset: str = "soft"
    constant_input: bool = False
    mask: tuple[int, ...] = ()
    source: str = ""
    operands: tuple[tuple[str, int], ...] = ()
    other_source: str = ""
    dataflow: str = ""
    weight_bits: int = 0
    membrane_bits: int = 0
    activation_bits: int = 0
    kept: str = ""
    placement: str = ""

    @cached_property
    def n_inputs(self) -> int:
        """Input neurons."""
        return prod(self.in_shape)

    @cached_property
    def n_outputs(self) -> int:
        """Output neurons."""
        return prod(self.out_shape)

    @property
    def is_analog(self) -> bool:
        """True where numbers arrive instead of events."""
        return self.in_class == "analog"

    @property
    def fires(self) -> bool:
        """True where the layer's output is spikes of its own."""
        return self.neuron is not None or (self.kind in EMITTING and not self.operand("analog_output"))

    @property
    def feeds_back(self) -> bool:
        """True where the layer hears its own output of the step before."""
        return self.kind in FEEDING_BACK

    @property
    def n_sums(self) -> int:
        """Weighted sums per step: one per output, for each gate of an LSTM."""
        return self.n_outputs * (4 if self.kind == "lstm" else 1)

    @property
    def n_states(self) -> int:
        """Numbers that a neuron keeps from one step to the next: 2 where a synaptic current decays beside the
        membrane, named in the operand `states`.
        """
        return self.operand("states", 1)

    @property
    def n_axes(self) -> int:
        """Spatial axes of the geometry; 0 where the kind has none."""
        return CONVOLUTIONS.get(self.kind) or TRANSPOSED.get(self.kind) or POOLS.get(self.kind) or 0

    @property
    def gives_events(self) -> bool:
        """True where the layer's output is events, False where it is numbers."""
        return self.fires or (self.kind in HANDING_ON and not self.is_analog)

    @property
    def pads(self) -> tuple[tuple[int, int], ...]:
        """Padding before and after, per spatial axis."""
        return tuple((p, p) if isinstance(p, int) else (int(p[0]), int(p[1])) for p in self.padding)

    def operand(self, name: str, default: int = 0) -> int:
        """The value of one entry of `operands`."""
        return dict(self.operands).get(name, default)
