"""The commands and their arguments: one small function per command."""

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

from tsearch import __version__
from tsearch.cli import bundle_commands, commands, run_commands

Parser = argparse.ArgumentParser


def make_parser() -> Parser:
    """The parser of all commands; what it returns holds the function of the chosen command as `call`."""
    parser = argparse.ArgumentParser(
        prog="tsearch",
        description="How many timesteps does each part of a spiking network need, and what does that cost?",
    )
    parser.add_argument("--version", action="version", version=f"tsearch {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (function, add_arguments, example) in _COMMANDS.items():
        summary = str(function.__doc__).strip()
        command = subparsers.add_parser(
            name, help=summary, description=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        command.set_defaults(call=function)
        add_arguments(command)
        command.epilog = f"{command.epilog or ''}\nexample: {example}".strip()
        command.add_argument("--runs", default="runs", metavar="FOLDER", help="where runs are kept (runs)")
        command.add_argument("--json", action="store_true", help="JSON on stdout, for scripts")
    return parser


def _check(command: Parser) -> None:
    _add_space(command)
    command.add_argument(
        "--proposals", type=int, default=5, metavar="N", help="configurations to preview (5)"
    )
    command.add_argument("--all", action="store_true", help="fixed settings at their default too")
    _add_hardware(command)


def _run(command: Parser) -> None:
    _add_space(command)
    command.add_argument("--name", help="name of the run (the space's name, numbered if taken)")
    command.add_argument("--trials", type=int, help="configurations to try in all, baselines included")
    command.add_argument("--proposer", help="who proposes (tsearch list proposers)")
    command.add_argument("--seed", type=int, help="seed of proposals and training")
    _add_hardware(command)
    _add_execution(command)


def _resume(command: Parser) -> None:
    _add_run(command)
    command.add_argument(
        "--trials", type=_added_trials, default=0, metavar="+N", help="extend the run by N trials"
    )
    command.add_argument("--retry-failed", action="store_true", help="try the failed trials again")
    _add_execution(command)


def _confirm(command: Parser) -> None:
    _add_run(command)
    command.epilog = (
        "Candidates are trained again beside their uniform twins, then all of them meet the test samples.\n"
        "What may be saved is the first objective that is an energy, else the first cost, such as latency.\n"
        "One that was cut off goes on as it was planned."
    )
    which = command.add_mutually_exclusive_group()
    which.add_argument("--candidates", type=int, default=3, metavar="N", help="how many at most, 1 to 3 (3)")
    which.add_argument(
        "--trial",
        type=int,
        action="append",
        metavar="N",
        help="this trial in place of candidates; repeatable",
    )
    command.add_argument(
        "--replicates", type=int, default=5, metavar="N", help="fresh trainings of each, at least 5 (5)"
    )
    command.add_argument(
        "--margin", default="1%", metavar="SHARE", help="accuracy that counts as equal, in points (1%%)"
    )
    _add_hands(command)


def _show(command: Parser) -> None:
    _add_run(command)
    command.add_argument("other", nargs="?", help="a second run, to compare with")
    command.add_argument("--all", action="store_true", help="dominated configurations too")
    command.add_argument("--stops", action="store_true", help="the networks between the phases of schedules")
    command.epilog = (
        "The column 'stages' holds the number of blocks in every stage,\n'timesteps' its timesteps."
    )
    _add_best(command)
    _add_constraints(command)


def _report(command: Parser) -> None:
    _add_run(command)
    command.add_argument("--output", help="file to write (report.html in the run's folder)")


def _export(command: Parser) -> None:
    _add_run(command)
    command.epilog = "Without a choice: the knee of the front, else the best in the first objective."
    which = command.add_mutually_exclusive_group()
    which.add_argument("--trial", type=int, help="which trial")
    which.add_argument("--knee", action="store_true", help="the knee of the front")
    command.add_argument("--phase", type=int, help="of --trial: as it was after this phase, counted from 1")
    command.add_argument("--output", help="folder to write (exports/trialN in the run's folder)")
    _add_best(which)
    _add_constraints(command)


def _evaluate(command: Parser) -> None:
    _add_bundle(command)
    command.add_argument("--data", help="another data set (tsearch list data)")
    command.add_argument("--data-root", help="folder that holds its files")


def _cost(command: Parser) -> None:
    _add_bundle(command)
    command.add_argument("other", nargs="?", help="a second bundle: is the order of the two sure?")
    _add_hardware(command)
    command.add_argument(
        "--execution", help="how the hardware orders the work: layer_serial, lock_step, pipelined ..."
    )


def _list(command: Parser) -> None:
    kinds = ("spaces", "models", "data", "proposers", "profiles")
    command.add_argument("kind", nargs="?", choices=kinds, help="only these")


def _schema(command: Parser) -> None:
    """No arguments of its own."""


class _Command(NamedTuple):
    """A command: what it does, its arguments, and an example."""

    function: Callable[[argparse.Namespace], str]
    add_arguments: Callable[[Parser], None]
    example: str


_COMMANDS = {
    "check": _Command(
        commands.check, _check, "tsearch check digits_dvs --profile loihi --assume weight_bits=9"
    ),
    "run": _Command(commands.run, _run, "tsearch run digits_dvs --name first --trials 40"),
    "resume": _Command(commands.resume, _resume, "tsearch resume first --trials +20"),
    "confirm": _Command(run_commands.confirm, _confirm, "tsearch confirm first --replicates 8"),
    "show": _Command(run_commands.show, _show, "tsearch show first --best accuracy --max energy=3uJ"),
    "report": _Command(run_commands.report, _report, "tsearch report first --output page.html"),
    "export": _Command(run_commands.export, _export, "tsearch export first --knee --output mine"),
    "evaluate": _Command(bundle_commands.evaluate, _evaluate, "tsearch evaluate mine"),
    "cost": _Command(bundle_commands.cost, _cost, "tsearch cost mine --profile loihi --assume weight_bits=9"),
    "list": _Command(commands.list_names, _list, "tsearch list profiles"),
    "schema": _Command(commands.schema, _schema, "tsearch schema > space.schema.json"),
}


def _add_space(command: Parser) -> None:
    command.add_argument(
        "space", help="search-space file, or the name of a shipped one (tsearch list spaces)"
    )


def _add_run(command: Parser) -> None:
    command.add_argument("run", help="name or folder of the run")


def _add_bundle(command: Parser) -> None:
    command.add_argument("bundle", help="folder of the bundle")


def _add_hardware(command: Parser) -> None:
    command.add_argument("--profile", help="hardware profile, by name (tsearch list profiles) or YAML file")
    command.add_argument(
        "--assume",
        action="append",
        metavar="NAME=BITS",
        help="what-if of other word widths, such as weight_bits=8; repeatable",
    )


def _add_execution(command: Parser) -> None:
    _add_hands(command)
    command.add_argument(
        "--timeout",
        metavar="TIME",
        help="end the run after this time, such as 90s, 30min or 2h; resume continues it",
    )


def _add_hands(command: Parser) -> None:
    command.add_argument(
        "--executor", choices=("process", "inline", "ray"), help="where configurations are trained (process)"
    )
    command.add_argument("--workers", type=int, metavar="N", help="how many at once (one per core)")
    command.add_argument("--address", help="an existing Ray cluster; implies --executor ray")
    command.add_argument(
        "--segment-timeout",
        metavar="TIME",
        help="end a training that takes longer, such as 30min; its trial fails (never)",
    )
    command.add_argument("-v", "--verbose", action="store_true", help="let the libraries talk")


def _add_best(command: Any) -> None:
    about = "the best in this metric: accuracy, energy, latency ..."
    command.add_argument("--best", metavar="METRIC", help=about)


def _add_constraints(command: Parser) -> None:
    command.add_argument(
        "--max", action="append", metavar="METRIC=VALUE", help="at most, such as energy=3uJ; repeatable"
    )
    command.add_argument(
        "--min", action="append", metavar="METRIC=VALUE", help="at least, such as accuracy=80%%; repeatable"
    )


def _added_trials(text: str) -> int:
    if not text.startswith("+") or not text[1:].isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of trials to add, such as +50")
    if not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' adds no trial; add at least 1")
    return int(text)
