"""Batches are the same whether they come from kept frames or from the events."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from tsearch.data.batches import EventSplit, ImageSplit
from tsearch.data.events import Events


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

    1 and 2 fit together, 3 drives both out, 4 is too large and changes nothing.
    """
    split = EventSplit(random_events(), limit_bytes=400)
    for timesteps in (1, 2, 1, 3, 4):
        split.batch(torch.tensor([0]), timesteps)
        assert sum(frames.nbytes for frames in split._frames.values()) <= 400
    assert list(split._frames) == [3]


def test_playback_of_a_split(random_events: Callable[..., Events]) -> None:
    split = EventSplit(random_events()).playback(3)
    assert split.labels.tolist() == [0, 1, 2, 3, 4, 5]
    both = split.batch(torch.arange(6), 1)
    assert torch.equal(both[:, :3], both[:, 3:])


def test_an_image_is_one_timestep_whatever_is_asked() -> None:
    images = np.random.default_rng(0).random((5, 1, 2, 3), dtype=np.float32)
    split = ImageSplit(images, np.arange(5))
    assert len(split) == 5
    assert torch.equal(split.batch(torch.tensor([4, 1]), 6), torch.from_numpy(images[[4, 1]])[None])
