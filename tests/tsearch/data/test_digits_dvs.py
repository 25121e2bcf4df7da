"""The event set: same everywhere, each recording on its own, and true to the light that made it."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from tsearch.configuration import DataSpec
from tsearch.data import digits_dvs, load_dataset
from tsearch.data.dataset import SPLITS, epoch_of, epoch_size, groups_of
from tsearch.data.digits import digit_scans, digit_splits
from tsearch.data.digits_dvs import DigitsDvs, record
from tsearch.data.event_camera import changes_of
from tsearch.data.events import Events
from tsearch.errors import TsearchError
from tsearch.training.identity import data_hash

PINNED_SET = "85bb1e2494c00560"  # of all recordings, one per scan
ONE = {f"{split}_recordings": 1 for split in SPLITS}
SEVERAL = DataSpec(
    name="digits_dvs",
    options={"steps": 12, "train_recordings": 3, "validation_recordings": 2, "test_recordings": 2},
)
SCANS = np.array([3, 70, 1500])
PINNED = "a9edf01f020856c1"  # of the first 100 recordings; where it changes, FORMAT has to be raised


def test_events_are_the_same_on_every_machine() -> None:
    assert _digest(record(DigitsDvs(), np.arange(100))) == PINNED


def test_events_are_the_same_in_another_process_with_more_threads() -> None:
    code = (
        "import numpy as np; from tsearch.data.digits_dvs import DigitsDvs, record; import hashlib;"
        "e = record(DigitsDvs(), np.arange(100));"
        "print(hashlib.sha256(e.pixel.tobytes() + e.time.tobytes() + e.offsets.tobytes()).hexdigest()[:16])"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    printed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert printed.stdout.decode().strip() == PINNED


def test_a_recording_does_not_depend_on_the_others() -> None:
    alone, crowd = record(DigitsDvs(), np.array([70])), record(DigitsDvs(), np.arange(100)[::-1])
    chosen = crowd.select(np.array([29]))
    assert_array_equal(alone.pixel, chosen.pixel)
    assert_array_equal(alone.time, chosen.time)
    assert alone.labels == chosen.labels == digit_scans()["labels"][70]


def test_one_recording_per_scan_is_the_set_that_it_has_always_been() -> None:
    """Events, splits and hash, and so the identity of older runs; every sample is in every epoch."""
    data = load_dataset(DataSpec(name="digits_dvs", options=ONE))
    assert data_hash(data) == PINNED_SET
    assert epoch_size(data.train) == len(data.train) == 997


def test_the_first_recordings_do_not_depend_on_how_many_follow() -> None:
    one, three = record(DigitsDvs(), SCANS), record(DigitsDvs(), SCANS, 3)
    assert three.groups is not None
    assert three.groups.tolist() == SCANS.tolist() * 3
    first = three.select(np.arange(len(SCANS)))
    assert _digest(one) == _digest(first)
    assert_array_equal(one.labels, first.labels)


def test_recordings_of_a_scan_differ_in_all_that_is_random() -> None:
    """Way, distractor, thresholds and noise, each alone: no two of 20 recordings are alike."""
    still = {"saccade_length": 0, "jitter": 0, "n_distractors": 0, "noise": 0, "threshold_mismatch": 0}
    for name, value in (("saccade_length", 4), ("n_distractors", 1), ("noise", 0.2)):
        events = record(DigitsDvs(**(still | {name: value})), np.array([70]), 20)
        frames = events.frames(np.arange(20), 4).swapaxes(0, 1).reshape(20, -1)
        assert len(np.unique(frames, axis=0)) == 20
    thresholds = [digits_dvs._plan(DigitsDvs(), 70, number, 9).threshold for number in range(20)]
    assert len(np.unique(thresholds, axis=0)) == 20


def test_no_scan_is_in_two_splits() -> None:
    """All first recordings come before all second ones, in the order of the scans."""
    data, scans = load_dataset(SEVERAL), digit_splits(digit_scans()["labels"])
    for name, part, n_recordings in zip(SPLITS, scans, (3, 2, 2), strict=True):
        split = getattr(data, name)
        assert_array_equal(groups_of(split), np.tile(part, n_recordings))
        assert_array_equal(split.labels, digit_scans()["labels"][groups_of(split)])
    assert sorted(np.concatenate(scans)) == list(range(1797))


def test_a_training_sees_all_recordings_over_many_epochs() -> None:
    data, rng = load_dataset(SEVERAL), np.random.default_rng(0)
    epochs = [epoch_of(data.train, rng) for _ in range(60)]
    assert all(len(np.unique(groups_of(data.train)[epoch])) == len(epoch) == 997 for epoch in epochs)
    assert len(np.unique(epochs)) == 3 * 997
    assert [epoch_size(getattr(data, name)) for name in SPLITS] == [997, 600, 1000]


def test_strong_steps_of_light_are_not_lost_in_small_numbers() -> None:
    """A threshold of 1 and a step by 1,000 are as many events."""
    light = np.array([[[0], [1000], [0]]], np.float32)
    assert changes_of(light, np.ones((1, 1), np.float32))[0, :, 0].tolist() == [1000, -1000]


def test_another_seed_gives_other_events() -> None:
    assert _digest(record(DigitsDvs(seed=1), np.arange(100))) != PINNED


def test_training_never_sees_a_held_back_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings of the training split stay the same when all other scans are painted over."""
    scans = digit_scans()
    train, validation, test = digit_splits(scans["labels"])
    before = record(DigitsDvs(), train[:64])
    painted = scans["images"].copy()
    painted[np.concatenate([validation, test])] = 16
    monkeypatch.setattr(digits_dvs, "digit_scans", lambda: scans | {"images": painted})
    assert _digest(record(DigitsDvs(), train[:64])) == _digest(before)


