"""Models are run: in pieces of a batch, from rest, with or without a loop over time of ours."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial, reduce
from operator import add
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hwcost.activity.record import SpikeRecord
from hwcost.adapters.maps import record_of
from hwcost.adapters.nodes import fold, network_of
from hwcost.adapters.registry import library_classes, registered
from hwcost.adapters.timesteps import OneStepError, check_times
from hwcost.adapters.tracer import Tracer
from hwcost.adapters.walk import Walk
from hwcost.adapters.zeros import mostly_zero, warn_of_zeros, without_zeros
from hwcost.errors import HwcostError
from hwcost.network.kinds import CLASSES
from hwcost.network.network import NetworkSpec
from hwcost.network.stage import StageSpec

MOST = (1 << 31) - 1  # of an event's value


class Piece(NamedTuple):
    """What some samples tell: network and record, and the layers whose weights are mostly zero."""

    network: NetworkSpec
    spikes: SpikeRecord
    sparse: tuple[str, ...]


def describe(
    model: nn.Module,
    batch: Any,
    timesteps: int | None,
    loop: bool | None,
    input_class: str | None,
    at_once: int,
    *,
    pruned: bool,
) -> tuple[NetworkSpec, SpikeRecord]:
    """Network and record of a batch; see `from_torch`."""
    if not isinstance(model, nn.Module):
        raise HwcostError(f"a torch.nn.Module expected, got {type(model).__name__}")
    frames = _tensor(model, batch)
    is_static = timesteps is not None
    if frames.dim() < (2 if is_static else 3):
        raise HwcostError(
            f"a batch of shape {tuple(frames.shape)} holds no [T, samples, ...]; "
            "for images [samples, ...] give timesteps="
        )
    if not frames.numel():
        raise HwcostError(f"a batch of shape {tuple(frames.shape)} holds nothing")
    n_steps = StageSpec(timesteps if timesteps is not None else len(frames)).timesteps
    gives = class_of(frames, input_class)
    pieces: list[Piece] = []
    for frame in torch.split(frames, at_once, dim=0 if is_static else 1):
        piece, loop = _piece(model, frame, n_steps, loop, gives, is_static=is_static, pruned=pruned)
        if pieces and piece.network != pieces[0].network:
            raise HwcostError("the network depends on the samples: other layers ran for other samples")
        pieces.append(piece)
    if not pruned:
        warn_of_zeros(
            pieces[0].sparse, "from_torch(..., pruned=True) or --pruned", stacklevel=3
        )  # the caller of from_torch
    return pieces[0].network, reduce(add, (piece.spikes for piece in pieces))


def class_of(frames: Tensor, input_class: str | None) -> tuple[str, int]:
    """Class and largest value of the network's input.

    Raises: HwcostError for an unknown class, or one that the values contradict.
    """
    if input_class not in (None, *CLASSES):
        raise HwcostError(f"input_class '{input_class}' is none of {', '.join(CLASSES)}")
    low, high = float(frames.min()), float(frames.max())
    is_whole = bool((frames == frames.round()).all())
    fitting = {
        "binary": is_whole and low >= 0 and high <= 1,
        "ternary": is_whole and low >= -1 and high <= 1,
        "graded": is_whole and low >= 0 and high <= MOST,
        "analog": True,
    }
    name = input_class or next(name for name, fits in fitting.items() if fits)
    if not fitting[name]:
        raise HwcostError(f"input_class is {name}, but the batch holds values from {low:g} to {high:g}")
    return name, max(1, int(high)) if name == "graded" else 1


def _piece(
    model: nn.Module,
    frames: Tensor,
    n_steps: int,
    loop: bool | None,
    gives: tuple[str, int],
    *,
    is_static: bool,
    pruned: bool,
) -> tuple[Piece, bool]:
    """Network and record of some samples, and whether the loop over time was ours."""
    run = partial(_run, model, frames, n_steps, gives, is_static=is_static, pruned=pruned)
    if loop is not None:
        return run(loop=loop), loop
    try:
        return run(loop=False), False
    except HwcostError as error:
        if not isinstance(error, OneStepError):
            raise
    except (RuntimeError, ValueError, IndexError, TypeError):  # of the model: it may take one timestep only
        pass
    return run(loop=True), True


def _run(
    model: nn.Module,
    frames: Tensor,
    n_steps: int,
    gives: tuple[str, int],
    *,
    is_static: bool,
    pruned: bool,
    loop: bool,
) -> Piece:
    n_samples = frames.shape[0 if is_static else 1]
    tracer = Tracer(n_samples, n_steps, gives)
    walk = Walk(model, tracer)
    with _at_rest(model), torch.no_grad(), walk.watching():
        tracer.feed(frames, is_static=is_static)
        if loop:
            _call_per_step(model, frames, n_steps, is_static=is_static)
        else:
            model(frames)
    check_times(tracer.nodes, n_steps)
    nodes = fold(tracer.nodes)
    network = network_of(nodes, n_steps)
    network = without_zeros(network, nodes) if pruned else network
    return Piece(network, record_of(network, nodes, n_samples), mostly_zero(nodes))


def _call_per_step(model: nn.Module, frames: Tensor, n_steps: int, *, is_static: bool) -> None:
    keeps_state = "state" in inspect.signature(model.forward).parameters
    state = None
    for t in range(n_steps):
        frame = frames if is_static else frames[t]
        if keeps_state:
            _, state = model(frame, state)
        else:
            model(frame)


@contextmanager
def _at_rest(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode and its resting state; afterwards at rest, and in the mode that it had."""
    training = {module: module.training for module in model.modules()}
    model.eval()
    _reset(model)
    try:
        yield
    finally:
        _reset(model)
        for module, mode in training.items():
            module.training = mode


def _reset(model: nn.Module) -> None:
    """Forget the states of neurons: `reset` of SpikingJelly's, `reset_mem` of snnTorch's, either of registered ones."""
    for module in model.modules():
        if registered(module) is None and not library_classes(module):
            continue
        for name in ("reset_mem", "reset"):
            if callable(method := getattr(module, name, None)):
                method()
                break


def _tensor(model: nn.Module, batch: Any) -> Tensor:
    """The batch as numbers of the model's type, on its device."""
    tensor = batch if isinstance(batch, Tensor) else torch.as_tensor(_real(np.asarray(batch)))
    if tensor.is_complex():
        raise HwcostError(f"a batch of real numbers expected, got {tensor.dtype}")
    like = next(model.parameters(), torch.empty(0))
    tensor = tensor.detach().to(like.device, like.dtype if like.is_floating_point() else torch.float32)
    if not bool(torch.isfinite(tensor).all()):
        raise HwcostError(f"the batch holds values that are not finite as {tensor.dtype}")
    return tensor


def _real(batch: NDArray[Any]) -> NDArray[Any]:
    """The array in a type that torch has."""
    if batch.dtype.kind not in "biuf":
        raise HwcostError(f"a batch of real numbers expected, got {batch.dtype}")
    is_known = batch.dtype.isnative and batch.dtype.itemsize <= 8
    return batch if is_known else batch.astype(np.float64)
