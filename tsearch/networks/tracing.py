"""Blocks of plain torch layers become a plan: traced without running them, their shapes found on meta tensors.

The modules are a description: what is trained and priced is made from the plan. A block describes one timestep: it
takes and gives [B, C, H, W], the events that arrive and the events that it sends. Time, stages and the last linear
layer belong to tsearch. What a plan cannot hold is refused by name.
"""

import warnings
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from math import prod
from operator import add
from typing import Any

import torch
from torch import fx, nn

from tsearch.networks.block_nodes import BadNetworkError, BlockNodes, Signal
from tsearch.networks.layer_rules import KNOWN, RULES
from tsearch.networks.plan import HEAD, INPUT, Neuron, Node, Plan, Readout, Shape


def trace(blocks: Sequence[nn.Module], shape: Shape, n_classes: int, neuron: Neuron) -> Plan:
    """The plan of the network of `blocks` for frames of `shape` (C, H, W); `neuron` holds what LIF leaves open.

    Raises: BadNetworkError."""
    blocks = deepcopy(list(blocks))  # theirs stay as they are
    signal, used, nodes = Signal(INPUT, shape), set[int](), list[Node]()
    for number, module in enumerate(blocks, start=1):
        block = BlockNodes(number, neuron)
        entry = replace(signal, depth=0)
        signal = _Block(block, used).read(module, entry, is_last=number == len(blocks))
        nodes += block.nodes.values()
    n_features = prod(signal.shape)
    head = Readout(
        name=HEAD, block=len(blocks), sources=(signal.node,), shape=(n_classes,), n_features=n_features
    )
    return Plan(shape, (*nodes, head))


class _Block:
    """A block whose traced graph is read, step by step, into the nodes of the plan."""

    def __init__(self, nodes: BlockNodes, used: set[int]) -> None:
        """`used` holds the layers with weights of the whole network, by their id."""
        self._nodes, self._used = nodes, used
        self._refuse = nodes.refuse

    def read(self, module: nn.Module, entry: Signal, is_last: bool) -> Signal:
        """The signal that the block hands on where `entry` arrives."""
        wrapped = nn.Sequential(module).to("meta").eval()
        signals: dict[Any, Signal] = {}
        for step in self._graph(wrapped).nodes:
            if step.op == "output":
                break
            if step.op == "placeholder":
                signals[step] = entry
            elif step.op == "call_module":
                signals[step] = self._layer(step, wrapped.get_submodule(str(step.target)), signals)
            else:
                signals[step] = self._call(step, signals)
        if step.args[0] not in signals:
            self._refuse("gives something else than one tensor.")
        self._nodes.check(signals[step.args[0]], is_last)
        return signals[step.args[0]]

    def _graph(self, module: nn.Module) -> fx.Graph:
        try:
            return _Tracer().trace(module)
        except Exception as error:
            problem = f"block {self._nodes.number} cannot be traced: {_one_line(error)}"
            raise BadNetworkError(f"{problem} Its forward may use layers and sums only.") from error

    def _layer(self, step: fx.Node, layer: nn.Module, signals: dict[Any, Signal]) -> Signal:
        path = str(step.target).partition(".")[2] or "0"
        what = f"'{path}' ({type(layer).__name__})"
        if len(step.args) != 1 or step.kwargs or step.args[0] not in signals:
            self._refuse(f"calls {what} with something else than one tensor.")
        signal = signals[step.args[0]]
        if type(layer) is nn.Linear:
            self._refuse(f"has a linear layer {what}. The last linear layer is tsearch's own: leave it out.")
        if type(layer) not in RULES:
            self._refuse(f"has a layer {what} that the cost model does not know. Known: {KNOWN}.")
        if signal.is_flat:
            self._refuse(f"has {what} behind Flatten, which only ends the last block.")
        if any(True for _ in layer.parameters()):
            if id(layer) in self._used:
                self._refuse(f"uses {what} a second time. Make a layer for each use: weights are not shared.")
            self._used.add(id(layer))
        behind: Signal = RULES[type(layer)](
            self._nodes, layer, path, signal, self._shape(layer, what, signal)
        )
        return behind

    def _shape(self, layer: nn.Module, what: str, signal: Signal) -> Shape:
        """Shape of one sample behind the layer."""
        size = "x".join(map(str, signal.shape))
        if getattr(layer, "in_channels", signal.shape[0]) != signal.shape[0]:
            self._refuse(
                f"has a layer {what} for {layer.in_channels} channels, but {signal.shape[0]} arrive."
            )
        try:
            with warnings.catch_warnings(action="ignore"):  # of a run that only asks for the shape
                shape = tuple(layer(torch.empty((2, *signal.shape), device="meta")).shape[1:])
        except (RuntimeError, ValueError, IndexError) as error:
            where = f"block {self._nodes.number} has a layer {what}"
            raise BadNetworkError(f"{where} that does not fit {size} inputs: {_one_line(error)}") from error
        if min(shape) < 1:
            self._refuse(f"has a layer {what} that leaves nothing of {size} inputs.")
        return shape

    def _call(self, step: fx.Node, signals: dict[Any, Signal]) -> Signal:
        """A sum, or a flattening; whatever else the forward calls is refused by name."""
        name = step.target if isinstance(step.target, str) else getattr(step.target, "__name__", "?")
        operands = [signals[a] for a in step.args if isinstance(a, fx.Node) and a in signals]
        if step.target in (add, torch.add, "add") and not step.kwargs:
            if len(step.args) == len(operands) == 2:
                return self._nodes.sum(*operands)
            self._refuse("adds something else than two of its signals.")
        if name == "flatten" and len(operands) == 1 and step.args[1:] == (1,) and not step.kwargs:
            return replace(operands[0], is_flat=True)
        what = (
            f"calls {name}()" if step.op != "get_attr" else f"uses '{name.partition('.')[2]}' outside a layer"
        )
        return self._refuse(f"{what}, which the cost model does not know. Known: {KNOWN}.")


class _Tracer(fx.Tracer):
    """Reads containers and the user's own modules; every layer of torch, and LIF, is one step."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in RULES or super().is_leaf_module(m, module_qualified_name)


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{lines[0][:200].rstrip('.')}." if lines else f"{type(error).__name__}."
