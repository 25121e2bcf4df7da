"""What masked networks execute, counted where it happens, against what `hwcost` counts from their description and their
record; and what follows for energies and average timesteps."""

from math import prod

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from masked_networks import (
    BACKBONES,
    N_SAMPLES,
    SPIKFORMER,
    configured,
    frames,
    info,
    lively,
    masked_networks,
    prefix,
)
from torch.nn import functional

from hwcost import SpikeRecord, estimate
from hwcost.network.fan_out import n_synapses
from tsearch.networks.attention import AttentionModule
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.modules import ConvolutionModule, FiringModule, PoolModule
from tsearch.pricing.describe import describe_network
from tsearch.pricing.events import events_of
from tsearch.pricing.record import Recorder
from tsearch.pricing.reduction import Reduction, reduction_of

PROFILE = "45nm_memory"  # unary events, every neuron updated at every step that runs


class Executed:
    """What every layer was given and how often its neurons were stepped, in one pass; its record and its cost."""

    def __init__(self, network) -> None:
        timesteps = network.configuration.timesteps
        self.spec = describe_network(
            network.configuration, info(network), None, reduction_of(network, timesteps)
        )
        self.given: dict[str, tuple[torch.Tensor, ...]] = {}
        self.steps: dict[str, int] = {}
        self.modules = {m.node.name: m for m in network.modules() if isinstance(m, FiringModule)}
        for module in self.modules.values():
            self._watch(module)
        recorder = Recorder(self.spec, network.plan)
        with torch.no_grad():
            network.run(frames(network), timesteps, recorder)
        recorder.add_samples(N_SAMPLES)
        self.record = recorder.record()
        self.cost = estimate(self.spec, self.record, PROFILE)

    def counted(self, item: str, name: str) -> float:
        """How often `hwcost` says that it happened, in all samples."""
        return self.cost.count(item, name) * N_SAMPLES

    def _watch(self, module) -> None:
        name, current, fired = module.node.name, module.current, module.fired

        def watched_current(*values):
            self.given[name] = values
            return current(*values)

        def watched_fired(value, timesteps, norm):
            self.steps[name] = timesteps
            return fired(value, timesteps, norm)

        module.current, module.fired = watched_current, watched_fired


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(masked_networks())
def test_every_operation_that_is_executed_is_counted_and_no_other_one(network) -> None:
    executed = Executed(network)
    scales = events_of(executed.spec)
    for name, module in executed.modules.items():
        layer, values = executed.spec.layer(name), executed.given.get(name, ())
        if executed.spec.mixes(layer):
            continue
        if module.node.neuron is not None:
            updates = executed.steps[name] * N_SAMPLES * layer.n_outputs
            assert executed.counted("neuron_update", name) == updates, name
        if isinstance(module, ConvolutionModule):
            source = executed.spec.source(layer)
            scale = 1 if source is None else scales[source.name].scale
            numbers = [torch.ones_like(x) if layer.is_analog else x * scale for x in values]
            item = "synapse_mac" if layer.is_analog else "synaptic_operation"
            assert executed.counted(item, name) == pytest.approx(sum(met(x, module.node) for x in numbers))
        elif isinstance(module, PoolModule) and layer.in_class == "binary":
            item = "pool_add" if module.node.mode == "average" else "pool_or"
            assert executed.counted(item, name) == pytest.approx(sum(met(x, module.node) for x in values))
        elif isinstance(module, AttentionModule):
            check_attention(executed, name, module.node, *values)


def check_attention(executed, name, node, *values) -> None:
    """One row per event of Q and V, and the scores of every head written at the steps that are executed."""
    query, _, value = values
    tokens = prod(node.shape[1:])
    assert executed.counted("attention_ac", name) == tokens * float(query.sum() + value.sum())
    assert executed.counted("activation_write", name) == len(query) * N_SAMPLES * node.heads * tokens**2


