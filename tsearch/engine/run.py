"""The way in: `run` begins a search, `resume` goes on with one."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tsearch.engine.beginning import (
    Wishes,
    box_of,
    check_numbers,
    fill_folder,
    make_folder,
    space_to_search,
    with_profile,
)
from tsearch.engine.changes import refuse_changes
from tsearch.engine.choosing import Chooser
from tsearch.engine.ending import STOPPED, forget_ended, write_ended
from tsearch.engine.events import Event, Listener
from tsearch.engine.executors import Evaluator, Executor, make_executor
from tsearch.engine.identity import prepared, refuse_other_identity
from tsearch.engine.journal import Journal, objective_values
from tsearch.engine.lock import locked
from tsearch.engine.proposers import find_proposer
from tsearch.engine.proposing import History, Proposer, Told
from tsearch.engine.pump import Pump, violation_of
from tsearch.engine.run_file import (
    TRAIN_AND_PRICE,
    ExecutorChoice,
    RunFile,
    is_of_older_format,
    read_run_file,
    write_run_file,
)
from tsearch.engine.run_folder import Run, Trial, open_run, read_run
from tsearch.engine.scheduling import find_scheduler
from tsearch.errors import TsearchError
from tsearch.references import reference_to
from tsearch.space.entries import Goals
from tsearch.space.loading import path_of, refuse_other_code
from tsearch.space.protocol import Space
from tsearch.versions import versions


def run(
    space: Space | Mapping[str, Any] | str | Path,
    evaluator: Evaluator | str | None = None,
    *,
    objectives: Goals | None = None,
    constraints: Mapping[str, tuple[float | None, float | None]] | None = None,
    name: str | None = None,
    runs: str | Path = "runs",
    executor: str = "process",
    workers: int | None = None,
    address: str | None = None,
    trials: int | None = None,
    proposer: str | Proposer | None = None,
    scheduler: str = "whole",
    profile: str | None = None,
    seed: int | None = None,
    timeout_s: float | None = None,
    reference: Mapping[str, float] | None = None,
    ideal: Mapping[str, float] | None = None,
    listener: Listener | None = None,
) -> Run:
    """Search a space and give back the run, which is also the folder `runs/name`.

    Args:
        space: A search space, its file, or the name of a shipped one; or a dictionary of parameters, see
            `space.entries.parameter_space`.
        evaluator: What tries a configuration (see `executors.Evaluator`), or where it is, 'module:function'.
            Default: train it and price it.
        objectives: Metric and direction ({"loss": "minimize"}), for a dictionary of parameters; other spaces have
            theirs.
        constraints: Smallest and largest value of metrics, None for an open side; for a dictionary of parameters.
        name: Name of the run; by default that of the space, with a number where that exists.
        executor: 'process', 'inline' or 'ray'.
        workers: How many trials at a time; by default one per core.
        address: An existing Ray cluster.
        trials, proposer, profile, seed, timeout_s: Instead of what the space says. `trials` is the total,
            baselines included. `proposer` is a name, 'module:name', or an object, see `proposing.Proposer`.
        scheduler: Which piece of a training comes next: a name in `scheduling.SCHEDULERS`, or 'module:function'.
        reference, ideal: The worst value that counts and the best one, by objective, where the space knows none.
        listener: Called with every event of `tsearch.engine.events`.

    Raises: TsearchError for anything the user can mend. KeyboardInterrupt passes; `resume` goes on either
    way.
    """
    space_path = str(path_of(space)) if isinstance(space, str | Path) else None
    space = space_to_search(space, Wishes(objectives, constraints, reference, ideal), evaluator)
    space = space if profile is None else with_profile(space, profile)
    n_trials = space.search.trials if trials is None else trials
    seed = space.search.seed if seed is None else seed
    check_numbers(n_trials, seed)
    proposer = proposer or space.search.proposer
    chosen = find_proposer(proposer)
    find_scheduler(scheduler)
    evaluator = TRAIN_AND_PRICE if evaluator is None else evaluator
    make_executor(executor, evaluator, workers, address)  # bad input is told before data are read
    task = prepared(evaluator, space.task(seed))
    segments = make_executor(executor, evaluator, workers, address, task.compute.device)
    worst, best = box_of(space, reference, ideal)
    segments.free()  # a cluster that does not answer is met before a folder is made
    file = RunFile(
        name=name or space.name,
        seed=seed,
        trials=n_trials,
        space=space.to_dict(),
        space_text=space.source_text,
        space_path=space_path,
        task=task,
        objectives=space.objectives,
        reference=worst,
        ideal=best,
        evaluator=reference_to(evaluator),
        proposer=reference_to(proposer),
        scheduler=scheduler,
        executor=ExecutorChoice(name=executor, workers=workers, address=address),
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    folder = make_folder(Path(runs), name, space.name)
    with locked(folder):
        fill_folder(folder, file.model_copy(update={"name": folder.name}))
        timeout_s = space.search.timeout_s if timeout_s is None else timeout_s
        return _search(folder, segments, chosen, timeout_s, listener)


def resume(
    folder: str | Path,
    evaluator: Evaluator | str | None = None,
    *,
    more_trials: int = 0,
    timeout_s: float | None = None,
    executor: str | None = None,
    workers: int | None = None,
    address: str | None = None,
    proposer: Proposer | None = None,
    listener: Listener | None = None,
) -> Run:
    """Go on with a run: repeat what was under way when it stopped, then search until its total, raised by
    `more_trials`.

    Evaluator, executor, workers, address and proposer are those of the run unless given; a proposer is to be given
    where it was an object that cannot be imported. Raises: TsearchError as `run` does, and if another process is
    working on the run, its space file has changed, or its data, profile, device or tsearch's own recipe would give
    other results.
    """
    folder = Path(folder)
    if more_trials < 0:
        raise TsearchError(
            f"trials: {more_trials:+d} cannot be taken away from a run; give a number above 0."
        )
    file = read_run_file(folder)
    refuse_changes(folder, file.space_path, file.space_text)
    evaluator = _given_or_stored(folder, "evaluator", evaluator, file.evaluator)
    chosen = find_proposer(_given_or_stored(folder, "proposer", proposer, file.proposer))
    if executor is None or executor == file.executor.name:
        executor = file.executor.name
        workers = file.executor.workers if workers is None else workers
        address = file.executor.address if address is None else address
    segments = make_executor(executor, evaluator, workers, address, file.task.compute.device)
    refuse_other_identity(folder, evaluator, file.task)
    with locked(folder):
        file = read_run_file(folder)
        if more_trials or is_of_older_format(folder):
            write_run_file(folder, file.model_copy(update={"trials": file.trials + more_trials}))
        timeout_s = file.space["search"]["timeout_s"] if timeout_s is None else timeout_s
        return _search(folder, segments, chosen, timeout_s, listener)


def _search(
    folder: Path, executor: Executor, proposer: Proposer, timeout_s: float | None, listener: Listener | None
) -> Run:
    """Search in a folder whose lock is held; whatever happens, no worker is left behind."""
    opened, rows = read_run(folder)
    opened = _with_known_values(opened)
    for trial in opened.trials[:1]:
        refuse_other_code(trial.configuration)
    journal = Journal(opened, rows)
    listener = listener or _ignore
    forget_ended(folder)
    try:
        trials = tuple(journal.repeat(trial) if trial.is_damaged else trial for trial in opened.trials)
        opened = replace(opened, trials=trials)
        known = [opened.space.key(trial.configuration) for trial in opened.trials]
        chooser = Chooser(opened.space, proposer, opened.seed, known, listener)
        history = History(_told(opened, journal.open_numbers()))
        scheduler = find_scheduler(opened.file.scheduler)
        pump = Pump(opened, journal, chooser, history, scheduler, executor, listener)
        write_ended(folder, pump.search(timeout_s))
    except TsearchError as error:
        with suppress(TsearchError):  # a full disk is told already
            write_ended(folder, f"{STOPPED}: {error}")
        raise
    finally:
        executor.close()
        journal.close()
    return open_run(folder)


def _told(run: Run, open_numbers: set[int]) -> list[Told]:
    """What a proposer was told before, in the order of telling: trials ended, but those whose end was cut off."""
    closed = [trial for trial in run.trials if trial.number not in open_numbers]
    if not run.space.search.ordered:
        closed.sort(key=lambda trial: (trial.finished or "", trial.number))
    return [
        Told(trial.number, trial.values, _objectives(run, trial), violation_of(run, trial))
        for trial in closed
    ]


def _with_known_values(run: Run) -> Run:
    """The run with parameter values that the space knows: an earlier version may have called parameters otherwise."""
    names = run.space.parameters().keys()
    trials = [
        trial
        if trial.values.keys() == names
        else replace(trial, values=run.space.encode(trial.configuration), result=trial.summary)
        for trial in run.trials
    ]
    return replace(run, trials=tuple(trials))


def _objectives(run: Run, trial: Trial) -> tuple[float, ...] | None:
    return tuple(objective_values(trial, run.objectives)) if trial.state == "complete" else None


def _given_or_stored(folder: Path, what: str, given: Any, stored: str | None) -> Any:
    if given is None and stored is None:
        how = "evaluator" if what == "evaluator" else f"{what}={what}"
        raise TsearchError(
            f"{folder}: its {what} cannot be imported. Resume from Python: resume(folder, {how})."
        )
    return stored if given is None else given


def _ignore(event: Event) -> None:
    """Nobody listens."""
