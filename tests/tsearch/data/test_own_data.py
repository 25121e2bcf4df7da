"""Data of the user's own: arrays become a data set, a function becomes `data:`, and what is wrong is one line."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hwcost import bound
from tsearch.configuration import DataSpec
from tsearch.data import describe_dataset, load_dataset
from tsearch.data.arrays import event_dataset, events_of_counts, image_dataset
from tsearch.data.dataset import SPLITS, epoch_size, groups_of
from tsearch.errors import TsearchError
from tsearch.pricing.describe import describe_network
from tsearch.pricing.extremes import reference_box
from tsearch.space.file import parse_space

IMAGES = np.arange(20 * 4, dtype=np.float64).reshape(20, 1, 2, 2) / 80
LABELS = np.arange(20) % 2


def test_fractions_are_drawn_by_class_and_leave_the_rest_to_training() -> None:
    dataset = image_dataset(IMAGES, LABELS, validation=0.2, test=0.3)
    assert [len(split) for split in (dataset.train, dataset.validation, dataset.test)] == [10, 4, 6]
    assert torch.bincount(dataset.test.labels).tolist() == [3, 3]
    assert torch.bincount(dataset.validation.labels).tolist() == [2, 2]
    everything = [
        split.batch(torch.arange(len(split)), 1)[0]
        for split in (dataset.train, dataset.validation, dataset.test)
    ]
    assert sorted(torch.cat(everything)[:, 0, 0, 0].tolist()) == pytest.approx(sorted(IMAGES[:, 0, 0, 0]))
    assert (dataset.shape, dataset.n_classes, dataset.is_static, dataset.input_class) == (
        (1, 2, 2),
        2,
        True,
        "analog",
    )


def test_indices_are_taken_as_they_are_in_their_order() -> None:
    dataset = image_dataset(IMAGES, LABELS, validation=[7, 3], test=np.array([0, 1, 2]))
    shown = dataset.validation.batch(torch.tensor([0, 1]), 4)
    assert shown.shape == (1, 2, 1, 2, 2)
    assert np.allclose(shown[0], IMAGES[[7, 3]])
    assert dataset.validation.labels.tolist() == [1, 1]
    assert len(dataset.train) == 15


def test_fractions_are_drawn_of_groups_and_divide_none() -> None:
    """Ten groups of two, of one class each: a validation split of 0.2 has two groups."""
    groups = np.repeat(np.arange(10), 2)[np.random.default_rng(0).permutation(20)]
    labels = groups % 2
    for dataset in (
        image_dataset(IMAGES, labels, validation=0.2, test=0.3, groups=groups),
        event_dataset(np.ones((20, 2, 1, 2, 2)), labels, validation=0.2, test=0.3, groups=groups),
    ):
        splits = [getattr(dataset, name) for name in SPLITS]
        assert [len(split) for split in splits] == [10, 4, 6]
        assert [len(set(groups_of(split))) for split in splits] == [5, 2, 3]
        assert all(torch.equal(split.labels, torch.from_numpy(groups_of(split) % 2)) for split in splits)
        assert len(set(np.concatenate([groups_of(split) for split in splits]))) == 10
        assert [epoch_size(split) for split in splits] == [10, 4, 6]


def test_groups_of_events_may_be_recordings_of_one_scan_that_training_draws_from() -> None:
    groups, events = np.tile(np.arange(10), 2), events_of_counts(np.ones((20, 2, 1, 2, 2)), LABELS)
    dataset = event_dataset(replace(events, groups=groups), draws_one_per_group=True)
    assert [epoch_size(getattr(dataset, name)) for name in SPLITS] == [6, 4, 4]
    assert len(dataset.train) == 12


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"groups": np.arange(19)}, "groups must be 20 whole numbers, one per sample; found int64 [19]"),
        ({"groups": np.zeros(20)}, "groups must be 20 whole numbers, one per sample; found float64 [20]"),
        (
            {"groups": np.arange(20) // 2, "test": [3, 4, 5]},
            "groups: training and test both have samples of group 1. Give all samples of a group to one of them.",
        ),
        ({"groups": np.arange(20) // 5}, "validation: 0.1 of 4 groups is 0. Give a larger part of them"),
    ],
)
def test_groups_that_do_not_fit_are_told_in_one_line(more, message: str) -> None:
    with pytest.raises(TsearchError) as caught:
        image_dataset(IMAGES, LABELS, **({"validation": 0.1, "test": 0.1} | more))
    assert message in str(caught.value)


def test_counts_of_events_come_back_at_any_coarser_step() -> None:
    counts = np.random.default_rng(0).integers(0, 3, (6, 4, 2, 3, 5))
    labels = np.array([0, 1, 2, 0, 1, 2])
    frames = events_of_counts(counts, labels).frames(np.arange(6), 4)
    assert np.array_equal(frames, counts.swapaxes(0, 1))
    dataset = event_dataset(counts, labels, validation=[0], test=[5])
    batch = dataset.test.batch(torch.tensor([0]), 2)
    assert np.array_equal(batch[:, 0].numpy(), counts[5].reshape(2, 2, 2, 3, 5).sum(1))
    assert (dataset.shape, dataset.n_classes, dataset.is_static, dataset.input_class) == (
        (2, 3, 5),
        3,
        False,
        "graded",
    )


def test_recordings_keep_their_own_labels() -> None:
    events = events_of_counts(np.ones((10, 2, 1, 1, 1), int), np.arange(10) % 5)
    assert event_dataset(events, validation=0.5, test=[0]).n_classes == 5


@pytest.mark.parametrize(
    ("images", "labels", "options", "expected"),
    [
        (IMAGES[:, 0], LABELS, {}, r"images must be \[N, C, H, W\], none of them 0; found \[20, 2, 2\]"),
        (np.full((20, 1, 2, 2), np.nan), LABELS, {}, "images hold numbers that are infinite or NaN"),
        (np.zeros((20, 1, 2, 2), np.uint8), LABELS, {}, "images are uint8; give real numbers"),
        (IMAGES.astype(str), LABELS, {}, "which are no real numbers"),
        (IMAGES, LABELS[:-1], {}, r"labels must be 20 whole numbers, one per sample; found int64 \[19\]"),
        (IMAGES, LABELS * 0.5, {}, "labels must be 20 whole numbers"),
        (IMAGES, LABELS - 1, {}, "labels from -1 to 0 do not fit"),
        (IMAGES, LABELS, {"n_classes": 1}, "labels from 0 to 1 do not fit 1 classes"),
        (IMAGES, LABELS, {"validation": 0.01}, "validation: 0.01 of 20 samples is 0"),
        (IMAGES, LABELS, {"validation": 0.5, "test": 0.5}, "leave no samples to train with"),
        (IMAGES, LABELS, {"validation": [1, 2], "test": [2]}, "share samples"),
        (IMAGES, LABELS, {"test": [20]}, "test: give a fraction of the samples, or indices from 0 to 19"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_line(images, labels, options, expected) -> None:
    with pytest.raises(TsearchError, match=expected):
        image_dataset(images, labels, **options)


def test_half_an_event_is_refused() -> None:
    with pytest.raises(TsearchError, match="whole and not below 0"):
        event_dataset(np.full((4, 1, 1, 1, 1), 0.5), [0, 1, 0, 1])
    with pytest.raises(TsearchError, match="labels: counts of events need them"):
        event_dataset(np.ones((4, 1, 1, 1, 1)))


@pytest.fixture
def module(monkeypatch):
    """A module of the user's, for functions that a test puts there."""
    made = SimpleNamespace(__file__="somebody.py")
    monkeypatch.setitem(__import__("sys").modules, "somebody", made)
    return made


