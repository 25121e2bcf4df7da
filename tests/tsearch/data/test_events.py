"""Frames against hand counts, against tonic, and against what must hold for any events."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tsearch.data.events import Events


@pytest.fixture
def tiny() -> Events:
    """Two recordings on a sensor of 1 x 2 pixels; the window of both is 0 to 7."""
    return Events(
        pixel=np.array([0, 0, 3, 1, 2], np.uint16),
        time=np.array([0, 2, 7, 3, 4], np.int32),
        offsets=np.array([0, 3, 5]),
        labels=np.array([4, 6]),
        start=np.array([0, 0]),
        stop=np.array([7, 7]),
        shape=(2, 1, 2),
    )


def test_frames_of_a_hand_made_list(tiny: Events) -> None:
    """Three timesteps of a window of 7: widths 2, 2 and the rest."""
    first, second = tiny.frames(np.array([0, 1]), 3).swapaxes(0, 1).reshape(2, 3, 4).tolist()
    assert first == [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
    assert second == [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]


def test_recordings_come_in_the_order_asked_for(tiny: Events) -> None:
    frames = tiny.frames(np.array([1, 0, 1]), 1)
    assert frames.shape == (1, 3, 2, 1, 2)
    assert frames.reshape(3, 4).tolist() == [[0, 1, 1, 0], [2, 0, 0, 1], [0, 1, 1, 0]]


def test_more_timesteps_than_moments_lose_nothing(tiny: Events) -> None:
    frames = tiny.frames(np.array([0]), 50).reshape(50, 4)
    assert np.argwhere(frames).tolist() == [[0, 0], [2, 0], [7, 3]]


@pytest.mark.parametrize("timesteps", range(1, 13))
def test_tonic_counts_the_same_but_for_the_tail(random_events: Callable[..., Events], timesteps: int) -> None:
    """tonic drops what is left over after its last bin; here the last bin keeps it."""
    from tonic.transforms import ToFrame

    events = random_events()
    frames = events.frames(np.arange(len(events)), timesteps)
    for i in range(len(events)):
        theirs = ToFrame(sensor_size=(5, 4, 2), n_time_bins=timesteps)(_as_tonic(events, i))
        assert_array_equal(frames[:-1, i], theirs[:-1])
        width = (events.stop[i] - events.start[i]) // timesteps
        times = events.time[events.offsets[i] : events.offsets[i + 1]]
        n_tail = (times >= events.start[i] + timesteps * width).sum()
        assert n_tail > 0
        assert (frames[-1, i] - theirs[-1]).min() >= 0
        assert (frames[-1, i] - theirs[-1]).sum() == n_tail


@given(seed=st.integers(0, 10_000), timesteps=st.integers(1, 40), duration=st.integers(1, 3000))
def test_no_event_is_lost(
    random_events: Callable[..., Events], seed: int, timesteps: int, duration: int
) -> None:
    events = random_events(seed, counts=(5, 1, 30), duration=duration)
    frames = events.frames(np.arange(3), timesteps)
    assert_array_equal(frames.sum(0), events.frames(np.arange(3), 1)[0])
    assert_array_equal(frames.sum((0, 2, 3, 4)), [5, 1, 30])


@given(seed=st.integers(0, 10_000), timesteps=st.integers(1, 20), width=st.integers(1, 50))
def test_pairs_of_frames_add_up_where_widths_divide(
    random_events: Callable[..., Events], seed: int, timesteps: int, width: int
) -> None:
    length = 2 * timesteps * width
    events = random_events(seed, duration=length)
    events = replace(events, start=np.full(3, 17), stop=np.full(3, 17 + length))
    fine, coarse = events.frames(np.arange(3), 2 * timesteps), events.frames(np.arange(3), timesteps)
    assert_array_equal(fine.reshape(timesteps, 2, *fine.shape[1:]).sum(1), coarse)


def test_playback_of_a_hand_made_list(tiny: Events) -> None:
    both = tiny.playback(10)
    assert both.labels.tolist() == [4, 6, 14, 16]
    assert both.time.tolist() == [0, 2, 7, 3, 4, 0, 5, 7, 3, 4]
    assert both.pixel.tolist() == [0, 0, 3, 1, 2, 3, 0, 0, 2, 1]
    assert both.offsets.tolist() == [0, 3, 5, 8, 10]


def test_playback_cannot_be_told_from_one_timestep(random_events: Callable[..., Events]) -> None:
    both = random_events().playback(10)
    frames = both.frames(np.arange(6), 1)
    assert_array_equal(frames[:, :3], frames[:, 3:])
    assert (both.frames(np.arange(3), 2) != both.frames(np.arange(3, 6), 2)).any()


def test_playback_twice_gives_the_recording_again(random_events: Callable[..., Events]) -> None:
    events = random_events()
    again = events.playback(10).playback(20).select(np.arange(9, 12))
    assert_array_equal(again.time, events.time)
    assert_array_equal(again.pixel, events.pixel)


def test_select_keeps_only_what_is_named(random_events: Callable[..., Events]) -> None:
    events = random_events()
    chosen = events.select(np.array([2, 0]))
    assert len(chosen.pixel) == 140
    assert_array_equal(chosen.frames(np.arange(2), 7), events.frames(np.array([2, 0]), 7))
    assert len(events.select(np.array([], int))) == 0


def test_downsample_joins_pixels(random_events: Callable[..., Events]) -> None:
    events = random_events()
    small, large = events.downsample(2), events.frames(np.arange(3), 4)
    assert small.shape == (2, 2, 3)
    joined = np.pad(large, [(0, 0)] * 4 + [(0, 1)]).reshape(4, 3, 2, 2, 2, 3, 2).sum((4, 6))
    assert_array_equal(small.frames(np.arange(3), 4), joined)


def test_arrays_hold_everything(random_events: Callable[..., Events]) -> None:
    events = random_events()
    again = Events.from_arrays(events.to_arrays())
    assert again.shape == events.shape
    assert_array_equal(again.frames(np.arange(3), 5), events.frames(np.arange(3), 5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": np.zeros(4)}, "do not fit together"),
        ({"offsets": np.array([0, 4, 3])}, "do not fit together"),
        ({"labels": np.array([1])}, "do not fit together"),
        ({"shape": (1, 1, 3)}, "outside the sensor"),
        ({"start": np.array([0, 4])}, "before the window"),
    ],
)
def test_arrays_that_contradict_each_other_are_refused(
    tiny: Events, change: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        replace(tiny, **change)


def _as_tonic(events: Events, i: int) -> np.ndarray:
    part = slice(events.offsets[i], events.offsets[i + 1])
    channel, y, x = np.unravel_index(events.pixel[part].astype(int), events.shape)
    recording = np.empty(len(x), [("x", int), ("y", int), ("t", int), ("p", int)])
    recording["x"], recording["y"], recording["t"], recording["p"] = x, y, events.time[part], channel
    return recording
