"""What the texts of arguments stand for: constraints, word widths, times, executors, folders of runs."""

import argparse
import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsearch.errors import TsearchError, did_you_mean, shown
from tsearch.units import parse, parse_constraint

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run
    from tsearch.front import Front

_WHAT_IF = re.compile(r"(\w+)=([0-9]{1,9})")


def limits_of(arguments: argparse.Namespace, front: "Front") -> dict[str, tuple[float | None, float | None]]:
    """{metric: (minimum, maximum)} of --min and --max; of two limits of one metric the stricter. Raises: TsearchError
    for a metric that `front` lacks, and for what is no limit."""
    from tsearch.front.constraints import both

    limits: dict[str, tuple[float | None, float | None]] = {}
    for flag, texts in (("--min", arguments.min), ("--max", arguments.max)):
        for text in texts or []:
            name, equals, _ = text.partition("=")
            metric = front.require(name.strip()) if name.strip() and equals else ""
            _, value = parse_constraint(text, flag)
            limits = both(limits, {metric: (value, None) if flag == "--min" else (None, value)})
    return limits


def assumed_bits(texts: list[str] | None) -> dict[str, int]:
    """{'weight_bits': 8} of --assume weight_bits=8."""
    assumed = {}
    for text in texts or []:
        match = _WHAT_IF.fullmatch(text)
        if match is None:
            raise TsearchError(f"--assume {shown(text, 80)}: a what-if is NAME=BITS, such as weight_bits=8.")
        assumed[match[1]] = int(match[2])
    return assumed


def seconds(text: str | None, flag: str = "--timeout") -> float | None:
    """The time of `flag` in seconds; None where it was not given."""
    if text is None:
        return None
    try:
        return parse(text, "latency_s")
    except TsearchError:
        raise TsearchError(f"{flag} {text}: a time is a number with a unit: 90s, 30min or 2h.") from None


def executor_of(arguments: argparse.Namespace, default: str | None = None) -> dict[str, Any]:
    """Executor, workers and address. Where none is named: the `default`, None for that of a resumed run."""
    if arguments.address and arguments.executor not in (None, "ray"):
        raise TsearchError(
            f"--address {arguments.address}: only a Ray cluster has an address. Add --executor ray."
        )
    executor = arguments.executor or ("ray" if arguments.address else default)
    return {"executor": executor, "workers": arguments.workers, "address": arguments.address}


def opened(name: str, runs: str) -> "Run":
    """The run given by name or by folder. Raises: TsearchError if there is none."""
    from tsearch.engine.run_folder import open_run

    return open_run(run_folder(name, runs))


def as_json(content: Any) -> str:
    """Plain data as JSON for scripts."""
    return json.dumps(content, indent=1)


def run_folder(name: str, runs: str) -> Path:
    """The folder of a run given by name or by folder. Raises: TsearchError, listing the runs there are."""
    for folder in (Path(runs) / name, Path(name)):
        if (folder / "run.json").is_file():
            return folder
    known = sorted(path.parent.name for path in Path(runs).glob("*/run.json"))
    listed = (
        f" Runs here: {', '.join(known)}."
        if known
        else f" There is no run in {runs}/ yet: `tsearch run digits_dvs{_runs_flag(runs)}`."
    )
    raise TsearchError(f"run '{name}' not found in {runs}/.{did_you_mean(name, known)}{listed}")


def _runs_flag(runs: str) -> str:
    return "" if Path(runs) == Path("runs") else f" --runs {shlex.quote(runs)}"
