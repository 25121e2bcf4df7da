"""Arithmetic between layers: sums and gates of two branches, factors that weights take up, sums over time.

| in forward | operands | layer |
|---|---|---|
| a + b | spikes, spikes | sew_add |
| a + b | numbers, numbers or spikes | membrane_shortcut |
| a * b | spikes, spikes | sew_and |
| a * (1 - b) | spikes, spikes | sew_iand |
| a * 2, a / 2 | anything, a number | none: the factor becomes part of the weights that read it |
| a + a of another timestep, a + 0 | anything | none, and only at the end: a sum over time |
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from hwcost.adapters import functions
from hwcost.adapters.signals import Signal
from hwcost.adapters.tracer import Tracer
from hwcost.network.kinds import INPUT

Call = tuple[Sequence[Any], Sequence[Any], Mapping[str, Any]]


class SumRules:
    """What `+`, `*`, `/` and `1 -` give."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def signal(self, name: str, place: tuple[str, str], call: Call, out: Tensor) -> Signal | None:
        """The signal behind an operation; None where it is not known.

        Args:
            place: The name of its node, and where it stands, for messages.
            call: Arguments, the same with the values from before the call, and keywords.
        """
        args, old, kwargs = call
        if kwargs or len(args) != 2:
            return self._relu(name, args, out)
        known = [self._tracer.signals.of(arg) for arg in args]
        read = [(signal, value) for signal, value in zip(known, old, strict=True) if signal is not None]
        other = next((value for signal, value in zip(known, old, strict=True) if signal is None), None)
        if name in functions.ADD:
            return self._add(place, read, out)
        if any(signal.readout for signal, _ in read):
            return None
        if name in functions.MULTIPLY and len(read) == 2:
            return self._gate(place, read, out)
        number = _number(other)
        if name in functions.INVERT and number == 1 and _is_spikes(read[0][0]):
            return replace(read[0][0], inverted=True)
        if name in functions.MULTIPLY and number:
            return _scaled(read[0][0], number)
        if name in functions.DIVIDE and number and known[0] is not None:
            return _scaled(read[0][0], 1 / number)
        return None

    def _relu(self, name: str, args: Sequence[Any], out: Tensor) -> Signal | None:
        """The ReLU of spikes is the same spikes."""
        signal = self._tracer.signals.of(args[0]) if name in ("relu", "relu_") else None
        is_events = signal is not None and signal.node.gives[0] in ("binary", "graded") and signal.unit > 0
        return signal if is_events and out.shape == args[0].shape else None

    def _add(self, place: tuple[str, str], read: list[tuple[Signal, Any]], out: Tensor) -> Signal | None:
        signals = [signal for signal, _ in read]
        waiting = next((signal for signal in signals if signal.readout), None)
        if waiting is not None:
            return waiting
        if any(signal.inverted for signal in signals):
            return None
        if len(read) == 1 or signals[0].node is signals[1].node:
            same = len(read) == 2 and signals[0].index.equal(signals[1].index)
            return None if same else signals[0].read_out(f"the result of {place[1]}")
        kind = "sew_add" if all(map(_is_events, signals)) else "membrane_shortcut"
        read = sorted(read, key=lambda pair: _rank(pair[0], kind, self._order(pair[0])))
        return self._tracer.sum((place[0], "sum"), place[1], kind, read, out)

    def _order(self, signal: Signal) -> int:
        """Later nodes first: the branch, and then its shortcut."""
        return -next((k for k, node in enumerate(self._tracer.nodes) if node is signal.node), -1)

    def _gate(self, place: tuple[str, str], read: list[tuple[Signal, Any]], out: Tensor) -> Signal | None:
        signals = [signal for signal, _ in read]
        n_inverted = sum(signal.inverted for signal in signals)
        if not all(map(_is_spikes, signals)) or n_inverted == 2 or signals[0].node is signals[1].node:
            return None
        if n_inverted == 0:
            read = sorted(read, key=lambda pair: _rank(pair[0], "sew_and", self._order(pair[0])))
            return self._tracer.sum((place[0], "sum"), place[1], "sew_and", read, out)
        (a, first), (b, second) = sorted(read, key=lambda pair: pair[0].inverted)
        plain = [(a, first), (replace(b, inverted=False), 1 - second)]
        return self._tracer.sum((place[0], "sum"), place[1], "sew_iand", plain, out)


def _rank(signal: Signal, kind: str, order: int) -> tuple[bool, bool, int]:
    """The layer's own source comes first: numbers where numbers are added, else the input, else the later branch."""
    gives_numbers = signal.node.gives[0] == "analog"
    return (kind == "membrane_shortcut" and not gives_numbers, signal.node.kind != INPUT, order)


def _is_events(signal: Signal) -> bool:
    return signal.node.gives[0] in ("binary", "graded")


def _is_spikes(signal: Signal) -> bool:
    return signal.node.gives == ("binary", 1) and signal.unit == 1 and not signal.readout


def _number(value: Any) -> float | None:
    """A number, also where a tensor holds it."""
    is_number = isinstance(value, int | float) or (isinstance(value, Tensor) and value.numel() == 1)
    return float(value) if is_number else None


def _scaled(signal: Signal, factor: float) -> Signal | None:
    if signal.inverted:
        return None
    return signal if signal.node.gives[0] == "analog" else replace(signal, unit=signal.unit * factor)
