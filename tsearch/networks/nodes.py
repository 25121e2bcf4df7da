"""The nodes of a plan: what a network does, operation by operation, without torch and without time. Shapes are those of
one sample at one timestep, (C, H, W). A family may also have nodes of its own: a subclass of one of these that names
another module.
"""

from dataclasses import dataclass
from math import prod
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat

from tsearch.frozen import AbsentMeans, Frozen

INPUT = "input"  # what nodes call the frames that enter the network
HEAD = "head"

Shape = tuple[int, ...]
Pair = tuple[int, int]


class Neuron(Frozen):
    """Leaky integrate-and-fire: v' = (1 - 1/tau) v + current, a spike where v' >= threshold, then the reset.

    `tau` in timesteps, at least 1 (infinite leak), 1e30 for no leak at all; `threshold` in units of the input current;
    `surrogate_width` is the width of the surrogate gradient in units of the threshold, and
    `surrogate_scale` multiplies its height. `learned`: what is trained, one number per layer, `threshold` and `tau`
    being where it starts."""

    tau: Annotated[float, Field(ge=1), AbsentMeans(2.0)] = 2.0
    threshold: Annotated[PositiveFloat, AbsentMeans(1.0)] = 1.0
    reset: Annotated[Literal["soft", "hard"], AbsentMeans("soft")] = "soft"
    surrogate: Annotated[
        Literal["rectangular", "triangular", "sigmoid", "atan"], AbsentMeans("rectangular")
    ] = "rectangular"
    surrogate_width: Annotated[PositiveFloat, AbsentMeans(1.0)] = 1.0
    surrogate_scale: Annotated[PositiveFloat, AbsentMeans(1.0)] = 1.0
    learned: Annotated[Literal["none", "leak", "threshold", "both"], AbsentMeans("none")] = "none"


@dataclass(frozen=True, kw_only=True)
class Node:
    """One operation.

    Args:
        name: Unique; prices and reports call it so: "block3", "pool3", "block3.shortcut", "head".
        block: Number of its block, from 1. A stage holds whole blocks; a block reads the input or the output of the
            block before it, and only its last node is read from outside.
        sources: Names of the nodes whose outputs arrive.
        shape: Of its output.
        neuron: The spiking neurons that its result drives; None where it is handed on as it is.
        layer_type: What its layer of neurons is in its family, such as "qkv" or "mlp" of a transformer; masks are
            chosen by it. Where the family does not say, its `usual_type`; "" without neurons.
        stage: Index of its stage, from 0; 0 until a network is built.

    `module` says where the torch module is that carries the node out, 'module:class' (see `networks/modules.py`).
    """

    module: ClassVar[str]
    usual_type: ClassVar[str] = ""
    varies: ClassVar[bool] = False  # without neurons too, timesteps differ where nothing that arrives does

    name: str
    block: int
    sources: tuple[str, ...]
    shape: Shape
    neuron: Neuron | None = None
    layer_type: str = ""
    stage: int = 0

    def __post_init__(self) -> None:
        kept = "" if self.neuron is None else self.layer_type or self.usual_type
        object.__setattr__(self, "layer_type", kept)

    @property
    def part(self) -> str:
        """Its name within its block: "main" of "block3", "shortcut" of "block3.shortcut", "pool3" of "pool3"."""
        if self.name == f"block{self.block}":
            return "main"
        return self.name.removeprefix(f"block{self.block}.").replace(".", "_")

    @property
    def has_rest(self) -> bool:
        """Whether something comes out where nothing arrives, without neurons too."""
        return False

    @property
    def n_parameters(self) -> int:
        """Its weights in the finished network, biases counted, BatchNorm as one bias."""
        return 0

    @property
    def n_products(self) -> int:
        """How often a timestep multiplies by them, or reads them for an event, where all of its input is there; a
        measure of size, in which borders of maps count as their middle."""
        return self.n_parameters * prod(self.shape[1:])


@dataclass(frozen=True, kw_only=True)
class Convolution(Node):
    """A convolution over the channels of `in_shape`, followed by BatchNorm where `norm`, else with a bias where
    `bias`. With `bias_before_norm` there is one in front of the BatchNorm, which takes it away again.

    `deviation` is that of its first weights, drawn from a normal distribution; 0 for the usual ones (see
    `networks/build.py`)."""

    module: ClassVar[str] = "tsearch.networks.modules:ConvolutionModule"
    usual_type: ClassVar[str] = "convolution"
    in_shape: Shape
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: Pair = (1, 1)
    groups: int = 1
    norm: bool = True
    bias: bool = True
    bias_before_norm: bool = False
    deviation: float = 0.0

    @property
    def has_rest(self) -> bool:
        return self.norm or self.bias

    @property
    def n_parameters(self) -> int:
        n_biases = self.shape[0] * (self.norm or self.bias)
        return self.in_shape[0] // self.groups * self.shape[0] * prod(self.kernel) + n_biases


@dataclass(frozen=True, kw_only=True)
class Dense(Convolution):
    """A fully connected layer: the convolution whose kernel is the whole map, without padding."""

    usual_type: ClassVar[str] = "dense"


@dataclass(frozen=True, kw_only=True)
class Pool(Node):
    """The average or maximum of windows; what does not fill a window is left out."""

    module: ClassVar[str] = "tsearch.networks.modules:PoolModule"
    in_shape: Shape
    mode: Literal["average", "max"] = "average"
    kernel: Pair = (2, 2)
    stride: Pair = (2, 2)
    padding: Pair = (0, 0)


@dataclass(frozen=True, kw_only=True)
class Sum(Node):
    """The sum of its two sources, the branch first: of currents, which then drive neurons, or of spikes (graded)."""

    module: ClassVar[str] = "tsearch.networks.modules:SumModule"
    usual_type: ClassVar[str] = "sum"


@dataclass(frozen=True, kw_only=True)
class Attention(Node):
    """Spiking self-attention without softmax, scale * Q K^T V per head, over the pixels of its sources Q, K and V."""

    module: ClassVar[str] = "tsearch.networks.attention:AttentionModule"
    usual_type: ClassVar[str] = "attention"
    heads: int
    scale: float

    @property
    def n_products(self) -> int:
        return 2 * prod(self.shape) * prod(self.shape[1:])


@dataclass(frozen=True, kw_only=True)
class Readout(Node):
    """The mean over time of its source's features, then one linear layer: logits. `deviation` is that of its first
    weights, drawn from a normal distribution, with biases of 0; 0 for the usual ones."""

    module: ClassVar[str] = "tsearch.networks.readout:ReadoutModule"
    n_features: int
    bias: bool = True
    deviation: float = 0.0

    @property
    def n_parameters(self) -> int:
        return (self.n_features + self.bias) * self.shape[0]


def pooled_shape(shape: Shape, kernel: Pair = (2, 2)) -> Shape:
    """(C, H, W) after a pool with stride = kernel."""
    channels, height, width = shape
    return channels, height // kernel[0], width // kernel[1]


def convolved_shape(shape: Shape, channels: int, kernel: Pair, stride: Pair, padding: Pair) -> Shape:
    """(C, H, W) after a convolution of `shape` (C, H, W)."""
    pixels = zip(shape[1:], kernel, stride, padding, strict=True)
    return channels, *((n + 2 * pad - size) // step + 1 for n, size, step, pad in pixels)
