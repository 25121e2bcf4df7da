"""Execution that leaves out masked timesteps, against execution that computes all of them and masks. The numbers are
those of the unit tests in section B8 of our notes on DTSS-style masks (arXiv 2311.16456)."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from masked_networks import (
    N_SAMPLES,
    SPIKFORMER,
    Bare,
    configured,
    frames,
    lively,
    masked_networks,
    prefix,
)
from torch.nn import functional

from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.modules import ConvolutionModule, FiringModule, SumModule
from tsearch.networks.neuron import fire

QUICK = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])


def run(network, **how):
    """Logits, and every value that was seen."""
    seen = {}
    with torch.no_grad():
        timesteps = network.configuration.timesteps
        logits = network.run(frames(network), timesteps, seen.__setitem__, **how).logits
    return logits, seen


@QUICK
@given(masked_networks())
def test_8_logits_without_the_masked_steps_equal_those_of_all_steps(network) -> None:
    skipped, seen = run(network)
    dense, all_seen = run(network, skips=False)
    assert torch.allclose(skipped, dense, rtol=0, atol=1e-6)
    assert seen.keys() == all_seen.keys()
    for name, value in seen.items():
        n_steps = len(value)
        if n_steps > 1 or len(all_seen[name]) == 1:
            assert torch.equal(value, all_seen[name][:n_steps]), name


@QUICK
@given(masked_networks())
def test_7_what_a_layer_gives_at_masked_steps_is_zero_and_behind_the_last_one_not_even_there(network) -> None:
    (_, seen), (_, all_seen) = run(network), run(network, skips=False)
    masks = network.masks(network.configuration.timesteps)
    for name, mask in masks.items():
        last = max(t for t, active in enumerate(mask, 1) if active)
        assert len(seen[name]) == last
        for values in (seen[name], all_seen[name]):
            assert not any(step.any() for step, active in zip(values, mask, strict=False) if not active)


def test_the_networks_of_these_tests_spike_and_masks_change_their_answer() -> None:
    network = lively(configured(SPIKFORMER, (4,)), is_static=True)
    whole, seen = run(network)
    assert all(0 < seen[node.name].mean() < 1 for node, _ in network.plan.neurons())
    network.timestep_masks.hold({node.name: prefix(2, 4) for node, _ in network.plan.neurons()})
    assert not torch.allclose(run(network)[0], whole, atol=1e-2)


class Calls:
    """Steps times samples that products and membranes of every layer see."""

    def __init__(self, network, monkeypatch) -> None:
        self.products: dict[str, int] = {}
        self.membranes: dict[str, int] = {}
        self._names = {id(m): m.node.name for m in network.modules() if isinstance(m, FiringModule)}
        self._running = ""
        for module in network.modules():
            if isinstance(module, FiringModule):
                self._watch(module, monkeypatch)

    def _watch(self, module, monkeypatch) -> None:
        name, current, fired = module.node.name, module.current, module.fired

        def counted_current(*values):
            self.products[name] = self.products.get(name, 0) + len(values[0])
            return current(*values)

        def counted_fired(value, timesteps, norm):
            if module.node.neuron is not None:
                self.membranes[name] = self.membranes.get(name, 0) + timesteps
            return fired(value, timesteps, norm)

        monkeypatch.setattr(module, "current", counted_current)
        monkeypatch.setattr(module, "fired", counted_fired)


def test_7_no_product_or_membrane_behind_a_layers_last_step_and_no_product_without_input(monkeypatch) -> None:
    network = lively(configured(Vgg(widths=(3, 4, 5), pool_after=(1,)), (6,)), is_static=False)
    active = {"block1": 2, "block2": 5, "block3": 4}
    network.timestep_masks.hold({name: prefix(n, 6) for name, n in active.items()})
    calls = Calls(network, monkeypatch)
    run(network)
    assert calls.products == {"block1": 2, "pool1": 2, "block2": 2, "block3": 4}
    assert calls.membranes == active


def test_7_convolutions_see_only_the_images_of_steps_that_run(monkeypatch) -> None:
    """The same at the lowest level: what reaches torch's convolution."""
    network = lively(configured(Vgg(widths=(3, 4), pool_after=()), (6,)), is_static=False)
    network.timestep_masks.hold({"block1": prefix(3, 6), "block2": prefix(2, 6)})
    seen, convolve = [], functional.conv2d
    monkeypatch.setattr(
        functional, "conv2d", lambda x, *args, **kwargs: seen.append(len(x)) or convolve(x, *args, **kwargs)
    )
    run(network)
    assert seen == [3 * N_SAMPLES, 2 * N_SAMPLES]


def test_13_the_first_convolution_sees_an_image_once_and_gives_what_the_repeated_image_gives(
    monkeypatch,
) -> None:
    network = lively(configured(SPIKFORMER, (4,)), is_static=True)
    network.timestep_masks.hold({node.name: prefix(3, 4) for node, _ in network.plan.neurons()})
    image = frames(network)
    with torch.no_grad():
        repeated = network.run(image.expand(4, *image.shape[1:]), (4,)).logits
        calls = Calls(network, monkeypatch)
        once = network.run(image, (4,)).logits
    assert calls.products["block1.conv1"] == 1
    assert calls.membranes["block1.conv1"] == 3
    assert torch.allclose(once, repeated, rtol=0, atol=1e-6)


