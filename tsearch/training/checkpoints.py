"""Training state as bytes: weights and optimizer state in safetensors, no pickle."""

import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from tsearch.errors import TsearchError
from tsearch.training.keeping import NOTHING_KEPT, Kept
from tsearch.training.optimizer import Optimizers

_MODEL, _TRAINING, _OPTIMIZER = "model/", "training/", "optimizer/"


def pack(
    network: nn.Module,
    epoch: int,
    optimizers: Optimizers = (),
    goes_on: Mapping[str, Tensor] | None = None,
    kept: Kept = NOTHING_KEPT,
) -> bytes:
    """A checkpoint after `epoch` epochs, as safetensors bytes: the weights of `network`, as it is measured and
    exported; inside a phase also the state of `optimizers`, and the weights that training `goes_on` with where those
    `kept` are others."""
    tensors = {f"{_MODEL}{name}": value.contiguous() for name, value in network.state_dict().items()}
    tensors |= {f"{_TRAINING}{name}": value.contiguous() for name, value in (goes_on or {}).items()}
    states = {parameter: state for optimizer in optimizers for parameter, state in optimizer.state.items()}
    for name, parameter in network.named_parameters():
        tensors |= {
            f"{_OPTIMIZER}{name}/{field}": torch.as_tensor(value).contiguous()
            for field, value in states.get(parameter, {}).items()
            if value is not None
        }
    score = {} if kept.weights is None else {"score": repr(kept.score)}
    return save(tensors, metadata={"epoch": str(epoch)} | score)


def unpack_weights(content: bytes) -> dict[str, Tensor]:
    """The weights in a checkpoint, as a state dict. Raises: TsearchError for bytes that no training here wrote."""
    try:
        tensors = load(content)
    except SafetensorError as error:
        raise TsearchError(f"these weights were not written by a training of tsearch ({error}).") from None
    return _part(tensors, _MODEL)


def weights_in(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights among the tensors of a checkpoint, or all tensors where they are of none."""
    return _part(tensors, _MODEL) or dict(tensors)


def unpack_training_weights(content: bytes) -> dict[str, Tensor]:
    """The weights in a checkpoint that training goes on with, as a state dict."""
    return unpack_weights(content) | _part(load(content), _TRAINING)


def unpack_kept(content: bytes) -> Kept:
    """What the phase of a checkpoint had kept so far."""
    score = _metadata(content).get("score")
    return NOTHING_KEPT if score is None else Kept(unpack_weights(content), float(score))


def restore_optimizers(network: nn.Module, optimizers: Optimizers, content: bytes) -> None:
    """Put the state in a checkpoint of the `optimizers` of `network` back in place."""
    named, stored = dict(network.named_parameters()), _part(load(content), _OPTIMIZER)
    for optimizer in optimizers:
        ordered = [p for group in optimizer.param_groups for p in group["params"]]
        number = {id(parameter): index for index, parameter in enumerate(ordered)}
        state: dict[int, dict[str, Any]] = {}
        for path, value in stored.items():
            name, field = path.split("/")
            index = number.get(id(named[name]))
            if index is not None:
                state.setdefault(index, {})[field] = _laid_out_like(ordered[index], value)
        if state:
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """A fused optimizer walks through parameter and state in the order of memory, which must be the same."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value


def trained_epochs(content: bytes) -> int:
    """Number of epochs after which a checkpoint was taken."""
    return int(_metadata(content)["epoch"])


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _metadata(content: bytes) -> dict[str, str]:
    header = int.from_bytes(content[:8], "little")
    found: dict[str, str] = json.loads(content[8 : 8 + header])["__metadata__"]
    return found
