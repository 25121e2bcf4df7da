"""What a record says of how channels and samples differ, against the record of whole maps."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hwcost import SpikeRecord
from hwcost.network.kinds import WEIGHTED
from tsearch.configuration import Configuration, Phase
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.pricing.describe import describe_network
from tsearch.pricing.record import Recorder

INFO = DatasetInfo("toy", (2, 8, 8), 5, is_static=False, input_class="graded", most_events_per_pixel=3)


@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("timesteps", [(4, 4), (4, 2)])
def test_a_record_of_a_pass_equals_that_of_its_maps(pooling: str, timesteps: tuple[int, ...]) -> None:
    configuration = Configuration(
        backbone=Vgg(widths=(4, 6, 5), pool_after=(1, 2), pool=pooling),
        stages=(1, 2),
        schedule=(Phase(timesteps=timesteps, epochs=1),),
    )
    network = build(configuration, INFO.shape, INFO.n_classes)
    initialise(network, 0, 0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5)
    frames = torch.randint(0, 4, (timesteps[0], 7, *INFO.shape), generator=torch.Generator().manual_seed(1))
    frames[:, :2] = 0  # samples that are silent, or nearly so
    spec, seen = describe_network(configuration, INFO), {}
    recorder = Recorder(spec, network.plan)

    def watch(name: str, values: torch.Tensor) -> None:
        seen.setdefault(name, []).append(values.clone())
        recorder(name, values)

    with torch.no_grad():
        for batch in ([0, 1, 2, 3], [4], [5, 6]):
            network.eval().run(frames[:, batch].float(), timesteps, watch)
            recorder.add_samples(len(batch))
    maps = {name: torch.cat(values, 1).transpose(0, 1) for name, values in seen.items()}
    arriving = {}
    for layer in spec.layers:
        source = spec.source(layer)
        values = maps[source.name if source else "input"] * (4 if layer.in_max == 4 else 1)
        arriving[layer.name] = np.rint(values.reshape(*values.shape[:2], *layer.in_shape).numpy()).astype(int)
    sent = {layer.name: maps[layer.name].numpy() for layer in spec.layers if layer.neuron}
    whole = SpikeRecord.from_maps(spec, arriving, sent)
    without = {
        name: spikes if spec.layer(name).kind in WEIGHTED else replace(spikes, channels=(), channel_events=())
        for name, spikes in whole.layers.items()
    }  # of a pool, channels do not matter
    assert recorder.record() == SpikeRecord(without, 7)