def test_a_function_is_called_once_with_its_options(module) -> None:
    calls = []

    def images(width=2, root=None):
        calls.append((width, root))
        return image_dataset(np.zeros((20, 1, 2, width), np.float32), LABELS)

    module.images = images
    spec = DataSpec(name="somebody:images", root="/data", options={"width": 5})
    assert describe_dataset(spec).shape == (1, 2, 5)
    assert load_dataset(spec).name == "somebody:images"
    assert calls == [(5, "/data")]


class Split:
    """Two samples, whatever their labels and their batch are."""

    def __init__(self, labels=(0, 1), batch=None, groups=None) -> None:
        self.labels, self._batch, self.groups = torch.tensor(labels), batch, groups

    def __len__(self) -> int:
        return 2

    def batch(self, _indices, _timesteps):
        return {}["x"] if self._batch is None else self._batch


def _with(split):
    return lambda: replace(image_dataset(IMAGES, LABELS), test=split)


def _needs(speed):
    return speed


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda: 1 / 0, r"the function failed: ZeroDivisionError: division by zero \(test_own_data.py:\d+\)"),
        (lambda: [1], "it must give a tsearch.Dataset, found list"),
        (lambda: image_dataset(IMAGES[0], LABELS), "data somebody:f: images must be"),
        (_needs, "the function failed: TypeError: .*missing 1 required positional argument"),
        (_with(Split(labels=[0, 2])), "its split 'test' has labels outside 0 to 1"),
        (_with(Split(groups=[0, 0, 1])), "its split 'test' must have one group for each of its 2 samples"),
        (_with(Split(labels=[0.0, 1.0])), "must have one label, int64, for each of its 2 samples"),
        (_with(Split(batch=torch.zeros(2, 2, 1, 2, 2))), r"gives torch.float32 \[2, 2, 1, 2, 2\]"),
        (_with(Split(batch=torch.full((1, 2, 1, 2, 2), torch.nan))), "infinite or NaN"),
        (_with(Split()), "its split 'test' fails: KeyError"),
    ],
)  # fmt: skip
def test_a_function_that_gives_no_data_set_is_one_line(module, function, expected) -> None:
    module.f = function
    with pytest.raises(TsearchError, match=expected):
        load_dataset(DataSpec(name="somebody:f"))


