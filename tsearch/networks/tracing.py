"""Blocks of plain torch layers become a plan: traced without running them, their shapes found on meta tensors.

The modules are a description: what is trained and priced is made from the plan. A block describes one timestep: it
takes and gives [B, C, H, W], the events that arrive and the events that it sends. Time, stages and the last linear
layer belong to tsearch. What a plan cannot hold is refused by name.
"""

import warnings
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from math import prod
from operator import add
from typing import Any, NoReturn

import torch
from torch import fx, nn

from tsearch.configuration import Neuron
from tsearch.errors import TsearchError
from tsearch.networks.layer_rules import KNOWN, RULES
from tsearch.networks.plan import HEAD, INPUT, Node, Plan, Readout, Shape, Sum


class BadNetworkError(TsearchError, ValueError):
    """A network that cannot become a plan: one line that names block and layer."""


def trace(blocks: Sequence[nn.Module], shape: Shape, n_classes: int, neuron: Neuron) -> Plan:
    """The plan of the network of `blocks` for frames of `shape` (C, H, W); `neuron` holds what LIF leaves open.

    Raises: BadNetworkError."""
    blocks = deepcopy(list(blocks))  # theirs stay as they are
    signal, used, nodes = Signal(INPUT, shape), set[int](), list[Node]()
    for number, module in enumerate(blocks, start=1):
        block = Block(number, replace(signal, depth=0), neuron, used)
        signal = block.read(module, is_last=number == len(blocks))
        nodes += block.nodes.values()
    n_features = prod(signal.shape)
    head = Readout(
        name=HEAD, block=len(blocks), sources=(signal.node,), shape=(n_classes,), n_features=n_features
    )
    return Plan(shape, (*nodes, head))


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
class Block:
    """A block while its traced graph is read, step by step, into the nodes of the plan."""

    number: int
    entry: Signal
    neuron: Neuron
    used: set[int]  # layers with weights, of the whole network
    nodes: dict[str, Node] = field(default_factory=dict)
    without_bias: set[str] = field(default_factory=set)  # convolutions with neither bias nor BatchNorm
    taken: set[Signal] = field(default_factory=set)

    def read(self, module: nn.Module, is_last: bool) -> Signal:
        """The signal that the block hands on."""
        wrapped = nn.Sequential(module).to("meta").eval()
        signals: dict[Any, Signal] = {}
        for step in self._graph(wrapped).nodes:
            if step.op == "output":
                break
            if step.op == "placeholder":
                signals[step] = self.entry
            elif step.op == "call_module":
                signals[step] = self._layer(step, wrapped.get_submodule(str(step.target)), signals)
            else:
                signals[step] = self._call(step, signals)
        if step.args[0] not in signals:
            self.refuse("gives something else than one tensor.")
        self._check(signals[step.args[0]], is_last)
        return signals[step.args[0]]

    def refuse(self, what: str) -> NoReturn:
        """Raise, naming this block."""
        raise BadNetworkError(f"block {self.number} {what}")

    def _graph(self, module: nn.Module) -> fx.Graph:
        try:
            return _Tracer().trace(module)
        except Exception as error:
            problem = f"block {self.number} cannot be traced: {_one_line(error)}"
            raise BadNetworkError(f"{problem} Its forward may use layers and sums only.") from error

    def _check(self, last: Signal, is_last: bool) -> None:
        """What holds of a whole block."""
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

    # ------------------------------------------------------------------ steps of the graph

    def _layer(self, step: fx.Node, layer: nn.Module, signals: dict[Any, Signal]) -> Signal:
        path = str(step.target).partition(".")[2] or "0"
        what = f"'{path}' ({type(layer).__name__})"
        if len(step.args) != 1 or step.kwargs or step.args[0] not in signals:
            self.refuse(f"calls {what} with something else than one tensor.")
        signal = signals[step.args[0]]
        if type(layer) is nn.Linear:
            self.refuse(f"has a linear layer {what}. The last linear layer is tsearch's own: leave it out.")
        if type(layer) not in RULES:
            self.refuse(f"has a layer {what} that the cost model does not know. Known: {KNOWN}.")
        if signal.is_flat:
            self.refuse(f"has {what} behind Flatten, which only ends the last block.")
        if any(True for _ in layer.parameters()):
            if id(layer) in self.used:
                self.refuse(f"uses {what} a second time. Make a layer for each use: weights are not shared.")
            self.used.add(id(layer))
        behind: Signal = RULES[type(layer)](self, layer, path, signal, self._shape(layer, what, signal))
        return behind

    def _shape(self, layer: nn.Module, what: str, signal: Signal) -> Shape:
        """Shape of one sample behind the layer."""
        size = "x".join(map(str, signal.shape))
        if getattr(layer, "in_channels", signal.shape[0]) != signal.shape[0]:
            self.refuse(f"has a layer {what} for {layer.in_channels} channels, but {signal.shape[0]} arrive.")
        try:
            with warnings.catch_warnings(action="ignore"):  # of a run that only asks for the shape
                shape = tuple(layer(torch.empty((2, *signal.shape), device="meta")).shape[1:])
        except (RuntimeError, ValueError, IndexError) as error:
            problem = (
                f"block {self.number} has a layer {what} that does not fit {size} inputs: {_one_line(error)}"
            )
            raise BadNetworkError(problem) from error
        if min(shape) < 1:
            self.refuse(f"has a layer {what} that leaves nothing of {size} inputs.")
        return shape

    def _call(self, step: fx.Node, signals: dict[Any, Signal]) -> Signal:
        """A sum, or a flattening; whatever else the forward calls is refused by name."""
        name = step.target if isinstance(step.target, str) else getattr(step.target, "__name__", "?")
        operands = [signals[a] for a in step.args if isinstance(a, fx.Node) and a in signals]
        if step.target in (add, torch.add, "add") and not step.kwargs:
            if len(step.args) == len(operands) == 2:
                return self._sum(*operands)
            self.refuse("adds something else than two of its signals.")
        if name == "flatten" and len(operands) == 1 and step.args[1:] == (1,) and not step.kwargs:
            return replace(operands[0], is_flat=True)
        what = (
            f"calls {name}()" if step.op != "get_attr" else f"uses '{name.partition('.')[2]}' outside a layer"
        )
        return self.refuse(f"{what}, which the cost model does not know. Known: {KNOWN}.")

    def _sum(self, one: Signal, other: Signal) -> Signal:
        """The longer way through the block is the branch, the other one the shortcut."""
        branch, shortcut = (one, other) if one.depth >= other.depth else (other, one)
        if branch.shape != shortcut.shape or branch.is_flat or shortcut.is_flat:
            sizes = f"{list(branch.shape)} of '{branch.node}' and {list(shortcut.shape)} of '{shortcut.node}'"
            self.refuse(f"adds {sizes}, which are not of one shape.")
        self.take(branch)
        self.take(shortcut)
        name = self.add(Sum, "", "sum", (branch, shortcut), branch.shape)
        return self.behind(branch, name, branch.shape, is_current=branch.is_current or shortcut.is_current)

    # ------------------------------------------------------------------ for the rules

    def add(
        self, kind: type[Node], path: str, word: str, sources: tuple[Signal, ...], shape: Shape, **rest: Any
    ) -> str:
        """Add a node and return its name: "block2.branch.0" after the layer's path, or "block2.conv" where that is
        only a number."""
        start = f"block{self.number}." + (path if any(letter.isalpha() for letter in path) else word)
        name, n = start, 1
        while name in self.nodes:
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


class _Tracer(fx.Tracer):
    """Reads containers and the user's own modules; every layer of torch, and LIF, is one step."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in RULES or super().is_leaf_module(m, module_qualified_name)


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{lines[0][:200].rstrip('.')}." if lines else f"{type(error).__name__}."