def test_an_attention_multiplies_only_while_queries_keys_and_values_are_there(monkeypatch) -> None:
    network = lively(configured(SPIKFORMER, (5,)), is_static=False)
    masks = {node.name: prefix(5, 5) for node, _ in network.plan.neurons()}
    active = {"query": 5, "key": 3, "value": 2, "attention": 4, "projection": 5}
    masks |= {f"block2.{name}": prefix(n, 5) for name, n in active.items()}
    network.timestep_masks.hold(masks)
    calls = Calls(network, monkeypatch)
    _, seen = run(network)
    assert (calls.products["block2.attention"], calls.membranes["block2.attention"]) == (2, 4)
    assert (calls.products["block2.projection"], calls.membranes["block2.projection"]) == (4, 5)
    assert len(seen["block2.sum"]) == 5


def test_14_where_values_are_masked_nothing_drives_the_neurons_behind_the_attention() -> None:
    network = lively(configured(SPIKFORMER, (5,)), is_static=False)
    masks = {node.name: prefix(5, 5) for node, _ in network.plan.neurons()}
    network.timestep_masks.hold(masks | {"block2.value": prefix(2, 5)})
    attention = network.module_of(network.plan.by_name["block2.attention"])
    currents, fired = [], attention.fired
    attention.fired = lambda current, *rest: currents.append(current) or fired(current, *rest)
    run(network, skips=False)
    assert currents[0][:2].any()
    assert not currents[0][2:].any()


def test_what_gives_nothing_where_nothing_arrives_is_not_multiplied_further(monkeypatch) -> None:
    """Behind the last event, a convolution without a bias gives zeros, which the next one need not read."""
    network = lively(configured(Bare(), (5,)), is_static=False)
    network.timestep_masks.hold({"block1": prefix(2, 5), "block2.last": prefix(4, 5)})
    calls = Calls(network, monkeypatch)
    run(network)
    assert calls.products == {"block1": 2, "block2.between": 2, "block2.last": 2}
    assert calls.membranes == {"block1": 2, "block2.last": 4}


@pytest.mark.parametrize("lengths", [(1, 3), (3, 1), (2, 2), (3, 0)])
def test_a_masked_branch_adds_nothing_to_a_sum(lengths) -> None:
    """The sum is the longer of both from where the shorter one ends."""
    from tsearch.networks.skipping import computed
    from tsearch.networks.steps import Steps

    network = lively(configured(SPIKFORMER, (3,)), is_static=False)
    module = network.module_of(network.plan.by_name["block2.sum"])
    assert isinstance(module, SumModule)
    branch, shortcut = (torch.rand(n, 2, *module.node.shape) for n in lengths)
    n_steps = max(lengths)
    found = computed(module, [branch, shortcut], Steps(3, n_steps, n_steps, constant_sources=(False, False)))
    whole = torch.zeros(n_steps, 2, *module.node.shape)
    whole[: lengths[0]] += branch
    whole[: lengths[1]] += shortcut
    assert torch.equal(found, whole)


class Difference(SumModule):
    """Of two values, in place of their sum."""

    def current(self, *values):
        branch, shortcut = values
        return branch - shortcut


@pytest.mark.parametrize("lengths", [(1, 3), (3, 1), (2, 2)])
def test_a_module_that_joins_values_in_its_own_way_gets_zeros_where_one_of_them_ends(lengths) -> None:
    from tsearch.networks.skipping import computed
    from tsearch.networks.steps import Steps

    node = lively(configured(SPIKFORMER, (3,)), is_static=False).plan.by_name["block2.sum"]
    branch, shortcut = (torch.rand(n, 2, *node.shape) for n in lengths)
    n_steps = max(lengths)
    steps = Steps(3, n_steps, n_steps, constant_sources=(False, False))
    whole = torch.zeros(n_steps, 2, *node.shape)
    whole[: lengths[0]] += branch
    whole[: lengths[1]] -= shortcut
    assert torch.equal(computed(Difference(node), [branch, shortcut], steps), whole)


class Turned(ConvolutionModule):
    """Gives its spikes in the reverse order of time."""

    def forward(self, x, timesteps):
        return super().forward(x, timesteps).flip(0)


def test_a_module_with_a_forward_of_its_own_is_run_by_it() -> None:
    from tsearch.networks.skipping import computed
    from tsearch.networks.steps import Steps

    node = lively(configured(SPIKFORMER, (4,)), is_static=False).plan.by_name["block1.conv4"]
    module, value = Turned(node).eval(), torch.rand(2, 3, *node.in_shape)
    whole = module(torch.cat([value, torch.zeros_like(value)]), 4)
    assert whole.any()
    assert torch.equal(computed(module, [value], Steps(4, 3, 2, constant_sources=(False,))), whole[:3])


class Adding(FiringModule):
    """Adds up over time what it gets: no step is independent of the others, so it says nothing of silence."""

    def forward(self, value, timesteps):
        assert len(value) == timesteps
        return fire(value.cumsum(0), timesteps, self.node.neuron)


def test_a_module_that_may_do_anything_with_time_gets_all_steps() -> None:
    from tsearch.networks.skipping import computed
    from tsearch.networks.steps import Steps

    node = lively(configured(SPIKFORMER, (4,)), is_static=False).plan.by_name["block1.conv4"]
    value = torch.rand(2, 3, *node.shape)
    found = computed(Adding(node), [value], Steps(4, 3, 2, constant_sources=(False,)))
    whole = torch.cat([value, torch.zeros_like(value)])
    assert torch.equal(found, Adding(node)(whole, 4)[:3])


def test_10_masks_that_turn_nothing_off_leave_every_bit() -> None:
    plain = lively(configured(SPIKFORMER, (4,)), is_static=True)
    masked = lively(configured(SPIKFORMER, (4,)), is_static=True)
    masked.timestep_masks.hold({node.name: (1,) * 4 for node, _ in masked.plan.neurons()})
    assert torch.equal(run(plain)[0], run(masked)[0])
