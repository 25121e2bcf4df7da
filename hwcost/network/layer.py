"""`LayerSpec`: one layer of a network, checked. A layer owns the neurons behind it (`neuron`) and declares the class
of the events that it receives (`in_class`); a class is never inferred from values.
"""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cached_property
from math import prod
from typing import Any, Self

from hwcost.forms import (
    ANYTHING,
    FLAG,
    NAMED_WHOLES,
    PADDING,
    TEXT,
    TEXT_OR_NULL,
    WHOLE,
    WHOLES,
    Form,
    check_mapping,
)
from hwcost.network.checks import check_layer
from hwcost.network.fields import LayerFields
from hwcost.network.kinds import POOLS, SEQUENCE
from hwcost.network.pruning import check_kept, index_bits, n_kept

_LATER = ("other_source", "dataflow", "weight_bits", "membrane_bits", "activation_bits", "kept", "placement")


@dataclass(frozen=True)
class LayerSpec(LayerFields):
    """One operation and, where `neuron` is set, the spiking neurons that its output drives; defaults are filled in, and
    the fields checked.

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
        operands: Whole-number settings of kinds that need more than a geometry (the heads of an attention; its
            `arriving_steps`, the first timesteps at which queries, keys and values all arrive, where masks make them
            fewer than all ...), and of windows that run one after the other (`hwcost.network.windows`).
        other_source: Name of the layer that gives the second summand of a residual kind; empty where it is not
            described, and then the reading of it is not priced.
        dataflow: One of `hwcost.network.kinds.DATAFLOWS`; empty means the profile's.
        weight_bits, membrane_bits, activation_bits: Word widths of this layer; 0 means the profile's.
        kept: Which weights pruning kept: the 0/1 mask of the weights in their usual shape (see
            `hwcost.network.pruning`), flattened, packed into bytes (`numpy.packbits`), in base64; empty means all.
        placement: Where the weights lie: empty for a memory beside the array, "crossbar" for in-memory computing.

    Raises: HwcostError, naming the layer, if the fields do not fit together.
    """

    def __post_init__(self) -> None:
        for field in ("in_shape", "out_shape", "kernel", "stride", "dilation", "mask"):
            object.__setattr__(self, field, tuple(int(size) for size in getattr(self, field)))
        axes = self.n_axes
        stride = self.kernel if self.kind in POOLS else (1,) * axes
        for field, default in (("stride", stride), ("padding", (0,) * axes), ("dilation", (1,) * axes)):
            if axes and not getattr(self, field):
                object.__setattr__(self, field, default)
        check_layer(self)
        if self.kept:
            check_kept(self)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(getattr(self, field.name) for field in fields(self)))

    @cached_property
    def n_parameters(self) -> int:
        """Weights that are stored, without bias: of a pruned layer, those that are kept."""
        if self.kept:
            return n_kept(self) // self.weight_passes
        inputs, outputs = self.n_inputs, self.n_outputs
        if self.n_axes and self.kind not in POOLS:
            weights = self.in_shape[0] * self.out_shape[0] // self.groups * prod(self.kernel)
            return weights // self.weight_passes
        if self.kind == SEQUENCE:
            features = self.out_shape[0] // self.groups
            heard = self.in_shape[0] // self.groups + features // self.operand("directions", 1)
            return self.operand("gates", 1) * features * heard
        return {
            "linear": inputs * outputs,
            "embedding": self.in_shape[0] * self.out_shape[0],
            "recurrent": (inputs + outputs) * outputs,
            "lstm": 4 * (inputs + outputs) * outputs,
            "batch_norm": 2 * self.out_shape[0] * self.operand("parameter_sets", 1),
        }.get(self.kind, 0)

    @cached_property
    def index_bits(self) -> int:
        """Bits that say which weight a stored one is; 0 for a layer that is not pruned."""
        return index_bits(self)

    @cached_property
    def n_biases(self) -> int:
        """Bias values: one per output channel, or per output neuron of a linear layer, for each of its sums; once for
        groups that share them."""
        shared = self.groups if self.kind == SEQUENCE else self.weight_passes
        return self.out_shape[0] // shared * self.sums_per_output if self.bias else 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data; fields that came later are written only where they are set."""
        plain = asdict(self)
        return {name: value for name, value in plain.items() if value or name not in _LATER}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """A layer from plain data; what has a default may be left out.

        Raises: HwcostError, naming the layer, for unknown and missing keys and values of another form.
        """
        name = plain.get("name", "?") if isinstance(plain, Mapping) else "?"
        values = dict(check_mapping(plain, _FORMS, f"layer '{name!s:.80}'", _REQUIRED))
        if isinstance(values.get("operands"), Mapping):
            values["operands"] = tuple(values["operands"].items())
        return cls(**{key: _tuples(value) for key, value in values.items()})


_BY_TYPE: dict[Any, Form] = {
    str: TEXT,
    int: WHOLE,
    bool: FLAG,
    str | None: TEXT_OR_NULL,
    tuple[int, ...]: WHOLES,
}
_FORMS = {field.name: _BY_TYPE.get(field.type, ANYTHING) for field in fields(LayerFields)}
_FORMS |= {"padding": PADDING, "operands": NAMED_WHOLES}
_REQUIRED = [field.name for field in fields(LayerFields) if field.default is MISSING]


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list | tuple) else value
