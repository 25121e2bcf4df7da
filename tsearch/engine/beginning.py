"""What a run begins with: its space, its box, its folder."""

import shutil
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from tsearch.engine.executors import Evaluator
from tsearch.engine.ledger import begin_ledger
from tsearch.engine.run_file import RunFile, write_run_file
from tsearch.engine.run_folder import LEDGER
from tsearch.errors import TsearchError
from tsearch.files.whole import full_disk_is_an_error, write_whole
from tsearch.space.entries import Goals, parameter_space
from tsearch.space.goals import Constraint
from tsearch.space.loading import load
from tsearch.space.protocol import Space


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
            constraints={
                name: Constraint(min=low, max=high)
                for name, (low, high) in (wishes.constraints or {}).items()
            },
            reference=wishes.reference,
            ideal=wishes.ideal,
        )
    for what in ("objectives", "constraints"):
        if getattr(wishes, what) is not None:
            raise TsearchError(
                f"{what}: a search space has its own. Give them with a dictionary of parameters."
            )
    return load(given) if isinstance(given, str | Path) else given


def with_profile(space: Space, profile: str) -> Space:
    """The space searched for other hardware: a profile's name or YAML file."""
    change = getattr(space, "with_profile", None)
    if change is None:
        raise TsearchError(f"profile '{profile}': this search space is priced on no hardware. Leave it out.")
    changed: Space = change(profile)
    return changed


def box_of(
    space: Space, reference: Mapping[str, float] | None, ideal: Mapping[str, float] | None
) -> tuple[dict[str, float], dict[str, float]]:
    """The box in which hypervolumes are measured: worst and best value of the objectives, as far as known."""
    names = {objective.name for objective in space.objectives}
    worst, best = dict(space.reference or {}) | dict(reference or {}), dict(ideal or {})
    if not (names <= worst.keys() and names <= best.keys()):
        known_worst, known_best = space.reference_box()
        worst, best = known_worst | worst, known_best | best
    return worst, best


def check_numbers(trials: int, seed: int) -> None:
    if not isinstance(trials, int):
        raise TsearchError(f"trials: {trials!r} is no whole number.")
    if trials < 1:
        raise TsearchError(f"trials: {trials} would search nothing. Give at least 1.")
    if seed < 0:
        raise TsearchError(f"seed: {seed} is below 0. Give a whole number from 0 on.")


def make_folder(runs: Path, name: str | None, default: str) -> Path:
    if name is not None and (not name or Path(name).name != name or name.startswith(".")):
        raise TsearchError(
            f"name '{name}': a run's name is the name of one folder. Use letters, digits, '-' and '_'."
        )
    with full_disk_is_an_error(runs):
        runs.mkdir(parents=True, exist_ok=True)
        for n in count(1):
            folder = runs / (name or (default if n == 1 else f"{default}-{n}"))
            try:
                folder.mkdir()
                return folder
            except FileExistsError:
                if name is not None:
                    raise TsearchError(
                        f"{folder} exists. Choose another --name, or `tsearch resume {name}`."
                    ) from None
    raise AssertionError


def fill_folder(folder: Path, file: RunFile) -> None:
    """Fill a new run folder, or leave none. run.json comes last: a folder that has it is a whole run."""
    try:
        if file.space_text:
            write_whole(folder / "space.yaml", file.space_text.encode())
        begin_ledger(folder / LEDGER, file.name, [objective.direction for objective in file.objectives])
        write_run_file(folder, file)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
