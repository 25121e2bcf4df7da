"""The nodes of a block with windows. Values of windows are [T, B, groups * C, rows, columns], the channels of the first
window first: what a convolution with as many groups reads, but for the weights, which all windows share.

A block runs so, for the core "cnn" (others have one layer instead of two):

    gate            spikes that enter, window by window               Gate                binary
    first.current   what drives the first layer                       WindowConvolution   numbers
    first.membrane  group after group, timestep after timestep        GroupMembranes      numbers
    first           where it is at the threshold                      GroupSpikes         binary, has `neuron`
    second.*        the same again
    condense        the windows become one map again                  Condense            binary, or graded
    fc, sum         1x1 convolution with bias, plus what entered      RealConvolution, Sum
    mlp.*           1x1 convolutions with bias, a GELU between        RealConvolution, Gelu
    output          their sum                                         Sum                 numbers

Membranes go from group to group without a reset, from layer to layer through the projection function, and at more than
one timestep every neuron also keeps its own, after its reset. Source: arXiv 2401.10843 and its released code; several
timesteps are our reading.
"""

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

from tsearch.networks.plan import Convolution, Neuron, Node, Pair, Readout, Shape
from tsearch.networks.windows.geometry import Windows

Fusion = Literal["product", "nested", "sum", "mean", "relu", "tanh", "sigmoid", "m1", "m2"]
GateMode = Literal["bernoulli", "straight_through", "threshold"]
Route = Literal["group", "lagged", "crossed", "literal"]


@dataclass(frozen=True, kw_only=True)
class RealConvolution(Convolution):
    """A convolution between numbers, without neurons: stem, merging of pixels, and linear layers (1x1). Its first
    weights are LeCun's (truncated normal, deviation 1 / sqrt(inputs)) or Xavier's (uniform), biases are 0."""

    module: ClassVar[str] = "tsearch.networks.window_modules.numbers:RealConvolutionModule"
    norm: bool = False
    initial: Literal["lecun", "xavier"] = "xavier"


@dataclass(frozen=True, kw_only=True)
class ZeroReadout(Readout):
    """A readout whose weights and biases begin at 0."""

    module: ClassVar[str] = "tsearch.networks.window_modules.numbers:ZeroReadoutModule"


@dataclass(frozen=True, kw_only=True)
class Gate(Node):
    """Spikes of what enters a block, one drawing per window and timestep: numbers of `in_shape` (C, H, W) become spikes
    of (groups * C, rows, columns). Pixels in several windows are drawn once for each.

    "bernoulli": a spike with probability clip(x, 0, 1), no gradient; "straight_through": the same, with the gradient
    of x; "threshold": a spike where x > 0.5, with the gradient of x, nothing drawn."""

    module: ClassVar[str] = "tsearch.networks.window_modules.gate:GateModule"
    varies: ClassVar[bool] = True
    in_shape: Shape
    windows: Windows
    mode: GateMode


@dataclass(frozen=True, kw_only=True)
class WindowConvolution(Node):
    """A convolution with bias of every window by itself, zeros around it; all windows share the weights
    [shape[0] / groups, in_shape[0] / groups, *kernel]. `in_shape` is (groups * C, rows, columns); what comes out is no
    spike but the current of a layer, and has no neurons here."""

    module: ClassVar[str] = "tsearch.networks.window_modules.currents:WindowConvolutionModule"
    in_shape: Shape
    windows: Windows
    kernel: Pair = (3, 3)
    padding: Pair = (1, 1)

    @property
    def has_rest(self) -> bool:
        return True

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """Of the weights that all windows share."""
        groups = self.windows.groups
        return self.shape[0] // groups, self.in_shape[0] // groups, *self.kernel

    @property
    def n_parameters(self) -> int:
        """Weights and biases, once for all windows."""
        return prod(self.weight_shape) + self.weight_shape[0]

    @property
    def n_products(self) -> int:
        return super().n_products * self.windows.groups


