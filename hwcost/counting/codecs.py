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
from hwcost.prices.profile import Profile

RUN_BITS = 5


class Frames(NamedTuple):
    """What is sent at one timestep: one frame per sample.

    `places` is how many events a frame can hold. `bits` are those of one value in a bitmap, `beside` those of a value
    beside its address; `word_bits` is the machine word, 0 where the profile names none.
    """

    shape: tuple[int, ...]
    places: int
    n_samples: int
    bits: int
    beside: int
    word_bits: int


def codec_bits(
    job: Job,
    events: Sequence[int],
    mask: Sequence[int],
    shape: tuple[int, ...],
    bits: int,
    *,
    signed: bool = False,
) -> Steps:
    """Bits that carry the events of each step, all samples together, in the profile's codec.

    Args:
        events: Events per timestep, summed over samples; a unary graded event of value v counts as v.
        mask: 0 or 1 per timestep; nothing is sent where it is 0.
        shape: Shape of the frame, channels first.
        bits: Bits of one event value.
        signed: True where an event is 1 or -1: an address has a bit for the sign.

    Raises: HwcostError for codec `word` where the profile has no `bits.event`.
    """
    sent = CODECS[job.semantics.codec](events, frames_of(job, shape, bits, signed=signed))
    return tuple([n * runs for n, runs in zip(sent, mask, strict=True)] if 0 in mask else sent)


def frames_of(job: Job, shape: tuple[int, ...], bits: int, *, signed: bool) -> Frames:
    """The frames of a job; arguments as in `codec_bits`."""
    return _frames(job.profile, job.n_samples, shape, bits, signed)


@lru_cache(maxsize=4096)
def _frames(profile: Profile, n_samples: int, shape: tuple[int, ...], bits: int, signed: bool) -> Frames:
    beside = 1 if signed else bits if bits > 1 and profile.semantics.graded == "mac" else 0
    return Frames(shape, prod(shape), n_samples, bits, beside, profile.bits.get("event", 0))


def _aer(events: Sequence[int], frames: Frames) -> Sequence[int]:
    bits = _address_bits(frames.places) + frames.beside
    return [n * bits for n in events]


def _bitmap(events: Sequence[int], frames: Frames) -> Sequence[int]:
    return [frames.places * frames.bits * frames.n_samples] * len(events)


def _min(events: Sequence[int], frames: Frames) -> Sequence[int]:
    bits = _address_bits(frames.places) + frames.beside
    bitmap = frames.places * frames.bits * frames.n_samples
    most = bitmap // bits  # events whose addresses are no longer than the bitmap
    return [n * bits if n <= most else bitmap for n in events]


def _word(events: Sequence[int], frames: Frames) -> Sequence[int]:
    if not frames.word_bits:
        raise HwcostError("codec 'word' needs the width of a machine word: add 'bits.event' to the profile")
    return [n * frames.word_bits for n in events]


def _csr(events: Sequence[int], frames: Frames) -> Sequence[int]:
    rows = frames.shape[0] if len(frames.shape) > 1 else 1
    pointers = (rows + 1) * frames.places.bit_length() * frames.n_samples
    bits = _address_bits(frames.places // rows) + frames.beside
    return [pointers + n * bits for n in events]


def _rle(events: Sequence[int], frames: Frames) -> Sequence[Number]:
    return [(n + _empty_entries(n, frames)) * (RUN_BITS + frames.beside) for n in events]


@lru_cache(maxsize=4096)
def _empty_entries(events: int, frames: Frames) -> float:
    """Expected entries without an event; 0 where no run can be as long as 31."""
    longest, places = (1 << RUN_BITS) - 1, frames.places
    rate = min(events / (places * frames.n_samples), 1.0)
    runs = np.arange(longest, places, longest)
    return float(np.sum((places - runs) * rate * (1.0 - rate) ** runs)) * frames.n_samples


@lru_cache(maxsize=4096)
def _address_bits(places: int) -> int:
    return max(1, (places - 1).bit_length())


CODECS: dict[str, Callable[[Sequence[int], Frames], Sequence[Number]]] = {
    "aer": _aer,
    "bitmap": _bitmap,
    "min": _min,
    "word": _word,
    "csr": _csr,
    "rle": _rle,
}
