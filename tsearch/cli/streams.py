"""The standard streams of a command. Either may close at any time, such as stdout before `head` or the terminal: what
is left to say is then dropped, and the command goes on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from tsearch.errors import TsearchError
from tsearch.files.whole import is_full_disk


@contextmanager
def lasting_streams() -> Iterator[None]:
    """Inside, both streams are there, even if they were closed before; at the end both are flushed."""
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: SIM115
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            write(stream, "")  # here, since a flush that fails when Python ends is printed


def say(text: str) -> None:
    """A line for people, on stderr."""
    write(sys.stderr, text + "\n")


def write(stream: TextIO, text: str, *, is_result: bool = False) -> None:
    """Write and flush; where that fails, the stream leads nowhere from now on. Raises: TsearchError if the disk is
    too full for a result, so that nobody takes half of it for the whole."""
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        with suppress(OSError, ValueError):  # a stream without a descriptor
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if is_result and is_full_disk(error):
            raise TsearchError("the output could not be written: the disk is full.") from None
