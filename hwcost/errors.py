"""Errors of the cost model: one line that says where, what was found, what is allowed and the next step."""

import difflib
from collections.abc import Iterable, Mapping


class HwcostError(ValueError):
    """A network, record or profile that cannot be priced. Nothing is ever priced as zero instead."""


class ChoiceError(HwcostError):
    """Something asked for that does not exist: a profile, an order of execution, a word width."""


class TooWideError(HwcostError):
    """Weights of more bits than the hardware holds. `assume` is the what-if that it can price: {"weight_bits": 9}."""

    def __init__(self, message: str, assume: Mapping[str, int]) -> None:
        super().__init__(message)
        self.assume = dict(assume)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """' Did you mean 'x'?' for the known word nearest to `word`, or '' where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


def one_line(error: BaseException) -> str:
    """The class of an error, and the first line of what it says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
