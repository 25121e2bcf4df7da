"""Failed trials that are tried again: a resume opens them, and they keep their numbers.

Asked for, all of them. Otherwise those that stopped the run because they failed in a row: whoever resumes has mended
what they failed by, and if not, the run stops with the same words.
"""

from tsearch.engine.journal import Journal
from tsearch.engine.run_folder import Run, Trial


def open_failed(run: Run, max_failures: int, *, everything: bool) -> list[Trial]:
    """Open the failed trials of a run whose lock is held that are to be tried again; gives them as they were."""
    chosen = [trial for trial in run.trials if trial.state == "failed"]
    if not everything:
        chosen = _last_in_a_row(run.trials)
        chosen = chosen if len(chosen) >= max_failures else []
    if chosen:
        journal = Journal(run)
        for trial in chosen:
            journal.open_again(trial)
        journal.close()
    return chosen


def _last_in_a_row(trials: tuple[Trial, ...]) -> list[Trial]:
    """The failed trials after which none was completed."""
    ended = sorted((t for t in trials if t.finished is not None), key=lambda t: (t.finished, t.number))
    n_kept = max((i for i, trial in enumerate(ended, start=1) if trial.state == "complete"), default=0)
    return ended[n_kept:]
