"""What the cost model is told about a configuration."""

import warnings

import pytest
import torch

from hwcost import SpikeRecord, estimate, n_padded_synapses
from tsearch.configuration import Configuration, Phase
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build
from tsearch.pricing.bounds import bound_of
from tsearch.pricing.describe import describe_network
from tsearch.pricing.extremes import cost_range, reference_box
from tsearch.pricing.price import cost_metrics
from tsearch.space.file import load_space, parse_space

STATIC = DatasetInfo("toy", (3, 12, 10), 7, is_static=True, input_class="analog")
EVENTS = DatasetInfo("toy", (2, 12, 10), 7, is_static=False, input_class="graded")
BACKBONE = Vgg(widths=(8, 12, 16), pool_after=(1, 3))


def configuration(stages=(1, 2), timesteps=(4, 2), **more) -> Configuration:
    return Configuration(
        backbone=BACKBONE, stages=stages, schedule=(Phase(timesteps=timesteps, epochs=1),), **more
    )


def test_fvcore_counts_the_same_multiplications_of_the_dense_twin() -> None:
    """fvcore counts taps on padding and one multiplication per MAC; it knows nothing of time, so T=1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fvcore.nn import FlopCountAnalysis

        config = configuration((3,), (1,))
        network = build(config, STATIC.shape, STATIC.n_classes, for_inference=True).eval()
        analysis = FlopCountAnalysis(network, torch.rand(1, 1, *STATIC.shape)).unsupported_ops_warnings(False)
        counted = analysis.by_operator()
    spec = describe_network(config, STATIC)
    weighted = [layer for layer in spec.layers if layer.kind in ("conv2d", "linear")]
    assert counted["conv"] + counted["linear"] == sum(n_padded_synapses(layer) for layer in weighted)


def test_shapes_are_those_of_the_real_network() -> None:
    seen = {}
    config = configuration()
    network = build(config, EVENTS.shape, EVENTS.n_classes).eval()
    with torch.no_grad():
        network.run(
            torch.zeros(4, 2, *EVENTS.shape), config.timesteps, lambda n, v: seen.__setitem__(n, v.shape)
        )
    spec = describe_network(config, EVENTS)
    for name in ("block1", "block2", "block3"):
        layer = spec.layer(name)
        (source,) = network.plan.by_name[name].sources
        assert seen[source] == (spec.input_timesteps(layer), 2, *layer.in_shape)
        assert seen[name] == (spec.timesteps(layer), 2, *layer.out_shape)
    assert seen["pool3"][2:].numel() == spec.layer("head").n_inputs


def test_direct_encoding_is_priced_once_and_events_are_accumulated() -> None:
    static, events = describe_network(configuration(), STATIC), describe_network(configuration(), EVENTS)
    assert static.layer("block1").constant_input
    assert static.layer("block1").is_analog
    assert not events.layer("block1").constant_input
    simple = estimate(static, SpikeRecord.empty(static), "45nm_memory")
    assert simple.count("mac", "block1") <= n_padded_synapses(static.layer("block1"))


def test_membrane_state_costs_nothing_at_one_timestep() -> None:
    """Nor at several that the array works through at once."""
    for timesteps, execution, is_free in (
        (1, "lock_step", True), (2, "lock_step", False), (2, "layer_serial", True), (20, "layer_serial", False)
    ):  # fmt: skip
        spec = describe_network(configuration((3,), (timesteps,)), EVENTS)
        record = SpikeRecord.constant(spec, 0.1, 1000)
        kinds = estimate(spec, record, "45nm_memory", execution).by_kind()
        assert (kinds.get("membrane", 0) == 0) == is_free


@pytest.mark.parametrize("name", ["digits", "digits_dvs", "nmnist", "nmnist_playback"])
def test_the_box_of_the_hypervolume_holds_every_cost(name: str) -> None:
    space = load_space(name)
    worst, best = reference_box(space)
    assert worst["accuracy"] < best["accuracy"] == 1
    for cost in ("energy_pj", "latency_s"):
        assert 0 < best[cost] < worst[cost]
    spans = cost_range(space)
    assert spans["smallest"]["energy_pj"][0] == best["energy_pj"]
    assert spans["largest"]["energy_pj"][1] == worst["energy_pj"]


@pytest.mark.parametrize(
    "backbone",
    [
        "{name: spikformer, width: 16, layers: 1, heads: 2, pools: [[1, 2], [1], []]}",  # as many weights each
        "{name: windowed, width: 4, depths: [1, 1], groups: [4, 1, 2], windows: [normal, dilated]}",
        "{name: windowed, width: 4, depths: [1, 1], core: [cnn, lstm, rnn, mlp]}",
    ],
)
def test_the_box_holds_the_uniform_networks_of_every_backbone_nearly(backbone: str) -> None:
    """Its ends are the networks at the ends of three measures of size, which may not be quite those of cost."""
    space = parse_space(f"name: s\ndata: {{name: digits}}\nbackbone: {backbone}\ntimesteps: [1, 2]\n")
    worst, best = space.reference_box()
    for configuration in space.baselines():
        bounds = bound_of(space, configuration)
        low, high = cost_metrics(bounds.low), cost_metrics(bounds.high)
        for name in ("energy_pj", "latency_s"):
            assert best[name] <= low[name] * 1.05
            assert high[name] <= worst[name] * 1.2
