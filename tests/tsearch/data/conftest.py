"""Fixtures of the data tests: a cache of their own, and small recordings."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tsearch.data.events import Events


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder that starts empty, the same for all data tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSEARCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def random_events() -> Callable[..., Events]:
    """Recordings of random events on a 4 x 5 sensor; each window runs from the first to the last event."""

    def make(seed: int = 0, counts: tuple[int, ...] = (40, 7, 100), duration: int = 1000) -> Events:
        rng = np.random.default_rng(seed)
        times = [np.sort(rng.integers(0, duration, count)) + 17 for count in counts]
        return Events(
            pixel=rng.integers(0, 40, sum(counts)).astype(np.uint16),
            time=np.concatenate(times).astype(np.int32),
            offsets=np.cumsum([0, *counts]),
            labels=np.arange(len(counts)),
            start=np.array([time[0] for time in times], np.int64),
            stop=np.array([time[-1] for time in times], np.int64),
            shape=(2, 4, 5),
        )

    return make


@pytest.fixture(scope="session")
def random_recording() -> Callable[[np.random.Generator, int], bytes]:
    """(rng, number of events) -> random events in the format of a .bin file of N-MNIST: x, y, polarity bit and 23 bits
    of time."""

    def make(rng: np.random.Generator, n_events: int) -> bytes:
        time = np.sort(rng.integers(0, 300_000, n_events))
        polarity = rng.integers(0, 2, n_events) << 7
        columns = [*rng.integers(0, 34, (2, n_events)), polarity | time >> 16, time >> 8 & 255, time & 255]
        return np.stack(columns, -1).astype(np.uint8).tobytes()

    return make


@pytest.fixture(scope="session")
def write_recordings(
    random_recording: Callable[[np.random.Generator, int], bytes],
) -> Callable[[Path], Path]:
    """folder -> the same folder with ten training and two test recordings of each digit in `nmnist/NMNIST`."""

    def write(root: Path) -> Path:
        rng = np.random.default_rng(0)
        for half, count in (("Train", 10), ("Test", 2)):
            for digit in range(10):
                folder = root / "nmnist" / "NMNIST" / half / str(digit)
                folder.mkdir(parents=True)
                for number in range(count):
                    (folder / f"{digit * 100 + number:05}.bin").write_bytes(random_recording(rng, 200))
        return root

    return write
