"""Windows of a recording, and their splits by time: neighbouring windows look alike, so random ones would leak."""

from collections.abc import Iterator

import numpy as np

from tsearch.data.recordings import Recording
from tsearch.errors import TsearchError


def cut_evenly(recording: Recording, width: int) -> Iterator[Recording]:
    """Windows of `width`, in the unit of time of the events, one behind the other; the rest at the end goes."""
    first, last = _extent(recording)
    starts = range(first, last - width + 2, width)
    for number, start in enumerate(starts):
        yield from _window(recording, number, start, width, recording.part)


def cut_by_time(
    recording: Recording, width: int, gap: int, validation_fraction: float, test_fraction: float
) -> Iterator[Recording]:
    """Windows for training, then for validation, then for test, with a `gap` between the splits, one behind the other
    within.

    Raises: TsearchError for a recording too short for a window in each."""
    first, last = _extent(recording)
    n_windows = (last + 1 - first - 2 * gap) // width
    n_validation, n_test = (
        max(round(n_windows * share), 1) for share in (validation_fraction, test_fraction)
    )
    n_train = n_windows - n_validation - n_test
    if n_train < 1:
        raise TsearchError(
            f"{recording.key}: too short for windows of {width} with two gaps of {gap} us. Make window_ms or gap_ms "
            "smaller."
        )
    parts = ["train"] * n_train + ["validation"] * n_validation + ["test"] * n_test
    for number, part in enumerate(parts):
        gaps = (part != "train") + (part == "test")
        yield from _window(recording, number, first + number * width + gaps * gap, width, part)


def _extent(recording: Recording) -> tuple[int, int]:
    """First and last moment that belong to it; events need not be in order."""
    times = recording.events["t"]
    first = int(times.min()) if recording.start is None else recording.start
    return first, int(times.max()) if recording.stop is None else recording.stop


def _window(recording: Recording, number: int, start: int, width: int, part: str) -> Iterator[Recording]:
    """One window, none where it holds no events."""
    times = recording.events["t"]
    events = recording.events[np.flatnonzero((times >= start) & (times < start + width))]
    if len(events):
        yield recording._replace(
            key=f"{recording.key} {number}", part=part, events=events, start=start, stop=start + width
        )