@dataclass(frozen=True, kw_only=True)
class WindowSequence(Node):
    """The pixels of every window, row by row, as a sequence through a recurrent `core` of
    `tsearch.networks.windows.cores` whose state starts at zero in each window and timestep; all windows share the
    weights, `n_weights` of them with biases. `in_shape` is (groups * C, rows, columns), `shape` (groups * F, rows,
    columns): the current of a layer."""

    module: ClassVar[str] = "tsearch.networks.window_modules.currents:WindowSequenceModule"
    in_shape: Shape
    windows: Windows
    core: str
    n_weights: int

    @property
    def has_rest(self) -> bool:
        return True

    @property
    def n_parameters(self) -> int:
        """Once for all windows."""
        return self.n_weights

    @property
    def n_products(self) -> int:
        return super().n_products * self.windows.groups

    @property
    def channels(self) -> int:
        """Of what enters, C."""
        return self.in_shape[0] // self.windows.groups

    @property
    def features(self) -> int:
        """Of what comes out, F."""
        return self.shape[0] // self.windows.groups


@dataclass(frozen=True, kw_only=True)
class GroupMembranes(Node):
    """Membranes before their reset, (groups * F, rows, columns), from the current of a layer:

        m[t, p] = leak (inflow[t, p] + m[t-1, p] after its reset) + current[t, p]

    The inflow comes from the groups before, m[p-1], and from the layer before, by the `route`; omega is `fusion`:

    "group": m[p-1], and 0 for p = 1: the first layer of the core "cnn".
    "lagged": omega(l[p-1], m[p-1]), and 0 for p = 1; l are the layer's before, the second source, of the same windows.
    "crossed": omega(M1, M2), omega(m[1], M2), omega(M3, m[2]), omega(M4, m[3]) for p = 1 to 4; M is the map that the
        second source gives, (F, H, W), in the place of a window. One group has M1.
    "literal": M1, then omega(m[p-1], Mp), as the paper writes it.

    Without a second source M is zero. The fusion "m1" takes the first of two membranes alone, "m2" the second. "lagged"
    and "crossed" are what the released code does. `dynamics` holds leak
    (1 - 1/tau), threshold and reset."""

    module: ClassVar[str] = "tsearch.networks.window_modules.membranes:GroupMembranesModule"
    varies: ClassVar[bool] = True
    windows: Windows
    dynamics: Neuron
    route: Route
    fusion: Fusion
    theta: float

    @property
    def has_rest(self) -> bool:
        return True


@dataclass(frozen=True, kw_only=True)
class GroupSpikes(Node):
    """A spike where a membrane of its source `GroupMembranes` is at the threshold of `neuron` or above. The layer of
    neurons is called as this node: the two nodes before it are its current and its membranes."""

    module: ClassVar[str] = "tsearch.networks.window_modules.membranes:GroupSpikesModule"
    windows: Windows


@dataclass(frozen=True, kw_only=True)
class Condense(Node):
    """Windows (groups * F, rows, columns) become a map (F, H, W): every pixel the mean over the windows that hold it.

    "mean" leaves numbers, such as membranes, so; "fractional" leaves spikes so ("median spikes", MSp); "or" makes every
    mean above 0 a spike. With the `gradient` "code" none passes where "or" made one, as in the released code; with
    "straight_through" that of the mean passes everywhere."""

    module: ClassVar[str] = "tsearch.networks.window_modules.condense:CondenseModule"
    in_shape: Shape
    windows: Windows
    mode: Literal["or", "fractional", "mean"]
    gradient: Literal["code", "straight_through"] = "code"


@dataclass(frozen=True, kw_only=True)
class Gelu(Node):
    """The Gaussian error linear unit of numbers."""

    module: ClassVar[str] = "tsearch.networks.window_modules.numbers:GeluModule"


@dataclass(frozen=True, kw_only=True)
class Join(Node):
    """The channels of all sources, one after the other: what a block hands on where it is more than one map."""

    module: ClassVar[str] = "tsearch.networks.window_modules.numbers:JoinModule"


@dataclass(frozen=True, kw_only=True)
class Part(Node):
    """Some channels of a `Join`: `shape[0]` from channel `first` on."""

    module: ClassVar[str] = "tsearch.networks.window_modules.numbers:PartModule"
    in_shape: Shape
    first: int
