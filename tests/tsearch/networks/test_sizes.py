"""Networks of the papers by their settings: parameters, products, neurons and prices that are known from elsewhere."""

from math import prod

import pytest
import torch

from hwcost import LayerSpec, SpikeRecord, estimate, n_padded_synapses, n_synapses
from hwcost.activity.constant import constant_spikes
from tsearch.configuration import Configuration, Hardware, Phase
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones.resnet import ResNet18, ResNet20
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.networks.plan import Neuron
from tsearch.pricing.describe import describe_network
from tsearch.pricing.price import twin_metrics

CIFAR = DatasetInfo("cifar", (3, 32, 32), 10, is_static=True, input_class="analog")
EVENTS = DatasetInfo("events", (2, 48, 48), 10, is_static=False, input_class="graded")
IF = Neuron(tau=1e30)
VGG16 = Vgg(
    widths=(64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512),
    pool_after=(2, 4, 7, 10),
    dense=(4096, 4096),
    norm="none",
)
VGG6 = Vgg(widths=(64, 128, 128), pool_after=(1, 3), dense=(4096, 4096), norm="none")
VGG9 = Vgg(widths=(64, 128, 256, 256, 512, 512, 512, 512), pool_after=(2, 4, 6, 8))


def one_stage(backbone, timesteps=1) -> Configuration:
    return Configuration(
        backbone=backbone,
        stages=(backbone.depth,),
        schedule=(Phase(timesteps=(timesteps,), epochs=1),),
        neuron=IF,
    )


def weighted(backbone, data=CIFAR) -> list[LayerSpec]:
    """Layers with weights of their own, shortcuts of another shape left out."""
    layers = describe_network(one_stage(backbone), data).layers
    return [layer for layer in layers if layer.kind in ("conv2d", "linear")]


def products(backbone, data=CIFAR) -> int:
    return sum(map(n_padded_synapses, weighted(backbone, data)))


@pytest.mark.parametrize(
    ("backbone", "millions"), [(VGG16, 338.4), (VGG6, 108.8), (ResNet20(norm="none"), 215.7)]
)
def test_networks_of_iir_snn_have_their_products(backbone, millions) -> None:
    assert products(backbone) == pytest.approx(millions * 1e6, abs=0.05e6)


def test_vgg16_of_iir_snn_has_its_layers_neurons_and_no_biases() -> None:
    plan = VGG16.plan(CIFAR.shape, 10, IF)
    neurons = {node.name: n for node, n in plan.neurons()}
    assert len(neurons) == 15
    assert sum(neurons.values()) == 284_672
    assert plan.readout.n_features == 4096
    layers = weighted(VGG16)
    assert n_padded_synapses(layers[0]) == 1_769_472
    assert not any(layer.bias for layer in layers)
    of_layers = [prod(layer.kernel) * layer.in_shape[0] * layer.out_shape[0] for layer in layers[:-1]]
    assert plan.n_parameters == sum(of_layers) + 4096 * 10


def test_vgg9_at_event_resolution_has_its_parameters_and_products() -> None:
    """9.27 M parameters with biases of convolutions: 9 219 904 and 46 090, BatchNorm 5 504; 1 361.6 M products."""
    plan = VGG9.plan(EVENTS.shape, 10, IF)
    assert plan.n_parameters == 9_219_904 + 46_090
    network = build(one_stage(VGG9), EVENTS.shape, 10)
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert sum(p.numel() for norm in norms for p in norm.parameters()) == 5_504
    found = [n_padded_synapses(layer) / 1e6 for layer in weighted(VGG9, EVENTS)[:-1]]
    assert found == pytest.approx([2.65, 169.9, 169.9, 339.7, 169.9, 339.7, 84.9, 84.9], abs=0.06)
    assert products(VGG9, EVENTS) == pytest.approx(1_361.6e6, rel=1e-3)


