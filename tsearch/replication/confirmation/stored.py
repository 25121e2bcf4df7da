"""What a confirmation keeps on disk.

confirmations/<n>.plan.json       candidates, numbers of their fresh replicates, margin, level
confirmations/<n>.twins.json      the twins that bracket each, found by the replicates' cost on validation
confirmations/<n>.verdicts.json   what was found

Each is written once, whole, and never changed; the later ones hold the hash of the plan. A confirmation without
verdicts was cut off, and goes on as planned.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from tsearch.engine.run_folder import Run, folder_of
from tsearch.engine.store import hash_of
from tsearch.errors import TsearchError
from tsearch.files.reading import JSON_BYTES, parse_json, read_bytes
from tsearch.files.whole import full_disk_is_an_error, write_whole
from tsearch.frozen import Frozen
from tsearch.replication.confirmation.verdict import Twin, Verdict

_FOLDER = "confirmations"


class Planned(Frozen):
    """A candidate: a trial, its configuration as plain data, and the metric that it may save. `below` is the number of
    timesteps of the cheaper twin to begin with."""

    number: int
    key: str
    label: str
    cost: str
    configuration: dict[str, Any]
    below: int


class Plan(Frozen):
    """A confirmation before it begins.

    Args:
        number: Confirmations of a run count from 1.
        written: The moment, ISO 8601, UTC.
        replicates: Numbers that no training of the run had before.
        margin: How much less accuracy than that of the named twin still counts as equal.
        level: Of all confirmations of the run together, see `family.py`.
        named: Whether the candidates were named by hand, instead of picked on validation.
        n_tested: So many trainings of the run had answered test samples before, which may guide who names them.
        data: Hash of the content of the data.
    """

    format: Literal[1] = 1
    number: Annotated[int, Field(ge=1)]
    written: str
    candidates: tuple[Planned, ...]
    replicates: tuple[int, ...]
    margin: float
    level: float
    named: bool
    n_tested: int
    data: str


class Paired(Frozen):
    """A pair of twins of a candidate, the cheaper one first, with the costs that bracket it: geometric means over
    replicates of candidate and twins. Where there are none, the reason. `is_plain`: see `Space.twins`."""

    key: str
    is_plain: bool = False
    twins: tuple[Twin, ...] = ()
    costs: tuple[float, ...] = ()
    reason: str = ""


class Twins(Frozen):
    """The pairs of twins of a confirmation, one or two of each candidate, in the order of the candidates. `plan` is the
    SHA-256 of the plan's file."""

    format: Literal[1] = 1
    plan: str
    written: str
    pairs: tuple[Paired, ...]


class Verdicts(Frozen):
    """The verdicts of a confirmation, in the order of its candidates. `plan` is the SHA-256 of the plan's file."""

    format: Literal[1] = 1
    plan: str
    written: str
    verdicts: tuple[Verdict, ...]


_Content = TypeVar("_Content", Plan, Twins, Verdicts)
_NAMES: dict[type, str] = {Plan: "plan", Twins: "twins", Verdicts: "verdicts"}


def plans(folder: Path) -> list[Plan]:
    """The plans of the run in `folder`, in order. Raises: TsearchError if one is damaged, or missing beside what
    followed from it."""
    numbers = {path.name.partition(".")[0] for path in (folder / _FOLDER).glob("*.json")}
    return [require(folder, n, Plan) for n in sorted(int(name) for name in numbers if name.isdecimal())]


def unfinished(folder: Path) -> Plan | None:
    """The plan without verdicts, None where there is none."""
    return next((plan for plan in plans(folder) if read(folder, plan.number, Verdicts) is None), None)


def verdicts_of(run: Run | str | Path) -> tuple[Verdict, ...]:
    """The verdicts of a run, in the order in which they were found. Raises: TsearchError if what is stored is
    damaged."""
    folder = run.folder if isinstance(run, Run) else folder_of(run)
    stored = [read(folder, plan.number, Verdicts) for plan in plans(folder)]
    return tuple(verdict for one in stored if one is not None for verdict in one.verdicts)


def read(folder: Path, number: int, kind: type[_Content]) -> _Content | None:
    """A file of confirmation `number`; None where it is not written yet. Raises: TsearchError if it is damaged, or the
    plan has changed since it was written."""
    path = _path(folder, number, kind)
    try:
        content = kind.model_validate(parse_json(read_bytes(path, JSON_BYTES)))
    except FileNotFoundError:
        return None
    except ValueError as error:
        what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise TsearchError(f"{path} is damaged ({what[:200]}). Restore it from a copy of the run.") from None
    if not isinstance(content, Plan) and content.plan != plan_hash(folder, number):
        plan = _path(folder, number, Plan)
        raise TsearchError(
            f"{plan} has changed since {path.name} was written. Restore it from a copy of the run."
        )
    return content


def require_pairs(folder: Path, plan: Plan, twins: Twins) -> None:
    """Raise TsearchError unless there is what was found for every candidate of a plan, and for no other."""
    if {pair.key for pair in twins.pairs} != {one.key for one in plan.candidates}:
        path = _path(folder, plan.number, Twins)
        raise TsearchError(
            f"{path} does not hold the twins of every candidate. Restore it from a copy of the run."
        )


def plan_hash(folder: Path, number: int) -> str:
    """The SHA-256 of the plan of confirmation `number`; '' where there is none."""
    path = _path(folder, number, Plan)
    return hash_of(path.read_bytes()) if path.is_file() else ""


def require(folder: Path, number: int, kind: type[_Content]) -> _Content:
    """The same where it must be there."""
    content = read(folder, number, kind)
    if content is None:
        raise TsearchError(f"{_path(folder, number, kind)} is missing. Restore it from a copy of the run.")
    return content


def write(folder: Path, number: int, content: Plan | Twins | Verdicts) -> Path:
    """Put a file of confirmation `number` in its place; gives its path."""
    path = _path(folder, number, type(content))
    with full_disk_is_an_error(path):
        path.parent.mkdir(exist_ok=True)
    write_whole(path, json.dumps(content.model_dump(mode="json"), indent=1).encode())
    return path


def fresh_numbers(used: Sequence[int], n: int) -> tuple[int, ...]:
    """Numbers of `n` replicates after all that were used."""
    first = max(used, default=-1) + 1
    return tuple(range(first, first + n))


def _path(folder: Path, number: int, kind: type) -> Path:
    return folder / _FOLDER / f"{number}.{_NAMES[kind]}.json"
