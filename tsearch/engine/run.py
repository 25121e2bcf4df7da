"""The way in: `run` begins a search, `resume` goes on with one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tsearch.engine.beginning import (
    Wishes,
    box_of,
    check_more_trials,
    check_name,
    check_numbers,
    fill_folder,
    make_folder,
    space_to_search,
)
from tsearch.engine.changes import refuse_changes, refuse_other_search
from tsearch.engine.ending import EXHAUSTED, forget_ended, read_ended
from tsearch.engine.events import Forgiving, Listener, Warned
from tsearch.engine.executors import Evaluator, Executor, make_executor
from tsearch.engine.identity import prepared, refuse_other_identity
from tsearch.engine.lock import locked
from tsearch.engine.proposers import find_proposer
from tsearch.engine.proposing import Proposer
from tsearch.engine.reopening import given_or_stored, hands_of, progress
from tsearch.engine.run_file import (
    TRAIN_AND_PRICE,
    ExecutorChoice,
    RunFile,
    is_of_older_format,
    read_run_file,
    write_run_file,
)
from tsearch.engine.run_folder import Run, folder_of, refuse_misplaced, space_of
from tsearch.engine.scheduling import DEFAULT, find_scheduler
from tsearch.engine.searching import limits_of, search
from tsearch.errors import TsearchError
from tsearch.references import reference_to, resolve
from tsearch.space.entries import Goals
from tsearch.space.loading import path_of
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
    scheduler: str | None = None,
    profile: str | None = None,
    assume: Mapping[str, int] | None = None,
    seed: int | None = None,
    timeout_s: float | None = None,
    segment_timeout_s: float | None = None,
    reference: Mapping[str, float] | None = None,
    ideal: Mapping[str, float] | None = None,
    listener: Listener | None = None,
    exist: Literal["error", "resume"] = "error",
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
        trials, proposer, profile, seed, timeout_s, segment_timeout_s: Instead of what the space says. `trials` is the
            total, baselines included. `timeout_s` ends the search, `segment_timeout_s` one training that takes longer:
            its trial fails. `proposer` is a name, 'module:name', or an object, see `proposing.Proposer`.
        assume: Word widths to price a what-if with, `{"weight_bits": 8}`, besides those that the space assumes.
        scheduler: Which piece of a training comes next: a name in `scheduling.SCHEDULERS`, or 'module:function'. By
            default 'lineage': a phase that several schedules begin with is trained once.
        reference, ideal: The worst value that counts and the best one, by objective, where the space knows none.
        listener: Called with every event of `tsearch.engine.events`; by default progress is written to stderr,
            `tsearch.quiet` says nothing.
        exist: What to do where a run of that name exists: refuse, or go on with it until it has `trials`. It must
            search the same space, with the same seed, proposer and evaluator.

    Raises: TsearchError for anything the user can mend. KeyboardInterrupt passes; `resume` goes on either
    way.
    """
    if exist not in ("error", "resume"):
        raise TsearchError(f"exist: {exist!r} is unknown. Give 'error' or 'resume'.")
    space_path = str(path_of(space)) if isinstance(space, str | Path) else None
    space = space_to_search(space, Wishes(objectives, constraints, reference, ideal), evaluator)
    space = space.with_hardware(profile, assume)
    n_trials = space.search.trials if trials is None else trials
    seed = space.search.seed if seed is None else seed
    check_numbers(n_trials, seed)
    check_name(space.name if name is None else name)
    limits = limits_of(space.search, timeout_s, segment_timeout_s)
    proposer = proposer or space.search.proposer
    chosen = find_proposer(proposer)
    find_scheduler(scheduler or DEFAULT)
    evaluator = TRAIN_AND_PRICE if evaluator is None else evaluator
    folder = Path(runs, space.name if name is None else name)
    if exist == "resume" and (folder / "run.json").is_file():
        stored = read_run_file(folder)
        refuse_other_search(folder, stored, space, seed, evaluator, proposer, scheduler)
        return resume(
            folder,
            evaluator,
            more_trials=max(0, n_trials - stored.trials),
            timeout_s=timeout_s,
            segment_timeout_s=segment_timeout_s,
            executor=executor,
            workers=workers,
            address=address,
            proposer=chosen,
            listener=listener,
        )
    make_executor(executor, evaluator, workers, address)  # bad input is told before data are read
    task = prepared(evaluator, space.task(seed))
    segments = make_executor(executor, evaluator, workers, address, task.compute.device)
    worst, best = box_of(space, reference, ideal)
    _wait_for(segments)
    file = RunFile(
        name=folder.name,
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
        scheduler=scheduler or DEFAULT,
        executor=ExecutorChoice(name=executor, workers=workers, address=address),
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    folder = make_folder(Path(runs), name, space.name)
    with locked(folder):
        fill_folder(folder, file.model_copy(update={"name": folder.name}))
        listener = listener or progress()
        finished = search(folder, segments, chosen, limits, listener)
    hands = {"executor": executor, "workers": workers, "address": address}
    return _after(
        finished, evaluator=evaluator, listener=listener, segment_timeout_s=segment_timeout_s, **hands
    )


def resume(
    folder: str | Path,
    evaluator: Evaluator | str | None = None,
    *,
    more_trials: int = 0,
    timeout_s: float | None = None,
    segment_timeout_s: float | None = None,
    retry_failed: bool = False,
    executor: str | None = None,
    workers: int | None = None,
    address: str | None = None,
    proposer: Proposer | None = None,
    listener: Listener | None = None,
) -> Run:
    """Go on with a run, given by its folder or, in the folder `runs`, by its name: repeat what was under way when it
    stopped, then search until its total, raised by `more_trials`.

    Failed trials are tried again where they stopped the run by failing in a row, and all of them with `retry_failed`;
    those whose result is damaged always are. Evaluator, executor, workers, address and proposer are those of the run
    unless given; a proposer is to be given where it was an object that cannot be imported. `listener` is as in `run`.

    Raises: TsearchError as `run` does, and if another process is working on the run, its space file has changed, or
    its data, profile, device or tsearch's own recipe would give other results.
    """
    folder = folder_of(folder)
    check_more_trials(more_trials)
    file = read_run_file(folder)
    refuse_changes(folder, file.space_path, file.space_text)
    refuse_misplaced(folder)
    space = space_of(folder, file)
    limits = limits_of(space.search, timeout_s, segment_timeout_s)
    space.with_hardware()  # it must still be there
    evaluator = given_or_stored(folder, "evaluator", evaluator, file.evaluator)
    chosen = find_proposer(given_or_stored(folder, "proposer", proposer, file.proposer))
    segments = hands_of(file, executor, workers, address)(evaluator)
    refuse_other_identity(folder, evaluator, file.task)
    with locked(folder):
        _wait_for(segments)
        listener = listener or progress()
        ended = read_ended(folder) or ""
        if more_trials and ended.startswith(EXHAUSTED):
            Forgiving(listener)(Warned(f"nothing is left that {more_trials:+,} trials could try: {ended}"))
        _raise_total(folder, more_trials)
        finished = search(folder, segments, chosen, limits, listener, retry_failed=retry_failed)
    hands = {"executor": executor, "workers": workers, "address": address}
    return _after(
        finished, evaluator=evaluator, listener=listener, segment_timeout_s=segment_timeout_s, **hands
    )


def _after(finished: Run, **hands: Any) -> Run:
    """The run with what its space asks for after the search: by its reference, because the room that does it stands
    above this one."""
    if finished.space.search.replicates < 2 and finished.space.confirm is None:
        return finished
    done: Run = resolve("tsearch.replication.after:after_search")(finished, **hands)
    return done


def _wait_for(executor: Executor) -> None:
    """Meet a cluster that does not answer before anything of a run is changed."""
    try:
        executor.free()
    except BaseException:
        executor.close()
        raise


def _raise_total(folder: Path, more_trials: int) -> None:
    """Raise the total of a run whose lock is held; what an earlier version wrote is written anew."""
    file = read_run_file(folder)
    file = file.model_copy(update={"trials": file.trials + more_trials})
    if more_trials or is_of_older_format(folder):
        check_numbers(file.trials, file.seed)
        forget_ended(folder)
        write_run_file(folder, file)
