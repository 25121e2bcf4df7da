"""The spiking vision transformer Spikformer (Zhou et al., arXiv 2209.15425): patch splitting, encoder layers of
self-attention and MLP without softmax and LayerNorm, the mean over all tokens, one linear layer.

Tokens are the pixels of maps [C, H, W], so linear layers are 1x1 convolutions. Layers, shapes and the first weights of
linear layers are those of the released code (github.com/ZK-Zhou/spikformer), whose LayerNorms are never called;
convolutions begin as in every family here (see `networks/build.py`). Its sizes are

| | width | layers | heads | pools | attention_scale | biases |
|---|---|---|---|---|---|---|
| 4-384, CIFAR | 384 | 4 | 12 | 3, 4 | .125 | all |
| 8-512, ImageNet | 512 | 8 | 8 | 1, 2, 3, 4 | .125 | without_qkv |
| 2-256, CIFAR10-DVS | 256 | 2 | 16 | 1, 2, 3, 4 | .25 | without_qkv |

Its neurons divide currents by tau = 2 and fire at 1, those behind the attention at .5. Ours take currents as they are,
so the same spikes come at twice these voltages: `neuron: {tau: 2, threshold: 2, reset: hard, surrogate: sigmoid}` and
`attention_threshold: 1`. BatchNorm learns the scale of all other currents; that of the attention is a count of events
times `attention_scale`, whatever the thresholds elsewhere.
"""

from typing import Annotated, Literal, Self

from pydantic import PositiveFloat, PositiveInt, model_validator

from tsearch.frozen import AbsentMeans
from tsearch.networks.backbones.backbone import Backbone, mean_of
from tsearch.networks.plan import (
    HEAD,
    INPUT,
    Attention,
    Convolution,
    Neuron,
    Node,
    Plan,
    Pool,
    Readout,
    Sum,
    convolved_shape,
)

_PATCH_CONVOLUTIONS = 4
_DEVIATION = 0.02  # of the first weights of linear layers


