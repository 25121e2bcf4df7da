"""What an outcome is worth, and what the end of a trial means for the search: limits broken, missing metrics, failures
in a row."""

from collections.abc import Callable, Sequence

from tsearch.configuration import Result
from tsearch.engine.executors import Outcome
from tsearch.engine.proposing import Told
from tsearch.engine.run_folder import Run, Trial
from tsearch.engine.store import error_path
from tsearch.errors import TsearchError, did_you_mean


def problem_of(outcome: Outcome, budget: int, use: Callable[[Result], None]) -> str:
    """What is wrong with an outcome that is to hold a result for `budget` epochs; '' once `use` has taken it. Where it
    refuses a network without a price, that is why there is none.

    A ValueError or TypeError that `use` raises is told as a fault of the result."""
    result = outcome.result
    if result is None:
        return outcome.error
    if result.budget != budget:
        return f"the result is for a budget of {result.budget}, not of {budget}"
    try:
        use(result)
    except ValueError as error:
        return result.unpriced or str(error)
    except TypeError as error:
        return f"the result cannot be written as JSON: {error}"
    return ""


def violation_of(run: Run, trial: Trial) -> float | None:
    """By how much a complete trial breaks the constraints; None where there is nothing to break."""
    if not run.space.constraints or trial.state != "complete":
        return None
    return run.space.violation(trial.metrics)


def refuse_unknown_constraints(run: Run, trial: Trial) -> None:
    """Raise TsearchError for a constraint on a metric that results lack, which no trial could keep."""
    unknown = [name for name in run.space.constraints if name not in trial.metrics]
    if trial.state == "complete" and unknown:
        raise TsearchError(
            f"{run.folder}: a constraint on '{unknown[0]}', which results lack."
            f"{did_you_mean(unknown[0], trial.metrics)} They have: {', '.join(sorted(trial.metrics))}. "
            "Start a new run."
        )


def too_many_failures(run: Run, n: int, trial: Trial) -> TsearchError:
    """What to raise where `n` trials in a row have failed, `trial` being the last of them."""
    path = error_path(run.folder, trial.key)
    return TsearchError(
        f"{run.folder}: {n} trials failed in a row, the last one with: {trial.error} (traceback in {path}). "
        "Mend the cause, then resume."
    )


def failure_of_all(ended: Sequence[Told], last_error: str) -> str:
    """What to say where every trial failed; '' where one did not, or there is none."""
    if not ended or any(one.objectives is not None for one in ended):
        return ""
    return f"all {len(ended)} trials failed, the last one with: {last_error}"
