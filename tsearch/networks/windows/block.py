"""The nodes of one block with windows, from what the block before hands on to what the next one reads."""

from dataclasses import dataclass
from typing import Any, Literal, cast

from tsearch.networks.plan import INPUT, Node, Pair, Shape, Sum
from tsearch.networks.windows.cores.core import Core, Style
from tsearch.networks.windows.geometry import windows_of
from tsearch.networks.windows.nodes import Condense, Gate, Gelu, Join, Part, RealConvolution

MLP_RATIO = 3  # hidden channels of the perceptron, as a multiple of the block's


@dataclass(frozen=True)
class Block:
    """Block `number`, from 1, with so many `channels`. With `merges`, its map has half the rows and columns, and twice
    the channels, of the one before. The last block hands no membranes on.

    The output of a block that does is a `Join`: its numbers, then its map of membranes."""

    number: int
    channels: int
    core: Core
    style: Style
    is_dilated: bool
    merges: bool
    is_last: bool

    def nodes(self, before: Node) -> list[Node]:
        """Nodes behind `before`, the output of the block before or, for the first block, the stem."""
        nodes: list[Node] = []
        carried: Node | None = None
        x = before
        if isinstance(before, Join):
            n_numbers = self.channels // 2 if self.merges else self.channels
            x = self._part("numbers", before, 0, n_numbers)
            carried = self._part("carried", before, n_numbers)
            nodes += [x, carried]
        if self.merges:
            x = self._merged("merge", x)
            nodes.append(x)
        if self.merges and carried is not None:
            carried = self._merged("merge_carried", carried)
            nodes.append(carried)
        gate = self._gate(x)
        nodes += [gate, *self.core.nodes(gate, self.style, carried)]
        membranes, spikes = nodes[-2:]
        nodes += self._numbers(x, self._condensed(spikes, gate, self.style.condense))
        if self.core.carries(self.style) and not self.is_last:
            as_map = self._condensed(membranes, gate, "mean")
            nodes += [as_map, self._join(nodes[-1], as_map)]
        return nodes

    def _gate(self, x: Node) -> Gate:
        windows = windows_of((x.shape[1], x.shape[2]), self.style.groups, is_dilated=self.is_dilated)
        return Gate(
            name=self._name("gate"),
            block=self.number,
            sources=(x.name,),
            in_shape=x.shape,
            shape=(windows.groups * x.shape[0], *windows.size),
            windows=windows,
            mode=self.style.gate,
        )

    def _condensed(self, source: Node, gate: Gate, mode: Literal["or", "fractional", "mean"]) -> Condense:
        return Condense(
            name=self._name("membranes" if mode == "mean" else "condense"),
            block=self.number,
            sources=(source.name,),
            in_shape=source.shape,
            shape=(source.shape[0] // gate.windows.groups, *gate.windows.map),
            windows=gate.windows,
            mode=mode,
            gradient=self.style.condense_gradient,
        )

    def _numbers(self, x: Node, condensed: Node) -> list[Node]:
        """What follows the windows: a linear layer over channels, a perceptron, each with what enters it added."""
        fc = self._linear("fc", condensed, self.channels)
        inner = self._sum("sum", fc, x)
        first = self._linear("mlp.first", inner, MLP_RATIO * self.channels)
        bent = Gelu(name=self._name("mlp.gelu"), block=self.number, sources=(first.name,), shape=first.shape)
        second = self._linear("mlp.second", bent, self.channels)
        return [condensed, fc, inner, first, bent, second, self._sum("output", second, inner)]

    def _linear(self, name: str, source: Node, channels: int) -> RealConvolution:
        """A linear layer over the channels of every pixel."""
        return RealConvolution(
            name=self._name(name),
            block=self.number,
            sources=(source.name,),
            in_shape=source.shape,
            shape=(channels, *source.shape[1:]),
            kernel=(1, 1),
            padding=(0, 0),
        )

    def _merged(self, name: str, source: Node) -> RealConvolution:
        """Twice the channels, of every four pixels."""
        return halving(
            self._name(name), self.number, source.name, source.shape, 2 * source.shape[0], bias=False
        )

    def _sum(self, name: str, branch: Node, shortcut: Node) -> Sum:
        sources = (branch.name, shortcut.name)
        return Sum(name=self._name(name), block=self.number, sources=sources, shape=branch.shape)

    def _join(self, numbers: Node, membranes: Node) -> Join:
        return Join(
            name=self._name("joined"),
            block=self.number,
            sources=(numbers.name, membranes.name),
            shape=(numbers.shape[0] + membranes.shape[0], *numbers.shape[1:]),
        )

    def _part(self, name: str, joined: Node, first: int, channels: int | None = None) -> Part:
        """So many channels of `joined`, all behind `first` where it is not said."""
        return Part(
            name=self._name(name),
            block=self.number,
            sources=(joined.name,),
            in_shape=joined.shape,
            shape=(joined.shape[0] - first if channels is None else channels, *joined.shape[1:]),
            first=first,
        )

    def _name(self, part: str) -> str:
        return f"block{self.number}.{part}"


def stem(frame: Shape, channels: int) -> RealConvolution:
    """The layer in front of the first block: half the rows and columns of a `frame` (C, H, W)."""
    return halving("block1.stem", 1, INPUT, frame, channels, initial="lecun")


def halving(
    name: str, block: int, source: str, before: Shape, channels: int, **settings: Any
) -> RealConvolution:
    """A convolution of two by two pixels that do not overlap. An odd number of rows or columns begins with one of
    zeros; a single one stays."""
    kernel, padding = tuple(min(n, 2) for n in before[1:]), tuple(int(n > 1 and n % 2) for n in before[1:])
    return RealConvolution(
        name=name,
        block=block,
        sources=(source,),
        in_shape=before,
        shape=(channels, *(-(-n // 2) for n in before[1:])),
        kernel=cast(Pair, kernel),
        stride=cast(Pair, kernel),
        padding=cast(Pair, padding),
        **settings,
    )