def met(x: torch.Tensor, node) -> float:
    """Existing synapses, or windows, that the values `x` [T, B, C, H, W] meet, each as often as its value says."""
    groups = node.groups if hasattr(node, "groups") else node.shape[0]
    ones = torch.ones(node.shape[0], node.in_shape[0] // groups, *node.kernel, dtype=torch.float64)
    found = functional.conv2d(
        x.flatten(0, 1).double(), ones, stride=node.stride, padding=node.padding, groups=groups
    )
    return found.sum().item()


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(masked_networks())
def test_the_record_is_that_of_the_network_that_computes_every_step_and_masks(network) -> None:
    """Counts of what leaves neurons and of what arrives at steps that run; per sample and channel too."""
    skipped = Executed(network)
    dense = Recorder(skipped.spec, network.plan)
    timesteps = network.configuration.timesteps
    with torch.no_grad():
        network.run(frames(network), timesteps, dense, skips=False)
    dense.add_samples(N_SAMPLES)
    whole = dense.record()
    for layer in skipped.spec.layers:
        found, expected = skipped.record.layers[layer.name], whole.layers[layer.name]
        assert found.outputs == expected.outputs, layer.name
        runs = layer.mask or (1,) * skipped.spec.timesteps(layer)
        if skipped.spec.input_timesteps(layer) == len(runs) and layer.kind != "attention":
            for a, b, active in zip(found.events, expected.events, runs, strict=False):
                assert not active or a == b, layer.name
        assert found.per_sample is None or found.per_sample.busy == expected.per_sample.busy, layer.name


def test_11_the_average_by_mac_is_that_of_the_steps_that_products_and_membranes_run() -> None:
    network = lively(configured(BACKBONES[1], (5,)), is_static=False)
    active = dict(zip(("block1", "block2", "block3", "block4"), (5, 2, 4, 1), strict=True))
    network.timestep_masks.hold({name: prefix(n, 5) for name, n in active.items()})
    executed = Executed(network)
    steps = active | {"head": 1}  # reads as long as its input goes on
    macs = {}
    for name in steps:
        layer = executed.spec.layer(name)
        macs[name] = prod(layer.out_shape) * layer.in_shape[0] * prod(layer.kernel or (1,))
    mean = executed.cost.mean_timesteps
    assert executed.steps == active | {"pool1": 2}
    assert mean.by_stage == mean.by_layer == sum(active.values()) / 4
    assert mean.by_mac == pytest.approx(sum(steps[n] * macs[n] for n in macs) / sum(macs.values()))


@pytest.mark.parametrize(
    ("profile", "backbone"),
    [("45nm_paper_simple", SPIKFORMER), *(("45nm_memory", backbone) for backbone in BACKBONES)],
)
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_12_energy_never_falls_when_a_layer_runs_a_step_more_or_rates_rise(profile, backbone, data) -> None:
    configuration = configured(backbone, (4,))
    network = lively(configuration, is_static=True)
    names = [node.name for node, _ in network.plan.neurons()]
    steps = {name: data.draw(st.integers(1, 4)) for name in names}
    longer = data.draw(st.sampled_from(names))
    rates = sorted(data.draw(st.tuples(*[st.sampled_from((0.0, 0.125, 0.5, 1.0))] * 2)))

    def energy(active: dict[str, int], rate: float) -> float:
        reduction = Reduction({name: prefix(n, 4) for name, n in active.items()})
        spec = describe_network(configuration, info(network), None, reduction)
        return estimate(spec, SpikeRecord.constant(spec, rate, 8), profile).total_pj

    less = energy(steps, rates[0])
    assert energy(steps, rates[1]) >= less - 1e-6
    assert energy(steps | {longer: min(steps[longer] + 1, 4)}, rates[0]) >= less - 1e-6


def test_12_with_every_step_and_every_spike_energy_is_one_mac_or_ac_per_synapse_and_step() -> None:
    """k F_1 E_MAC + E_AC T (F_2 + ...), with k = T where the first layer is computed anew at every step, else 1."""
    network = lively(configured(Vgg(widths=(3, 4), pool_after=()), (4,)), is_static=True)
    spec = describe_network(network.configuration, info(network))
    first, *others = (n_synapses(layer) for layer in spec.layers)
    cost = estimate(spec, SpikeRecord.full(spec), "45nm_paper_simple")
    assert cost.total_pj == pytest.approx(4 * first * 4.6 + 4 * sum(others) * 0.9)
    assert estimate(spec, SpikeRecord.full(spec), PROFILE).count("synapse_mac", "block1") == first
