"""Where results and checkpoints of a run lie, and how they are read. Only the journal writes them.

results/<key>.r<replicate>.e<epoch>.json                  one Result per configuration, replicate and epoch; at the
                                                          end of a phase before the last one, per prefix
checkpoints/<prefix>.r<replicate>.e<epoch>.safetensors    one per prefix of a training, replicate and epoch
errors/<key>.txt                                          why a trial failed, with its traceback; of a
                                                          replicate <key>.r<replicate>.txt

Runs of format 1 hold one result and one checkpoint per configuration, named after its key alone: replicate 0.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from tsearch.configuration import Result
from tsearch.errors import TsearchError
from tsearch.files.reading import JSON_BYTES, parse_json, read_bytes
from tsearch.space.goals import Objective
from tsearch.space.protocol import Space

CHECKPOINT_SHA256 = "checkpoint_sha256"  # beside a result: the hash of the checkpoint that came with it
REPEAT = "Restore it from a copy of the run, or `tsearch resume` repeats the trial."


class HasMetrics(Protocol):
    """A result, or the numbers of one."""

    @property
    def metrics(self) -> Mapping[str, float]: ...


class CheckpointName(NamedTuple):
    """Weights after `epoch`: the same for all configurations that share the prefix of their training."""

    prefix: str
    replicate: int
    epoch: int


def result_path(folder: Path, key: str, replicate: int, epoch: int) -> Path:
    """Where the result of a configuration at `epoch` lies, or is to lie."""
    older = folder / "results" / f"{key}.json"
    path = folder / "results" / f"{key}.r{replicate}.e{epoch}.json"
    return older if replicate == 0 and older.is_file() and not path.is_file() else path


def checkpoint_path(folder: Path, name: CheckpointName) -> Path:
    """Where a checkpoint lies, or is to lie."""
    older = folder / "checkpoints" / f"{name.prefix}.safetensors"
    path = folder / "checkpoints" / f"{name.prefix}.r{name.replicate}.e{name.epoch}.safetensors"
    return older if name.replicate == 0 and older.is_file() and not path.is_file() else path


def error_path(folder: Path, name: str) -> Path:
    """Where the error of a failed trial lies, by its key; of a replicate, by '<key>.r<replicate>'."""
    return folder / "errors" / f"{name}.txt"


def read_result(
    folder: Path, space: Space, key: str, replicate: int, epoch: int, sha256: str | None = None
) -> Result | None:
    """The result of a configuration after `epoch`, None if there is none on disk, or one for a smaller budget, which
    evaluators could give once. Raises: TsearchError if it is damaged, or not the one with this hash."""
    path = result_path(folder, key, replicate, epoch)
    try:
        content = parse_json(checked_content(path, sha256))
        content.pop(CHECKPOINT_SHA256, None)
        content["configuration"] = space.from_plain(content["configuration"])
        result = Result.model_validate(content)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise TsearchError(f"{path} is damaged: {str(error).splitlines()[0][:200]}. {REPEAT}") from None
    return result if result.budget >= epoch else None


def require_result(
    folder: Path, space: Space, key: str, replicate: int, epoch: int, sha256: str | None = None
) -> Result:
    """The result of a configuration after `epoch`. Raises: TsearchError if it is missing or damaged."""
    result = read_result(folder, space, key, replicate, epoch, sha256)
    if result is not None:
        return result
    path = result_path(folder, key, replicate, epoch)
    what = f"holds no result for a budget of {epoch}" if path.is_file() else "is missing"
    raise TsearchError(f"{path} {what}. {REPEAT}")


def checked_content(path: Path, sha256: str | None) -> bytes:
    """The content of a file. Raises: FileNotFoundError; ValueError if its hash is not `sha256`, where one is known."""
    content = read_bytes(path, JSON_BYTES)
    if sha256 not in (None, hash_of(content)):
        raise ValueError("its content is not what was written")
    return content


def hash_of(content: bytes) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def read_checkpoint(folder: Path, name: CheckpointName) -> bytes | None:
    """The bytes of a checkpoint, None if there is none on disk."""
    path = checkpoint_path(folder, name)
    return path.read_bytes() if path.is_file() else None


def sound_checkpoint(folder: Path, name: CheckpointName) -> bytes | None:
    """The bytes of a checkpoint; None if there is none on disk, or not the one that came with the result of this name,
    so that one damaged file is trained again and no training that begins with it fails or goes astray."""
    content = read_checkpoint(folder, name)
    path = result_path(folder, *name)
    if content is None or not path.is_file():
        return content
    with suppress(ValueError, TypeError, AttributeError):  # a result that is damaged says nothing
        written = parse_json(read_bytes(path, JSON_BYTES)).get(CHECKPOINT_SHA256)
        return content if written in (None, hash_of(content)) else None
    return content


def objective_values(result: HasMetrics, objectives: Sequence[Objective]) -> list[float]:
    """The objectives of a result, in order. Raises: ValueError where one is missing or not finite."""
    for objective in objectives:
        if objective.name not in result.metrics:
            found = ", ".join(result.metrics)
            raise ValueError(
                f"objective '{objective.name}' is missing from the result, which has {found or 'none'}"
            )
        if not math.isfinite(result.metrics[objective.name]):
            raise ValueError(
                f"objective '{objective.name}' is {result.metrics[objective.name]}: the training diverged"
            )
    return [float(result.metrics[objective.name]) for objective in objectives]
