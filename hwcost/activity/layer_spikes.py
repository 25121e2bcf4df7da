"""Counts of one layer, as Python integers: exact however large. Negative, fractional and NaN counts are refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np

from hwcost.errors import HwcostError

Counts = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class PerSample:
    """How samples differ, for costs that are not proportional to counts.

    Args:
        busy: [own timesteps][3]: samples in which an event arrives (from before, from a second summand, or the layer's
            own of the step before) or a spike is sent at this timestep, unless the layer's mask turns it off; of
            those, the samples in which this is the first such timestep, and in which it is the last. Empty where not
            known, and behind a temporal transformer that mixes.
        events: [input timesteps][2]: fewest and most events of one sample.
        sums: The same of absolute event values; left out where it equals `events`.
        outputs: [own timesteps][2]: fewest and most output spikes of one sample; empty without neurons.
    """

    busy: Counts = ()
    events: Counts = ()
    sums: Counts = ()
    outputs: Counts = ()

    def __post_init__(self) -> None:
        for name in ("busy", "events", "sums", "outputs"):
            object.__setattr__(self, name, _whole_rows(getattr(self, name)))
        object.__setattr__(self, "sums", self.sums or self.events)

    def __add__(self, other: Self) -> Self:
        return type(self)(
            _added(self.busy, other.busy),
            _widest(self.events, other.events),
            _widest(self.sums, other.sums),
            _widest(self.outputs, other.outputs),
        )


@dataclass(frozen=True)
class LayerSpikes:
    """Events that arrived at one layer and spikes that it sent, summed over samples.

    Args:
        events: Non-zero input events [input timesteps][fan-out classes], or [input timesteps][1] where only totals are
            known (the cost is then an interval). Empty for an analog input. Input timesteps are those before a temporal
            transformer.
        sums: Absolute event values summed, same shape; left out for binary and ternary events, where they equal
            `events`.
        outputs: Output spikes [own timesteps] of a layer with neurons; empty otherwise.
        extras: Further counts of kinds that need them, name -> [timesteps].
        channels: Input channels (of a flat input: inputs) with an event, [t][j] for j = 0 .. t: at timestep t, those
            whose latest earlier event was at timestep j - 1; j = 0, those without an earlier one. The channels with
            an event in timesteps a to b - 1 are then the sum over these t and over j <= a, for every window. Empty
            where not recorded: then expected from the events.
        channel_events: Events of every input channel, all timesteps together, [channels]; empty where not recorded.
        per_sample: How samples differ; None where not recorded.
    """

    events: Counts = ()
    sums: Counts = ()
    outputs: tuple[int, ...] = ()
    extras: tuple[tuple[str, tuple[int, ...]], ...] = ()
    channels: Counts = ()
    channel_events: tuple[int, ...] = ()
    per_sample: PerSample | None = None

    def __post_init__(self) -> None:
        same = self.sums is self.events
        object.__setattr__(self, "events", _whole_rows(self.events))
        object.__setattr__(self, "sums", (() if same else _whole_rows(self.sums)) or self.events)
        object.__setattr__(self, "outputs", wholes(self.outputs))
        object.__setattr__(self, "channels", _whole_rows(self.channels))
        object.__setattr__(self, "channel_events", wholes(self.channel_events))
        object.__setattr__(self, "extras", tuple([(str(n), wholes(row)) for n, row in self.extras]))

    def extra(self, name: str) -> tuple[int, ...] | None:
        """One of the further counts, or None."""
        return dict(self.extras).get(name)

    def __add__(self, other: Self) -> Self:
        shapes = [
            (len(s.outputs), [len(row) for row in s.events], [n for n, _ in s.extras]) for s in (self, other)
        ]
        if shapes[0] != shapes[1]:
            raise HwcostError("the two records differ in timesteps or fan-out classes")
        extras = tuple((n, _add(a, b)) for (n, a), (_, b) in zip(self.extras, other.extras, strict=True))
        both_by_channel = self.channel_events and other.channel_events
        return type(self)(
            tuple(map(_add, self.events, other.events)),
            tuple(map(_add, self.sums, other.sums)),
            _add(self.outputs, other.outputs),
            extras,
            _added(self.channels, other.channels),
            _add(self.channel_events, other.channel_events) if both_by_channel else (),
            self.per_sample + other.per_sample if self.per_sample and other.per_sample else None,
        )


def whole(count: Any) -> int:
    """A count as a Python integer; NaN, negative and broken numbers are refused."""
    if type(count) is int and count >= 0:
        return count
    is_number = isinstance(count, Real) and not isinstance(count, bool)
    if not is_number or not 0 <= count < float("inf") or int(count) != count:
        raise HwcostError(f"a count must be a whole number of at least 0, got {count!s:.80}")
    return int(count)


def wholes(counts: Iterable[Any]) -> tuple[int, ...]:
    """Counts as Python integers; refused as in `whole`."""
    row = tuple(counts)
    are_whole = set(map(type, row)) <= {int} and min(row, default=0) >= 0
    return row if are_whole else tuple(map(whole, row))


def _whole_rows(table: Any) -> Counts:
    rows = table.tolist() if isinstance(table, np.ndarray) else table
    return tuple([wholes(row) for row in rows])


def _add(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    if len(a) != len(b):
        raise HwcostError(f"the two records differ in timesteps or channels: {len(a)} and {len(b)} counts")
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _added(a: Counts, b: Counts) -> Counts:
    """The sum of two optional tables; empty where one of them is."""
    return tuple(map(_add, a, b)) if a and b else ()


def _widest(a: Counts, b: Counts) -> Counts:
    """The extremes of both; empty where they are not known for one of them."""
    return tuple((min(x[0], y[0]), max(x[1], y[1])) for x, y in zip(a, b, strict=True)) if a and b else ()
