"""The way in: `run` begins a search, `resume` goes on with one."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from tsearch.engine.changes import refuse_changes
from tsearch.engine.events import Event, Listener
from tsearch.engine.executors import Evaluator, Executor, make_executor
from tsearch.engine.lock import locked
from tsearch.engine.proposers import PROPOSERS
from tsearch.engine.pump import Loop
from tsearch.engine.run_folder import FORMAT, Run, open_ledger, open_run, read_content, write_content
from tsearch.errors import TsearchError, did_you_mean
from tsearch.files.whole import full_disk_is_an_error, write_whole
from tsearch.references import reference_to
from tsearch.space.space import SearchSpace, load_space
from tsearch.versions import versions

TRAIN_AND_PRICE = "tsearch.training.evaluate:train_and_price"


def run(
    space: SearchSpace | str | Path,
    evaluator: Evaluator | str | None = None,
    *,
    name: str | None = None,
    runs: str | Path = "runs",
    executor: str = "process",
    workers: int | None = None,
    address: str | None = None,
    trials: int | None = None,
    proposer: str | None = None,
    profile: str | None = None,
    seed: int | None = None,
    timeout_s: float | None = None,
    ideal: Mapping[str, float] | None = None,
    listener: Listener | None = None,
) -> Run:
    """Search a space and give back the run, which is also the folder `runs/name`.

    Args:
        space: A search space, its file, or the name of a shipped one.
        evaluator: What tries a configuration (see `executors.Evaluator`), or where it is, 'module:function'.
            Default: train it and price it.
        name: Name of the run; by default that of the space, with a number where that exists.
        executor: 'process', 'inline' or 'ray'.
        workers: How many trials at a time; by default one per core.
        address: An existing Ray cluster.
        trials, proposer, profile, seed, timeout_s: Instead of what the space says. `trials` is the total,
            baselines included.
        ideal: The best value of every objective, for evaluators whose objectives the cost model does not
            know.
        listener: Called with every event of `tsearch.engine.events`.

    Raises: TsearchError for anything the user can mend. KeyboardInterrupt passes; `resume` goes on either
    way.
    """
    space_path = None if isinstance(space, SearchSpace) else _space_path(space)
    space = space if isinstance(space, SearchSpace) else load_space(space)
    _check_trials(space.search.trials if trials is None else trials)
    if seed is not None and seed < 0:
        raise TsearchError(f"seed: {seed} is below 0. Give a whole number from 0 on.")
    space = _changed(space, proposer, profile)
    evaluator = TRAIN_AND_PRICE if evaluator is None else evaluator
    hands = make_executor(executor, evaluator, workers, address)
    task = space.task(seed)
    if evaluator == TRAIN_AND_PRICE:
        from tsearch.training.identity import prepare

        task = prepare(task)
    reference, ideal = _box(space, ideal)
    content = {
        "format": FORMAT,
        "name": name or space.name,
        "seed": space.search.seed if seed is None else seed,
        "trials": space.search.trials if trials is None else trials,
        "space": space.to_dict(),
        "space_key": space.space_key,
        "space_text": space.source_text,
        "space_path": space_path,
        "task": task.model_dump(mode="json"),
        "objectives": [objective.model_dump(mode="json") for objective in space.objectives],
        "reference": reference,
        "ideal": dict(ideal),
        "evaluator": reference_to(evaluator),
        "executor": {"name": executor, "workers": workers, "address": address},
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    hands.free()  # a cluster that does not answer is met before a folder is made
    folder = _make_folder(Path(runs), name, space.name)
    with locked(folder):
        _write_new(folder, content | {"name": folder.name})
        return _search(folder, hands, space.search.timeout_s if timeout_s is None else timeout_s, listener)


def resume(
    folder: str | Path,
    evaluator: Evaluator | str | None = None,
    *,
    more_trials: int = 0,
    timeout_s: float | None = None,
    executor: str | None = None,
    workers: int | None = None,
    address: str | None = None,
    listener: Listener | None = None,
) -> Run:
    """Go on with a run: repeat what was under way when it stopped, then search until its total, raised by
    `more_trials`.

    Evaluator, executor, workers and address are those of the run unless given. Raises: TsearchError as `run`
    does, and if another process is working on the run or its space file has changed.
    """
    folder = Path(folder)
    if more_trials < 0:
        raise TsearchError(
            f"trials: {more_trials:+d} cannot be taken away from a run; give a number above 0."
        )
    content = read_content(folder)
    refuse_changes(folder, content)
    evaluator = evaluator or content["evaluator"]
    if evaluator is None:
        raise TsearchError(
            f"{folder}: its evaluator cannot be imported. Resume from Python: resume(folder, evaluator)."
        )
    was = content["executor"]
    if executor is None or executor == was["name"]:
        executor = was["name"]
        workers = was["workers"] if workers is None else workers
        address = was["address"] if address is None else address
    hands = make_executor(executor, evaluator, workers, address)
    with locked(folder):
        content = read_content(folder)
        if more_trials:
            write_content(folder, content | {"trials": content["trials"] + more_trials})
        timeout_s = content["space"]["search"]["timeout_s"] if timeout_s is None else timeout_s
        return _search(folder, hands, timeout_s, listener)


def _search(folder: Path, hands: Executor, timeout_s: float | None, listener: Listener | None) -> Run:
    """Search in a folder whose lock is held; whatever happens, no worker is left behind."""
    opened = open_run(folder)
    ledger = open_ledger(folder, opened.content)
    try:
        ended = Loop(opened, ledger, hands, listener or _ignore, timeout_s).go()
    finally:
        hands.close()
        ledger.close()
    return replace(open_run(folder), ended=ended)


def _make_folder(runs: Path, name: str | None, default: str) -> Path:
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


def _write_new(folder: Path, content: Mapping[str, Any]) -> None:
    """Fill a new run folder, or leave none. run.json comes last: a folder that has it is a whole run."""
    try:
        write_whole(folder / "space.yaml", content["space_text"].encode())
        open_ledger(folder, content).close()
        write_content(folder, content)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _box(space: SearchSpace, ideal: Mapping[str, float] | None) -> tuple[dict[str, float], dict[str, float]]:
    """The box in which hypervolumes are measured: worst and best value of every objective."""
    names = {objective.name for objective in space.objectives}
    reference = dict(space.reference or {})
    if ideal is not None and names <= ideal.keys() and names <= reference.keys():
        return reference, dict(ideal)
    from tsearch.pricing.bounds import reference_box

    worst, best = reference_box(space)
    return dict(worst) | reference, dict(best) | dict(ideal or {})


def _check_trials(trials: int) -> None:
    if trials < 1:
        raise TsearchError(f"trials: {trials} would search nothing. Give at least 1.")


def _changed(space: SearchSpace, proposer: str | None, profile: str | None) -> SearchSpace:
    """The space with another proposer or another hardware profile (its name, or a YAML file)."""
    if proposer is not None:
        if proposer not in PROPOSERS:
            hint = did_you_mean(proposer, PROPOSERS)
            raise TsearchError(
                f"proposer '{proposer}' not found.{hint} Known proposers: {', '.join(PROPOSERS)}."
            )
        space = space.model_copy(update={"search": space.search.model_copy(update={"proposer": proposer})})
    return space if profile is None else space.with_profile(profile)


def _space_path(space: str | Path) -> str:
    from tsearch.space.file import resolve_space

    return str(resolve_space(str(space)).resolve())


def _ignore(event: Event) -> None:
    """Nobody listens."""
