"""What a run begins with: its space, its box, its folder."""

import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from tsearch.engine.executors import Evaluator
from tsearch.engine.ledger import begin_ledger
from tsearch.engine.lock import is_held
from tsearch.engine.run_file import RunFile, write_run_file
from tsearch.engine.run_folder import LEDGER
from tsearch.engine.state import Place, resume_hint
from tsearch.errors import TsearchError
from tsearch.files.whole import full_disk_is_an_error, is_full_disk, write_whole
from tsearch.space.entries import Goals, finite, limits, parameter_space
from tsearch.space.goals import Objective
from tsearch.space.loading import load
from tsearch.space.protocol import Space

MAX_TRIALS, MAX_SEED = 10**9, 2**63 - 1
MAX_NAME = 100  # characters
_NAME = re.compile(r"\w[\w-]*(\.[\w-]+)*")
_START_AGAIN = "Free some space, then start again."
_BEGUN = {"lock", "space.yaml", ".space.yaml.tmp", ".run.json.tmp"} | {
    f"{LEDGER}{end}" for end in ("", "-wal", "-shm", "-journal")
}


class Wishes(NamedTuple):
    """What a search among plain parameters is to reach; other spaces have objectives and constraints of their own."""

    objectives: Goals | None
    constraints: Mapping[str, tuple[float | None, float | None]] | None
    reference: Mapping[str, float] | None
    ideal: Mapping[str, float] | None


def space_to_search(
    given: Space | Mapping[str, Any] | str | Path, wishes: Wishes, evaluator: Evaluator | str | None
) -> Space:
    """The space that is searched."""
    if evaluator is not None and not isinstance(evaluator, str) and not callable(evaluator):
        raise TsearchError(
            f"evaluator: {evaluator!r} cannot be called. Give a function (configuration, budget, resume_from, task) "
            "-> Result or metrics."
        )
    if isinstance(given, Mapping):
        if evaluator is None:
            raise TsearchError("evaluator: none given. Parameters need a function that tries them.")
        return parameter_space(
            given,
            wishes.objectives or {},
            constraints=limits(wishes.constraints),
            reference=wishes.reference,
            ideal=wishes.ideal,
        )
    for what in ("objectives", "constraints"):
        if getattr(wishes, what) is not None:
            raise TsearchError(
                f"{what}: a search space has its own. Give them with a dictionary of parameters."
            )
    return load(given) if isinstance(given, str | Path) else given


def box_of(
    space: Space, reference: Mapping[str, float] | None, ideal: Mapping[str, float] | None
) -> tuple[dict[str, float], dict[str, float]]:
    """The box in which hypervolumes are measured: worst and best value of the objectives, as far as known."""
    names = {objective.name for objective in space.objectives}
    worst, best = dict(space.reference or {}) | dict(reference or {}), dict(ideal or {})
    if not (names <= worst.keys() and names <= best.keys()):
        known_worst, known_best = space.reference_box()
        worst, best = known_worst | worst, known_best | best
    for objective in space.objectives:
        _check_ends(objective, worst.get(objective.name), best.get(objective.name))
    return worst, best


def _check_ends(objective: Objective, worst: float | None, best: float | None) -> None:
    """Raise TsearchError unless the worst value of an objective that counts is worse than the best one."""
    if worst is None or best is None:
        return
    worst, best = finite(f"reference: '{objective.name}'", worst), finite(f"ideal: '{objective.name}'", best)
    if worst == best or (worst > best) == objective.is_maximized:
        raise TsearchError(
            f"reference: '{objective.name}': {worst:g} is no worse than the ideal, {best:g}, where it is "
            f"{objective.direction}d."
        )


