"""Real digit scans seen by an event sensor, moving along saccades while another digit drifts through.

A pixel fires when the logarithm of its light has changed by a threshold since it last fired (Lichtsteiner et
al., IEEE J. Solid-State Circuits 43:566, 2008). Nothing is downloaded, and a recording depends on the options, its
scan and its own number only.
"""

from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from tsearch.configuration import DataSpec
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.digits import digit_scans, digit_splits
from tsearch.data.event_camera import LOG_UNIT, changes_of, log_light, render
from tsearch.data.events import Events
from tsearch.data.options import read_options
from tsearch.frozen import Frozen

FORMAT = 1  # raise it when the same options give other events
_CHUNK = 16  # recordings made together: their arrays fit into a processor's cache

Recordings = Annotated[int, Field(ge=1, le=100)]


class DigitsDvs(Frozen):
    """How the scans are shown and seen. Sizes and ways are in pixels of the sensor.

    `path`: "walk" takes every saccade in its own random direction, "triangle" turns by 120 degrees from a
    random first one, "fixed" is the same triangle for all. `jitter` is the largest shift of the whole path. A
    distractor is another scan (always one of the training split), drifting straight through. `threshold` in
    units of log light, different for each pixel by `threshold_mismatch` (standard deviation). `noise` is the
    mean number of random events per pixel. `steps` is how often the scene is looked at: frames of T timesteps
    are of equal length where T divides it. Every scan has as many recordings as `..._recordings` says for its split; a
    training epoch sees one of them, drawn anew.
    """

    size: Annotated[int, Field(ge=4, le=64)] = 16
    digit_size: PositiveFloat = 12.0
    saccades: PositiveInt = 3
    saccade_length: NonNegativeFloat = 4.0
    path: Literal["walk", "triangle", "fixed"] = "walk"
    jitter: NonNegativeFloat = 1.0
    n_distractors: NonNegativeInt = 1
    distractor_size: PositiveFloat = 6.0
    threshold: Annotated[float, Field(ge=0.05)] = 0.3
    threshold_mismatch: NonNegativeFloat = 0.03
    noise: NonNegativeFloat = 0.2
    steps: Annotated[int, Field(ge=1, le=960)] = 96
    seed: NonNegativeInt = 0
    train_recordings: Recordings = 8
    validation_recordings: Recordings = 5
    test_recordings: Recordings = 5


def load(spec: DataSpec) -> Dataset:
    """Recordings of all scans, the scans in fixed splits; made once (seconds), then from the cache."""
    from tsearch.data.batches import recorded_dataset

    options, info = read_options(DigitsDvs, spec), describe(spec)
    content = {"format": FORMAT, "options": options.model_dump(mode="json")}
    draws = options.train_recordings > 1
    return recorded_dataset(info, content, lambda: _all_recordings(options), draws_one_per_group=draws)


def describe(spec: DataSpec) -> DatasetInfo:
    """Shape and classes, without making anything."""
    size = read_options(DigitsDvs, spec).size
    return DatasetInfo(spec.name, shape=(2, size, size), n_classes=10, is_static=False, input_class="graded")


def record(options: DigitsDvs, scans: NDArray[np.int64], n_recordings: int = 1) -> Events:
    """Recordings of the scans named by their numbers, `n_recordings` of each: the first of every scan, then the second
    of every scan, and so on. Their groups are the numbers of the scans, and their events the same whichever others are
    asked for.

    Time counts half steps, and an event lies in the middle of its step: backwards is an exact mirror image.
    """
    all_scans = digit_scans()
    images = _Images(all_scans["images"], all_scans["images"][digit_splits(all_scans["labels"])[0]])
    wanted = np.stack([np.tile(scans, n_recordings), np.repeat(np.arange(n_recordings), len(scans))], -1)
    chunks = [wanted[first : first + _CHUNK] for first in range(0, len(wanted), _CHUNK)]
    n_events, step, pixel = (
        np.concatenate(parts)
        for parts in zip(*(_recordings(options, images, chunk) for chunk in chunks), strict=True)
    )
    return Events(
        pixel=pixel,
        time=2 * step + 1,
        offsets=np.concatenate([[0], np.cumsum(n_events)]),
        labels=all_scans["labels"][wanted[:, 0]],
        start=np.zeros(len(wanted), np.int64),
        stop=np.full(len(wanted), 2 * options.steps),
        shape=(2, options.size, options.size),
        groups=wanted[:, 0].copy(),  # safetensors would write the memory under a view
    )


class _Images(NamedTuple):
    """Scans uint8 [N, 8, 8]: those that are shown, and those that drift through."""

    shown: NDArray[np.uint8]
    distractors: NDArray[np.uint8]


