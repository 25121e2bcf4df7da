"""The fields of a layer's description and what follows from them at once; nothing is checked here."""

from dataclasses import dataclass, fields
from functools import cached_property
from math import prod
from typing import Any

from hwcost.network.kinds import CONVOLUTIONS, EMITTING, FEEDING_BACK, HANDING_ON, POOLS, SEQUENCE, TRANSPOSED


@dataclass(frozen=True)
class Spec:
    """Base of the specifications: derived values are cached, and not sent to other processes."""

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class LayerFields(Spec):
    """The fields of a layer, unchecked; `LayerSpec` says what each of them means."""

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
        return self.n_outputs * self.sums_per_output

    @property
    def sums_per_output(self) -> int:
        """4 of an LSTM, and of a GRU, whose candidate has a sum of inputs and one of its own state; else 1."""
        gates = self.operand("gates", 1) if self.kind == SEQUENCE else 1
        return 4 if self.kind == "lstm" or gates > 1 else 1

    @property
    def weight_passes(self) -> int:
        """How often a timestep goes through all weights: once, or once for every group where all groups share them."""
        return self.groups if self.operand("shares_weights") else 1

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
