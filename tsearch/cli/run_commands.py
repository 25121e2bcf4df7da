"""The commands that read a run: each takes its parsed arguments and gives back the text to print."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tsearch.cli.streams import say
from tsearch.cli.values import as_json, executor_of, limits_of, opened, run_folder, seconds

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run


def show(arguments: argparse.Namespace) -> str:
    """The front of a run as a table; the best configuration under constraints; or two runs side by side."""
    from tsearch.cli.choice import best_of
    from tsearch.cli.run_text import best_content, best_text, run_content, run_text
    from tsearch.front import Front

    run = opened(arguments.run, arguments.runs)
    if arguments.stops:
        return _stops(run, arguments)
    if arguments.other:
        return _compare(run, arguments)
    front = Front.of(run)
    limits = limits_of(arguments, front)
    if arguments.best:
        best = best_of(run, front, arguments.best, limits)
        return as_json(best_content(run, front, best)) if arguments.json else best_text(run, front, best)
    if arguments.json:
        return as_json(run_content(run, front, everything=arguments.all, limits=limits))
    return run_text(run, front, everything=arguments.all, limits=limits)


def confirm(arguments: argparse.Namespace) -> str:
    """Train candidates for a saving again, and judge them against uniform timesteps on test samples."""
    from tsearch.cli.commands import progress_of
    from tsearch.engine.run_folder import open_run
    from tsearch.replication.confirmation.confirm import confirm as confirm_run
    from tsearch.replication.confirmation.planning import nothing_left_text
    from tsearch.replication.confirmation.sentences import verdict_sentence

    folder = run_folder(arguments.run, arguments.runs)
    verdicts = confirm_run(
        folder,
        arguments.candidates,
        arguments.replicates,
        arguments.margin,
        trials=arguments.trial,
        segment_timeout_s=seconds(arguments.segment_timeout, "--segment-timeout"),
        listener=progress_of(arguments),
        **executor_of(arguments),
    )
    sentences = [verdict_sentence(verdict) for verdict in verdicts]
    answer = "\n".join(sentences) if verdicts else nothing_left_text(open_run(folder))
    if not arguments.json:
        return answer
    return as_json({"run": str(folder), "verdicts": [v.content for v in verdicts], "answer": answer})


def report(arguments: argparse.Namespace) -> str:
    """Write the run's page, one self-contained HTML file."""
    from tsearch.report import write_report

    run = opened(arguments.run, arguments.runs)
    path = write_report(run, Path(arguments.output) if arguments.output else run.folder / "report.html")
    return as_json({"path": str(path)}) if arguments.json else str(path)


def export(arguments: argparse.Namespace) -> str:
    """Write a configuration of a run as a bundle that stands on its own."""
    from tsearch.cli.choice import chosen_trial
    from tsearch.errors import TsearchError
    from tsearch.export import export_bundle

    run = opened(arguments.run, arguments.runs)
    if arguments.phase is not None:
        if arguments.trial is None:
            raise TsearchError(f"--phase {arguments.phase}: of which trial? Add --trial N.")
        path = export_bundle(run, arguments.trial, arguments.output, phase=arguments.phase)
        content = {"path": str(path), "trial": arguments.trial, "phase": arguments.phase}
        return as_json(content) if arguments.json else str(path)
    number, remark = chosen_trial(run, arguments)
    path = export_bundle(run, number, arguments.output)
    if remark:
        say(f"tsearch: {remark}")
    return as_json({"path": str(path), "trial": number}) if arguments.json else str(path)


def _stops(run: "Run", arguments: argparse.Namespace) -> str:
    from dataclasses import asdict

    from tsearch.cli.stop_table import stops_text
    from tsearch.errors import TsearchError
    from tsearch.front.phases import stop_content

    if arguments.best or arguments.min or arguments.max or arguments.all or arguments.other:
        raise TsearchError(
            "show: --stops lists networks of fewer epochs than a trial, which are not compared with trials. Leave out "
            "--all, --best, --min, --max and a second run."
        )
    if not arguments.json:
        return stops_text(run)
    return as_json({"stops": [stop_content(run, stop) for stop in run.stops], "lineage": asdict(run.spared)})


def _compare(run: "Run", arguments: argparse.Namespace) -> str:
    from tsearch.cli.comparable import refuse_incomparable
    from tsearch.cli.comparison_tables import comparison_content, comparison_text
    from tsearch.errors import TsearchError
    from tsearch.front import Front, compare

    if arguments.best or arguments.min or arguments.max:
        raise TsearchError("show: --best, --min and --max choose from one run. Leave out the second.")
    other_run = opened(arguments.other, arguments.runs)
    front, other = Front.of(run), Front.of(other_run)
    if front.name == other.name:
        front, other = replace(front, name=arguments.run), replace(other, name=arguments.other)
    refuse_incomparable(run, other_run, (front.name, other.name))
    comparison = compare(front, other)
    if arguments.json:
        return as_json(comparison_content(front, other, comparison))
    return comparison_text(front, other, comparison)
