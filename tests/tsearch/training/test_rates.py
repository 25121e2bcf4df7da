"""`rate_weight`: what is penalised is what the cost model counts, and training lowers it."""

import pytest
import tiny
import torch
from tiny import configuration
from torch.nn import functional

from hwcost import estimate
from tsearch.configuration import Configuration, Phase
from tsearch.data import Dataset
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.pricing.describe import describe_network
from tsearch.pricing.record import Recorder
from tsearch.pricing.reduction import reduction_of
from tsearch.training import epoch
from tsearch.training.pruning import prune
from tsearch.training.rates import SynapticOperations
from tsearch.training.schedule import positions

INFO = DatasetInfo("toy", (2, 7, 6), 5, is_static=True, input_class="analog")
IMAGES = torch.rand(1, 6, *INFO.shape, generator=torch.Generator().manual_seed(0))
# the tiny images, as numbers
IMAGE_SET = Dataset(
    DatasetInfo("images", (1, 6, 6), 2, is_static=True, input_class="analog"),
    *(tiny.DATASET.train, tiny.DATASET.validation, tiny.DATASET.test),
)


def trained(config, **cut):
    return tiny.trained(config, dataset=IMAGE_SET, **cut)


def lively(timesteps=(3,), sparsity=0.0, pool="max", pool_after=()):
    phase = Phase(timesteps=timesteps, epochs=1, sparsity=sparsity)
    backbone = Vgg(widths=(4, 5, 6), pool_after=pool_after, pool=pool)
    stages = (3,) if len(timesteps) == 1 else (1, 2)
    network = build(Configuration(backbone=backbone, stages=stages, schedule=(phase,)), INFO.shape, 5)
    initialise(network, 0, 0)
    prune(network, positions(network.configuration)[0])
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2)
    return network.eval()


def seen_by(network, observer) -> None:
    network.run(IMAGES, network.configuration.timesteps, observer)


@pytest.mark.parametrize("sparsity", [0.0, 0.7])
def test_what_is_penalised_is_the_sop_that_the_cost_model_counts(sparsity: float) -> None:
    network = lively(sparsity=sparsity)
    spec = describe_network(network.configuration, INFO, None, reduction_of(network, (3,)))
    recorder, operations = Recorder(spec, network.plan), SynapticOperations(network, INFO, (3,))
    with torch.no_grad():
        seen_by(network, recorder)
        seen_by(network, operations)
    recorder.add_samples(IMAGES.shape[1])
    sop = estimate(spec, recorder.record(), "45nm_memory").sop
    n_synapses = 0.0
    for name in ("block2", "block3"):  # every existing synapse once: kept weights over a map of ones
        kept = (network.weighted()[name].weight != 0).double()
        n_synapses += (
            functional.conv2d(torch.ones(1, kept.shape[1], 7, 6).double(), kept, padding=1).sum().item()
        )
    n_synapses += 6 * 7 * 6 * 5
    assert operations.part().item() == pytest.approx(sop / (3 * n_synapses), rel=1e-5)
    assert 0.02 < sop / (3 * n_synapses) < 1
    assert operations.part().item() == 0  # every batch by itself


def test_spikes_count_with_what_is_behind_pools_and_boundaries() -> None:
    """By brute force: spikes meet the weights behind the pool, and those before the boundary count."""
    network, seen = lively((4, 2), pool="average", pool_after=(1,)), {}
    operations = SynapticOperations(network, INFO, (4, 2))
    with torch.no_grad():
        seen_by(network, operations)
        seen_by(network, lambda name, value: seen.__setitem__(name, value.clone()))

    def met(events: torch.Tensor, channels: int) -> float:
        ones = torch.ones(channels, events.shape[2], 3, 3)
        return functional.conv2d(events.flatten(0, 1), ones, padding=1).sum().item()

    pooled, spikes = seen["pool1"] * 4, seen["block2"]
    taken = met(pooled, 5) + met(spikes, 6) + 5 * seen["block3"].sum().item()
    most = met(torch.full_like(pooled, 4), 5) + met(torch.ones_like(spikes), 6) + 5 * seen["block3"].numel()
    assert (len(pooled), len(spikes)) == (4, 2)
    assert operations.part().item() == pytest.approx(taken / most, rel=1e-5)


def test_the_penalty_has_a_gradient_that_lowers_spikes() -> None:
    network = lively()
    operations = SynapticOperations(network, INFO, (3,))
    seen_by(network, operations)
    before = operations.part()
    before.backward()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.grad is not None:
                parameter -= 0.5 * parameter.grad / (parameter.grad.norm() + 1e-9)
    seen_by(network, operations)
    assert operations.part().item() < before.item()


def test_training_with_a_penalty_lowers_operations_and_without_one_counts_none(monkeypatch) -> None:
    schedule = (Phase(timesteps=(3, 2), epochs=20),)
    heavy = configuration(schedule, learning_rate=0.05, rate_weight=20.0)
    penalised, _ = trained(heavy)
    monkeypatch.setattr(epoch, "SynapticOperations", None)  # would fail if it were called
    plain, _ = trained(configuration(schedule, learning_rate=0.05))
    part = {}
    for name, network in (("penalised", penalised), ("plain", plain)):
        operations = SynapticOperations(network.eval(), IMAGE_SET, (3, 2))
        with torch.no_grad():
            network.run(IMAGE_SET.validation.batch(torch.arange(32), 3), (3, 2), operations)
        part[name] = operations.part().item()
    assert part["penalised"] < 0.5 * part["plain"]


def test_a_penalised_training_cut_in_two_ends_with_the_same_bits() -> None:
    config = configuration(rate_weight=0.3)
    whole = trained(config)[1].checkpoint
    first = trained(config, stop=3)[1].checkpoint
    second = trained(config, start=3, checkpoint=first)[1].checkpoint
    assert whole == second