def test_resnet18_at_event_resolution_has_the_layers_of_its_literature() -> None:
    """Two channels in place of three: 576 weights fewer than the 11 173 962 parameters for CIFAR-10; the convolutions
    have 9/4 the products, but for those of the stem."""
    network = build(one_stage(ResNet18()), EVENTS.shape, 10)
    assert sum(p.numel() for p in network.parameters()) == 11_173_962 - 64 * 9
    stem, *others = [layer for layer in weighted(ResNet18(), EVENTS) if layer.kind == "conv2d"]
    theirs = [layer for layer in weighted(ResNet18()) if layer.kind == "conv2d"]
    assert sum(map(n_padded_synapses, others)) * 4 == 9 * sum(map(n_padded_synapses, theirs[1:]))
    assert n_padded_synapses(stem) == 48 * 48 * 64 * 2 * 9


def test_a_dense_layer_counts_as_a_linear_one() -> None:
    """A spike meets every neuron of the next layer: as many synapses, and under spikes as many operations."""
    spec = describe_network(one_stage(Vgg(widths=(3,), pool_after=(), dense=(5,)), 2), CIFAR)
    dense = spec.layer("block2")
    linear = LayerSpec(
        name="l", kind="linear", stage=0, in_shape=(3 * 32 * 32,), out_shape=(5,), neuron="if",
        in_class="binary", bias=True,
    )  # fmt: skip
    assert n_synapses(dense) == n_padded_synapses(dense) == n_synapses(linear) == 3 * 32 * 32 * 5
    assert (dense.n_parameters, dense.n_biases) == (linear.n_parameters, linear.n_biases)
    record = SpikeRecord({layer.name: constant_spikes(spec, layer, 0.5, 2) for layer in spec.layers}, 2)
    cost = estimate(spec, record, "45nm_paper_simple")
    n_spikes = sum(map(sum, record.layers["block2"].events))
    assert cost.count("synaptic_operation", "block2") == 5 * n_spikes / 2


@pytest.mark.parametrize(
    "backbone", [Vgg(norm="none", dense=(6,)), ResNet20(width=4, blocks=(1,), norm="none")]
)
def test_without_batch_norm_there_are_weights_alone(backbone) -> None:
    network = build(one_stage(backbone), (3, 8, 8), 10)
    names = [name for name, _ in network.named_parameters()]
    assert all(name.endswith("weight") and "norm" not in name for name in names)
    assert sum(p.numel() for p in network.parameters()) == network.plan.n_parameters


def test_weights_start_with_the_deviations_that_are_written_down() -> None:
    network = build(one_stage(Vgg(widths=(32,), pool_after=(), dense=(300,), norm="none")), (3, 8, 8), 10)
    initialise(network, 0, 0)
    convolution, dense = (network.blocks[n]["main"].conv.weight for n in "12")
    assert convolution.std().item() == pytest.approx((2 / (9 * 32)) ** 0.5, rel=0.1)
    assert dense.std().item() == pytest.approx((2 / (32 * 64)) ** 0.5, rel=0.01)


def energy(backbone, timesteps: int, profile: str, rate: float = 1.0):
    spec = describe_network(one_stage(backbone, timesteps), CIFAR)
    spikes = {layer.name: constant_spikes(spec, layer, rate, 1) for layer in spec.layers}
    return spec, estimate(spec, SpikeRecord(spikes, 1), profile, execution="lock_step")


def test_every_neuron_once_costs_a_product_in_the_first_layer_and_sums_in_all_others() -> None:
    spec, cost = energy(Vgg(widths=(3, 4, 5), pool_after=(), dense=(6,), norm="none"), 1, "45nm_paper_simple")
    first, *others = map(n_synapses, spec.layers)
    assert cost.total_pj == pytest.approx(4.6 * first + 0.9 * sum(others), rel=1e-12)


def test_vgg16_as_an_ann_takes_1_557_millijoules_of_products() -> None:
    assert 4.6 * products(VGG16) == pytest.approx(1.557e9, rel=1e-3)
    assert 4.6 * sum(map(n_synapses, weighted(VGG16))) == pytest.approx(
        twin_metrics(describe_network(one_stage(VGG16), CIFAR), Hardware(profile="45nm_paper_simple"))[
            "dense_energy_pj"
        ]
    )


def test_at_one_timestep_no_membrane_is_read_or_written() -> None:
    """Also where membranes do leave the array between timesteps."""
    traffic = [energy(Vgg(norm="none"), t, "45nm_memory", 0.5)[1].by_kind()["membrane"] for t in (1, 2, 3)]
    assert traffic[0] == 0
    assert 0 < traffic[1] < traffic[2]
