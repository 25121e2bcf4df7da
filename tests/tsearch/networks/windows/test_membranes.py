"""Membranes that go from group to group, against the equations written down a second time, group by group."""

from math import pi

import pytest
import torch
from torch import Tensor

from tsearch.networks.backbones.windowed import PAPER_NEURON
from tsearch.networks.neuron import fire
from tsearch.networks.plan import Neuron
from tsearch.networks.window_modules.membranes import GroupMembranesModule, GroupSpikesModule
from tsearch.networks.windows.geometry import windows_of
from tsearch.networks.windows.nodes import GroupMembranes, GroupSpikes

FEATURES, SIZE = 3, 3
WINDOWS = {groups: windows_of((4, 4), groups, is_dilated=True) for groups in (1, 2, 4)}


def membranes(route: str, groups: int = 4, neuron: Neuron = PAPER_NEURON, fusion: str = "product"):
    windows = WINDOWS[groups]
    node = GroupMembranes(
        name="m",
        block=1,
        sources=("i",),
        shape=(groups * FEATURES, *windows.size),
        windows=windows,
        dynamics=neuron,
        route=route,
        fusion=fusion,
        theta=0.5,
    )
    return GroupMembranesModule(node)


def drawn(timesteps: int, groups: int = 4, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(timesteps, 2, groups * FEATURES, *WINDOWS[groups].size, generator=generator)


def drawn_map(timesteps: int = 1) -> Tensor:
    return torch.randn(timesteps, 2, FEATURES, 4, 4, generator=torch.Generator().manual_seed(9))


def parts(x: Tensor) -> list[Tensor]:
    """The groups of [T, B, 4 * FEATURES, 3, 3]."""
    return list(x.split(FEATURES, dim=2))


def regions(m: Tensor) -> list[Tensor]:
    """The four dilated windows of a map of 4 x 4 pixels."""
    return [m[..., y : y + SIZE, x : x + SIZE] for y in (0, 1) for x in (0, 1)]


def omega(a: Tensor, b: Tensor) -> Tensor:
    return 2 * torch.sin(pi / 4 * a) * torch.cos(pi / 4 * b)


def test_the_first_layer_adds_four_tenths_of_the_group_before_and_resets_nothing() -> None:
    """u_p = .4 u_(p-1) + I_p, also where u_(p-1) fired."""
    current = drawn(1)
    found, expected, before = parts(membranes("group")(current, 1)), [], 0.0
    for i in parts(current):
        before = 0.4 * before + i
        expected.append(before)
    torch.testing.assert_close(found, expected)
    assert (found[0] > 0.5).any()


def test_the_second_layer_takes_the_projection_of_both_layers_one_group_earlier() -> None:
    """m2 <- .4 omega(m1 of p - 1, m2 of p - 1) + I_p, and I_1 alone at first."""
    current, first = drawn(1), drawn(1, seed=1)
    found, lower = parts(membranes("lagged")(current, first, 1)), parts(first)
    m = parts(current)[0]
    expected = [m]
    for p in range(1, 4):
        m = 0.4 * omega(lower[p - 1], m) + parts(current)[p]
        expected.append(m)
    torch.testing.assert_close(found, expected)


def test_the_lstm_takes_regions_of_the_map_of_membranes_in_the_order_of_the_code() -> None:
    current, m = drawn(1), drawn_map()
    (m1, m2, m3, m4), i = regions(m), parts(current)
    first = 0.4 * omega(m1, m2) + i[0]
    second = 0.4 * omega(first, m2) + i[1]
    third = 0.4 * omega(m3, second) + i[2]
    fourth = 0.4 * omega(m4, third) + i[3]
    torch.testing.assert_close(parts(membranes("crossed")(current, m, 1)), [first, second, third, fourth])


def test_the_literal_route_projects_the_group_before_and_the_same_region_of_the_layer_before() -> None:
    current, m = drawn(1), drawn_map()
    before = 0.4 * regions(m)[0] + parts(current)[0]
    expected = [before]
    for region, i in list(zip(regions(m), parts(current), strict=True))[1:]:
        before = 0.4 * omega(before, region) + i
        expected.append(before)
    torch.testing.assert_close(parts(membranes("literal")(current, m, 1)), expected)


@pytest.mark.parametrize("route", ["crossed", "literal"])
def test_without_a_layer_before_its_membranes_are_zero(route: str) -> None:
    current, module = drawn(1), membranes(route)
    torch.testing.assert_close(module(current, 1), module(current, torch.zeros_like(drawn_map()), 1))


@pytest.mark.parametrize("route", ["group", "lagged", "crossed", "literal"])
def test_a_group_depends_on_those_before_it_and_on_none_behind(route: str) -> None:
    current, module = drawn(1), membranes(route, fusion="sum")
    lower = {"group": [], "lagged": [drawn(1, seed=1)]}.get(route, [drawn_map()])
    plain = parts(module(current, *lower, 1))
    for p in range(4):
        other = current.clone()
        parts(other)[p].zero_()
        changed = [not torch.equal(a, b) for a, b in zip(plain, parts(module(other, *lower, 1)), strict=True)]
        assert changed == [False] * p + [True] * (4 - p)


def test_the_order_of_groups_matters() -> None:
    current, module = drawn(1), membranes("group")
    turned = torch.cat(parts(current)[::-1], dim=2)
    assert not torch.allclose(parts(module(current, 1))[0], parts(module(turned, 1))[3])


@pytest.mark.parametrize("route", ["group", "lagged", "crossed", "literal"])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_one_timestep_of_several_is_the_paper_at_the_first_and_adds_the_own_membrane_after(
    route: str, groups: int
) -> None:
    """m[t, p] = .4 (inflow + m[t - 1, p] where it has not fired) + I[t, p]: with the own membrane as a current of its
    own, one timestep gives the same."""
    current = drawn(3, groups)
    lower = {"group": [], "lagged": [drawn(3, groups, 1)]}.get(route, [drawn_map(3)])
    module = membranes(route, groups)
    found, kept = module(current, *lower, 3), torch.zeros_like(current[:1])
    for t in range(3):
        now = [x[t : t + 1] for x in lower]
        one = module(current[t : t + 1] + 0.4 * kept, *now, 1)
        torch.testing.assert_close(found[t : t + 1], one)
        kept = one.masked_fill(one >= 0.5, 0.0)
    assert found[0].abs().sum() > 0


@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("timesteps", [1, 4])
def test_one_group_without_a_layer_before_is_a_lif_layer(reset: str, timesteps: int) -> None:
    """Spikes, and gradients of the currents."""
    neuron = PAPER_NEURON.model_copy(update={"reset": reset})
    node = GroupSpikes(name="s", block=1, sources=("m",), shape=(3, 4, 4), windows=WINDOWS[1], neuron=neuron)
    module, spiking = membranes("group", 1, neuron), GroupSpikesModule(node)
    weights = drawn(timesteps, 1, seed=5)
    results = []
    for layer in (
        lambda x: spiking(module(x, timesteps), timesteps),
        lambda x: fire(x, timesteps, neuron),
    ):
        current = drawn(timesteps, 1).requires_grad_()
        spikes = layer(current)
        (spikes * weights).sum().backward()
        results.append((spikes.detach(), current.grad))
    torch.testing.assert_close(*results)
    assert 0 < results[0][0].mean() < 1


def test_the_surrogate_of_the_papers_neuron_is_1_where_the_membrane_is_between_0_and_1() -> None:
    u = torch.tensor([-0.1, 0.0, 0.01, 0.3, 0.5, 0.7, 0.99, 1.0, 1.1], requires_grad=True)
    node = GroupSpikes(
        name="s", block=1, sources=("m",), shape=(9, 1, 1), windows=WINDOWS[1], neuron=PAPER_NEURON
    )
    spikes = GroupSpikesModule(node)(u.view(1, 1, 9, 1, 1), 1)
    spikes.sum().backward()
    assert spikes.flatten().tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert u.grad.tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]


def test_no_gradient_goes_through_a_hard_reset() -> None:
    current = torch.full((2, 1, 3, 4, 4), 0.6, requires_grad=True)
    membranes("group", 1)(current, 2)[1].sum().backward()
    assert current.grad[0].abs().sum() == 0
    assert current.grad[1].eq(1).all()
