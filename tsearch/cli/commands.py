"""The commands that search, and those that tell what there is to choose from: each takes its parsed arguments and
gives back the text to print.

Rooms are imported where they are used, so that a command loads what it needs and no more.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from tsearch.cli.streams import say
from tsearch.cli.values import as_json, assumed_bits, executor_of, run_folder, seconds
from tsearch.errors import TsearchError

if TYPE_CHECKING:
    from tsearch.cli.progress import Progress
    from tsearch.engine.run_folder import Run


def check(arguments: argparse.Namespace) -> str:
    """Validate a search space and show what it holds; trains nothing."""
    from tsearch.cli.preview import preview
    from tsearch.cli.space_table import preview_text
    from tsearch.space.file import load_space

    space = load_space(arguments.space)
    space = space.with_hardware(arguments.profile, assumed_bits(arguments.assume))
    content = preview(space, arguments.proposals, arguments.space)
    return as_json(content) if arguments.json else preview_text(content, everything=arguments.all)


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
        assume=assumed_bits(arguments.assume),
        seed=arguments.seed,
        timeout_s=seconds(arguments.timeout),
        segment_timeout_s=seconds(arguments.segment_timeout, "--segment-timeout"),
        listener=progress_of(arguments),
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
        listener=progress_of(arguments),
        **executor_of(arguments),
    )
    return _after_run(finished, is_json=arguments.json)


def list_names(arguments: argparse.Namespace) -> str:
    """What there is to choose from, each with a word about it."""
    from tsearch.cli.listing import listing
    from tsearch.cli.space_table import names_text

    content = {kind: names for kind, names in listing().items() if arguments.kind in (None, kind)}
    if arguments.json:
        return as_json(content)
    return "\n\n".join(names_text(kind, names) for kind, names in content.items())


def schema(_arguments: argparse.Namespace) -> str:
    """JSON schema of search-space files, for editors."""
    from tsearch.space.schema import SpaceFile

    return as_json(SpaceFile.model_json_schema())


def progress_of(arguments: argparse.Namespace) -> "Progress":
    """Progress on stderr; with --verbose, libraries talk as well."""
    from tsearch.cli.progress import Progress

    if arguments.verbose:
        import logging

        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    return Progress(sys.stderr)


def _after_run(finished: "Run", *, is_json: bool) -> str:
    """The front, and on stderr what to do next. Raises: TsearchError if nothing could be tried, or all that ended
    failed."""
    from tsearch.cli.run_text import all_failed_text, failures, run_content, run_text
    from tsearch.engine.ending import is_for_good
    from tsearch.engine.state import as_arguments
    from tsearch.front import Front

    if not finished.trials and finished.ended and is_for_good(finished.ended):
        raise TsearchError(f"{finished.folder}: nothing was tried: {finished.ended}. Change the space file.")
    front = Front.of(finished)
    if not front.complete and failures(finished):
        raise TsearchError(all_failed_text(finished))
    if is_json:
        return as_json({"run": str(finished.folder)} | run_content(finished, front))
    if front.complete:
        name = as_arguments(finished)
        export = (
            f", `tsearch export {name}` writes a bundle" if front.feasible and _can_export(finished) else ""
        )
        say(f"\n{finished.folder}: next, `tsearch report {name}` draws the page{export}.")
    return run_text(finished, front)


def _can_export(run: "Run") -> bool:
    """Whether the run kept weights of a network."""
    from tsearch.configuration import Configuration

    return any(
        isinstance(trial.configuration, Configuration) and run.has_checkpoint(trial) for trial in run.results
    )
