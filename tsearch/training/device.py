"""Where networks are trained: on the CPU, or on GPUs."""

import os

import torch

from tsearch.errors import TsearchError
from tsearch.machine import machine


def device(asked: str) -> torch.device:
    """The device that a task asks for: "cpu"; "cuda:1"; or "cuda", all GPUs, of which worker process n takes number n
    modulo how many there are.

    Never chosen by what is there: every worker of a run must give the same. A GPU gives the same bits again with
    the same driver and libraries; GPUs of other models give others, and so does the CPU. Starts CUDA: a process
    that has asked must not fork.

    Raises: TsearchError if there is no such device.
    """
    if asked == "cpu":
        return torch.device("cpu")
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    gpus = [f"cuda:{number}" for number in range(n_gpus)]
    known = ["cpu", "cuda", *gpus] if gpus else ["cpu"]
    if asked not in known:
        raise TsearchError(
            f"TSEARCH_DEVICE: device '{asked}' not found, torch {torch.__version__} can use {n_gpus} GPUs. "
            f"Known devices: {', '.join(known)}. {_next_step()}"
        )
    _repeat_bits()
    return torch.device(gpus[machine().worker % n_gpus] if asked == "cuda" else asked)


def device_name(device: torch.device) -> str:
    """What a result says of where it was made: "cpu", or the model of the GPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _next_step() -> str:
    if torch.version.cuda is None:
        return "This torch was built for the CPU alone; one built for CUDA can use GPUs."
    return "Set one of them, or see with `nvidia-smi` what is missing."


def _repeat_bits() -> None:
    """Have the libraries of CUDA compute every sum in one order, and float32 in full; cuBLAS reads its variable when it
    starts."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