@pytest.mark.parametrize(("option", "value"), [("n_distractors", 3), ("n_distractors", 0), ("size", 24)])
def test_events_sum_up_to_the_change_of_light(option: str, value: int) -> None:
    """Without noise and mismatch, events times threshold follow the log light to less than one threshold.

    0.02 is for rounding: half a grid step of position, where log light changes by up to 9 per scan pixel.
    """
    options = DigitsDvs(**{"noise": 0, "threshold_mismatch": 0, option: value})
    events, indices = record(options, np.arange(20)), np.arange(20)
    darker, brighter = events.frames(indices, 1)[0].swapaxes(0, 1)
    first, last = _log_light_of_first_and_last_step(options, indices)
    missed = np.abs((brighter - darker) * options.threshold - (last - first))
    assert missed.max() < options.threshold + 0.02


def test_changes_by_hand() -> None:
    """Threshold 10: up by 25 are two events, what is left is remembered, down by 30 are three."""
    light = np.array([[[0], [25], [29], [30], [0]]], np.float32)
    assert changes_of(light, np.array([[10]], np.float32))[0, :, 0].tolist() == [2, 0, 1, -3]


def test_a_still_scene_is_dark_but_for_noise() -> None:
    still = {"saccade_length": 0, "n_distractors": 0}
    assert len(record(DigitsDvs(noise=0, **still), np.arange(50)).pixel) == 0
    noise = record(DigitsDvs(noise=0.5, **still), np.arange(200))
    assert len(noise.pixel) / 200 == pytest.approx(0.5 * 16 * 16, rel=0.05)
    by_quarter = noise.frames(np.arange(200), 4).sum((1, 3, 4))
    assert by_quarter / by_quarter.mean() == pytest.approx(np.ones((4, 2)), abs=0.1)


def test_backwards_is_a_mirror_image() -> None:
    both = record(DigitsDvs(), np.arange(10)).playback(10)
    for timesteps in (1, 2, 3, 4, 6, 8):
        frames = both.frames(np.arange(20), timesteps)
        assert_array_equal(frames[::-1, :10], frames[:, 10:])


