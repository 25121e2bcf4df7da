"""What the ledger notes about a trial, checked: a note that is damaged counts as one that was never made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from tsearch.engine.store import CheckpointName
from tsearch.frozen import Frozen


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a moment without a time zone")
    return text


Name = Annotated[str, Field(pattern=r"^\w[\w-]{0,99}$")]  # names files
Line = Annotated[str, Field(max_length=100_000)]
Moment = Annotated[str, AfterValidator(_moment)]
Metrics = dict[str, float]


class Lenient(Frozen):
    """Leaves out what it does not know, which a later version may have noted."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=True)


class Summary(Lenient):
    """What is read often of a complete trial's result, and the hash of its file."""

    sha256: str
    metrics: Metrics
    n_samples: dict[str, int] = Field(default_factory=dict)
    seconds: float = 0.0


class RungNote(Lenient):
    """What a trial reached before the end of its training."""

    metrics: Metrics
    checkpoint: tuple[Name, int, int] | None = None


class Notes(Lenient):
    """All that is noted about one trial. `key` and `configuration` may be found again from its values."""

    key: Name | None = None
    origin: Literal["baseline", "enqueued", "proposed"] = "proposed"
    configuration: dict[str, Any] | None = None
    error: Line | None = None
    finished: Moment | None = None
    paused: bool = False
    summary: Summary | None = None
    measured: dict[int, RungNote] = Field(default_factory=dict)
    n_lost: int = 0


def notes_of(stored: Mapping[str, Any]) -> Notes:
    """The notes of a row; rungs are noted as `measured:<epoch>`, losses as `lost:<number>`."""
    content = {name: stored[name] for name in Notes.model_fields if name in stored}
    content["n_lost"] = sum(name.startswith("lost:") for name in stored)
    content["measured"] = {
        int(name[9:]): stored[name]
        for name in stored
        if name.startswith("measured:") and name[9:].isdecimal() and len(name) < 20 and _is_rung(stored[name])
    }
    try:
        return Notes.model_validate(content)
    except ValidationError as error:
        damaged = {str(problem["loc"][0]) for problem in error.errors()}
        return Notes.model_validate({name: note for name, note in content.items() if name not in damaged})


def checkpoint_name(rung: RungNote) -> CheckpointName | None:
    """The checkpoint of a rung."""
    return None if rung.checkpoint is None else CheckpointName(*rung.checkpoint)


def _is_rung(note: Any) -> bool:
    try:
        RungNote.model_validate(note)
    except ValidationError:
        return False
    return True
