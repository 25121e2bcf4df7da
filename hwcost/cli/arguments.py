"""Arguments of `python -m hwcost FILE` and of `python -m hwcost price MODEL`."""

import argparse
import os
from collections.abc import Sequence

from hwcost.errors import ChoiceError
from hwcost.execution import EXECUTIONS

PRICE = "price"  # the word that makes it the second form; a file of that name is ./price
_DEFAULT = "45nm_memory"


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments, with `profiles` and `assume` as lists. Raises: SystemExit with usage, as argparse does."""
    is_price = list(arguments[:1]) == [PRICE]
    found = (_price() if is_price else _file()).parse_args(arguments[1:] if is_price else arguments)
    found.command = PRICE if is_price else "file"
    return found


def profiles_of(arguments: argparse.Namespace) -> list[str]:
    """Profiles by name or file, each once, in the order in which they are given."""
    given = arguments.profile or [_DEFAULT]
    names = [part for text in given for part in ([text] if os.path.isfile(text) else text.split(","))]
    return list(dict.fromkeys(name.strip() for name in names))


def widths_of(arguments: argparse.Namespace) -> dict[str, int]:
    """Word widths of a what-if. Raises: ChoiceError for what is not NAME=BITS."""
    widths = {"weight_bits": arguments.weight_bits} if arguments.weight_bits is not None else {}
    for text in (part for given in arguments.assume for part in given.split(",")):
        name, _, bits = text.partition("=")
        if not (bits.isascii() and bits.isdecimal() and len(bits) < 10):
            raise ChoiceError(f"--assume {text[:80]}: NAME=BITS expected, for example weight_bits=8")
        widths[name.strip()] = int(bits)
    return widths


def _file() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hwcost",
        description="Price a spiking network.",
        epilog="python -m hwcost price FILE.py:NAME --data FILE.npz prices a torch model; see its --help.",
    )
    parser.add_argument("file", nargs="?", help="YAML or JSON with 'network' and 'spikes' or 'rate'")
    _add_common(parser)
    parser.add_argument(
        "--bound", action="store_true", help="lowest and highest cost of any activity; needs no spikes"
    )
    parser.add_argument("--example", action="store_true", help="print a job to edit and stop")
    parser.add_argument(
        "--profiles",
        action="store_true",
        help="list the profiles with what their static power covers",
    )
    parser.add_argument("--schema", action="store_true", help="describe every field of a profile and stop")
    return parser


def _price() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m hwcost {PRICE}", description="Price a torch model on a batch of its data."
    )
    parser.add_argument("model", help="FILE.py:NAME, a model or a function that makes one")
    parser.add_argument("--data", required=True, help="batch [T, samples, ...]: an .npz or .npy file")
    parser.add_argument("--timesteps", type=int, help="T, where the batch is images [samples, ...]")
    parser.add_argument("--pruned", action="store_true", help="leave out weights of zero")
    _add_common(parser)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--profile",
        action="append",
        help=f"name or YAML file, several as a list with commas (default {_DEFAULT})",
    )
    parser.add_argument(
        "--execution",
        choices=EXECUTIONS,
        help="how layers overlap (default: as the profile's machine works: lock_step where cores share a timestep, "
        "else layer_serial)",
    )
    parser.add_argument(
        "--assume", action="append", default=[], metavar="NAME=BITS", help="what-if: weight_bits=8 ..."
    )
    parser.add_argument("--weight-bits", type=int, help="short for --assume weight_bits=...")
    parser.add_argument("--json", action="store_true", help="print the whole breakdown as JSON")
