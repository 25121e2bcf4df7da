"""The command line: parse, call the Python API, print. Results go to stdout, progress and errors to stderr.

Exit codes: 0 done; 1 a bug, with its traceback; 2 something the user can mend, in one line; 130 interrupted.
"""

import argparse
import contextlib
import json
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsearch import __version__
from tsearch.cli import tables
from tsearch.errors import TsearchError, did_you_mean

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run
    from tsearch.front import Front, Limits


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if not hasattr(given, "call"):
        parser.print_help()
        return 2
    out = sys.stdout
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)  # a batch system that ends the job is a Ctrl-C
    try:
        with contextlib.redirect_stdout(sys.stderr):  # libraries that print must not soil the results
            text = given.call(given)
        print(text, file=out, flush=True)
    except TsearchError as error:
        print(f"tsearch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("tsearch: interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except (
        PermissionError,
        FileNotFoundError,
        FileExistsError,
        IsADirectoryError,
        NotADirectoryError,
    ) as error:
        if error.filename is None:
            raise
        print(f"tsearch: {error.filename}: {error.strerror}.", file=sys.stderr)
        return 2
    return 0


def _interrupt(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt


# ---------------------------------------------------------------------- commands


def check(given: argparse.Namespace) -> str:
    """Validate a search space and show what it holds; trains nothing."""
    from tsearch.cli.preview import preview
    from tsearch.space.space import load_space

    space = load_space(given.space)
    content = preview(space if given.profile is None else space.with_profile(given.profile), given.proposals)
    return json.dumps(content, indent=1) if given.json else tables.preview_text(content)


def run(given: argparse.Namespace) -> str:
    """Search a space."""
    import tsearch

    finished = tsearch.run(
        given.space,
        name=given.name,
        runs=given.runs,
        trials=given.trials,
        proposer=given.proposer,
        profile=given.profile,
        seed=given.seed,
        timeout_s=_seconds(given.timeout),
        listener=_progress(given),
        **_executor(given, "process"),
    )
    return _after_run(finished, given)


def resume(given: argparse.Namespace) -> str:
    """Continue a run that was stopped, or extend one."""
    import tsearch

    finished = tsearch.resume(
        _run_folder(given.run, given.runs),
        more_trials=given.trials,
        timeout_s=_seconds(given.timeout),
        **_executor(given),
        listener=_progress(given),
    )
    return _after_run(finished, given)


def show(given: argparse.Namespace) -> str:
    """The front of a run as a table; the best configuration under limits; or two runs side by side."""
    from tsearch.front import Front, compare

    front = Front.of(_open(given.run, given.runs))
    if given.other:
        other = Front.of(_open(given.other, given.runs))
        if front.name == other.name:
            front, other = replace(front, name=given.run), replace(other, name=given.other)
        comparison = compare(front, other)
        if given.json:
            return json.dumps(tables.comparison_content(front, other, comparison), indent=1)
        return tables.comparison_text(front, other, comparison)
    if given.best:
        from tsearch.units import metric_name

        best = front.best(metric_name(given.best), _limits(given, front))
        return (
            json.dumps(tables.point_content(front, best), indent=1)
            if given.json
            else tables.front_text(front, [best])
        )
    if given.json:
        return json.dumps(tables.front_content(front, everything=given.all), indent=1)
    return tables.front_text(front, front.complete if given.all else front.points)


def report(given: argparse.Namespace) -> str:
    """Write the run's page, one self-contained HTML file."""
    from tsearch.report import write_report

    opened = _open(given.run, given.runs)
    path = write_report(opened, Path(given.output) if given.output else opened.folder / "report.html")
    return json.dumps({"path": str(path)}) if given.json else str(path)


def export(given: argparse.Namespace) -> str:
    """Write a configuration of a run as a bundle that stands on its own."""
    import tsearch
    from tsearch.front import Front
    from tsearch.units import metric_name

    opened = _open(given.run, given.runs)
    front = Front.of(opened)
    if given.trial is not None:
        number = given.trial
    elif given.knee:
        chosen = front.knee or front.best(front.objectives[0].name)
        number = chosen.number
    else:
        number = front.best(metric_name(given.best or front.objectives[0].name), _limits(given, front)).number
    path = tsearch.export_bundle(opened, number, given.output)
    return json.dumps({"path": str(path), "trial": number}) if given.json else str(path)


def evaluate(given: argparse.Namespace) -> str:
    """The test accuracy stored in a bundle, or its accuracy on other data."""
    import tsearch

    found = tsearch.evaluate_bundle(given.bundle, given.data, given.data_root)
    return json.dumps(found, indent=1) if given.json else tables.evaluation_text(given.bundle, found)


def cost(given: argparse.Namespace) -> str:
    """Price a bundle again from its stored spikes, under any profile, without running it."""
    from tsearch.export.bundle import price_bundle

    how = (given.profile, given.execution, _assumed(given))
    priced = price_bundle(given.bundle, *how)
    other = price_bundle(given.other, *how) if given.other else None
    return (
        json.dumps(tables.cost_content(priced, other), indent=1)
        if given.json
        else tables.cost_text(priced, other)
    )


def list_names(given: argparse.Namespace) -> str:
    """What there is to choose from, each with a word about it."""
    from tsearch.cli.listing import listing

    content = {kind: names for kind, names in listing().items() if given.kind in (None, kind)}
    if given.json:
        return json.dumps(content, indent=1)
    return "\n\n".join(tables.names_text(kind, names) for kind, names in content.items())


def schema(_given: argparse.Namespace) -> str:
    """JSON schema of search-space files, for editors."""
    from tsearch.space.schema import SpaceFile

    return json.dumps(SpaceFile.model_json_schema(), indent=1)


# ---------------------------------------------------------------------- parts of commands


def _after_run(finished: "Run", given: argparse.Namespace) -> str:
    from tsearch.front import Front

    front = Front.of(finished)
    if given.json:
        return json.dumps({"run": str(finished.folder)} | tables.front_content(front), indent=1)
    if front.complete:
        print(
            f"\n{finished.folder}: next, `tsearch report {finished.name}` draws the page, "
            f"`tsearch export {finished.name} --knee` writes a bundle.",
            file=sys.stderr,
        )
    return tables.front_text(front, front.points)


def _executor(given: argparse.Namespace, default: str | None = None) -> dict[str, Any]:
    """Executor, workers and address; nothing said means the `default`, for a resumed run what it had."""
    if given.address and given.executor not in (None, "ray"):
        raise TsearchError(
            f"--address {given.address}: only a Ray cluster has an address. Add --executor ray."
        )
    executor = given.executor or ("ray" if given.address else default)
    return {"executor": executor, "workers": given.workers, "address": given.address}


def _progress(given: argparse.Namespace) -> Any:
    from tsearch.cli.progress import Progress

    if given.verbose:
        import logging

        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    return Progress(sys.stderr)


def _open(name: str, runs: str) -> "Run":
    from tsearch.engine.run_folder import open_run

    return open_run(_run_folder(name, runs))


def _run_folder(name: str, runs: str) -> Path:
    """The folder of a run given by name or by folder."""
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


def _limits(given: argparse.Namespace, front: "Front") -> "Limits":
    from tsearch.units import metric_name, parse_limit

    limits: dict[str, tuple[float | None, float | None]] = {}
    for flag, side, texts in (("--min", 0, given.min), ("--max", 1, given.max)):
        for text in texts or []:
            if "=" in text:
                front.require(metric_name(text.partition("=")[0].strip()))
            metric, value = parse_limit(text, flag)
            ends = list(limits.get(metric, (None, None)))
            ends[side] = value
            limits[metric] = (ends[0], ends[1])
    return limits


def _assumed(given: argparse.Namespace) -> dict[str, int]:
    assumed = {}
    for text in given.assume or []:
        name, _, bits = text.partition("=")
        if not bits.isdigit():
            raise TsearchError(f"--assume {text}: a what-if is NAME=BITS, such as weight_bits=8.")
        assumed[name] = int(bits)
    return assumed


def _seconds(text: str | None) -> float | None:
    from tsearch.units import parse

    if text is None:
        return None
    try:
        return parse(text, "latency_s")
    except TsearchError:
        raise TsearchError(f"--timeout {text}: a time is a number with a unit: 90s, 30min or 2h.") from None


# ---------------------------------------------------------------------- arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tsearch",
        description="How many timesteps does each part of a spiking network need, and what does that cost?",
    )
    parser.add_argument("--version", action="version", version=f"tsearch {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    command = _command(commands, check)
    command.add_argument(
        "space", help="search-space file, or the name of a shipped one (tsearch list spaces)"
    )
    command.add_argument(
        "--proposals", type=int, default=5, metavar="N", help="configurations to preview (5)"
    )

    _add_profile(command)

    command = _command(commands, run)
    command.add_argument(
        "space", help="search-space file, or the name of a shipped one (tsearch list spaces)"
    )
    command.add_argument("--name", help="name of the run (the space's name, numbered if taken)")
    command.add_argument("--trials", type=int, help="configurations to try in all, baselines included")
    command.add_argument("--proposer", help="who proposes (tsearch list proposers)")
    command.add_argument("--seed", type=int, help="seed of proposals and training")
    _add_profile(command)
    _add_execution(command)

    command = _command(commands, resume)
    command.add_argument("run", help="name or folder of the run")
    command.add_argument("--trials", type=_more, default=0, metavar="+N", help="extend the run by N trials")
    _add_execution(command)

    command = _command(commands, show)
    command.add_argument("run", help="name or folder of the run")
    command.add_argument("other", nargs="?", help="a second run, to compare with")
    command.add_argument("--all", action="store_true", help="dominated configurations too")
    _add_choice(command)

    command = _command(commands, report)
    command.add_argument("run", help="name or folder of the run")
    command.add_argument("--output", help="file to write (report.html in the run's folder)")

    command = _command(commands, export)
    command.add_argument("run", help="name or folder of the run")
    which = command.add_mutually_exclusive_group()
    which.add_argument("--trial", type=int, help="which trial")
    which.add_argument("--knee", action="store_true", help="the knee of the front")
    command.add_argument("--output", help="folder to write (exports/trialN in the run's folder)")
    _add_choice(command, which)

    command = _command(commands, evaluate)
    command.add_argument("bundle", help="folder of the bundle")
    command.add_argument("--data", help="another data set (tsearch list data)")
    command.add_argument("--data-root", help="folder that holds its files")

    command = _command(commands, cost)
    command.add_argument("bundle", help="folder of the bundle")
    command.add_argument("other", nargs="?", help="a second bundle: is the order of the two sure?")
    _add_profile(command)
    command.add_argument(
        "--execution", help="how the hardware orders the work: layer_serial, lock_step, pipelined ..."
    )
    command.add_argument(
        "--assume", action="append", metavar="NAME=BITS", help="what-if, such as weight_bits=8"
    )

    command = _command(commands, list_names, "list")
    command.add_argument(
        "kind", nargs="?", choices=("spaces", "models", "data", "proposers", "profiles"), help="only these"
    )

    _command(commands, schema)
    return parser


def _command(commands: Any, function: Any, name: str | None = None) -> argparse.ArgumentParser:
    summary = str(function.__doc__).strip()
    command: argparse.ArgumentParser = commands.add_parser(
        name or function.__name__, help=summary, description=summary
    )
    command.set_defaults(call=function)
    command.add_argument("--runs", default="runs", metavar="FOLDER", help="where runs are kept (runs)")
    command.add_argument("--json", action="store_true", help="JSON on stdout, for scripts")
    return command


def _add_execution(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--executor", choices=("process", "inline", "ray"), help="where configurations are trained (process)"
    )
    command.add_argument("--workers", type=int, metavar="N", help="how many at once (one per core)")
    command.add_argument("--address", help="an existing Ray cluster; implies --executor ray")
    command.add_argument(
        "--timeout",
        metavar="TIME",
        help="end the run after this time, such as 90s, 30min or 2h; resume continues it",
    )
    command.add_argument("-v", "--verbose", action="store_true", help="let the libraries talk")


def _add_profile(command: argparse.ArgumentParser) -> None:
    command.add_argument("--profile", help="hardware profile, by name (tsearch list profiles) or YAML file")


def _add_choice(command: argparse.ArgumentParser, which: Any = None) -> None:
    help_best = (
        "the best in this metric: accuracy, energy, latency ... (without a choice, the first objective)"
    )
    (which or command).add_argument("--best", metavar="METRIC", help=help_best)
    command.add_argument(
        "--max", action="append", metavar="METRIC=VALUE", help="at most, such as energy=3uJ; repeatable"
    )
    command.add_argument(
        "--min", action="append", metavar="METRIC=VALUE", help="at least, such as accuracy=80%%; repeatable"
    )


def _more(text: str) -> int:
    if not text.startswith("+") or not text[1:].isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of trials to add, such as +50")
    return int(text)
