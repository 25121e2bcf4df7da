"""Batches are the same whether they come from kept frames or from the events."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tsearch.data.batches import EventSplit, ImageSplit, recorded_dataset
from tsearch.data.dataset import SPLITS, DatasetInfo, epoch_size
from tsearch.data.events import Events
from tsearch.files import notices


@pytest.mark.parametrize("timesteps", [1, 3, 8])
def test_kept_frames_equal_events(random_events: Callable[..., Events], timesteps: int) -> None:
    events, indices = random_events(counts=(50,) * 300), torch.tensor([299, 0, 7, 256])
    kept, made = EventSplit(events).batch(indices, timesteps), EventSplit(events, 0).batch(indices, timesteps)
    assert kept.dtype == made.dtype == torch.float32
    assert kept.shape == (timesteps, 4, 2, 4, 5)
    assert kept.is_contiguous()
    assert torch.equal(kept, made)
    assert torch.equal(kept, torch.from_numpy(events.frames(indices.numpy(), timesteps)).float())


@pytest.mark.parametrize("count", [255, 256, 2**15])
def test_large_counts_are_kept_exactly(random_events: Callable[..., Events], count: int) -> None:
    events = random_events(counts=(count, 3))
    split = EventSplit(replace(events, pixel=np.zeros_like(events.pixel)))
    assert split.batch(torch.tensor([0, 1]), 1)[0, :, 0, 0, 0].tolist() == [count, 3]


def test_frames_kept_stay_under_the_limit(random_events: Callable[..., Events]) -> None:
    """Frames of 3 recordings take 120 bytes per timestep.

    1 and 2 fit together, 3 drives both out, 4 is too large and nothing is kept of it.
    """
    split = EventSplit(random_events(), limit_bytes=400)
    for timesteps in (1, 2, 1, 3, 4):
        split.batch(torch.tensor([0]), timesteps)
        assert sum(frames.nbytes for frames in split._frames.values()) <= 400
    assert {timesteps: frames.nbytes for timesteps, frames in split._frames.items()} == {3: 360, 4: 0}


def test_frames_too_large_for_small_integers_are_made_anew(random_events: Callable[..., Events]) -> None:
    """120 bytes would do, 240 of int16 do not: nothing is kept."""
    events = random_events(counts=(300, 3, 3))
    events = replace(events, pixel=np.zeros_like(events.pixel))
    for split in (EventSplit(events, limit_bytes=200), EventSplit(events, limit_bytes=200)):
        assert split.batch(torch.arange(3), 1)[0, :, 0, 0, 0].tolist() == [300, 3, 3]
        assert split._frames[1].nbytes == 0


def test_frames_are_binned_once_for_all(
    random_events: Callable[..., Events], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second split of the same events takes them from the cache; other events do not."""
    events, indices = random_events(seed=1), torch.tensor([2, 0])
    binned = EventSplit(events).batch(indices, 3)
    monkeypatch.setattr(Events, "frames", None)
    assert torch.equal(EventSplit(events).batch(indices, 3), binned)
    with pytest.raises(TypeError, match="not callable"):
        EventSplit(random_events(seed=2)).batch(indices, 3)


def test_without_a_cache_frames_are_kept_all_the_same(
    random_events: Callable[..., Events], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TSEARCH_CACHE", str(tmp_path / "file"))
    split, indices = EventSplit(random_events()), torch.tensor([1, 2])
    binned = split.batch(indices, 3)
    monkeypatch.setattr(Events, "frames", None)
    assert torch.equal(split.batch(indices, 3), binned)


def test_on_its_own_device_a_split_is_itself(random_events: Callable[..., Events]) -> None:
    for split in (EventSplit(random_events()), ImageSplit(np.zeros((2, 1, 3, 3), np.float32), np.arange(2))):
        assert split.to(torch.device("cpu")) is split


@pytest.mark.parametrize("limit_bytes", [0, 400])
def test_batches_lie_where_the_split_does(random_events: Callable[..., Events], limit_bytes: int) -> None:
    """On the device that has shapes only: frames kept before and after the move, and frames made anew."""
    here = EventSplit(random_events(), limit_bytes)
    here.batch(torch.tensor([0]), 1)
    there = here.to(torch.device("meta"))
    assert (there.labels.is_meta, here.labels.is_meta) == (True, False)
    for timesteps in (1, 2, 3):
        batch = there.batch(torch.tensor([2, 0]), timesteps)
        assert (batch.is_meta, batch.shape, batch.dtype) == (True, (timesteps, 2, 2, 4, 5), torch.float32)
    assert all(frames.is_meta for frames in there._frames.values())
    assert sum(frames.nbytes for frames in there._frames.values()) == (360 if limit_bytes else 0)
    assert list(here._frames) == [1]


def test_images_on_a_device() -> None:
    split = ImageSplit(np.zeros((5, 1, 2, 3), np.float32), np.arange(5)).to(torch.device("meta"))
    batch = split.batch(torch.tensor([4, 1]), 6)
    assert (split.labels.is_meta, batch.is_meta, batch.shape) == (True, True, (1, 2, 1, 2, 3))


def test_an_image_is_one_timestep_whatever_is_asked() -> None:
    images = np.random.default_rng(0).random((5, 1, 2, 3), dtype=np.float32)
    split = ImageSplit(images, np.arange(5))
    assert len(split) == 5
    assert torch.equal(split.batch(torch.tensor([4, 1]), 6), torch.from_numpy(images[[4, 1]])[None])


def test_fault_nothing_told_that_recordings_are_made_which_takes_seconds(
    random_events: Callable[..., Events], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    info = DatasetInfo("made", (2, 4, 5), 3, is_static=False, input_class="graded")
    for told in (
        ["making the recordings of made, once; this takes a while"],
        [],
    ):  # the second from the cache
        monkeypatch.setattr(notices, "_said", set())
        caplog.clear()
        recorded_dataset(info, "told", lambda: [random_events()] * 3)
        assert [record.message for record in caplog.records] == told


def test_recordings_tell_their_fullest_pixel_made_or_from_the_cache(
    random_events: Callable[..., Events],
) -> None:
    full = random_events(counts=(300, 7, 3))
    full = replace(full, pixel=np.zeros_like(full.pixel), groups=np.array([4, 4, 9]))
    assert (full.most_per_pixel(), random_events().select(np.zeros(0, int)).most_per_pixel()) == (300, 0)
    info = DatasetInfo("full", (2, 4, 5), 3, is_static=False, input_class="graded")
    for make in (lambda: [full, random_events(), random_events()], None):
        data = recorded_dataset(info, "fullest", make, draws_one_per_group=True)  # type: ignore[arg-type]
        assert data.most_events_per_pixel == 300
        assert [epoch_size(getattr(data, name)) for name in SPLITS] == [2, 3, 3]
    few = recorded_dataset(info, "few", lambda: [random_events()] * 3)
    assert few.most_events_per_pixel == 255
