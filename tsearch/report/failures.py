"""The failed trials, those of one cause together, with the next step."""

import re
from html import escape
from typing import TYPE_CHECKING

from tsearch.engine.retrying import retry_command
from tsearch.engine.store import error_path
from tsearch.front.point import point_of
from tsearch.report.facts import command_html
from tsearch.report.view import RunView

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Trial


def failures_html(view: RunView) -> str:
    """A block for every cause, the most frequent first: its error, its trials and where the traceback lies; then how
    to try them again. '' where no trial failed.
    """
    if not view.failed:
        return ""
    groups = sorted(failures_by_cause(view.failed), key=len, reverse=True)
    again = command_html(retry_command(view.run))
    step = f'<p class="hint">Mend the cause, then try the failed trials again:</p>{again}'
    return "".join(_group(view, trials) for trials in groups) + step


def failures_by_cause(trials: "tuple[Trial, ...]") -> list[list["Trial"]]:
    """The trials whose errors differ in numbers alone together, in the order of their first ones."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(re.sub(r"\d+(\.\d+)?(e-?\d+)?", "0", trial.error or ""), []).append(trial)
    return list(groups.values())


def _group(view: RunView, trials: list["Trial"]) -> str:
    first, n = trials[0], len(trials)
    listed = "".join(
        f"<li>trial {t.number}: {escape(_label(view, t))}{_other(t, first)}</li>" for t in trials
    )
    count = "1 trial" if n == 1 else f"{n} trials"
    path = error_path(view.run.folder, first.key)
    place = f'<p class="hint">Traceback: {escape(str(path))}</p>' if path.is_file() else ""
    return (
        f'<div class="failure"><p><b>{count}</b> {escape(first.error or "no reason recorded")}</p>{place}'
        f"<details><summary>which</summary><ul>{listed}</ul></details></div>"
    )


def _label(view: RunView, trial: "Trial") -> str:
    return point_of(trial, alternative=view.run.alternative_of(trial.configuration)).label


def _other(trial: "Trial", first: "Trial") -> str:
    """The error of a trial where its numbers are not those of the first one."""
    return "" if trial.error == first.error else f" ({escape(trial.error or '')})"
