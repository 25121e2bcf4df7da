"""Sums over samples of one value of a network, from which the counts of all layers follow that read it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from hwcost import LayerSpec, fan_out_classes
from tsearch.networks.neuron.compiler import compiled_where_on
from tsearch.pricing.events import Events

ROUNDING = (
    1e-3  # averages over a window that is no power of two, times its size, are whole numbers up to so much
)

Rows = tuple[tuple[int, ...], ...]


class EventClassError(ValueError):
    """The events of a layer contradict the class that it declares."""


class Tally:
    """A value [T, B, ...] summed over samples, as [T, ...] like one sample; and how many events it holds.

    Every value that enters the network is checked. Those between layers are counts of spikes by construction:
    checked in the first batch, and by their sums.
    """

    def __init__(self, declared: Events, layer: LayerSpec, *, is_input: bool = False) -> None:
        """Args:
        declared: The class of the events.
        layer: Whom errors name: a layer that reads or sends them.
        is_input: Whether the value enters the network.
        """
        self._declared, self._layer, self._is_input = declared, layer.name, is_input
        self._is_rounded = declared.scale & (declared.scale - 1) != 0
        self._scale = 1 if self._is_rounded else declared.scale
        self._n_samples = 0
        self._sums: Tensor | None = None
        self._events: Tensor | None = None

    def add(self, values: Tensor) -> None:
        """Count `values` [T, B, ...]. Raises: EventClassError if they contradict their class."""
        if self._is_rounded:
            values = self._rounded(values)
        self._check_some(values)
        if self._declared.largest > 1:
            sums, events = _sums_and_events(values, 1 / self._scale)
            self._events = plus(self._events, events)
        else:
            sums = _sums(values)
        self._sums = plus(self._sums, sums)

    def by_class(self, layer: LayerSpec) -> tuple[Rows, Rows]:
        """Events, and their values, as [T, fan-out classes of `layer`]; no values where every event is worth 1."""
        if self._sums is None:
            return (), ()
        self._check(self._sums, self._n_samples)
        sums = self._classes(self._sums, layer)
        return (sums, ()) if self._events is None else (self._classes(self._events, layer), sums)

    def by_step(self) -> tuple[int, ...]:
        """Values summed over positions, [T]."""
        return () if self._sums is None else tuple(self.totals().long().tolist())

    def events_by_step(self) -> tuple[int, ...]:
        """Events of any value, [T]."""
        if self._events is None:
            return self.by_step()
        return tuple((self._events.flatten(1).sum(1) * self._scale).long().tolist())

    def totals(self) -> Tensor:
        """Values summed over positions, float64 [T]."""
        assert self._sums is not None
        return self._sums.flatten(1).sum(1) * self._scale

    def _classes(self, sums: Tensor, layer: LayerSpec) -> Any:
        """[T, ...] -> [T, classes]; float64 holds these whole numbers exactly."""
        values, index = fan_out_classes(layer)
        by_position = sums.cpu().reshape(len(sums), -1, index.size).sum(1) * self._scale
        by_class = torch.zeros(len(sums), len(values), dtype=torch.float64)
        by_class.index_add_(1, torch.as_tensor(index.ravel()), by_position)
        return tuple(map(tuple, by_class.long().tolist()))

    def _rounded(self, values: Tensor) -> Tensor:
        """The whole numbers that averages stand for."""
        numbers = values.float() * self._declared.scale
        whole = numbers.round()
        if not (numbers - whole).abs().amax().item() < ROUNDING:
            self._refuse(numbers.amin().item(), numbers.amax().item())
        return whole

    def _check_some(self, values: Tensor) -> None:
        if self._is_input:
            self._check(values, 1, compiled_where_on(_bounds) or _bounds)
        elif self._n_samples == 0:
            self._check(values, 1)
        self._n_samples += values.shape[1]

    def _check(self, values: Tensor, n_samples: int, bounds: Callable[..., Any] | None = None) -> None:
        """Refuse values, or sums over `n_samples`, that events of the declared class cannot have."""
        events = values * self._scale if self._scale != 1 else values
        low, high, fraction = (bound.item() for bound in (bounds or _bounds)(in_memory_order(events)))
        if not (fraction == 0 and 0 <= low <= high <= self._declared.largest * n_samples):
            self._refuse(low, high)

    def _refuse(self, low: float, high: float) -> None:
        raise EventClassError(
            f"layer '{self._layer}' declares {self._declared.kind} events up to {self._declared.largest}, "
            f"but saw values from {low:g} to {high:g}"
        )


def plus(so_far: Tensor | None, more: Tensor) -> Tensor:
    """The sum in float64, in place."""
    return more.to(torch.float64, copy=True) if so_far is None else so_far.add_(more)


def in_memory_order(values: Tensor) -> Tensor:
    """`values` [T, B, C, ...], channels last where they lie so in memory."""
    return values if values.is_contiguous() else values.movedim(2, -1)


def _bounds(events: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Least, largest, and the largest fractional part."""
    return events.amin(), events.amax(), events.frac().amax()


def _sums(values: Tensor) -> Tensor:
    """Sums over samples, [T, B, ...] -> [T, ...], as products with ones in the order of memory: no other sum is as
    fast. The values are whole numbers or binary fractions, so float32 holds the sums of a batch exactly."""
    rows = in_memory_order(values).flatten(2).float()
    ones = rows.new_ones(rows.shape[0], 1, rows.shape[1])
    return _like_one_sample(torch.bmm(ones, rows), values)


def _sums_and_events(values: Tensor, least: float) -> tuple[Tensor, Tensor]:
    """Sums over samples of the values, and of the events, each worth no more than `least`, the smallest."""
    count = compiled_where_on(_sum_and_count)
    if count is None:
        return _sums(values), _sums(values.clamp(max=least))
    sums, n_events = count(in_memory_order(values).flatten(2))
    return _like_one_sample(sums, values), _like_one_sample(n_events, values) * least


def _sum_and_count(rows: Tensor) -> tuple[Tensor, Tensor]:
    return rows.float().sum(1), (rows > 0).float().sum(1)


def _like_one_sample(sums: Tensor, values: Tensor) -> Tensor:
    """Sums over the samples of `in_memory_order(values)` as [T, ...] of `values`."""
    kept = sums.view(len(values), *in_memory_order(values).shape[2:])
    return kept if values.is_contiguous() else kept.movedim(-1, 1)
