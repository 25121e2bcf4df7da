"""The command line: parse, call the Python API, print."""

from tsearch.cli.commands import main

__all__ = ["main"]
