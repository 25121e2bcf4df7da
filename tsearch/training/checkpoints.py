"""Training state as bytes: weights and optimizer state in safetensors, no pickle."""

import json
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

_OPTIMIZER = "optimizer/"


def pack(network: nn.Module, optimizer: torch.optim.Optimizer | None, epoch: int) -> bytes:
    """Weights of `network`, state of `optimizer` (None at the end of a phase, where the next one starts
    anew) and the number of epochs trained, as safetensors bytes."""
    tensors = {f"model/{name}": value.contiguous() for name, value in network.state_dict().items()}
    for index, state in (optimizer.state_dict()["state"] if optimizer else {}).items():
        tensors |= {
            f"{_OPTIMIZER}{index}/{name}": torch.as_tensor(value).contiguous()
            for name, value in state.items()
            if value is not None
        }
    return save(tensors, metadata={"epoch": str(epoch)})


def unpack_weights(content: bytes) -> dict[str, Tensor]:
    """The weights in a checkpoint, as a state dict."""
    return {
        name.removeprefix("model/"): value
        for name, value in load(content).items()
        if name.startswith("model/")
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, content: bytes) -> None:
    """Put the optimizer's state in a checkpoint back in place; a checkpoint without one leaves it new."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for name, value in load(content).items():
        if name.startswith(_OPTIMIZER):
            index, field = name.removeprefix(_OPTIMIZER).split("/")
            state.setdefault(int(index), {})[field] = _laid_out_like(parameters[int(index)], value)
    if state:
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """A fused optimizer walks through parameter and state in the order of memory, which must be the same."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value


def trained_epochs(content: bytes) -> int:
    """Number of epochs after which a checkpoint was taken."""
    header = int.from_bytes(content[:8], "little")
    return int(json.loads(content[8 : 8 + header])["__metadata__"]["epoch"])
