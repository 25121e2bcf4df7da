"""What each kind of torch layer means in a plan: one rule per kind, in `RULES`.

A rule gets the block that is being read, the layer, its path in the block, the signal that it reads and the shape that
it gives, and returns the signal behind it.
"""

from dataclasses import replace
from typing import Any

from torch import nn

from tsearch.networks.block_nodes import BlockNodes, Signal
from tsearch.networks.lif import LIF
from tsearch.networks.plan import Convolution, Neuron, Pool, Shape

Pair = tuple[int, int]


def convolution(block: BlockNodes, layer: nn.Conv2d, path: str, signal: Signal, shape: Shape) -> Signal:
    """Reads events, gives a current. Without BatchNorm behind it, it needs a bias."""
    block.take_events(signal, f"the convolution '{path}'")
    if layer.dilation != (1, 1):
        block.refuse(f"has a convolution '{path}' with dilation {layer.dilation}. Known: 1.")
    if layer.padding_mode != "zeros":
        block.refuse(f"has a convolution '{path}' with padding_mode '{layer.padding_mode}'. Known: zeros.")
    name = block.add(
        Convolution, path, "conv", (signal,), shape,
        in_shape=signal.shape, kernel=layer.kernel_size, stride=layer.stride,
        padding=_padding(block, layer, path), groups=layer.groups, norm=False,
    )  # fmt: skip
    if layer.bias is None:
        block.without_bias.add(name)
    return block.behind(signal, name, shape, is_current=True)


def batch_norm(block: BlockNodes, layer: nn.BatchNorm2d, path: str, signal: Signal, shape: Shape) -> Signal:
    """Becomes part of the convolution before it."""
    node = block.nodes.get(signal.node)
    if not isinstance(node, Convolution) or not signal.is_current or node.norm:
        block.refuse(f"has the BatchNorm '{path}' elsewhere than behind a convolution. Move it there.")
    usual = nn.BatchNorm2d(layer.num_features, device="meta")
    for setting in ("eps", "momentum", "affine", "track_running_stats"):
        if getattr(layer, setting) != getattr(usual, setting):
            found = f"{setting}={getattr(layer, setting)}"
            block.refuse(f"has the BatchNorm '{path}' with {found}. Known: {getattr(usual, setting)}.")
    block.take(signal)
    block.nodes[node.name] = replace(node, norm=True)
    block.without_bias.discard(node.name)
    return block.behind(signal, node.name, shape, is_current=True)


def neurons(block: BlockNodes, layer: LIF, path: str, signal: Signal, shape: Shape) -> Signal:
    """Turn a current into spikes."""
    if not signal.is_current:
        block.refuse(
            f"has the neurons '{path}' where spikes arrive. Put LIF behind a convolution, or behind a sum with one."
        )
    block.take(signal)
    neuron = Neuron.model_validate(block.neuron.model_dump() | layer.settings)
    block.nodes[signal.node] = replace(block.nodes[signal.node], neuron=neuron)
    return block.behind(signal, signal.node, shape, is_current=False)


def pool(
    block: BlockNodes, layer: nn.AvgPool2d | nn.MaxPool2d, path: str, signal: Signal, shape: Shape
) -> Signal:
    """The average or maximum of windows."""
    usual: dict[str, Any] = {"ceil_mode": False, "divisor_override": None, "return_indices": False}
    padding = _pair(layer.padding)
    if padding != (0, 0):
        usual["count_include_pad"] = True
    usual["dilation"] = 1
    for setting, value in usual.items():
        if getattr(layer, setting, value) != value:
            block.refuse(
                f"has a pool '{path}' with {setting}={getattr(layer, setting)}. Known: {setting}={value}."
            )
    mode = "average" if isinstance(layer, nn.AvgPool2d) else "max"
    kernel, stride = _pair(layer.kernel_size), _pair(layer.stride)
    return _pooled(block, path, signal, shape, mode=mode, kernel=kernel, stride=stride, padding=padding)


def adaptive_pool(
    block: BlockNodes, layer: nn.AdaptiveAvgPool2d, path: str, signal: Signal, shape: Shape
) -> Signal:
    """An average of windows of one size, where the input can be cut into such."""
    del layer
    kernel = (signal.shape[1] // shape[1], signal.shape[2] // shape[2])
    if (kernel[0] * shape[1], kernel[1] * shape[2]) != signal.shape[1:]:
        size, wanted = "x".join(map(str, signal.shape[1:])), "x".join(map(str, shape[1:]))
        block.refuse(f"has a pool '{path}' from {size} to {wanted}, which are no windows of one size.")
    return _pooled(block, path, signal, shape, mode="average", kernel=kernel, stride=kernel)


def passed_on(block: BlockNodes, layer: nn.Module, path: str, signal: Signal, shape: Shape) -> Signal:
    """Identity does nothing."""
    del block, layer, path, shape
    return signal


def dropout(block: BlockNodes, layer: nn.Dropout, path: str, signal: Signal, shape: Shape) -> Signal:
    """Not part of a finished network: tsearch has a setting of its own for it."""
    del shape
    if layer.p > 0:
        block.refuse(
            f"has a dropout '{path}'. Leave it out: the search space's training.dropout acts before the last layer."
        )
    return signal


def flatten(block: BlockNodes, layer: nn.Flatten, path: str, signal: Signal, shape: Shape) -> Signal:
    """The last layer reads all features anyway."""
    del shape
    if (layer.start_dim, layer.end_dim) != (1, -1):
        block.refuse(f"has '{path}' that flattens other dimensions than those behind the batch.")
    return replace(signal, is_flat=True)


RULES: dict[type[nn.Module], Any] = {
    nn.Conv2d: convolution,
    nn.BatchNorm2d: batch_norm,
    LIF: neurons,
    nn.AvgPool2d: pool,
    nn.MaxPool2d: pool,
    nn.AdaptiveAvgPool2d: adaptive_pool,
    nn.Identity: passed_on,
    nn.Dropout: dropout,
    nn.Dropout2d: dropout,
    nn.Flatten: flatten,
}
KNOWN = "Conv2d, BatchNorm2d, LIF, AvgPool2d, MaxPool2d, AdaptiveAvgPool2d, Identity, Sequential, sums of two signals"


def _pooled(block: BlockNodes, path: str, signal: Signal, shape: Shape, **settings: Any) -> Signal:
    block.take_events(signal, f"the pool '{path}'")
    name = block.add(Pool, path, "pool", (signal,), shape, in_shape=signal.shape, **settings)
    return block.behind(signal, name, shape, is_current=False)


def _padding(block: BlockNodes, layer: nn.Conv2d, path: str) -> Pair:
    """Pixels added on each side."""
    if isinstance(layer.padding, str):
        kernel = layer.kernel_size if layer.padding == "same" else (1, 1)
        if kernel[0] % 2 == 0 or kernel[1] % 2 == 0:
            block.refuse(f"has a convolution '{path}' with padding 'same' around an even kernel {kernel}.")
        return (kernel[0] // 2, kernel[1] // 2)
    return _pair(layer.padding)


def _pair(value: Any) -> Pair:
    return (int(value[0]), int(value[1])) if isinstance(value, tuple | list) else (int(value), int(value))
