"""Codecs: bits that carry the events of a frame, from how many there are.

| codec | bits of a frame of n places with s events | counts are |
|---|---|---|
| aer | s addresses of ceil(log2 n) bits | exact |
| bitmap | n values | exact |
| min | the shorter of the two | exact |
| word | s machine words, `bits.event` each | exact |
| csr | s addresses within a row, and pointers of ceil(log2(n + 1)) bits, one per row and one more | exact |
| rle | entries of 5 bits and the value: 0 to 30 places without an event and then one, or 31 without one | expected |

A row is a channel, or a whole flat frame. A value is added to addresses and runs where events carry one. Run lengths
depend on where events are, which counts do not tell: theirs is the expectation over independent events of one rate
p = events / places. An event behind r empty places takes floor(r / 31) entries before its own, and nothing is sent
behind the last event:

    entries of a frame = n p + sum over j = 1, 2, ... of (n - 31 j) p (1 - p)^(31 j)

Sources: compressed sparse rows, Saad, Iterative Methods for Sparse Linear Systems, 2003, section 3.4; runs of 5 bits as
in Eyeriss, Chen et al., JSSC 52(1), 2017.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from hwcost.counting.counts import Number, Steps
from hwcost.counting.job import Job
from hwcost.errors import HwcostError

RUN_BITS = 5


class Frames(NamedTuple):
    """What is sent at one timestep: one frame per sample.

    `bits` are those of one value in a bitmap, `beside` those of a value beside its address; `word_bits` is the machine
    word, 0 where the profile names none.
    """

    shape: tuple[int, ...]
    n_samples: int
    bits: int
    beside: int
    word_bits: int

    @property
    def places(self) -> int:
        """Places of one frame at which an event can be."""
        return prod(self.shape)


def codec_bits(
    job: Job, events: Sequence[int], mask: Sequence[int], shape: tuple[int, ...], bits: int
) -> Steps:
    """Bits that carry the events of each step, all samples together, in the profile's codec.

    Args:
        events: Events per timestep, summed over samples; a unary graded event of value v counts as v.
        mask: 0 or 1 per timestep; nothing is sent where it is 0.
        shape: Shape of the frame, channels first.
        bits: Bits of one event value.

    Raises: HwcostError for codec `word` where the profile has no `bits.event`.
    """
    beside = bits if bits > 1 and job.semantics.graded == "mac" else 0
    frames = Frames(shape, job.n_samples, bits, beside, job.profile.bits.get("event", 0))
    sent = CODECS[job.semantics.codec]
    return tuple(sent(n, frames) if active else 0 for n, active in zip(events, mask, strict=True))


def _aer(events: int, frames: Frames) -> int:
    return events * (_address_bits(frames.places) + frames.beside)


def _bitmap(events: int, frames: Frames) -> int:  # noqa: ARG001  as long for any number of events
    return frames.places * frames.bits * frames.n_samples


def _min(events: int, frames: Frames) -> int:
    return min(_aer(events, frames), _bitmap(events, frames))


def _word(events: int, frames: Frames) -> int:
    if not frames.word_bits:
        raise HwcostError("codec 'word' needs the width of a machine word: add 'bits.event' to the profile")
    return events * frames.word_bits


def _csr(events: int, frames: Frames) -> int:
    rows = frames.shape[0] if len(frames.shape) > 1 else 1
    pointers = (rows + 1) * frames.places.bit_length() * frames.n_samples
    return pointers + events * (_address_bits(frames.places // rows) + frames.beside)


@lru_cache(maxsize=4096)
def _rle(events: int, frames: Frames) -> Number:
    """Expected bits; exact where no run can be as long as 31."""
    longest, places = (1 << RUN_BITS) - 1, frames.places
    rate = min(events / (places * frames.n_samples), 1.0)
    runs = np.arange(longest, places, longest)
    empty = float(np.sum((places - runs) * rate * (1.0 - rate) ** runs)) * frames.n_samples
    return (events + empty) * (RUN_BITS + frames.beside)


def _address_bits(places: int) -> int:
    return max(1, (places - 1).bit_length())


CODECS: dict[str, Callable[[int, Frames], Number]] = {
    "aer": _aer,
    "bitmap": _bitmap,
    "min": _min,
    "word": _word,
    "csr": _csr,
    "rle": _rle,
}
