"""The torch modules that carry out the nodes of a plan, each over all timesteps at once.

Each is made from its node; `forward(*values, timesteps)` takes the values of the node's sources, [T, B, ...], or
[1, B, ...] where a value is the same at every step, and the timesteps of its stage. What neurons give has all steps.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tsearch.networks.neuron import fire
from tsearch.networks.neuron.dynamics import has_16_bits
from tsearch.networks.neurons import LayerNeurons
from tsearch.networks.plan import Convolution, Node, Pool, Sum
from tsearch.networks.pool import average_pool
from tsearch.networks.quantised import Conv2d

# What a recording sees: "input" or a node's name, and its value [T, B, ...].
Observer = Callable[[str, Tensor], None]


class FiringModule(nn.Module):
    """Of a node that may have neurons. `current(*values)` is what drives them, with as many steps as `values` have."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node: Node = node
        self.neurons = LayerNeurons(node.neuron)

    def current(self, *values: Tensor) -> Tensor:
        raise NotImplementedError

    def silent(self) -> Tensor | None:
        """What drives the neurons at a timestep at which nothing but zeros arrives, outside training: one number, or
        one per channel [C, 1, 1]. None where steps are not independent of each other, or `forward` does more than
        `current` and `fired`: then nothing of the module can be skipped."""
        return None

    def fired(self, current: Tensor, timesteps: int, norm: nn.BatchNorm2d | None) -> Tensor:
        """The spikes that `current` drives after `norm`, or its ReLU; itself where the node has no neurons."""
        neuron = self.node.neuron
        if neuron is None:
            return current
        if not self.neurons.is_relu:
            own: dict[str, Any] = dict(self.neurons.own)
            return fire(current, timesteps, neuron, norm=norm, **own)
        return (current if norm is None else norm(current.flatten(0, 1)).view(current.shape)).relu()


class ConvolutionModule(FiringModule):
    """Convolution, BatchNorm over all steps and samples, and neurons where the node has them.

    An image that is the same at every step is convolved and normalised once. BatchNorm then counts N = B x H x W values
    and not T times as many: mean and variance of a batch are the same, but the running variance, that of a sample, is
    N/(N - 1) times it where a library that repeats the image (SpikingJelly) takes TN/(TN - 1): less than 1/N apart."""

    node: Convolution

    def __init__(self, node: Convolution) -> None:
        super().__init__(node)
        self.conv = Conv2d(
            node.in_shape[0],
            node.shape[0],
            node.kernel,
            stride=node.stride,
            padding=node.padding,
            groups=node.groups,
            bias=node.bias_before_norm if node.norm else node.bias,
        )
        self.norm: nn.BatchNorm2d | None = nn.BatchNorm2d(node.shape[0]) if node.norm else None

    def forward(self, x: Tensor, timesteps: int) -> Tensor:
        """`x` [T, B, C, H, W], or [1, B, C, H, W]: then the convolution runs once and only the neurons run T times.
        Returns [T, B, C', H', W']; without neurons as many steps as `x` has."""
        if self.training and self.norm is not None and self.node.neuron is not None:
            current = self.conv(merge(x))
            return self.fired(current.view(*x.shape[:2], *current.shape[1:]), timesteps, self.norm)
        return self.fired(self.current(x), timesteps, None)

    def current(self, *values: Tensor) -> Tensor:
        (x,) = values
        current = self.normalised(merge(x))
        return current.view(*x.shape[:2], *current.shape[1:])

    def normalised(self, x: Tensor) -> Tensor:
        """Convolution and normalisation of `x` [T*B, C, H, W]; outside training, the normalisation is part of the
        weights."""
        norm, conv = self.norm, self.conv
        if norm is None or self.training:
            current: Tensor = conv(x)
            return current if norm is None else norm(current)
        weight, bias = folded(conv.multiplied, norm, conv.bias)
        return functional.conv2d(
            x, weight, bias, stride=self.node.stride, padding=self.node.padding, groups=self.node.groups
        )

    def silent(self) -> Tensor:
        bias = self.conv.bias if self.norm is None else _scale_and_shift(self.norm, self.conv.bias)[1]
        return self.conv.weight.new_zeros(()) if bias is None else bias[:, None, None]

    def fold(self) -> None:
        """Make BatchNorm, as it is outside training, part of weights and biases for good."""
        if self.norm is not None:
            weight, bias = folded(self.conv.weight, self.norm, self.conv.bias)
            self.conv.weight, self.conv.bias = nn.Parameter(weight.detach()), nn.Parameter(bias.detach())
            self.norm = None

    def unfold(self) -> None:
        """Give back a BatchNorm that has seen nothing, in place of the biases."""
        if self.node.norm and self.norm is None:
            self.norm = nn.BatchNorm2d(self.node.shape[0]).to(self.conv.weight.device)
            zeros = self.conv.weight.new_zeros(self.node.shape[0])
            self.conv.bias = nn.Parameter(zeros) if self.node.bias_before_norm else None


class PoolModule(FiringModule):
    """Averages or maxima of windows, step by step."""

    node: Pool

    def forward(self, x: Tensor, timesteps: int) -> Tensor:
        return self.fired(self.current(x), timesteps, None)

    def current(self, *values: Tensor) -> Tensor:
        (x,) = values
        pooled = self.pooled(merge(x))
        return pooled.view(*x.shape[:2], *pooled.shape[1:])

    def silent(self) -> Tensor:
        return torch.zeros(())

    def pooled(self, x: Tensor) -> Tensor:
        """`x` [T*B, C, H, W]."""
        node = self.node
        if node.mode == "max":
            return functional.max_pool2d(x, node.kernel, node.stride, node.padding)
        if (node.kernel, node.stride, node.padding) == ((2, 2), (2, 2), (0, 0)):
            return average_pool(x)
        # in at least 32 bits, so that counts of spikes follow from averages over any window
        wide = x.float() if has_16_bits(x) else x
        return functional.avg_pool2d(wide, node.kernel, node.stride, node.padding)


class SumModule(FiringModule):
    """Branch plus shortcut."""

    node: Sum

    def forward(self, branch: Tensor, shortcut: Tensor, timesteps: int) -> Tensor:
        return self.fired(self.current(branch, shortcut), timesteps, None)

    def current(self, *values: Tensor) -> Tensor:
        branch, shortcut = values
        return branch + shortcut

    def silent(self) -> Tensor:
        return torch.zeros(())


def merge(x: Tensor) -> Tensor:
    """[T, B, C, H, W] -> [T*B, C, H, W], channels last in memory."""
    return x.flatten(0, 1).contiguous(memory_format=torch.channels_last)


def folded(weight: Tensor, norm: nn.BatchNorm2d, bias: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution that gives what one of `weight` and `bias` and then `norm`, outside training,
    give."""
    scale, shift = _scale_and_shift(norm, bias)
    return (weight * scale[:, None, None, None]).contiguous(memory_format=torch.channels_last), shift


def _scale_and_shift(norm: nn.BatchNorm2d, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """What `norm` multiplies by outside training, and what it then adds, `bias` in front of it included."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    mean = norm.running_mean if bias is None else norm.running_mean - bias
    return scale, norm.bias - mean * scale
