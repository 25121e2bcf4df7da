"""What is said of a run beside the table of its front: limits, hardware, state, failed trials."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tsearch.cli.space_table import hardware_text
from tsearch.cli.stop_table import lineage_lines
from tsearch.cli.tables import (
    counts_text,
    front_content,
    front_text,
    marked_table,
    misses_text,
    point_content,
)
from tsearch.engine.retrying import retry_command
from tsearch.engine.state import state_of
from tsearch.front.broken import nearest_misses
from tsearch.front.constraints import Constraints, both, constraints_text, violation
from tsearch.front.phases import stop_content
from tsearch.replication.confirmation.progress import confirmation_text
from tsearch.replication.evidence import evidence_of, member_content
from tsearch.replication.reached import verdict_contents

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run
    from tsearch.front import Front, Point

_N_NUMBERS = 12  # as many trials of one error are listed by number


def run_text(
    run: "Run", front: "Front", *, everything: bool = False, limits: Constraints | None = None
) -> str:
    """The front of a run, or all complete trials, as far as they keep `limits`; then its state and what failed."""
    limits = limits or {}
    chosen = front.by_number if everything else front.points
    kept = _keeping(chosen, limits)
    is_table = kept or not limits or not front.complete
    evidence = evidence_of(run, front)
    lines = [front_text(front, kept, evidence) if is_table else _nothing_kept(front, limits)]
    if limits and kept:
        n_left_out, words = len(chosen) - len(kept), constraints_text(limits)
        left_out = f"left out: {n_left_out} of {len(chosen)} without {words}"
        lines.append(left_out if n_left_out else f"all {len(chosen)} have {words}")
    ends = [state_of(run).text, confirmation_text(run, front)]
    further = [*_priced_line(run, front), *lineage_lines(run), *failed_lines(run)]
    return "\n".join([*lines, *further, *filter(None, ends)])


def best_text(run: "Run", front: "Front", best: "Point") -> str:
    """The point that was asked for, and the state of its run."""
    table = marked_table(front, [best], evidence_of(run, front))
    return "\n".join([table, counts_text(front), *_priced_line(run, front), state_of(run).text])


def best_content(run: "Run", front: "Front", best: "Point") -> dict[str, Any]:
    """The point that was asked for, for scripts."""
    return point_content(front, best) | member_content(evidence_of(run, front).member(best.number))


def run_content(
    run: "Run", front: "Front", *, everything: bool = False, limits: Constraints | None = None
) -> dict[str, Any]:
    """The same for scripts."""
    limits = limits or {}
    chosen = front.by_number if everything else front.points
    kept = _keeping(chosen, limits)
    content = front_content(front, kept, evidence_of(run, front)) | state_of(run).content
    content["confirmation"] = confirmation_text(run, front)
    content["verdicts"] = verdict_contents(run)
    hardware = run.task.hardware
    if front.are_networks:
        content |= {"profile": hardware.profile, "assume": dict(hardware.assume)}
    content["failed"] = [{"error": error, "trials": numbers} for error, numbers in failures(run).items()]
    content["left_out"] = len(chosen) - len(kept)
    content["stops"] = [stop_content(run, stop) for stop in run.stops]
    content["lineage"] = asdict(run.spared)
    broken = _unmet(front, limits)
    content["nearest_misses"] = [
        point_content(front, point) | {"violation": violation(point.metrics, broken)}
        for point in (nearest_misses(front.complete, broken) if broken else [])
    ]
    return content


def failures(run: "Run") -> dict[str, list[int]]:
    """The numbers of the failed trials by what each said, the most frequent first."""
    by_error: dict[str, list[int]] = {}
    for trial in run.trials:
        if trial.state == "failed":
            by_error.setdefault(trial.error or "unknown", []).append(trial.number)
    return dict(sorted(by_error.items(), key=lambda item: -len(item[1])))


def failed_lines(run: "Run") -> list[str]:
    """How many trials failed, by what, where the whole errors are, and how they are tried again; [] where none did."""
    by_error = failures(run)
    if not by_error:
        return []
    n_failed = sum(map(len, by_error.values()))
    return [
        f"failed: {n_failed} of {len(run.trials)} trials; their tracebacks lie in {run.folder / 'errors'}/",
        *(f"  {len(numbers)} x {error} ({_trials(numbers)})" for error, numbers in by_error.items()),
        f"  once the cause is mended, this tries them again: {retry_command(run)}",
    ]


def all_failed_text(run: "Run") -> str:
    """One line about a run of which no trial is complete and at least one failed."""
    by_error = failures(run)
    error, numbers = next(iter(by_error.items()))
    return (
        f"{run.folder}: no trial is complete, {sum(map(len, by_error.values()))} failed, {len(numbers)} of them with "
        f"'{error}'; tracebacks lie in {run.folder / 'errors'}/. Mend the cause, then: {retry_command(run)}"
    )


def _priced_line(run: "Run", front: "Front") -> list[str]:
    """What was assumed of the hardware; [] where nothing was."""
    hardware = run.task.hardware
    if not front.are_networks or not hardware.assume:
        return []
    return [f"priced under {hardware_text(hardware.profile, hardware.assume)}"]


def _keeping(points: "tuple[Point, ...]", limits: Constraints) -> "list[Point]":
    return [point for point in points if violation(point.metrics, limits) == 0]


def _unmet(front: "Front", limits: Constraints) -> Constraints:
    """The run's constraints and the limits, where no complete trial keeps them all; {} where one does."""
    every = both(limits, front.constraints)
    is_met = any(violation(point.metrics, every) == 0 for point in front.complete)
    return {} if is_met else every


def _nothing_kept(front: "Front", limits: Constraints) -> str:
    unmet = _unmet(front, limits)
    if unmet:
        return misses_text(front, unmet)
    return f"No point of the front has {constraints_text(limits)}; --all lists complete trials that have."


def _trials(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:_N_NUMBERS]))
    more = f" and {len(numbers) - _N_NUMBERS} more" if len(numbers) > _N_NUMBERS else ""
    return f"trial{'s' if len(numbers) > 1 else ''} {shown}{more}"
