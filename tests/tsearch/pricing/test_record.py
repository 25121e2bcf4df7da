"""The recorder against brute force, in any batch composition."""

import shutil

import numpy as np
import pytest
import torch
from torch.nn import functional

from hwcost import SpikeRecord, fan_out_classes
from tsearch.configuration import Configuration, Phase
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.networks.neuron.compiler import compiling
from tsearch.pricing.describe import describe_network
from tsearch.pricing.record import Recorder
from tsearch.pricing.tally import EventClassError

INFO = DatasetInfo("toy", (2, 7, 6), 5, is_static=False, input_class="graded")
CONFIGURATION = Configuration(
    backbone=Vgg(widths=(4, 6, 5), pool_after=(1, 2)),
    stages=(1, 2),
    schedule=(Phase(timesteps=(4, 2), epochs=1),),
)
N_SAMPLES = 12


@pytest.fixture(scope="module")
def network():
    built = build(CONFIGURATION, INFO.shape, INFO.n_classes)
    initialise(built, 0, 0)
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.mul_(1.5)  # livelier
    return built.eval()


@pytest.fixture(scope="module")
def frames() -> torch.Tensor:
    return torch.randint(
        0, 4, (4, N_SAMPLES, *INFO.shape), generator=torch.Generator().manual_seed(0)
    ).float()


def recorded(network, frames: torch.Tensor, batches: list[list[int]]) -> SpikeRecord:
    recorder = Recorder(describe_network(CONFIGURATION, INFO), network.plan)
    with torch.no_grad():
        for batch in batches:
            network.run(frames[:, batch], CONFIGURATION.timesteps, recorder)
            recorder.add_samples(len(batch))
    return recorder.record()


def test_any_batch_composition_gives_the_same_record(network, frames) -> None:
    whole = recorded(network, frames, [list(range(N_SAMPLES))])
    order = np.random.default_rng(0).permutation(N_SAMPLES).tolist()
    assert recorded(network, frames, [order[:5], order[5:6], order[6:]]) == whole
    assert recorded(network, frames, [order[:5]]) + recorded(network, frames, [order[5:]]) == whole


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
def test_compiled_counting_gives_the_same_record_and_checks_as_much(network, frames) -> None:
    whole = recorded(network, frames, [list(range(N_SAMPLES))])
    with compiling(True):
        assert recorded(network, frames, [list(range(5)), list(range(5, N_SAMPLES))]) == whole
        for wrong in (frames + 0.5, frames - 1, frames * torch.nan):
            with pytest.raises(EventClassError, match="layer 'block1'"):
                recorded(network, wrong, [list(range(N_SAMPLES))])


def test_spikes_that_no_window_covers_are_counted_in_their_own_class(network, frames) -> None:
    """7 x 6 pixels under windows of 2 x 2: the last row reaches no synapse."""
    seen = {}
    with torch.no_grad():
        network.run(
            frames, CONFIGURATION.timesteps, lambda name, values: seen.__setitem__(name, values.clone())
        )
    record, spec = recorded(network, frames, [list(range(N_SAMPLES))]), describe_network(CONFIGURATION, INFO)
    spikes, (fan_outs, _) = seen["block1"], fan_out_classes(spec.layer("pool1"))
    last_row = spikes[..., 6, :].sum((1, 2, 3))
    assert fan_outs.tolist() == [0, 1]
    assert torch.tensor(record.layers["pool1"].events)[:, 0].tolist() == last_row.tolist()
    assert record.layers["block1"].outputs == tuple(spikes.sum((1, 2, 3, 4)).int().tolist())


def test_synaptic_operations_equal_a_convolution_of_ones(network, frames) -> None:
    """SOP of a layer = sum of a zero-padded convolution of its events with ones: brute force over synapses."""
    seen = {}
    with torch.no_grad():
        network.run(
            frames, CONFIGURATION.timesteps, lambda name, values: seen.__setitem__(name, values.clone())
        )
    record, spec = recorded(network, frames, [list(range(N_SAMPLES))]), describe_network(CONFIGURATION, INFO)
    for name, scale in (("block1", 1), ("block2", 4), ("block3", 4)):
        layer = spec.layer(name)
        events = (seen[network.plan.by_name[name].sources[0]] * scale).flatten(0, 1).double()
        ones = torch.ones(layer.out_shape[0], layer.in_shape[0], 3, 3, dtype=torch.float64)
        brute = functional.conv2d(events, ones, padding=1).sum().item()
        ours = sum(
            sum(n * v for n, v in zip(row, fan_out_classes(layer)[0].tolist(), strict=True))
            for row in record.layers[name].sums
        )
        assert ours == brute > 0
    assert sum(record.layers["block2"].outputs) == seen["block2"].sum().item()
    assert len(record.layers["block2"].outputs) == 2
    assert (
        len(record.layers["block2"].events) == 4
    )  # at the boundary, events arrive with the timesteps of the stage before
    assert sum(map(sum, record.layers["pool1"].events)) == seen["block1"].sum().item()


def test_events_that_contradict_the_declared_class_are_refused(network, frames) -> None:
    with pytest.raises(EventClassError, match="layer 'block1' declares graded events up to"):
        recorded(network, frames + 0.5, [[0]])
    with pytest.raises(EventClassError, match="saw values from -1"):
        recorded(network, frames - 1, [list(range(N_SAMPLES))])
