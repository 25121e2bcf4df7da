"""Training state as bytes: weights and optimizer state in safetensors, no pickle."""

import json
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from tsearch.errors import TsearchError

_OPTIMIZER = "optimizer/"


def pack(network: nn.Module, optimizer: torch.optim.Optimizer | None, epoch: int) -> bytes:
    """Weights of `network`, state of `optimizer` (None at the end of a phase, where the next one starts
    anew) and the number of epochs trained, as safetensors bytes."""
    tensors = {f"model/{name}": value.contiguous() for name, value in network.state_dict().items()}
    states = optimizer.state if optimizer else {}
    for name, parameter in network.named_parameters():
        tensors |= {
            f"{_OPTIMIZER}{name}/{field}": torch.as_tensor(value).contiguous()
            for field, value in states.get(parameter, {}).items()
            if value is not None
        }
    return save(tensors, metadata={"epoch": str(epoch)})


def unpack_weights(content: bytes) -> dict[str, Tensor]:
    """The weights in a checkpoint, as a state dict. Raises: TsearchError for bytes that no training here wrote."""
    try:
        tensors = load(content)
    except SafetensorError as error:
        raise TsearchError(f"these weights were not written by a training of tsearch ({error}).") from None
    return {
        name.removeprefix("model/"): value for name, value in tensors.items() if name.startswith("model/")
    }


def restore_optimizer(network: nn.Module, optimizer: torch.optim.Optimizer, content: bytes) -> None:
    """Put the state in a checkpoint of the `optimizer` of `network` back in place; a checkpoint without one leaves it
    new."""
    named = dict(network.named_parameters())
    ordered = [p for group in optimizer.param_groups for p in group["params"]]
    number = {id(parameter): index for index, parameter in enumerate(ordered)}
    state: dict[int, dict[str, Any]] = {}
    for name, value in load(content).items():
        if name.startswith(_OPTIMIZER):
            name, field = name.removeprefix(_OPTIMIZER).split("/")
            index = number[id(named[name])]
            state.setdefault(index, {})[field] = _laid_out_like(ordered[index], value)
    if state:
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """A fused optimizer walks through parameter and state in the order of memory, which must be the same."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value


def trained_epochs(content: bytes) -> int:
    """Number of epochs after which a checkpoint was taken."""
    header = int.from_bytes(content[:8], "little")
    return int(json.loads(content[8 : 8 + header])["__metadata__"]["epoch"])
