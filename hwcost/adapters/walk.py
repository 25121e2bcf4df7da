"""A forward pass that is watched: layers by hooks, functions between them by a function mode of torch.

Inside a layer with a rule nothing is watched. A container, and whatever module has no rule, is looked into; a function
that is called there and that no rule knows is refused by name.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from types import SimpleNamespace
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from hwcost.adapters import functions
from hwcost.adapters.calls import CALLS, as_module
from hwcost.adapters.layer_rules import AXES, LAYERS
from hwcost.adapters.neuron_rules import NEURONS
from hwcost.adapters.registry import Fields, Rule, class_name, library_classes, registered, teaching
from hwcost.adapters.signals import Signal, sample_shape, tensors
from hwcost.adapters.sums import SumRules
from hwcost.adapters.tracer import OneStepError, Tracer
from hwcost.errors import HwcostError


class Walk(TorchFunctionMode):
    """Watches calls of a model while it is entered, and tells `tracer` about them."""

    def __init__(self, model: nn.Module, tracer: Tracer) -> None:
        super().__init__()
        self._model, self._tracer = model, tracer
        self._path: list[tuple[str, nn.Module]] = []
        self._in_layer = 0
        self._sums = SumRules(tracer)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hooks on all modules, and the function mode, for as long as the block lasts."""
        handles = []
        for name, module in self._model.named_modules():
            rule = rule_of(module)
            before, after = self._hooks(name or type(module).__name__, rule)
            handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
            handles.append(module.register_forward_hook(after, with_kwargs=True))
        try:
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()

    def _hooks(self, name: str, rule: Rule | None) -> tuple[Callable[..., None], Callable[..., None]]:
        def before(module: nn.Module, args: Any, kwargs: Any) -> None:
            if not self._in_layer:
                self._path.append((name, module))
            if rule is not None:
                if not self._in_layer:
                    check_rank(module, self._where(), next(tensors((args, kwargs)), None))
                self._in_layer += 1

        def after(module: nn.Module, args: Any, kwargs: Any, outputs: Any) -> None:
            self._in_layer -= rule is not None
            if self._in_layer:
                return
            self._in_layer += 1  # what follows is our own arithmetic
            read = next(tensors((args, kwargs)), None)
            if rule is not None:
                self._layer((name,), self._where(), rule, module, read, outputs)
            elif self._loses(args, kwargs, outputs):
                raise HwcostError(
                    f"{self._where()} gives tensors that come from no known function. "
                    f"Teach it: {teaching(type(module))}"
                )
            self._in_layer -= 1
            self._path.pop()

        return before, after

    def _where(self) -> str:
        name, module = self._path[-1] if self._path else ("forward", self._model)
        return f"'{name}' ({type(module).__name__})"

    def _loses(self, args: Any, kwargs: Any, outputs: Any) -> bool:
        of = self._tracer.signals.of
        watched = any((signal := of(tensor)) and not signal.readout for tensor in tensors((args, kwargs)))
        given = list(tensors(outputs))
        return watched and bool(given) and all(of(tensor) is None for tensor in given)

    def _layer(
        self, use: tuple[Any, ...], where: str, rule: Rule, module: Any, read: Tensor | None, outputs: Any
    ) -> None:
        """A call of something with a rule: its first tensor is what it gives, the others are states."""
        tracer, given = self._tracer, list(tensors(outputs))
        if read is None or not given:
            raise HwcostError(f"{where} is called without a tensor, or gives none")
        signal, axes = tracer.live(read, where), axes_of(module)
        in_shape = sample_shape(tuple(read.shape), signal, axes)
        if prod(in_shape) != signal.n_values:
            raise HwcostError(
                f"{where} reads {in_shape} at a time, but '{signal.node.name}' gives {signal.n_values} numbers per "
                "sample; a layer that is applied to parts of a sample is not known"
            )
        lead = read.dim() - len(in_shape)
        behind = self._nodes(use, where, rule, module, (signal, read, in_shape), given[0], lead)
        tracer.signals.put(given[0], behind)
        for state in given[1:]:
            tracer.signals.put(state, Signal(behind.node, state, readout=f"a state of {where}"))

    def _nodes(
        self, use: tuple[Any, ...], where: str, rule: Rule, module: Any, read: Any, out: Tensor, lead: int
    ) -> Signal:
        try:
            described = rule(module, read[2], tuple(out.shape[lead:]))
        except HwcostError as error:
            raise HwcostError(f"{where}: {error}") from None
        signal: Signal = read[0]
        if described == {}:
            return Signal(signal.node, signal.index.view(out.shape), signal.unit)
        if isinstance(described, dict):
            if described.get("readout"):
                return signal.read_out(f"the output of {where}")
            return self._tracer.layer(use, where, described, read, out)
        return self._chain(use, where, described, read, out)

    def _chain(
        self, use: tuple[Any, ...], where: str, described: Sequence[Fields], read: Any, out: Tensor
    ) -> Signal:
        """Layers in a row that one module stands for: the first reads, the last gives, numbers pass between them."""
        signal, tensor, in_shape = read
        lead = tensor.dim() - len(in_shape)
        for number, fields in enumerate(described[:-1]):
            shape = fields["out_shape"]
            inner = out.new_empty((*tensor.shape[:lead], *shape))
            signal = self._tracer.layer((*use[:1], number), where, fields, (signal, tensor, in_shape), inner)
            tensor, in_shape = inner, shape
        return self._tracer.layer(
            (*use[:1], len(described)), where, described[-1], (signal, tensor, in_shape), out
        )

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        of = self._tracer.signals.of
        if self._in_layer or not any(of(tensor) for tensor in tensors((args, kwargs))):
            return func(*args, **kwargs)
        self._in_layer += 1
        name = functions.name_of(func)
        changes = name == "__setitem__" or name.startswith("__i") or re.fullmatch(r"[a-z].*_", name)
        old = [a.clone() if isinstance(a, Tensor) else a for a in args] if changes and args else args
        if name in CALLS:
            check_rank(as_module(name, args, kwargs), f"{name}() in {self._where()}", args[0])
        out = func(*args, **kwargs)
        self._function(name, func, (args, old, kwargs), out)
        self._in_layer -= 1
        return out

    def _function(self, name: str, func: Any, call: tuple[Any, Any, Mapping[str, Any]], out: Any) -> None:
        """Say what the results of a function are."""
        args, old, kwargs = call
        signals = self._tracer.signals
        read = [signal for tensor in tensors((args, kwargs)) if (signal := signals.of(tensor))]
        first = read[0]
        given = list(tensors(out))
        if name == "__setitem__":
            self._written(args, first)
        elif not given or name in functions.FRESH:
            return
        elif name in functions.WORK and name not in CALLS:
            self._refuse(name)
        elif all(signal.readout for signal in read):
            for tensor in given:
                signals.put(tensor, first)
        elif name in CALLS:
            module = as_module(name, args, kwargs)
            use = (f"{self._path[-1][0]}.{name}" if self._path else name, id(getattr(module, "weight", None)))
            self._layer(use, f"{name}() in {self._where()}", CALLS[name][1], module, module.input, out)
        elif name in functions.COPIES or (name in functions.DROPOUT and out is args[0]):
            signals.put(given[0], first)
        elif name in functions.VIEWS:
            self._view(func, read, (args, kwargs), out)
        elif name in functions.DROPOUT and not kwargs.get("training", len(args) > 2 and args[2]):
            signals.put(given[0], first)
        elif name in functions.READOUTS:
            for tensor in given:
                signals.put(tensor, first.read_out(f"the result of {name}()"))
        elif (
            signal := self._sums.signal(name, self._place(name), (args, old, kwargs), given[0])
        ) is not None:
            signals.put(given[0], signal)
        else:
            self._refuse(name)

    def _view(self, func: Any, read: Sequence[Signal], call: tuple[Any, Any], out: Any) -> None:
        """Move the indices as the values were moved."""
        signals = self._tracer.signals
        nodes = {id(signal.node) for signal in read}
        every = [signals.of(tensor) for tensor in tensors(call) if tensor.is_floating_point()]
        given = list(tensors(out))
        if len(nodes) > 1 or None in every or any(signal.readout or signal.inverted for signal in read):
            for tensor in given:
                signals.put(
                    tensor, read[0].read_out(f"the result of {functions.name_of(func)}() of several layers")
                )
            return

        def index_of(value: Any) -> Any:
            signal = signals.of(value)
            return value if signal is None else signal.index

        args, kwargs = tree_map(index_of, call)
        for tensor, index in zip(given, tensors(func(*args, **kwargs)), strict=True):
            signals.put(tensor, Signal(read[0].node, index, read[0].unit))

    def _written(self, args: Sequence[Any], read: Signal) -> None:
        """Values written into another tensor may only end a network."""
        target = self._tracer.signals.of(args[0])
        if target is not None and not target.readout:
            self._refuse("__setitem__")
        self._tracer.signals.put(args[0], read.read_out("a tensor that is written to in forward"))

    def _place(self, name: str) -> tuple[str, str]:
        """Name of a node of that function, and where it stands."""
        short = "add" if name in functions.ADD else "mul" if name in functions.MULTIPLY else name.strip("_")
        inside = self._path[-1][0] if len(self._path) > 1 else ""
        return f"{inside}.{short}" if inside else short, f"{short}() in {self._where()}"

    def _refuse(self, name: str) -> None:
        kind = type(self._path[-1][1]) if self._path else type(self._model)
        raise HwcostError(
            f"{self._where()} calls {name}(), which is not known. Use a layer that is, or teach it: {teaching(kind)}"
        )


