"""What a `forward` computes between its layers: views, copies, sums, read-outs, and layers as functions."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from torch import Tensor
from torch.utils._pytree import tree_map

from hwcost.adapters import functions
from hwcost.adapters.calls import CALLS, as_module
from hwcost.adapters.layers import tell_layer
from hwcost.adapters.registry import CONVENTIONAL, TWINS, teaching, teaching_neuron
from hwcost.adapters.signals import Signal, tensors
from hwcost.adapters.sums import SumRules
from hwcost.adapters.tracer import Tracer
from hwcost.errors import HwcostError


class Place(NamedTuple):
    """The module whose forward calls a function: its path ('' for the model itself) and its class."""

    path: str
    kind: type

    def __str__(self) -> str:
        return f"'{self.path or 'forward'}' ({self.kind.__name__})"

    def node(self, name: str) -> str:
        """Name of a node that a function makes here."""
        short = "add" if name in functions.ADD else "mul" if name in functions.MULTIPLY else name.strip("_")
        return f"{self.path}.{short}" if self.path else short


class Call(NamedTuple):
    """A call of a function of torch: its arguments, the same with the values from before the call, and its result."""

    name: str
    function: Any
    args: Sequence[Any]
    old: Sequence[Any]
    kwargs: Mapping[str, Any]
    out: Any


class Between:
    """Says what the results of functions are."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer, self._signals = tracer, tracer.signals
        self._sums = SumRules(tracer)

    def tell(self, call: Call, place: Place) -> None:
        """The signals of a function's results.

        Raises: HwcostError, naming the function, where it is not known.
        """
        read = [signal for t in tensors((call.args, call.kwargs)) if (signal := self._signals.of(t))]
        given = list(tensors(call.out))
        if call.name == "__setitem__":
            self._written(call, read[0], place)
        elif call.name in functions.FRESH:
            self._signals.add_constants(given)
        elif not given:
            return
        elif call.name in functions.WORK and call.name not in CALLS:
            refuse(call, place)
        elif call.name in CALLS:
            self._work(call, place)
        elif all(signal.readout for signal in read) and call.name in functions.AT_THE_END:
            self._put(given, read[0])
        elif call.name in functions.COPIES or _drops_nothing(call):
            self._put(given[:1], read[0])
        elif call.name in functions.VIEWS:
            self._view(call, read, given)
        elif call.name in functions.READOUTS:
            self._put(given, read[0].read_out(f"the result of {call.name}()"))
        else:
            self._sum(call, place, given[0])

    def _put(self, given: Sequence[Tensor], signal: Signal) -> None:
        for tensor in given:
            self._signals.put(tensor, signal)

    def _work(self, call: Call, place: Place) -> None:
        module = as_module(call.name, call.args, call.kwargs)
        use = (place.node(call.name), id(getattr(module, "weight", None)))
        where = f"{call.name}() in {place}"
        tell_layer(self._tracer, use, where, CALLS[call.name][1], (module, module.input, call.out))

    def _view(self, call: Call, read: Sequence[Signal], given: Sequence[Tensor]) -> None:
        """Move the indices as the values were moved."""
        numbers = [t for t in tensors((call.args, call.kwargs)) if t.is_floating_point()]
        together = all(s is not None and s.node is read[0].node for s in map(self._signals.of, numbers))
        if not together or any(signal.readout or signal.inverted for signal in read):
            by_hand = " (by hand: a LayerSpec of kind 'concat')" if call.name in functions.JOINS else ""
            self._put(given, read[0].read_out(f"the result of {call.name}() of several tensors{by_hand}"))
            return

        def index_of(value: Any) -> Any:
            signal = self._signals.of(value)
            return value if signal is None else signal.index

        args, kwargs = tree_map(index_of, (tuple(call.args), dict(call.kwargs)))
        for tensor, index in zip(given, tensors(call.function(*args, **kwargs)), strict=True):
            self._signals.put(tensor, Signal(read[0].node, index, read[0].unit))

    def _written(self, call: Call, read: Signal, place: Place) -> None:
        """Values written into another tensor may only end a network."""
        target = self._signals.of(call.args[0])
        if target is not None and not target.readout:
            refuse(call, place)
        self._signals.put(call.args[0], read.read_out("a tensor that is written to in forward"))

    def _sum(self, call: Call, place: Place, out: Tensor) -> None:
        where = (place.node(call.name), f"{call.name}() in {place}")
        signal = self._sums.signal(call.name, where, (call.args, call.old, call.kwargs), out)
        if signal is None:
            refuse(call, place)
        self._signals.put(out, signal)


def refuse(call: Call, place: Place) -> NoReturn:
    """A function that is not known."""
    raise HwcostError(f"{place} calls {call.name}(), which is not known. {_advice(call.name, place)}")


def _advice(name: str, place: Place) -> str:
    if name in functions.ACTIVATIONS:
        return f"{CONVENTIONAL}; {TWINS}"
    if name in functions.COMPARISONS and place.path:
        return (
            f"If {place.kind.__name__} is a neuron and nothing else, teach it: {teaching_neuron(place.kind)}"
        )
    if name in functions.COMPARISONS:
        return f"Put a neuron written out in forward into a module of its own, and teach that: {teaching_neuron()}"
    if place.path:
        return f"Use a layer that is, or teach it: {teaching(place.kind)}"
    return (
        "Use a layer that is, or put what calls it into a module of its own and teach that: "
        "hwcost.register(ItsClass, rule)"
    )


def _drops_nothing(call: Call) -> bool:
    """True for a dropout outside of training."""
    training = call.kwargs.get("training", len(call.args) > 2 and call.args[2])
    return call.name in functions.DROPOUT and not training
