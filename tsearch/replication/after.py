"""What a run does when its search has ended: its front's members are trained again, and candidates
are confirmed, as its space file asks."""

from pathlib import Path
from typing import Any

from tsearch.engine.replicates import Wanted, train_replicates
from tsearch.engine.run_folder import Run, open_run
from tsearch.front import Front
from tsearch.front.point import own_keys
from tsearch.replication.confirmation.confirm import confirm_at_end
from tsearch.replication.error_bars.racing import next_wanted


def after_search(run: Run, **hands: Any) -> Run:
    """The run with all that its space asks for after the search, once the search is done; `hands` are who does it, as
    `train_replicates` takes them. What was done before is not done again.

    Raises: TsearchError and KeyboardInterrupt as `train_replicates` and `confirm` do.
    """
    if run.state.word != "done":
        return run
    run = replicate_front(run, run.space.search.replicates, **hands)
    return open_run(run.folder) if confirm_at_end(run, **hands) else run


def replicate_front(run: Run | str | Path, n: int, **hands: Any) -> Run:
    """Train the members of a front again until each has `n` trainings, those with an undecided place up to twice as
    many, see `error_bars.racing`."""
    run = run if isinstance(run, Run) else open_run(run)
    tried, before = tried_of(run), None
    while tried != before and (asked := next_wanted(Front.of(run), n, tried, run.task.replicate)):
        configurations = {trial.number: trial.configuration for trial in run.trials}
        wanted = [Wanted(configurations[point.number], replicate) for point, replicate in asked]
        run = train_replicates(run, wanted, purpose="replicates of the front", **hands)
        tried, before = tried_of(run), tried
    return run


def tried_of(run: Run) -> dict[str, set[int]]:
    """The replicates of every configuration that have ended, by the key of its trial."""
    tried: dict[str, set[int]] = {}
    own = own_keys(run)
    for one in run.replicates:
        if one.has_ended:
            tried.setdefault(own.get(one.key, one.key), set()).add(one.replicate)
    return tried
