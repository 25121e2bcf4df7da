"""What the texts of arguments stand for: constraints, word widths, times, executors, folders of runs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsearch.errors import TsearchError, did_you_mean
from tsearch.units import metric_name, parse, parse_constraint

if TYPE_CHECKING:
    from tsearch.front import Front


def constraints_of(arguments: argparse.Namespace, front: "Front") -> dict[str, Any]:
    """{metric: (minimum, maximum)} of --min and --max. Raises: TsearchError for a metric that `front` lacks."""
    constraints: dict[str, tuple[float | None, float | None]] = {}
    for flag, texts in (("--min", arguments.min), ("--max", arguments.max)):
        for text in texts or []:
            if "=" in text:
                front.require(metric_name(text.partition("=")[0].strip()))
            metric, value = parse_constraint(text, flag)
            low, high = constraints.get(metric, (None, None))
            constraints[metric] = (value, high) if flag == "--min" else (low, value)
    return constraints


def assumed_bits(texts: list[str] | None) -> dict[str, int]:
    """{'weight_bits': 8} of --assume weight_bits=8."""
    assumed = {}
    for text in texts or []:
        name, _, bits = text.partition("=")
        if not bits.isdigit():
            raise TsearchError(f"--assume {text}: a what-if is NAME=BITS, such as weight_bits=8.")
        assumed[name] = int(bits)
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


def run_folder(name: str, runs: str) -> Path:
    """The folder of a run given by name or by folder. Raises: TsearchError, listing the runs there are."""
    for folder in (Path(runs) / name, Path(name)):
        if (folder / "run.json").is_file():
            return folder
    known = sorted(path.parent.name for path in Path(runs).glob("*/run.json"))
    listed = (
        f" Runs here: {', '.join(known)}."
        if known
        else f" There is no run in {runs}/ yet: `tsearch run digits_dvs`."
    )
    raise TsearchError(f"run '{name}' not found in {runs}/.{did_you_mean(name, known)}{listed}")
