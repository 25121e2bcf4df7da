"""Augmentation, against loops over samples."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import pad

from tsearch.configuration import Training
from tsearch.training.augment import augmented, mixed_up, moved, pixel_sources

SHAPE = (3, 40, 2, 5, 6)  # [T, B, C, H, W]


def frames(shape=SHAPE) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(1, 9, shape).astype(np.float32))


def with_setting(seed=0, x=None, input_class="graded", **setting) -> torch.Tensor:
    training = Training.model_validate({"shift": 0, "shift_per": "sample"} | setting)
    return augmented(frames() if x is None else x, training, np.random.default_rng(seed), input_class)


def shifted(image: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """`image` [..., H, W] rolled, with zeros where it came around the edge."""
    rolled = torch.roll(image, (rows, columns), (-2, -1))
    height, width = image.shape[-2:]
    rolled[..., : max(rows, 0), :] = rolled[..., height + min(rows, 0) :, :] = 0
    rolled[..., : max(columns, 0)] = rolled[..., width + min(columns, 0) :] = 0
    return rolled


def test_every_sample_is_shifted_by_itself_and_zeros_come_in() -> None:
    x, way = frames(), np.random.default_rng(7).integers(-2, 3, (40, 2, 1))
    result = with_setting(seed=7, shift=2)
    assert len(np.unique(way, axis=0)) > 10
    for b, (rows, columns) in enumerate(way[:, :, 0]):
        assert torch.equal(result[:, b], shifted(x[:, b], int(rows), int(columns)))


def test_a_frame_of_one_row_moves_along_it_alone() -> None:
    x = torch.arange(1.0, 9).expand(1, 40, 1, 1, 8)
    result = with_setting(shift=3, x=x)
    assert len(torch.unique(result, dim=1)[0]) == 7
    for b in range(40):
        assert any(torch.equal(result[:, b], shifted(x[:, b], 0, way)) for way in range(-3, 4))
    column = with_setting(shift=3, x=x.transpose(3, 4))
    assert torch.equal(column.sum((0, 2, 3, 4)) > 0, torch.ones(40, dtype=torch.bool))


def test_a_shift_of_the_batch_rolls_it_as_before() -> None:
    rows, columns = np.random.default_rng(3).integers(-2, 3, 2)
    result = with_setting(seed=3, shift=2, shift_per="batch")
    assert torch.equal(result, torch.roll(frames(), (int(rows), int(columns)), (-2, -1)))


def test_about_as_many_samples_are_mirrored_as_asked_for_and_the_others_stay() -> None:
    x, result = frames(), with_setting(flip=0.3)
    is_mirrored = [torch.equal(result[:, b], x[:, b].flip(-1)) for b in range(40)]
    is_same = [torch.equal(result[:, b], x[:, b]) for b in range(40)]
    assert all(a != b for a, b in zip(is_mirrored, is_same, strict=True))
    assert 4 <= sum(is_mirrored) <= 22  # 12 +- 2.9


@pytest.mark.parametrize("side", [1, 3, 50])
def test_a_cutout_is_one_square_of_zeros_at_all_timesteps(side: int) -> None:
    x, result = frames(), with_setting(cutout=side)
    for b in range(40):
        is_cut = result[:, b] == 0
        rows, columns = is_cut[0, 0].any(1), is_cut[0, 0].any(0)
        assert torch.equal(is_cut, (rows[:, None] & columns).expand_as(is_cut))
        assert 1 <= rows.sum() <= side
        assert 1 <= columns.sum() <= side
        assert torch.equal(result[:, b][~is_cut], x[:, b][~is_cut])
    if side > 11:
        assert not result.any()


def test_a_crop_shows_a_window_of_the_frame_in_order() -> None:
    x = torch.arange(30.0).view(1, 1, 1, 5, 6).expand(*SHAPE[:3], 5, 6)
    result = with_setting(crop=0.5, x=x)
    rows, columns = (result // 6), result % 6
    for b in range(40):
        assert (rows[0, b, 0] == rows[0, b, 0, :, :1]).all()
        assert (columns[0, b, 0] == columns[0, b, 0, :1]).all()
    for places, n in ((rows[0, :, 0, :, 0], 5), (columns[0, :, 0, 0], 6)):
        steps = places.diff(dim=1)
        assert set(steps.unique().tolist()) == {0, 1}  # neighbours stay neighbours, some are shown twice
        assert (places[:, -1] - places[:, 0]).min() >= n // 2 - 1
        assert places.min() == 0
        assert places.max() == n - 1


def test_crop_flip_and_shift_of_nothing_are_the_frame_itself() -> None:
    sources = pixel_sources(SHAPE, Training.model_validate({"cutout": 0}), np.random.default_rng(0))
    assert (sources == np.arange(30)).all()
    assert torch.equal(moved(frames(), sources), frames())


def test_dropped_events_follow_the_binomial_distribution() -> None:
    """Of 1,000 events in every pixel, a sample keeps a part that is its own, between 1 - 0.4 and 1."""
    x = torch.full((1, 200, 1, 10, 10), 1000.0)
    result = with_setting(event_drop=0.4, x=x)
    parts = result.mean((0, 2, 3, 4)) / 1000
    assert torch.equal(result, result.round())
    assert 0.59 < parts.min() < 0.63
    assert 0.97 < parts.max() <= 1
    assert parts.mean().item() == pytest.approx(0.8, abs=4 * 0.4 / (12 * 200) ** 0.5)
    within = result.var((0, 2, 3, 4)) / (1000 * parts * (1 - parts))
    assert within.mean().item() == pytest.approx(1, abs=0.1)


def test_of_images_values_are_dropped_whole() -> None:
    x = torch.full((1, 50, 1, 10, 10), 0.7)
    result = with_setting(event_drop=0.9, x=x, input_class="analog")
    assert set(result.unique().tolist()) == {0.0, x[0, 0, 0, 0, 0].item()}


def test_mixing_is_linear_in_frames_and_keeps_both_labels() -> None:
    x, labels = frames(), torch.arange(40) % 10
    mixed, both = mixed_up(x, labels, 0.5, np.random.default_rng(1))
    rng = np.random.default_rng(1)
    share, partners = rng.beta(0.5, 0.5), torch.from_numpy(rng.permutation(40))
    torch.testing.assert_close(mixed, share * x + (1 - share) * x[:, partners])
    assert both.share == share
    assert torch.equal(both.others, labels[partners])
    assert mixed_up(x, labels, 0.0, rng)[1].others is None


settings_of_places = st.fixed_dictionaries(
    {
        "shift": st.integers(0, 4),
        "flip": st.sampled_from([0, 0.5, 0.99]),
        "cutout": st.integers(0, 4),
        "crop": st.sampled_from([0, 0.2, 0.5]),
    }
)


@given(settings_of_places, st.integers(0, 1000))
def test_timesteps_and_channels_of_a_sample_move_alike(setting: dict[str, float], seed: int) -> None:
    """Frames that are equal at all timesteps and in all channels stay so; values come from the frame, or are zero."""
    one = torch.from_numpy(np.random.default_rng(1).random((1, 6, 1, 5, 6)).astype(np.float32)) + 1
    result = with_setting(seed, one.expand(3, 6, 2, 5, 6), "analog", **setting)
    assert torch.equal(result, result[:1, :, :1].expand(3, 6, 2, 5, 6))
    for b in range(6):
        assert set(result[:, b].unique().tolist()) <= {0.0, *one[0, b].unique().tolist()}


@given(settings_of_places, st.sampled_from([0, 0.3, 0.9]), st.integers(0, 1000))
def test_events_never_become_more_without_a_crop(setting: dict[str, float], drop: float, seed: int) -> None:
    """Of every sample, timestep and polarity; they stay whole numbers. A crop enlarges what it shows."""
    result = with_setting(seed, event_drop=drop, **(setting | {"crop": 0}))
    assert (result.sum((3, 4)) <= frames().sum((3, 4))).all()
    assert torch.equal(result, result.round())
    assert result.min() >= 0


@given(st.integers(1, 4), st.integers(0, 1000))
def test_a_shift_is_a_random_crop_of_the_padded_image(most: int, seed: int) -> None:
    """The augmentation of CIFAR in the papers: pad by `shift` zeros, then cut a frame out."""
    x = frames((1, 8, 3, 5, 6))
    result, padded = with_setting(seed, x, "analog", shift=most), pad(x, (most,) * 4)
    for b in range(8):
        windows = padded[:, b].unfold(-2, 5, 1).unfold(-2, 6, 1)  # [1, C, rows, columns, H, W]
        assert (windows == result[:, b, :, None, None]).all(-1).all(-1).all(1).any()


def test_what_is_off_draws_nothing() -> None:
    rng, untouched = np.random.default_rng(5), np.random.default_rng(5)
    training = Training.model_validate({"shift_per": "sample", "shift": 0})
    assert torch.equal(augmented(frames(), training, rng, "graded"), frames())
    assert rng.random() == untouched.random()
