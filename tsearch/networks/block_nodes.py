"""The plan nodes of one block while its layers are read, and what holds of every block."""

from dataclasses import dataclass, field
from typing import Any, NoReturn

from tsearch.errors import TsearchError
from tsearch.networks.plan import INPUT, Neuron, Node, Shape, Sum


class BadNetworkError(TsearchError, ValueError):
    """A network that cannot become a plan: one line that names block and layer."""


@dataclass(frozen=True, eq=False)
class Signal:
    """What travels through a block: the output of plan node `node`, behind `depth` layers of the block. A current
    drives neurons and may be read once; everything else is events."""

    node: str
    shape: Shape
    depth: int = 0
    is_current: bool = False
    is_flat: bool = False


@dataclass
class BlockNodes:
    """The nodes of block `number` (from 1); `neuron` holds what LIF leaves open."""

    number: int
    neuron: Neuron
    nodes: dict[str, Node] = field(default_factory=dict)
    without_bias: set[str] = field(default_factory=set)  # convolutions with neither bias nor BatchNorm
    taken: set[Signal] = field(default_factory=set)

    def refuse(self, what: str) -> NoReturn:
        """Raise, naming this block."""
        raise BadNetworkError(f"block {self.number} {what}")

    def add(
        self, kind: type[Node], path: str, word: str, sources: tuple[Signal, ...], shape: Shape, **rest: Any
    ) -> str:
        """Add a node and return its name: "block2.branch.0" after the layer's path, or "block2.conv" where that is
        only a number."""
        start = f"block{self.number}." + (path if any(letter.isalpha() for letter in path) else word)
        name, n = start, 1
        while name.replace(".", "_") in {other.replace(".", "_") for other in self.nodes}:
            n += 1
            name = f"{start}{n}"
        names = tuple(source.node for source in sources)
        self.nodes[name] = kind(name=name, block=self.number, sources=names, shape=shape, **rest)
        return name

    def behind(self, signal: Signal, node: str, shape: Shape, *, is_current: bool) -> Signal:
        """The signal one layer further."""
        return Signal(node, shape, signal.depth + 1, is_current)

    def take(self, signal: Signal) -> None:
        """Note that a layer reads `signal`. What reads a current becomes part of its node, so only one may."""
        if signal.is_current and signal in self.taken:
            self.refuse(f"reads the current of '{signal.node}' twice. Only spikes can go two ways.")
        self.taken.add(signal)

    def take_events(self, signal: Signal, what: str) -> None:
        """Note that a layer that takes events only reads `signal`."""
        if signal.is_current:
            self.refuse(f"has {what} behind the current of '{signal.node}'. Put LIF between them.")
        self.take(signal)

    def sum(self, one: Signal, other: Signal) -> Signal:
        """The sum of two signals: the longer way through the block is the branch, the other one the shortcut."""
        branch, shortcut = (one, other) if one.depth >= other.depth else (other, one)
        if branch.shape != shortcut.shape or branch.is_flat or shortcut.is_flat:
            sizes = f"{list(branch.shape)} of '{branch.node}' and {list(shortcut.shape)} of '{shortcut.node}'"
            self.refuse(f"adds {sizes}, which are not of one shape.")
        self.take(branch)
        self.take(shortcut)
        name = self.add(Sum, "", "sum", (branch, shortcut), branch.shape)
        return self.behind(branch, name, branch.shape, is_current=branch.is_current or shortcut.is_current)

    def check(self, last: Signal, is_last: bool) -> None:
        """Refuse a block that ends with `last` but does not end, begin or hang together as a plan needs it."""
        if last.is_current:
            self.refuse(
                f"ends with the current of '{last.node}', which drives no neurons. Put LIF behind it."
            )
        if last.is_flat and not is_last:
            self.refuse("flattens its output, which only the last block may.")
        if self.without_bias:
            self.refuse(
                f"has a convolution '{min(self.without_bias)}' with neither BatchNorm nor bias. Add one of them."
            )
        if all(node.neuron is None for node in self.nodes.values()):
            self.refuse("has no neurons. Put its layers into the block before it or after it.")
        sources = [source for node in self.nodes.values() for source in node.sources]
        if sources.count(INPUT) > 1:
            self.refuse("reads the frames more than once. Begin with one convolution alone.")
        for name in self.nodes:
            if name not in (*sources, last.node):
                self.refuse(f"does not use the output of '{name}'. Leave it out.")