def test_the_default_set() -> None:
    """Recordings of about 2,630 events, in windows that 1, 2, 3, 4, 6 and 8 divide; here one per scan."""
    options, data = DigitsDvs(), load_dataset(DataSpec(name="digits_dvs", options=ONE))
    assert (options.train_recordings, options.validation_recordings, options.test_recordings) == (8, 5, 5)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [997, 300, 500]
    assert (data.shape, data.most_events_per_pixel) == ((2, 16, 16), 255)
    assert data.train.batch(torch.arange(997), 1).sum() / 997 == pytest.approx(2630, rel=0.02)
    eight, four = (data.test.batch(torch.arange(64), timesteps) for timesteps in (8, 4))
    assert torch.equal(eight.unflatten(0, (4, 2)).sum(1), four)


def test_a_set_without_events_has_empty_frames() -> None:
    options = ONE | {"saccade_length": 0, "n_distractors": 0, "noise": 0}
    data = load_dataset(DataSpec(name="digits_dvs", options=options))
    assert not data.validation.batch(torch.arange(len(data.validation)), 2).any()


@pytest.mark.parametrize("path", ["walk", "triangle", "fixed"])
def test_paths_have_saccades_of_the_given_length(path: str) -> None:
    way = digits_dvs._saccades(DigitsDvs(path=path, jitter=0), np.random.default_rng(0))  # type: ignore[arg-type]
    assert np.linalg.norm(np.diff(way[::32], axis=0), axis=1) == pytest.approx(np.full(3, 4.0))
    assert way[::32].max(0) == pytest.approx(-way[::32].min(0))


def test_bad_options_are_one_line() -> None:
    with pytest.raises(
        TsearchError, match=r"^data digits_dvs: unknown option 'noize'. Did you mean 'noise'\? Known"
    ):
        load_dataset(DataSpec(name="digits_dvs", options={"noize": 1}))
    with pytest.raises(TsearchError, match=r"^data digits_dvs: option 'steps' is 0: input should be greater"):
        load_dataset(DataSpec(name="digits_dvs", options={"steps": 0}))
    with pytest.raises(TsearchError, match=r"option 'train_recordings' is 0: input should be greater"):
        load_dataset(DataSpec(name="digits_dvs", options={"train_recordings": 0}))


def _digest(events: Events) -> str:
    content = events.pixel.tobytes() + events.time.tobytes() + events.offsets.tobytes()
    return hashlib.sha256(content).hexdigest()[:16]


def _log_light_of_first_and_last_step(options: DigitsDvs, indices: np.ndarray) -> np.ndarray:
    """Log light [2, B, H, W] by a plain bilinear rendering, pixel by pixel."""
    scans = digit_scans()["images"]
    shown = scans[digit_splits(digit_scans()["labels"])[0]]
    light = np.zeros((2, len(indices), options.size, options.size))
    for b, index in enumerate(indices):
        plan = digits_dvs._plan(options, int(index), 0, len(shown))
        layers = [(scans[index], plan.way, options.digit_size)]
        layers += [
            (shown[d], way, options.distractor_size)
            for d, way in zip(plan.distractors, plan.distractor_ways, strict=True)
        ]
        for moment, step in enumerate((0, options.steps)):
            for y, x in np.ndindex(options.size, options.size):
                ink = max(_ink(image, x, y, way[step], size, options.size) for image, way, size in layers)
                light[moment, b, y, x] = np.log(0.1 + 0.9 * ink)
    return light


def _ink(image: np.ndarray, x: int, y: int, centre: np.ndarray, shown: float, size: int) -> float:
    u, v = ((place - (size - 1) / 2 - c) * 8 / shown + 3.5 for place, c in zip((x, y), centre, strict=True))
    total = 0.0
    for i in (int(np.floor(v)), int(np.floor(v)) + 1):
        for j in (int(np.floor(u)), int(np.floor(u)) + 1):
            if 0 <= i < 8 and 0 <= j < 8:
                total += image[i, j] / 16 * (1 - abs(v - i)) * (1 - abs(u - j))
    return total
