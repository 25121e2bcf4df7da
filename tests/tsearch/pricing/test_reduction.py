"""Pruned and quantised networks are priced as they are: by brute force, and within their bounds."""

from math import prod

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from hwcost import bound, estimate, fan_out_classes
from hwcost.network.fan_out import fan_in, n_synapses
from hwcost.network.pruning import kept_weights
from tsearch.configuration import Configuration, Phase
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones.resnet import ResNet18
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.networks.plan import Pool
from tsearch.pricing.describe import describe_network
from tsearch.pricing.price import cost_metrics
from tsearch.pricing.record import Recorder
from tsearch.pricing.reduction import largest_reduction, reduction_of, smallest_reduction
from tsearch.training.pruning import prune
from tsearch.training.schedule import positions

INFO = DatasetInfo("toy", (2, 7, 6), 5, is_static=False, input_class="graded")
FRAMES = torch.randint(0, 4, (4, 6, *INFO.shape), generator=torch.Generator().manual_seed(0)).float()
BACKBONES = (Vgg(widths=(4, 6, 5), pool_after=(1,)), ResNet18(width=3, blocks=(1, 1)))


def pruned(backbone, sparsity: float, bits: int, scope: str = "layer", seed: int = 0):
    phase = Phase(timesteps=(4,), epochs=1, sparsity=sparsity, weight_bits=bits, pruning=scope)
    config = Configuration(backbone=backbone, stages=(backbone.depth,), schedule=(phase,))
    network = build(config, INFO.shape, INFO.n_classes, is_static=False)
    initialise(network, seed, 0)
    prune(network, positions(config)[0])
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2.5)
    return network.eval()


def counted(network):
    reduction = reduction_of(network, (4,))
    spec = describe_network(network.configuration, INFO, None, reduction)
    recorder, seen = Recorder(spec, network.plan), {}

    def observe(name: str, value: torch.Tensor) -> None:
        recorder(name, value)
        seen[name] = value.clone()

    with torch.no_grad():
        network.run(FRAMES, (4,), observe)
    recorder.add_samples(FRAMES.shape[1])
    return spec, recorder.record(), seen


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize(("sparsity", "bits"), [(0.6, 32), (0.9, 32), (0.5, 4), (0.5, 2)])
def test_counted_sops_equal_brute_force_on_the_actual_spikes_and_zeros(
    backbone, sparsity: float, bits: int
) -> None:
    """A convolution with ones where the weights that are multiplied are not zero meets every kept synapse once."""
    network = pruned(backbone, sparsity, bits)
    spec, record, seen = counted(network)
    for name, layer in network.weighted().items():
        node, (source, *_) = network.plan.by_name[name], network.plan.by_name[name].sources
        reads = network.plan.by_name.get(source)
        arriving = (seen[source].double() * (prod(reads.kernel) if isinstance(reads, Pool) else 1)).round()
        there, priced = (layer.multiplied != 0).double(), spec.layer(name)
        if name == "head":  # of the readout, zeros are stored like other numbers
            assert priced.kept == ""
            met = arriving.sum().item() * len(there)
        else:
            assert priced.n_parameters == int(there.sum())
            assert int(there.sum()) <= there.numel() - round(sparsity * there.numel())
            met = (
                functional.conv2d(arriving.flatten(0, 1), there, None, node.stride, node.padding).sum().item()
            )
        counts, (fan_outs, _) = record.layers[name], fan_out_classes(priced)
        assert (np.array(counts.sums or counts.events) @ fan_outs).sum() == met, name
        assert met > 0


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(BACKBONES),
    st.sampled_from([0.05, 0.5, 0.95]),
    st.sampled_from([32, 4, 2]),
    st.sampled_from(["layer", "network"]),
    st.integers(0, 99),
    st.sampled_from(["45nm_memory", "45nm_paper_simple", "spinnaker2"]),
)
def test_bounds_hold_for_every_pruned_network(backbone, sparsity, bits, scope, seed, profile) -> None:
    hypothesis.assume(profile != "spinnaker2" or backbone is BACKBONES[0])  # its cores add no currents
    network = pruned(backbone, sparsity, bits, scope, seed)
    spec, record, _ = counted(network)
    config, plan = network.configuration, network.plan
    assume = {"weight_bits": 8} if bits == 32 and profile == "spinnaker2" else None

    def bounds(reduction):
        return bound(describe_network(config, INFO, None, reduction), profile, assume=assume)

    found = cost_metrics(estimate(spec, record, profile, assume=assume))
    low = cost_metrics(bounds(largest_reduction(config, plan)).low)
    high = cost_metrics(bounds(smallest_reduction(config, plan)).high)
    for name in ("energy_pj", "latency_s", "footprint_bits"):
        assert low[name] <= found[name] * (1 + 1e-12), name
        assert found[name] <= high[name] * (1 + 1e-12), name


def test_the_largest_reduction_keeps_what_pruning_keeps_where_the_fewest_positions_read_it() -> None:
    network = pruned(BACKBONES[0], 0.9, 32)
    spec = describe_network(
        network.configuration, INFO, None, largest_reduction(network.configuration, network.plan)
    )
    actual = counted(network)[0]
    for name in ("block1", "block2", "block3"):
        assert spec.layer(name).n_parameters == actual.layer(name).n_parameters
        assert n_synapses(spec.layer(name)) <= n_synapses(actual.layer(name))
        assert fan_in(spec.layer(name)) <= fan_in(actual.layer(name))
    corner = kept_weights(spec.layer("block1"))[:, :, [0, 0, 2, 2], [0, 2, 0, 2]]
    assert int(corner.sum()) == spec.layer("block1").n_parameters  # corners are read least
