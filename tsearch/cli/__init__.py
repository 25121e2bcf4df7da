"""The command line: parse, call the Python API, print. Results go to stdout, progress and errors to stderr.

Exit codes: 0 done; 1 a bug, with its traceback; 2 something the user can mend, in one line; 130 interrupted.
"""

import argparse
import contextlib
import signal
import sys
import threading
from typing import Any

from tsearch.cli.arguments import make_parser
from tsearch.errors import TsearchError

_OF_THE_USER = (
    PermissionError,
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = make_parser()
    parsed = parser.parse_args(arguments)
    if not hasattr(parsed, "call"):
        parser.print_help()
        return 2
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)  # the end of a batch job is handled like Ctrl-C
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a closed terminal ends nothing
    try:
        _print_result(parsed)
    except TsearchError as error:
        return _fail(str(error), 2)
    except KeyboardInterrupt:
        return _fail("interrupted.", 130)
    except BrokenPipeError:
        return 0
    except _OF_THE_USER as error:
        if error.filename is None:
            raise
        return _fail(f"{error.filename}: {error.strerror}.", 2)
    return 0


def _print_result(parsed: argparse.Namespace) -> None:
    """Run the command and print its text; whatever libraries print meanwhile goes to stderr."""
    stdout = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        text = parsed.call(parsed)
    print(text, file=stdout, flush=True)


def _fail(message: str, code: int) -> int:
    print(f"tsearch: {message}", file=sys.stderr)
    return code


def _interrupt(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt
