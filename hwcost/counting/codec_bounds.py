"""Bits that carry the events of samples that differ, where the shorter of two codecs is taken sample by sample.

min(addresses, bitmap) is concave in the events of a sample: its mean over samples is at most its value at the mean,
and at least the chord between the samples with fewest and most events (Jensen's inequality). It is exact where all
samples take the same codec, or have equally many events.
"""

from collections.abc import Sequence

from hwcost.activity.layer_spikes import Counts
from hwcost.counting.codecs import CODECS, frames_of
from hwcost.counting.counts import Steps
from hwcost.counting.job import Job


def fewest_bits(
    job: Job,
    events: Sequence[int],
    extremes: Counts,
    sent: Steps,
    mask: Sequence[int],
    shape: tuple[int, ...],
    bits: int,
    *,
    signed: bool = False,
) -> Steps | None:
    """The least that `codec_bits` can be for samples with these extremes; None where it is exact or not known.

    Args:
        extremes: Fewest and most events of one sample, per timestep; empty where not known.
        sent: What `codec_bits` gives for all samples.
    """
    if job.semantics.codec != "min" or job.n_samples == 1 or not extremes:
        return None
    one = frames_of(job, shape, bits, signed=signed)._replace(n_samples=1)
    least, most = ([row[end] for row in extremes[: len(events)]] for end in (0, 1))
    at_least, at_most = (CODECS["min"](end, one) for end in (least, most))
    steps = zip(events, least, most, at_least, at_most, mask, strict=True)
    fewest = tuple(
        [
            _chord(n - job.n_samples * a, b - a, job.n_samples, int(low), int(high)) * runs
            for n, a, b, low, high, runs in steps
        ]
    )
    return fewest if fewest != sent else None


def _chord(above: int, spread: int, n_samples: int, low: int, high: int) -> int:
    """Bits of all samples if each has the fewest or the most events, rounded down.

    Args:
        above: Events of all samples beyond the fewest of each.
        spread: Most events less fewest events.
        low, high: Bits of a sample with the fewest and with the most.
    """
    return n_samples * low + (above * (high - low) // spread if spread else 0)