class _Plan(NamedTuple):
    """All that is random in one recording."""

    way: NDArray[
        np.float64
    ]  # [steps + 1, 2], centre of the digit (x, y) relative to the centre of the sensor
    distractors: NDArray[np.int64]  # [D], which scans drift through
    distractor_ways: NDArray[np.float64]  # [D, steps + 1, 2]
    threshold: NDArray[np.float32]  # [size * size], in LOG_UNIT
    noise: NDArray[np.int64]  # step * n_pixels + pixel of every noise event


def _all_recordings(options: DigitsDvs) -> list[Events]:
    numbers = options.train_recordings, options.validation_recordings, options.test_recordings
    parts = digit_splits(digit_scans()["labels"])
    return [record(options, part, number) for part, number in zip(parts, numbers, strict=True)]


def _recordings(
    options: DigitsDvs, images: _Images, wanted: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.uint16]]:
    """Of the recordings `wanted` [B, (scan, number)]: how many events each one has [B], and step and pixel of all of
    them, in the order of recording, step and pixel."""
    plans = [_plan(options, scan, number, len(images.distractors)) for scan, number in wanted.tolist()]
    light = render(
        images.shown[wanted[:, 0]], np.stack([p.way for p in plans]), options.digit_size, options.size
    )
    for d in range(options.n_distractors):
        drifting = images.distractors[[plan.distractors[d] for plan in plans]]
        ways = np.stack([plan.distractor_ways[d] for plan in plans])
        np.maximum(light, render(drifting, ways, options.distractor_size, options.size), out=light)
    changes = changes_of(log_light(light), np.stack([plan.threshold for plan in plans])).ravel()
    where, n_places = np.flatnonzero(changes != 0), options.size**2
    change, n_keys = changes[where], options.steps * 2 * n_places
    keys = where + (where // n_places + (change > 0)) * n_places  # (recording, step, polarity, place)
    noise = [plan.noise + i * n_keys for i, plan in enumerate(plans)]
    keys = np.sort(np.concatenate([np.repeat(keys, np.abs(change)), *noise]))
    recording, key = np.divmod(keys, n_keys)
    step, pixel = np.divmod(key.astype(np.int32), np.int32(2 * n_places))
    return np.bincount(recording, minlength=len(plans)), step.astype(np.uint16), pixel.astype(np.uint16)


def _plan(options: DigitsDvs, scan: int, number: int, n_distractors: int) -> _Plan:
    """What happens in recording `number` of a scan; the first one's draws are those of [seed, scan] alone, since numpy
    fills up with zeros."""
    rng, size, n = np.random.default_rng([options.seed, scan, number]), options.size, options.n_distractors
    way = _saccades(options, rng)
    angle, phase = rng.uniform(0, 2 * np.pi, n), rng.uniform(-0.3, 0.3, n)
    heading = np.stack([np.cos(angle), np.sin(angle)], -1)
    aside = np.stack([-heading[:, 1], heading[:, 0]], -1) * rng.uniform(-size / 3, size / 3, (n, 1))
    travelled = (np.linspace(-0.5, 0.5, options.steps + 1) + phase[:, None]) * 2.2 * size
    threshold = np.maximum(
        rng.normal(options.threshold, options.threshold_mismatch, size * size), 0.3 * options.threshold
    )
    n_noise = rng.poisson(options.noise * size * size)
    return _Plan(
        way=way,
        distractors=rng.integers(n_distractors, size=n),
        distractor_ways=heading[:, None] * travelled[:, :, None] + aside[:, None],
        threshold=np.rint(threshold * LOG_UNIT).astype(np.float32),
        noise=rng.integers(options.steps * 2 * size * size, size=n_noise),
    )


def _saccades(options: DigitsDvs, rng: np.random.Generator) -> NDArray[np.float64]:
    """Way of the digit [steps + 1, 2]: straight saccades, the middle of their extent near the centre."""
    first, sense = rng.uniform(0, 2 * np.pi, options.saccades), rng.choice([-1, 1])
    turns = 2 * np.pi / 3 * np.arange(options.saccades)
    angle = {"walk": first, "triangle": first[0] + sense * turns, "fixed": turns}[options.path]
    hops = np.stack([np.cos(angle), np.sin(angle)], -1) * options.saccade_length
    corners = np.concatenate([np.zeros((1, 2)), np.cumsum(hops, axis=0)])
    corners += rng.uniform(-options.jitter, options.jitter, 2) - (corners.max(0) + corners.min(0)) / 2
    moments = np.linspace(0, options.saccades, options.steps + 1)
    return np.stack(
        [np.interp(moments, np.arange(options.saccades + 1), corners[:, axis]) for axis in (0, 1)], -1
    )
