"""Where results and checkpoints of a run lie, and how they are read. Only the journal writes them.

results/<key>.r<replicate>.e<epoch>.json                  one Result per configuration, replicate and epoch
checkpoints/<prefix>.r<replicate>.e<epoch>.safetensors    one per prefix of a training, replicate and epoch
errors/<key>.txt                                          why a trial failed, with its traceback

Runs of format 1 hold one result and one checkpoint per configuration, named after its key alone.
"""

import json
from pathlib import Path
from typing import NamedTuple

from tsearch.configuration import Result
from tsearch.errors import TsearchError
from tsearch.space.protocol import Space


class CheckpointName(NamedTuple):
    """Weights after `epoch`: the same for all configurations that share the prefix of their training."""

    prefix: str
    replicate: int
    epoch: int


def result_path(folder: Path, key: str, replicate: int, epoch: int) -> Path:
    """Where the result of a configuration at `epoch` lies, or is to lie."""
    older = folder / "results" / f"{key}.json"
    path = folder / "results" / f"{key}.r{replicate}.e{epoch}.json"
    return older if older.is_file() and not path.is_file() else path


def checkpoint_path(folder: Path, name: CheckpointName) -> Path:
    """Where a checkpoint lies, or is to lie."""
    older = folder / "checkpoints" / f"{name.prefix}.safetensors"
    path = folder / "checkpoints" / f"{name.prefix}.r{name.replicate}.e{name.epoch}.safetensors"
    return older if older.is_file() and not path.is_file() else path


def error_path(folder: Path, key: str) -> Path:
    """Where the error of a failed trial lies."""
    return folder / "errors" / f"{key}.txt"


def read_result(folder: Path, space: Space, key: str, replicate: int, epoch: int) -> Result | None:
    """The result of a configuration after `epoch`, None if there is none on disk. Raises: TsearchError if damaged."""
    path = result_path(folder, key, replicate, epoch)
    try:
        content = json.loads(path.read_text())
        content["configuration"] = space.from_plain(content["configuration"])
        result = Result.model_validate(content)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise TsearchError(
            f"{path} is damaged: {str(error).splitlines()[0]}. Restore it, or delete it and resume."
        ) from None
    return result if result.budget >= epoch else None


def read_checkpoint(folder: Path, name: CheckpointName) -> bytes | None:
    """The bytes of a checkpoint, None if there is none on disk."""
    path = checkpoint_path(folder, name)
    return path.read_bytes() if path.is_file() else None
