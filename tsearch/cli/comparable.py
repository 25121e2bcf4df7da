"""Whether two runs can be compared: complete trials in both, on the same data, under the same prices."""

from typing import TYPE_CHECKING

from tsearch.cli.space_table import hardware_text
from tsearch.configuration import Task
from tsearch.errors import TsearchError

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run


def refuse_incomparable(one: "Run", other: "Run", names: tuple[str, str]) -> None:
    """Raise TsearchError where a run has no complete trial, and where the numbers of the two mean different things."""
    for run, name in zip((one, other), names, strict=True):
        if not run.results:
            raise TsearchError(f"run {name}: no trial is complete yet, so there is nothing to compare.")
    where = f"run {names[0]} and run {names[1]}"
    _refuse(f"{where} were measured on different data", _data(one.task), _data(other.task))
    _refuse(f"{where} were priced differently", _prices(one.task), _prices(other.task))


def _refuse(what: str, one: tuple[str, str], other: tuple[str, str]) -> None:
    """Each side is told by its text and the hash of its content, "" where that is unknown."""
    (text, content), (other_text, other_content) = one, other
    is_changed = content != other_content and "" not in (content, other_content)
    if text != other_text or is_changed:
        version = " of another content" if text == other_text else ""
        raise TsearchError(f"{what}: {text} against {other_text}{version}. Compare runs that agree.")


def _data(task: Task) -> tuple[str, str]:
    options = ", ".join(f"{name}={value}" for name, value in sorted(task.data.options.items()))
    return task.data.name + (f" ({options})" if options else ""), task.identity.data


def _prices(task: Task) -> tuple[str, str]:
    hardware = task.hardware
    widths = dict(sorted(hardware.assume.items()))
    return f"{hardware_text(hardware.profile, widths)}, {hardware.execution}", task.identity.profile
