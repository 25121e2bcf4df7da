"""Trials that ended and are repeated when a run goes on: they keep their numbers.

Those whose result is damaged, always. Of those that failed: asked for, all; otherwise those that stopped the run
because they failed in a row: whoever resumes has mended what they failed by, and if not, the run stops with the same
words.
"""

from tsearch.engine.run_folder import Run
from tsearch.engine.state import resume_hint
from tsearch.engine.trial import Trial


def to_repeat(run: Run, *, everything: bool) -> set[int]:
    """Numbers of the trials that are repeated; with `everything`, of all that failed."""
    damaged = {trial.number for trial in run.trials if trial.is_damaged}
    failed = [trial for trial in run.trials if trial.state == "failed" and not trial.is_damaged]
    if not everything:
        failed = _last_in_a_row(run)
        failed = failed if len(failed) >= run.space.search.max_failures else []
    return damaged | {trial.number for trial in failed}


def retry_command(run: Run) -> str:
    """The command that tries every failed trial again: of a stopped run a plain resume, where that repeats them all."""
    failed = {trial.number for trial in run.trials if trial.state == "failed"}
    is_plain = run.state.word == "stopped" and failed <= to_repeat(run, everything=False)
    return resume_hint(run) + ("" if is_plain else " --retry-failed")


def _last_in_a_row(run: Run) -> list[Trial]:
    """The failed trials after which none was completed."""
    ended = [trial for trial in run.trials if trial.finished is not None and not trial.is_damaged]
    ended.sort(key=lambda trial: (trial.finished or "", trial.number))
    n_kept = max((i for i, trial in enumerate(ended, start=1) if trial.state == "complete"), default=0)
    return ended[n_kept:]
