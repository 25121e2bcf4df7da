"""Which values of which node a tensor holds: found by moving indices through the same views as the values."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from hwcost.adapters.nodes import Node, Shape
from hwcost.errors import HwcostError


@dataclass(frozen=True, eq=False)
class Signal:
    """The content of a tensor.

    Args:
        node: What sent it.
        index: Shaped like the tensor: place of every value in the node's stream [T, samples, *out_shape], flattened.
        unit: Value of an event of size 1; a pool of k inputs sends events of 1 / k.
        readout: What was computed from it, where that may only end a network; '' where layers may read it.
        inverted: True for 1 - spikes, one operand of a SEW-IAND.
    """

    node: Node
    index: Tensor
    unit: float = 1.0
    readout: str = ""
    inverted: bool = False

    def read_out(self, by: str) -> "Signal":
        """The same as something that no layer may read."""
        return replace(self, readout=self.readout or by)

    @property
    def n_values(self) -> int:
        """Values of one sample at one timestep."""
        return prod(self.node.out_shape)


class Rows(NamedTuple):
    """Samples at timesteps that a tensor holds, one row each: timestep of the source, own timestep, sample."""

    source_steps: Tensor
    own_steps: Tensor
    samples: Tensor

    @property
    def n_steps(self) -> int:
        """Timesteps that the tensor holds."""
        return len(torch.unique(self.own_steps))


class Signals:
    """The signals of all tensors that live."""

    def __init__(self) -> None:
        self._by_tensor: Any = WeakIdKeyDictionary()
        self._constants: Any = WeakIdKeyDictionary()

    def of(self, tensor: Any) -> Signal | None:
        """What a tensor holds; None for what no node sent."""
        return self._by_tensor.get(tensor) if isinstance(tensor, Tensor) else None

    def add_constants(self, made: Iterable[Tensor]) -> None:
        """Tensors that no input reached: weights, zeros to begin with."""
        for tensor in made:
            self._constants[tensor] = True

    def is_known(self, tensor: Tensor) -> bool:
        """True where it is known how a tensor came about."""
        return tensor in self._by_tensor or tensor in self._constants

    def put(self, tensor: Tensor, signal: Signal) -> None:
        """Say what a tensor holds."""
        self._by_tensor[tensor] = signal


def rows(signal: Signal, n_samples: int, first_step: int, where: str) -> Rows:
    """The samples and timesteps of a signal; its own timesteps begin at `first_step`.

    Raises: HwcostError where samples are cut, reordered or incomplete.
    """
    n = signal.n_values
    if signal.index.numel() % n:
        raise HwcostError(
            f"{where} reads a part of the outputs of '{signal.node.name}'; only whole samples are known"
        )
    first = _first_places(signal.index, n)
    if first is None:
        raise HwcostError(
            f"{where} reads the outputs of '{signal.node.name}' cut or in another order; only whole samples are known"
        )
    steps, samples = (first // n) // n_samples, (first // n) % n_samples
    place = torch.arange(len(first), device=first.device)
    if len(first) % n_samples == 0 and torch.equal(samples, place % n_samples) and not steps.any():
        return Rows(steps, place // n_samples + first_step, samples)  # the same frame, as often as it is read
    in_order, own = torch.unique(steps, return_inverse=True)
    if len(torch.unique(first)) != len(first) or len(first) != len(in_order) * n_samples:
        raise HwcostError(
            f"{where} reads some samples of '{signal.node.name}' at other timesteps than the rest"
        )
    return Rows(steps, own + first_step, samples)


def _first_places(index: Tensor, n: int) -> Tensor | None:
    """Where every row of `n` values begins; None if not every row is a whole sample in its order."""
    flat = index.reshape(-1)
    start = int(flat[0])
    if start % n == 0 and torch.equal(flat, consecutive(start, len(flat), flat)):
        return torch.arange(start, start + len(flat), n, device=flat.device)
    table = flat.view(-1, n)
    first = table[:, :1]
    if bool((first % n).any()) or not torch.equal(table - first, consecutive(0, n, flat).expand_as(table)):
        return None
    return first[:, 0].long()


def consecutive(start: int, length: int, like: Tensor) -> Tensor:
    """Places in a row, `start` first."""
    return torch.arange(start, start + length, dtype=like.dtype, device=like.device)


def sample_shape(shape: Shape, signal: Signal, axes: int | None) -> Shape:
    """The part of a tensor's shape that belongs to one sample: as many dimensions as the layer reads, or those of the
    node before, or all behind the first.
    """
    n, before = signal.n_values, signal.node.out_shape
    if axes is not None:
        return shape[len(shape) - axes - 1 :]
    if before and len(shape) > len(before) and shape[-len(before) :] == before:
        return before
    return next((shape[k:] for k in range(1, len(shape)) if prod(shape[k:]) == n), shape[-1:])


def tensors(values: Any) -> Iterator[Tensor]:
    """All tensors within tuples, lists and dictionaries."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, dict):
        yield from tensors(list(values.values()))
    elif isinstance(values, tuple | list):
        for value in values:
            yield from tensors(value)