class Spikformer(Backbone):
    """Block 1 splits the frames into tokens of `width` channels: four convolutions 3x3 of an eighth, a quarter, half
    and all of them, a 3x3 maximum of every second row and column behind those named in `pools`, and a fifth convolution
    (relative position) whose spikes are added. Each of `layers` encoder layers is two blocks: attention with `heads`
    heads and its projection, and an MLP of `mlp_ratio` times as many channels. The spikes of both are added to their
    input, so that tokens hold whole numbers.

    The current behind an attention is `attention_scale` Q K^T V; its neurons fire at `attention_threshold`, in units of
    this current. `biases` says which linear layers have one in front of their BatchNorm, which takes it away again:
    "all", all "without_qkv", or "none"."""

    name: Annotated[Literal["spikformer"], AbsentMeans("vgg")] = "spikformer"
    width: Annotated[PositiveInt, AbsentMeans(64)] = 64
    layers: Annotated[PositiveInt, AbsentMeans(2)] = 2
    heads: Annotated[PositiveInt, AbsentMeans(4)] = 4
    pools: Annotated[tuple[PositiveInt, ...], AbsentMeans((3, 4))] = (3, 4)
    mlp_ratio: Annotated[PositiveInt, AbsentMeans(4)] = 4
    attention_scale: Annotated[PositiveFloat, AbsentMeans(0.125)] = 0.125
    attention_threshold: Annotated[PositiveFloat, AbsentMeans(1.0)] = 1.0
    biases: Annotated[Literal["all", "without_qkv", "none"], AbsentMeans("all")] = "all"

    @property
    def depth(self) -> int:
        return 1 + 2 * self.layers

    def plan(self, shape: tuple[int, int, int], n_classes: int, neuron: Neuron) -> Plan:
        nodes = self._patches(shape, neuron)
        for layer in range(self.layers):
            nodes += self._attention(nodes[-1], 2 + 2 * layer, neuron)
            nodes += self._mlp(nodes[-1], 3 + 2 * layer, neuron)
        mean = mean_of(nodes[-1])
        head = Readout(
            name=HEAD, block=self.depth, sources=(mean.name,), shape=(n_classes,), n_features=self.width,
            deviation=_DEVIATION,
        )  # fmt: skip
        return Plan(shape, (*nodes, mean, head))

    def _patches(self, shape: tuple[int, int, int], neuron: Neuron) -> list[Node]:
        nodes: list[Node] = []
        source, before = INPUT, tuple(shape)
        for number in range(1, _PATCH_CONVOLUTIONS + 1):
            here = (self.width >> (_PATCH_CONVOLUTIONS - number), *before[1:])
            conv = Convolution(
                name=f"block1.conv{number}", block=1, sources=(source,), in_shape=before, shape=here,
                neuron=neuron, layer_type="patch",
            )  # fmt: skip
            nodes += [conv, _halved(conv, number)] if number in self.pools else [conv]
            source, before = nodes[-1].name, nodes[-1].shape
        position = Convolution(
            name="block1.position", block=1, sources=(source,), in_shape=before, shape=before,
            neuron=neuron, layer_type="patch",
        )  # fmt: skip
        return [*nodes, position, _added(position, source)]

    def _attention(self, before: Node, block: int, neuron: Neuron) -> list[Node]:
        qkv = [
            _linear(f"block{block}.{name}", block, before, self.width, neuron, "qkv", self.biases == "all")
            for name in ("query", "key", "value")
        ]
        threshold = self.attention_threshold
        width = neuron.surrogate_width * neuron.threshold / threshold  # as wide as that of all others
        attention = Attention(
            name=f"block{block}.attention", block=block, sources=tuple(node.name for node in qkv),
            shape=before.shape, heads=self.heads, scale=self.attention_scale, layer_type="attention",
            neuron=neuron.model_copy(update={"threshold": threshold, "surrogate_width": width}),
        )  # fmt: skip
        has_bias = self.biases != "none"
        name = f"block{block}.projection"
        projection = _linear(name, block, attention, self.width, neuron, "attention", has_bias)
        return [*qkv, attention, projection, _added(projection, before.name)]

    def _mlp(self, before: Node, block: int, neuron: Neuron) -> list[Node]:
        wide, has_bias = self.width * self.mlp_ratio, self.biases != "none"
        first = _linear(f"block{block}.fc1", block, before, wide, neuron, "mlp", has_bias)
        second = _linear(f"block{block}.fc2", block, first, self.width, neuron, "mlp", has_bias)
        return [first, second, _added(second, before.name)]

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.width % 2 ** (_PATCH_CONVOLUTIONS - 1):
            raise ValueError(
                f"width {self.width} is no multiple of 8, of which the first convolution has one"
            )
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
        if any(number > _PATCH_CONVOLUTIONS for number in self.pools):
            raise ValueError(
                f"pools {list(self.pools)} names a convolution beyond the last one, {_PATCH_CONVOLUTIONS}"
            )
        return self


def _linear(
    name: str, block: int, before: Node, channels: int, neuron: Neuron, layer_type: str, has_bias: bool
) -> Convolution:
    """A linear layer at every pixel, with BatchNorm."""
    return Convolution(
        name=name, block=block, sources=(before.name,), in_shape=before.shape,
        shape=(channels, *before.shape[1:]), kernel=(1, 1), padding=(0, 0), neuron=neuron,
        layer_type=layer_type, bias_before_norm=has_bias, deviation=_DEVIATION,
    )  # fmt: skip


def _halved(layer: Node, number: int) -> Pool:
    """The maximum of 3x3 pixels around every second one."""
    return Pool(
        name=f"block1.pool{number}", block=1, sources=(layer.name,), in_shape=layer.shape,
        shape=convolved_shape(layer.shape, layer.shape[0], (3, 3), (2, 2), (1, 1)), mode="max",
        kernel=(3, 3), stride=(2, 2), padding=(1, 1),
    )  # fmt: skip


def _added(branch: Node, shortcut: str) -> Sum:
    """Spikes of the branch plus what entered it."""
    return Sum(
        name=f"block{branch.block}.sum",
        block=branch.block,
        sources=(branch.name, shortcut),
        shape=branch.shape,
    )
