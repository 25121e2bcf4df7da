"""The commands: each takes its parsed arguments and gives back the text to print.

Rooms are imported where they are used, so that a command loads what it needs and no more.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsearch.cli.values import assumed_bits, constraints_of, executor_of, run_folder, seconds

if TYPE_CHECKING:
    from tsearch.cli.progress import Progress
    from tsearch.engine.run_folder import Run
    from tsearch.front import Front


def check(arguments: argparse.Namespace) -> str:
    """Validate a search space and show what it holds; trains nothing."""
    from tsearch.cli.preview import preview
    from tsearch.cli.space_table import preview_text
    from tsearch.space.file import load_space

    space = load_space(arguments.space)
    space = space if arguments.profile is None else space.with_profile(arguments.profile)
    content = preview(space, arguments.proposals)
    return _json(content) if arguments.json else preview_text(content)


def run(arguments: argparse.Namespace) -> str:
    """Search a space."""
    from tsearch.engine.run import run as search

    finished = search(
        arguments.space,
        name=arguments.name,
        runs=arguments.runs,
        trials=arguments.trials,
        proposer=arguments.proposer,
        profile=arguments.profile,
        seed=arguments.seed,
        timeout_s=seconds(arguments.timeout),
        segment_timeout_s=seconds(arguments.segment_timeout, "--segment-timeout"),
        listener=_progress(arguments.verbose),
        **executor_of(arguments, "process"),
    )
    return _after_run(finished, is_json=arguments.json)


def resume(arguments: argparse.Namespace) -> str:
    """Continue a run that was stopped, or extend one."""
    from tsearch.engine.run import resume as search_on

    finished = search_on(
        run_folder(arguments.run, arguments.runs),
        more_trials=arguments.trials,
        retry_failed=arguments.retry_failed,
        timeout_s=seconds(arguments.timeout),
        segment_timeout_s=seconds(arguments.segment_timeout, "--segment-timeout"),
        listener=_progress(arguments.verbose),
        **executor_of(arguments),
    )
    return _after_run(finished, is_json=arguments.json)


def show(arguments: argparse.Namespace) -> str:
    """The front of a run as a table; the best configuration under constraints; or two runs side by side."""
    from tsearch.cli.tables import front_content, front_text, point_content
    from tsearch.front import Front
    from tsearch.units import metric_name

    front = Front.of(_open(arguments.run, arguments.runs))
    if arguments.other:
        return _compare(front, Front.of(_open(arguments.other, arguments.runs)), arguments)
    if arguments.best:
        best = front.best(metric_name(arguments.best), constraints_of(arguments, front))
        return _json(point_content(front, best)) if arguments.json else front_text(front, [best])
    if arguments.json:
        return _json(front_content(front, everything=arguments.all))
    return front_text(front, front.complete if arguments.all else front.points)


def report(arguments: argparse.Namespace) -> str:
    """Write the run's page, one self-contained HTML file."""
    from tsearch.report import write_report

    opened = _open(arguments.run, arguments.runs)
    path = write_report(opened, Path(arguments.output) if arguments.output else opened.folder / "report.html")
    return _json({"path": str(path)}) if arguments.json else str(path)


def export(arguments: argparse.Namespace) -> str:
    """Write a configuration of a run as a bundle that stands on its own."""
    from tsearch.export import export_bundle

    opened = _open(arguments.run, arguments.runs)
    number = _chosen_trial(opened, arguments)
    path = export_bundle(opened, number, arguments.output)
    return _json({"path": str(path), "trial": number}) if arguments.json else str(path)


def evaluate(arguments: argparse.Namespace) -> str:
    """The test accuracy stored in a bundle, or its accuracy on other data."""
    from tsearch.cli.bundle_tables import evaluation_text
    from tsearch.export.evaluation import evaluate_bundle

    evaluation = evaluate_bundle(arguments.bundle, arguments.data, arguments.data_root)
    return _json(evaluation) if arguments.json else evaluation_text(arguments.bundle, evaluation)


def cost(arguments: argparse.Namespace) -> str:
    """Price a bundle again from its stored spikes, under any profile, without running it."""
    from tsearch.cli.bundle_tables import cost_content, cost_text
    from tsearch.export.pricing import price_bundle

    prices = (arguments.profile, arguments.execution, assumed_bits(arguments.assume))
    priced = price_bundle(arguments.bundle, *prices)
    other = price_bundle(arguments.other, *prices) if arguments.other else None
    return _json(cost_content(priced, other)) if arguments.json else cost_text(priced, other)


def list_names(arguments: argparse.Namespace) -> str:
    """What there is to choose from, each with a word about it."""
    from tsearch.cli.listing import listing
    from tsearch.cli.space_table import names_text

    content = {kind: names for kind, names in listing().items() if arguments.kind in (None, kind)}
    if arguments.json:
        return _json(content)
    return "\n\n".join(names_text(kind, names) for kind, names in content.items())


def schema(_arguments: argparse.Namespace) -> str:
    """JSON schema of search-space files, for editors."""
    from tsearch.space.schema import SpaceFile

    return _json(SpaceFile.model_json_schema())


def _json(content: Any) -> str:
    return json.dumps(content, indent=1)


def _open(name: str, runs: str) -> "Run":
    from tsearch.engine.run_folder import open_run

    return open_run(run_folder(name, runs))


def _progress(is_verbose: bool) -> "Progress":
    from tsearch.cli.progress import Progress

    if is_verbose:
        import logging

        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    return Progress(sys.stderr)


def _after_run(finished: "Run", *, is_json: bool) -> str:
    """The front, and on stderr what to do next."""
    from tsearch.cli.tables import front_content, front_text
    from tsearch.front import Front

    front = Front.of(finished)
    if is_json:
        return _json({"run": str(finished.folder)} | front_content(front))
    if front.complete:
        export = f", `tsearch export {finished.name} --knee` writes a bundle" if front.are_networks else ""
        print(
            f"\n{finished.folder}: next, `tsearch report {finished.name}` draws the page{export}.",
            file=sys.stderr,
        )
    return front_text(front, front.points)


def _compare(front: "Front", other: "Front", arguments: argparse.Namespace) -> str:
    from tsearch.cli.comparison_tables import comparison_content, comparison_text
    from tsearch.front import compare

    if front.name == other.name:
        front, other = replace(front, name=arguments.run), replace(other, name=arguments.other)
    comparison = compare(front, other)
    if arguments.json:
        return _json(comparison_content(front, other, comparison))
    return comparison_text(front, other, comparison)


def _chosen_trial(opened: "Run", arguments: argparse.Namespace) -> int:
    """The number of the trial to export."""
    from tsearch.front import Front
    from tsearch.units import metric_name

    if arguments.trial is not None:
        return int(arguments.trial)
    front = Front.of(opened)
    leading = front.objectives[0].name
    if arguments.knee:
        return (front.knee or front.best(leading)).number
    metric = metric_name(arguments.best or leading)
    return front.best(metric, constraints_of(arguments, front)).number
