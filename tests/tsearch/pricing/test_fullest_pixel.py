"""How many events a pixel brings in one timestep is a property of the data, not the 255 that a byte holds."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from hwcost import bound
from tsearch.configuration import Result
from tsearch.data import Dataset, DatasetInfo, describe_dataset, load_dataset
from tsearch.data.arrays import event_dataset
from tsearch.data.events import Events
from tsearch.pricing.describe import describe_network
from tsearch.pricing.extremes import cost_range
from tsearch.pricing.tally import EventClassError
from tsearch.space.file import parse_space
from tsearch.space.space import SearchSpace
from tsearch.training.evaluate import train_and_price

Fill = Callable[[Dataset], SearchSpace]
LABELS = np.arange(20) % 2


@pytest.fixture
def space_of(monkeypatch: pytest.MonkeyPatch) -> Fill:
    """A space of networks with one and two timesteps on a data set."""

    def make(dataset: Dataset) -> SearchSpace:
        module = ModuleType("full_pixels")
        module.data = lambda **_: dataset  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "full_pixels", module)
        return parse_space(
            f"name: tiny\ndata: {{name: 'full_pixels:data', options: {{number: {id(dataset)}}}}}\n"
            "backbone: {widths: [2], pool_after: [1]}\ntimesteps: [1, 2]\nschedule: {epochs: 1}\n"
        )

    return make


def counts(most: int) -> np.ndarray:
    """20 recordings of four steps and four pixels, one of which brings `most` events in a step of the last one."""
    events = np.random.default_rng(0).integers(0, 3, (20, 4, 1, 2, 2))
    events[19, 2, 0, 1, 1] = most
    return events


def priced(space: SearchSpace, timesteps: int) -> Result:
    """A uniform network after its one epoch, inside the bounds that were told before any training."""
    chosen = next(c for c in space.baselines() if c.timesteps == (timesteps,))
    result = train_and_price(chosen, 1, None, space.task())
    bounds = cost_range(space)
    assert (
        bounds["smallest"]["energy_pj"][0] < result.metrics["energy_pj"] < bounds["largest"]["energy_pj"][1]
    )
    return result


def largest_event(result: Result) -> int:
    return int(result.spikes["network"]["layers"][0]["in_max"])


@pytest.mark.parametrize(("held_back", "timesteps"), [("validation", 1), ("validation", 2), ("test", 2)])
def test_952_events_of_one_pixel_in_one_step_are_priced(
    space_of: Fill, held_back: str, timesteps: int
) -> None:
    """All timesteps have messages of the same width, that of the fullest pixel of any split."""
    parts = {"validation": [0, 1, 2, 3], "test": [4, 5, 6, 7]} | {held_back: [16, 17, 18, 19]}
    dataset = event_dataset(counts(952), LABELS, **parts)
    assert dataset.most_events_per_pixel == 952 + counts(952)[19, :, 0, 1, 1][[0, 1, 3]].sum()
    space = space_of(dataset)
    result = priced(space, timesteps)
    assert largest_event(result) == describe_dataset(space.data).most_events_per_pixel
    narrow = describe_network(result.configuration, DatasetInfo("", (1, 2, 2), 2, False, "graded"))
    wide = describe_network(result.configuration, dataset)
    bits = [bound(network, "45nm_memory", input_events=1).energy_pj[1] for network in (narrow, wide)]
    assert bits[0] < bits[1]  # 10 bits in place of 8


def test_fewer_events_are_sent_in_bytes_as_before(space_of: Fill) -> None:
    assert largest_event(priced(space_of(event_dataset(counts(2), LABELS)), 2)) == 255


def test_a_count_beyond_what_a_data_set_tells_is_refused_still(space_of: Fill) -> None:
    told = event_dataset(counts(952), LABELS, validation=[16, 17, 18, 19])
    space = space_of(replace(told, info=replace(told.info, most_events_per_pixel=255)))
    with pytest.raises(EventClassError, match="graded events up to 255"):
        priced(space, 1)


def test_real_gestures_are_priced(space_of: Fill, real_data: Path) -> None:
    """Ten gestures in four windows of 0.3 s each, on 32 x 32 pixels: more than 255 events of a pixel in a step."""
    path = real_data / "dvs_gesture" / "dvs_gesture_10x1.2s.npz"
    if not path.is_file():
        pytest.skip(f"no real gestures: {path} is missing")
    dataset = event_dataset(
        _gestures(path), groups=np.repeat(np.arange(10), 4), validation=range(8), test=range(8, 16)
    )
    frames = dataset.validation.batch(torch.arange(8), 1)
    assert dataset.most_events_per_pixel >= frames.max() > 255
    result = priced(space_of(dataset), 1)
    assert largest_event(result) == dataset.most_events_per_pixel
    assert load_dataset(space_of(dataset).data).most_events_per_pixel == dataset.most_events_per_pixel


def _gestures(path: Path) -> Events:
    recordings = np.load(path)
    windows, labels = [], []
    for number in range(10):
        events = recordings[f"events_{number}"]
        for window in range(4):
            windows.append(events[events["t"] // 300_000 == window])
            labels.append(int(recordings["labels"][number]) % 2)
    pixels = [(w["p"].astype(int) * 128 + w["y"]) * 128 + w["x"] for w in windows]
    n = len(windows)
    return Events(
        pixel=np.concatenate(pixels).astype(np.uint16),
        time=np.concatenate([w["t"] % 300_000 for w in windows]),
        offsets=np.cumsum([0, *map(len, windows)]),
        labels=np.array(labels),
        start=np.zeros(n, np.int64),
        stop=np.full(n, 300_000),
        shape=(2, 128, 128),
    ).downsample(4)