def check_numbers(trials: int, seed: int) -> None:
    """Raise TsearchError unless these can be the total of a run and its seed."""
    for name, number, most in (("trials", trials, MAX_TRIALS), ("seed", seed, MAX_SEED)):
        if not isinstance(number, int) or isinstance(number, bool):
            raise TsearchError(f"{name}: {number!r} is no whole number.")
        if abs(number) > most:
            raise TsearchError(f"{name}: this number is too large. Give at most {most}.")
    if trials < 1:
        raise TsearchError(f"trials: {trials} would search nothing. Give at least 1.")
    if seed < 0:
        raise TsearchError(f"seed: {seed} is below 0. Give a whole number from 0 on.")


def check_more_trials(more: int) -> None:
    """Raise TsearchError unless that many trials can be added to a run."""
    if not isinstance(more, int) or isinstance(more, bool) or abs(more) > MAX_TRIALS:
        raise TsearchError(f"trials: that many cannot be added. Give a whole number up to {MAX_TRIALS}.")
    if more < 0:
        raise TsearchError(f"trials: {more:+d} cannot be taken away from a run; give a number above 0.")


def check_name(wanted: str) -> None:
    """Raise TsearchError unless a run can be called that. Runs of earlier versions keep the names that they have."""
    if not _NAME.fullmatch(wanted) or len(wanted) > MAX_NAME:
        shown = ascii(wanted)[:60]
        raise TsearchError(
            f"name {shown}: a run's name is the name of one folder. Use letters, digits, '-' and '_' (within, also "
            f"'.'), at most {MAX_NAME}."
        )


def make_folder(runs: Path, name: str | None, default: str) -> Path:
    """A new folder, called `name`, or `default` with a number where that exists. A folder that was left while it was
    being filled counts as new. Raises: TsearchError if a run has the name, or a folder with other files."""
    with full_disk_is_an_error(runs, _START_AGAIN, "--runs"):
        runs.mkdir(parents=True, exist_ok=True)
        for n in count(1):
            folder = runs / (name or (default if n == 1 else f"{default}-{n}"))
            with suppress(FileExistsError):
                folder.mkdir()
                return folder
            if is_half_made(folder) and (name is not None or not is_held(folder)):
                return folder
            if name is not None:
                raise _taken(folder)
    raise AssertionError


def _taken(folder: Path) -> TsearchError:
    """What to raise where a run cannot be created in a folder, because of what it holds."""
    if not (folder / "run.json").is_file():
        return TsearchError(f"{folder} exists and holds other files. Choose another --name.")
    return TsearchError(f"{folder} holds a run. Choose another --name, or `{resume_hint(Place(folder))}`.")


def is_half_made(folder: Path) -> bool:
    """Whether a process was stopped while it created a run here: there is nothing at all, or a lock, which comes first,
    and no other than plain files that a run begins with."""
    if not folder.is_dir():
        return False
    found = list(folder.iterdir())
    is_ours = all(path.name in _BEGUN and path.is_file() and not path.is_symlink() for path in found)
    return is_ours and (not found or (folder / "lock").is_file())


def fill_folder(folder: Path, file: RunFile) -> None:
    """Fill a new run folder whose lock is held, or leave none. run.json comes last: a folder that has it is a whole
    run."""
    if (folder / "run.json").exists():  # another process was faster
        raise _taken(folder)
    try:
        for left in _BEGUN - {"lock"}:
            (folder / left).unlink(missing_ok=True)
        if file.space_text:
            write_whole(folder / "space.yaml", file.space_text.encode())
        begin_ledger(folder / LEDGER, file.name, [objective.direction for objective in file.objectives])
        write_run_file(folder, file)
    except BaseException as error:
        _remove(folder)
        if is_full_disk(error):
            raise TsearchError(f"{folder}: the disk is full. {_START_AGAIN}") from error
        raise


def _remove(folder: Path) -> None:
    """Remove what creating a run put into its folder, and the folder where nothing else is in it."""
    for name in _BEGUN | {"run.json"}:
        with suppress(OSError):
            (folder / name).unlink()
    with suppress(OSError):
        folder.rmdir()
