"""Where windows lie, and how their values become a map again (arXiv 2401.10843, its algorithm 1)."""

from collections import Counter
from itertools import chain

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from tsearch.networks.window_modules.condense import CondenseModule
from tsearch.networks.window_modules.views import by_window, cropped, mean_of_windows
from tsearch.networks.windows.geometry import windows_of
from tsearch.networks.windows.nodes import Condense


@pytest.mark.parametrize("length", [16, 8, 4])
def test_normal_windows_are_half_as_long_and_tile_the_map(length: int) -> None:
    windows = windows_of((length, length), 4, is_dilated=False)
    half = length // 2
    assert windows.size == (half, half)
    assert windows.starts == ((0, 0), (0, half), (half, 0), (half, half))
    assert set(chain(*windows.covering)) == {1}


@pytest.mark.parametrize("length", [16, 8, 4])
def test_dilated_windows_are_three_quarters_as_long_and_begin_at_0_and_a_quarter(length: int) -> None:
    windows = windows_of((length, length), 4, is_dilated=True)
    quarter = length // 4
    assert windows.size == (3 * quarter, 3 * quarter)
    assert windows.starts == ((0, 0), (0, quarter), (quarter, 0), (quarter, quarter))


def test_of_16_by_16_pixels_64_are_in_one_dilated_window_128_in_two_and_64_in_all() -> None:
    windows = windows_of((16, 16), 4, is_dilated=True)
    assert Counter(chain(*windows.covering)) == {1: 64, 2: 128, 4: 64}


def test_all_windows_of_a_map_with_one_row_lie_along_it() -> None:
    normal, dilated = (windows_of((1, 48), 4, is_dilated=d) for d in (False, True))
    assert (normal.size, normal.starts) == ((1, 12), ((0, 0), (0, 12), (0, 24), (0, 36)))
    assert (dilated.size, dilated.starts) == ((1, 18), ((0, 0), (0, 10), (0, 20), (0, 30)))
    assert windows_of((1, 48), 2, is_dilated=True).starts == ((0, 0), (0, 12))


def test_one_group_has_the_whole_map_however_its_windows_are_called() -> None:
    for is_dilated in (False, True):
        windows = windows_of((7, 5), 1, is_dilated=is_dilated)
        assert (windows.size, windows.starts) == ((7, 5), ((0, 0),))


maps = some.tuples(some.integers(1, 20), some.integers(1, 20))


@given(maps, some.sampled_from([1, 2, 4]), some.booleans())
def test_windows_cover_every_pixel_and_stay_in_the_map(
    map_: tuple[int, int], groups: int, dilated: bool
) -> None:
    windows = windows_of(map_, groups, is_dilated=dilated)
    assert windows.groups == groups
    assert min(chain(*windows.covering)) >= 1
    assert sum(chain(*windows.covering)) == groups * windows.size[0] * windows.size[1]


@given(maps, some.sampled_from([1, 2, 4]), some.booleans())
def test_condensing_the_windows_of_a_map_gives_the_map(
    map_: tuple[int, int], groups: int, dilated: bool
) -> None:
    windows, x = windows_of(map_, groups, is_dilated=dilated), torch.rand(2, 3, 4, *map_)
    torch.testing.assert_close(mean_of_windows(cropped(x, windows), windows), x)


def test_condensed_windows_are_those_of_the_papers_algorithm() -> None:
    """Columns of two windows beside each other are merged, their overlap halved, and then rows likewise."""
    windows = windows_of((8, 8), 4, is_dilated=True)
    x = torch.rand(1, 2, 4 * 3, 6, 6)
    half = (2 * 6 - 8) // 2

    def merged(a: torch.Tensor, b: torch.Tensor, axis: int) -> torch.Tensor:
        both = (a.narrow(axis, half, 2 * half) + b.narrow(axis, 0, 2 * half)) / 2
        return torch.cat([a.narrow(axis, 0, half), both, b.narrow(axis, 2 * half, half)], axis)

    g1, g2, g3, g4 = by_window(x, windows).unbind(2)
    expected = merged(merged(g1, g2, -1), merged(g3, g4, -1), -2)
    torch.testing.assert_close(mean_of_windows(x, windows), expected)


def condense(mode: str, gradient: str = "code") -> CondenseModule:
    windows = windows_of((4, 4), 4, is_dilated=True)
    shapes = {"in_shape": (8, 3, 3), "shape": (2, 4, 4)}
    settings = {"windows": windows, "mode": mode, "gradient": gradient}
    return CondenseModule(Condense(name="c", block=1, sources=("s",), **shapes, **settings))


def spikes() -> torch.Tensor:
    drawn = torch.rand(1, 20, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    return (drawn < 0.3).float().requires_grad_()


@pytest.mark.parametrize("threshold", [0.1, 0.2])
def test_either_published_region_threshold_is_the_or_of_the_windows(threshold: float) -> None:
    means = condense("fractional")(spikes(), 1)
    assert torch.equal(condense("or")(spikes(), 1), torch.where(means > threshold, 1.0, means))
    assert set(condense("or")(spikes(), 1).unique().tolist()) == {0.0, 1.0}


def test_median_spikes_are_quarters() -> None:
    assert set(condense("fractional")(spikes(), 1).unique().tolist()) == {0.0, 0.25, 0.5, 0.75, 1.0}


def gradient_of(module: CondenseModule) -> tuple[torch.Tensor, torch.Tensor]:
    x = spikes()
    module(x, 1).sum().backward()
    return x, x.grad


def test_the_gradient_of_the_code_is_blocked_where_a_window_fired_and_that_of_the_mean_elsewhere() -> None:
    x, gradient = gradient_of(condense("or"))
    _, through = gradient_of(condense("or", "straight_through"))
    _, of_mean = gradient_of(condense("fractional"))
    assert torch.equal(through, of_mean)
    assert set(of_mean.unique().tolist()) == {0.25, 0.5, 1.0}
    silent = cropped(condense("fractional")(x, 1), condense("or").node.windows) == 0
    assert torch.equal(gradient, torch.where(silent, of_mean, 0.0))