def test_a_missing_module_or_function_is_one_line(module) -> None:
    module.recordings = None
    with pytest.raises(TsearchError, match=r"data 'somebody:recording': .* Did you mean 'recordings'\?"):
        describe_dataset(DataSpec(name="somebody:recording"))
    with pytest.raises(
        TsearchError, match=r"module 'nobody_at_all' not found\. Modules are looked for in the current"
    ):
        describe_dataset(DataSpec(name="nobody_at_all:data"))


def test_labels_with_a_gap_are_refused_unless_the_classes_are_given() -> None:
    with pytest.raises(TsearchError, match=r"labels: class 1 of 0 to 2 has no sample\. Number the classes"):
        image_dataset(IMAGES, LABELS * 2)
    assert image_dataset(IMAGES, LABELS * 2, n_classes=3).n_classes == 3
    with pytest.raises(TsearchError, match="labels: class 2 of 0 to 1000000000000 has no sample"):
        image_dataset(IMAGES, np.where(LABELS, 10**12, np.arange(20) // 2 % 2))


def test_a_training_split_of_one_class_is_refused() -> None:
    with pytest.raises(TsearchError, match="training has 2 of 20 samples, all of one class"):
        image_dataset(IMAGES, LABELS, validation=[*range(1, 20, 2)], test=[*range(0, 16, 2)])


def test_events_without_a_recording_are_refused() -> None:
    empty = events_of_counts(np.ones((4, 2, 1, 1, 1), int), np.arange(4)).select(np.zeros(0, np.int64))
    with pytest.raises(TsearchError, match="there is no recording"):
        event_dataset(empty)


def test_arguments_that_do_not_fit_point_at_the_users_function(module) -> None:
    module.f = _needs
    with pytest.raises(TsearchError, match=rf"\(test_own_data\.py:{_needs.__code__.co_firstlineno}\)"):
        load_dataset(DataSpec(name="somebody:f"))


def test_an_error_inside_a_library_points_at_the_users_line(module) -> None:
    module.f = lambda: np.linalg.inv(np.zeros((2, 2)))
    with pytest.raises(TsearchError, match=r"\(test_own_data\.py:\d+\)"):
        load_dataset(DataSpec(name="somebody:f"))


def test_the_dearest_input_is_at_least_the_fullest_recording(module) -> None:
    """A sensor of four pixels with 160 events per recording: one event per pixel and timestep would be far too few."""
    counts = np.full((20, 4, 1, 2, 2), 10)
    module.f = lambda: event_dataset(counts, LABELS)
    text = (
        "name: tiny\ndata: {name: 'somebody:f'}\nbackbone: {widths: [2], pool_after: []}\ntimesteps: [1, 2]\n"
    )
    space = parse_space(text)
    assert describe_dataset(space.data).most_events == 160
    configuration = space.baselines()[-1]
    network = describe_network(configuration, describe_dataset(space.data))
    worst = reference_box(space)[0]["energy_pj"]
    assert worst == bound(network, space.hardware.profile, input_events=160).energy_pj[1]
    assert worst > bound(network, space.hardware.profile, input_events=8).energy_pj[1]
