"""The command line: parse, call the Python API, print. Results go to stdout, progress and errors to stderr.

Exit codes: 0 done; 1 a bug, with its traceback; 2 something the user can mend, in one line; 130 interrupted.
"""

import re
import sys
from contextlib import redirect_stdout

from tsearch.cli.arguments import make_parser
from tsearch.cli.interrupts import calm_interrupts
from tsearch.cli.streams import lasting_streams, say, write
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
    with calm_interrupts(), lasting_streams():
        try:
            return _run(arguments)
        except TsearchError as error:
            return _fail(str(error), 2)
        except KeyboardInterrupt:
            return _fail("interrupted.", 130)
        except _OF_THE_USER as error:
            if error.filename is None:
                raise
            return _fail(f"{error.filename}: {error.strerror}.", 2)


def _run(arguments: list[str] | None) -> int:
    """Run the command and print its text; whatever libraries print meanwhile goes to stderr."""
    parser, stdout = make_parser(), sys.stdout
    parsed = parser.parse_args(_with_negative_values(sys.argv[1:] if arguments is None else arguments))
    if not hasattr(parsed, "call"):
        parser.print_help()
        return 2
    with redirect_stdout(sys.stderr):
        text = parsed.call(parsed)
    write(stdout, text + "\n", is_result=True)
    return 0


def _with_negative_values(arguments: list[str]) -> list[str]:
    """`--margin -1%` as `--margin=-1%`: argparse would take the value for a flag."""
    joined: list[str] = []
    for text in arguments:
        if joined and re.fullmatch(r"--[a-z-]+", joined[-1]) and re.match(r"-[0-9.]", text):
            joined[-1] += f"={text}"
        else:
            joined.append(text)
    return joined


def _fail(message: str, code: int) -> int:
    say(f"tsearch: {message}")
    return code