def rule_of(module: object) -> Rule | None:
    """What a module means: the user's rule, that of its library, or that of torch; None where it is looked into."""
    rule = registered(module)
    if rule is not None:
        return rule
    nearest = next(iter(library_classes(module)), "")
    classes = (class_name(kind) for kind in type(module).__mro__)
    return NEURONS.get(nearest) or next((LAYERS[name] for name in classes if name in LAYERS), None)


def axes_of(module: Any) -> int | None:
    """Axes that a layer of torch reads besides the channels; None where any shape will do."""
    if isinstance(module, SimpleNamespace):
        return int(module.axes)
    classes = (class_name(kind) for kind in type(module).__mro__)
    return next((AXES[name] for name in classes if name in AXES), None)


def check_rank(module: Any, where: str, read: Any) -> None:
    """Refuse a tensor with a dimension too many, before torch does: the model takes one timestep per call."""
    axes = axes_of(module)
    if not axes or not isinstance(read, Tensor):
        return
    expected = axes + 2 + (getattr(module, "step_mode", "s") == "m")
    if read.dim() == expected + 1:
        raise OneStepError(
            f"{where} takes {expected} dimensions, but got {tuple(read.shape)}; give loop=True"
        )
    if read.dim() != expected:
        raise HwcostError(f"{where} takes {expected} dimensions, but got {tuple(read.shape)}")
