"""LIF neurons through time in one pass over memory each way, as compiled code.

The same bits as `tsearch.networks.neuron.stepwise`, and two to three times faster on large layers; but the first call
for each number of timesteps compiles for seconds. So it is used only inside `compiling(True)`.
`forward` and `backward` are described in `tsearch.networks.neuron.dynamics.Path`.

Up to 8 timesteps are one piece of code; longer inputs are cut into pieces of 8, each starting from the state that the
piece before it (in the backward pass: after it) has left.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from tsearch.networks.neuron.compiler import compiled, is_compiling
from tsearch.networks.neuron.dynamics import Affine, Dynamics, Gradients, Saved
from tsearch.networks.neuron.surrogate import SURROGATES

PIECE = 8
LEAST_VALUES = 2**17  # in smaller layers, starting compiled code from Python takes longer than it saves


class _Numbers(NamedTuple):
    """Leak, threshold and parameters of the surrogate. They are tensors, because a Python number would be a constant
    in the code, and every other number compiled anew."""

    leak: Tensor
    threshold: Tensor
    surrogate: tuple[Tensor, ...]


class _Kind(NamedTuple):
    """What code is compiled anew for: the kind of neuron, and which gradients are needed."""

    is_hard: bool
    surrogate: str
    is_repeated: bool
    is_learned: bool


class _Piece(NamedTuple):
    """Consecutive timesteps: their number, the input `[steps or 1, ...]`, the affine map that makes currents of it, and
    the voltage `[...]` before the first step, None where it is zero."""

    steps: int
    current: Tensor
    affine: Affine | None
    voltage: Tensor | None


class _Later(NamedTuple):
    """Gradients that later timesteps leave to earlier ones, each shaped like one step: of the next membrane, of the
    repeated current, and shares of those of leak and threshold. None: nothing so far, or not needed."""

    membrane: Tensor | None = None
    current: Tensor | None = None
    leak: Tensor | None = None
    threshold: Tensor | None = None


def is_used_for(current: Tensor, timesteps: int) -> bool:
    """Whether neurons driven by `current` `[T or 1, ...]` run as compiled code here and now."""
    return is_compiling() and timesteps > 1 and timesteps * current[0].numel() >= LEAST_VALUES


def forward(
    current: Tensor, timesteps: int, dynamics: Dynamics, affine: Affine | None, needs_gradient: bool
) -> tuple[Tensor, Saved]:
    """Spikes, and for `backward` the input, the affine map and the voltages between pieces."""
    numbers, voltage = _numbers(dynamics, current), None
    spikes, voltages = [], []
    for start, stop in _pieces(timesteps):
        inputs = current if len(current) == 1 else current[start:stop]
        piece = _Piece(stop - start, inputs, affine, voltage)
        fired, voltage = compiled(_forward)(piece, numbers, dynamics.is_hard, stop == timesteps)
        spikes.append(fired)
        voltages.append(voltage)
    saved = (current, *(affine or (None, None)), *voltages[:-1]) if needs_gradient else ()
    return spikes[0] if len(spikes) == 1 else torch.cat(spikes), saved


def backward(
    grad: Tensor, saved: Saved, dynamics: Dynamics, is_repeated: bool, is_learned: bool
) -> Gradients:
    """Gradients from the last piece to the first; membranes are computed anew."""
    current, scale, shift, *voltages = saved
    assert current is not None
    affine = None if scale is None or shift is None else Affine(scale, shift)
    numbers, later = _numbers(dynamics, current), _Later()
    kind = _Kind(dynamics.is_hard, dynamics.surrogate, is_repeated, is_learned)
    gradients = []
    for (start, stop), voltage in reversed(list(zip(_pieces(len(grad)), [None, *voltages], strict=True))):
        inputs = current if is_repeated else current[start:stop]
        piece = _Piece(stop - start, inputs, affine, voltage)
        gradient, later = compiled(_backward)(grad[start:stop], piece, later, numbers, kind)
        gradients.append(gradient)
    if is_repeated:
        assert later.current is not None
        return Gradients(later.current[None], later.leak, later.threshold)
    merged = gradients[0] if len(gradients) == 1 else torch.cat(gradients[::-1])
    return Gradients(merged, later.leak, later.threshold)


def _forward(piece: _Piece, numbers: _Numbers, is_hard: bool, is_last: bool) -> tuple[Tensor, Tensor | None]:
    """The spikes of a piece, and the voltage after it, None after the last one."""
    membranes, voltage = _membranes(piece, numbers, is_hard)
    spikes = torch.stack([(membrane >= numbers.threshold).to(piece.current.dtype) for membrane in membranes])
    return spikes, None if is_last else voltage


def _backward(
    grad: Tensor, piece: _Piece, later: _Later, numbers: _Numbers, kind: _Kind
) -> tuple[Tensor | None, _Later]:
    """The gradients of the currents of a piece, None for a repeated current, and what it leaves to earlier pieces."""
    membranes, _ = _membranes(piece, numbers, kind.is_hard)
    gradients = []
    for t in reversed(range(piece.steps)):
        gradient, later = _step_back(grad[t].to(numbers.threshold.dtype), membranes[t], later, numbers, kind)
        gradients.append(gradient)
    if kind.is_learned and later.leak is None:
        later = later._replace(leak=torch.zeros_like(gradients[-1]))
    if not kind.is_repeated:
        later = later._replace(current=None)
    if piece.voltage is None:  # the first piece
        later = later._replace(membrane=None)
    return None if kind.is_repeated else torch.stack(gradients[::-1]).to(grad.dtype), later


def _step_back(
    grad: Tensor, membrane: Tensor, later: _Later, numbers: _Numbers, kind: _Kind
) -> tuple[Tensor, _Later]:
    """The gradient of the membrane of one timestep, and what this one and the later ones leave."""
    leak, threshold, parameters = numbers
    _, current, leak_shares, threshold_shares = later
    fired = membrane >= threshold
    gradient = SURROGATES[kind.surrogate].gradient(grad, membrane, *parameters)
    if kind.is_learned:
        share = gradient * membrane / threshold
        threshold_shares = 0.0 - share if threshold_shares is None else threshold_shares - share
    if later.membrane is not None:
        if kind.is_learned:
            share = later.membrane * _reset(membrane, threshold, kind.is_hard)
            leak_shares = share if leak_shares is None else leak_shares + share
            if not kind.is_hard and threshold_shares is not None:
                threshold_shares = threshold_shares - later.membrane * leak * fired.to(threshold.dtype)
        through_reset = torch.where(fired, 0.0, later.membrane) if kind.is_hard else later.membrane
        gradient = gradient + through_reset * leak
    total = gradient if current is None or not kind.is_repeated else current + gradient
    return gradient, _Later(gradient, total, leak_shares, threshold_shares)


def _membranes(piece: _Piece, numbers: _Numbers, is_hard: bool) -> tuple[list[Tensor], Tensor]:
    """The membranes before each step's reset, and the voltage after the last one."""
    membranes, voltage = [], piece.voltage
    for t in range(piece.steps):
        x = piece.current[t] if len(piece.current) > 1 else piece.current[0]
        x = x.to(numbers.threshold.dtype)
        if piece.affine is not None:
            x = x * piece.affine.scale + piece.affine.shift
        membranes.append(x if voltage is None else x + voltage * numbers.leak)
        voltage = _reset(membranes[-1], numbers.threshold, is_hard)
    assert voltage is not None
    return membranes, voltage


def _reset(membrane: Tensor, threshold: Tensor, is_hard: bool) -> Tensor:
    return torch.where(membrane >= threshold, 0.0 if is_hard else membrane - threshold, membrane)


def _numbers(dynamics: Dynamics, current: Tensor) -> _Numbers:
    """The numbers of the dynamics in the type of all arithmetic, that of `current` but at least float32."""
    dtype = torch.promote_types(current.dtype, torch.float32)
    values = (dynamics.leak, dynamics.threshold, *dynamics.surrogate_parameters)
    leak, threshold, *surrogate = (_number(v, dtype, current.device, i) for i, v in enumerate(values))
    return _Numbers(leak, threshold, tuple(surrogate))


@lru_cache(maxsize=1024)
def _number(value: float, dtype: torch.dtype, device: torch.device, _position: int) -> Tensor:
    """`value` as a tensor, another one for each position: if two arguments were the same tensor, the code would be
    compiled anew."""
    return torch.tensor(value, dtype=dtype, device=device)


def _pieces(timesteps: int) -> list[tuple[int, int]]:
    """First step and end of every piece."""
    return list(pairwise([*range(0, timesteps, PIECE), timesteps]))
