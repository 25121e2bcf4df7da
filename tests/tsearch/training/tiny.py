"""Networks and data so small that a training takes a tenth of a second."""

import numpy as np

from tsearch.configuration import Configuration, DataSpec, Phase, Task
from tsearch.data import Dataset, DatasetInfo
from tsearch.data.batches import ImageSplit
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import Network, build, initialise
from tsearch.training.loop import Trained, train
from tsearch.training.schedule import positions

TASK = Task(data=DataSpec(name="none"))
TWO_PHASES = (Phase(timesteps=(3, 2), epochs=1), Phase(timesteps=(2, 1), epochs=4))


def _split(n: int, seed: int) -> ImageSplit:
    """Event counts in 6 x 6 pixels: class 1 has its events below, class 0 above."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    rates = np.where(np.arange(6)[None] // 3 == labels[:, None], 1.0, 0.5)[:, None, :, None]
    return ImageSplit(rng.poisson(np.broadcast_to(rates, (n, 1, 6, 6))).astype(np.float32), labels)


DATASET = Dataset(
    DatasetInfo("tiny", (1, 6, 6), 2, is_static=True, input_class="graded"),
    *(_split(32, n) for n in range(3)),
)


def configuration(schedule=TWO_PHASES, **training) -> Configuration:
    """Two stages; `training` has the values that its absence means, but for those given."""
    return Configuration(
        backbone=Vgg(widths=(3, 4), pool_after=(1,)),
        stages=(1, 1),
        schedule=schedule,
        temporal_transformer="score_mix",
        training={"batch_size": 16} | training,
    )


def trained(config, stop=None, start=0, checkpoint=None, dataset=DATASET) -> tuple[Network, Trained]:
    """The network after the epochs `start` to `stop`, and what its training gave."""
    stop = stop or config.epochs
    phase = positions(config)[stop - 1].index
    network = build(config, dataset.shape, dataset.n_classes, phase=phase)
    initialise(network, TASK.seed, TASK.replicate)
    return network, train(network, dataset, TASK, start=start, stop=stop, checkpoint=checkpoint)
