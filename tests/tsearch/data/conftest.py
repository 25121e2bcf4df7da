"""Fixtures of the data tests: a cache of their own, and small recordings."""

from collections.abc import Callable, Iterator

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
