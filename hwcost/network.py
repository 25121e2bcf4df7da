"""What is priced: layers, stages and the network they make. Shapes only: no weights, no values, no framework.

A layer owns the neurons behind it (`neuron`) and says which class of events it receives (`in_class`): classes are
declared, never guessed from values.
"""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cached_property
from math import prod
from typing import Any, Self

from hwcost.errors import HwcostError, did_you_mean
from hwcost.order import check_order
from hwcost.shapes import check_layer

MODES = ("score_mix", "static_mix", "rank1_score", "bucket", "truncate")


class _Spec:
    """Base of the specifications: derived values are kept, but never travel to another process."""

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True)
class LayerSpec(_Spec):
    """One operation and, where `neuron` is set, the spiking neurons that its output drives.

    Args:
        name: Unique in the network.
        kind: One of `hwcost.shapes.KINDS`.
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
        source: Name of the layer whose output arrives; empty means the previous one in the list.
        operands: Whole-number settings of kinds that need more than a geometry (the heads of an attention ...).
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

    def __post_init__(self) -> None:
        for field in ("in_shape", "out_shape", "kernel", "stride", "dilation", "mask"):
            object.__setattr__(self, field, tuple(int(size) for size in getattr(self, field)))
        check_layer(self)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(getattr(self, field.name) for field in fields(self)))

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

    def operand(self, name: str, default: int = 0) -> int:
        """The value of one entry of `operands`."""
        return dict(self.operands).get(name, default)


@dataclass(frozen=True)
class StageSpec:
    """Consecutive layers that share one number of timesteps, and the temporal transformer at their entry, if any."""

    timesteps: int
    transformer: str | None = None

    def __post_init__(self) -> None:
        if self.timesteps < 1:
            raise HwcostError(f"a stage needs at least one timestep, got {self.timesteps}")
        if self.transformer is not None and self.transformer not in MODES:
            raise HwcostError(f"unknown transformer '{self.transformer}'; known are {', '.join(MODES)}")


@dataclass(frozen=True)
class NetworkSpec(_Spec):
    """Layers in the order in which they run, and the stages that they belong to."""

    layers: tuple[LayerSpec, ...]
    stages: tuple[StageSpec, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "stages", tuple(self.stages))
        check_order(self)
        for layer in self.layers:
            if layer.mask and len(layer.mask) != self.timesteps(layer):
                raise HwcostError(
                    f"layer '{layer.name}': mask has {len(layer.mask)} steps, its stage {self.timesteps(layer)}"
                )

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.layers, self.stages))

    def layer(self, name: str) -> LayerSpec:
        """The layer called `name`."""
        return self._by_name[name]

    def timesteps(self, layer: LayerSpec) -> int:
        """Timesteps of the layer's own stage: how often its neurons are updated."""
        return self.stages[layer.stage].timesteps

    def transformer(self, layer: LayerSpec) -> str | None:
        """The temporal transformer that the layer's input passes; only the first layer of a stage can have one."""
        return self.stages[layer.stage].transformer if layer.name in self._entries else None

    def input_timesteps(self, layer: LayerSpec) -> int:
        """Timesteps at which the layer's input arrives, before a transformer: how many steps its record has."""
        crosses = self.transformer(layer) is not None
        return self.stages[layer.stage - 1].timesteps if crosses else self.timesteps(layer)

    def source(self, layer: LayerSpec) -> LayerSpec | None:
        """The layer whose output arrives; None for the network's input."""
        return self._sources[layer.name]

    def input_mask(self, layer: LayerSpec) -> tuple[int, ...]:
        """0 or 1 per input timestep: the mask of the nearest earlier layer that has neurons."""
        source = self.source(layer)
        while source is not None and source.neuron is None and not source.mask:
            source = None if self.transformer(source) else self.source(source)
        return source.mask if source is not None and source.mask else (1,) * self.input_timesteps(layer)

    @cached_property
    def _by_name(self) -> dict[str, LayerSpec]:
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def _entries(self) -> frozenset[str]:
        before = (None, *self.layers)
        return frozenset(
            b.name for a, b in zip(before, self.layers, strict=False) if a and a.stage != b.stage
        )

    @cached_property
    def _sources(self) -> dict[str, LayerSpec | None]:
        previous = dict(zip([layer.name for layer in self.layers], (None, *self.layers), strict=False))
        return {
            n: self._by_name[self._by_name[n].source] if self._by_name[n].source else p
            for n, p in previous.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain data, exact, readable by `from_dict`."""
        return {
            "layers": [asdict(layer) for layer in self.layers],
            "stages": [asdict(stage) for stage in self.stages],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The network that `to_dict` wrote, also after a trip through JSON or YAML."""
        return cls(
            tuple(map(_layer, plain["layers"])), tuple(StageSpec(**stage) for stage in plain["stages"])
        )


def _layer(plain: Mapping[str, Any]) -> LayerSpec:
    """A layer from plain data; what has a default may be left out."""
    known = {field.name: field for field in fields(LayerSpec)}
    for key in plain.keys() - known.keys():
        hint = did_you_mean(key, known)
        raise HwcostError(
            f"layer '{plain.get('name', '?')}': unknown key '{key}'.{hint} Known: {', '.join(known)}"
        )
    missing = [name for name, field in known.items() if field.default is MISSING and name not in plain]
    if missing:
        raise HwcostError(f"layer '{plain.get('name', '?')}': {', '.join(missing)} missing")
    given = dict(plain)
    if isinstance(given.get("operands"), Mapping):
        given["operands"] = tuple(given["operands"].items())
    return LayerSpec(**{key: _tuples(value) for key, value in given.items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list | tuple) else value
