"""What happens to a network where a phase begins, before its first epoch.

All of it is a function of the weights after the phase before, of the data, and of (seed, replicate, phase prefix), so a
training that is cut there and continued from its checkpoint becomes the same network."""

from tsearch.configuration import Task
from tsearch.data import Dataset
from tsearch.networks.build import Network
from tsearch.training.conversion import convert
from tsearch.training.pruning import prune
from tsearch.training.schedule import Position


def begin_phase(network: Network, dataset: Dataset, task: Task, position: Position) -> None:
    """Make `network`, as the phase before left it, what the phase at `position` trains, in place.

    In this order: an ANN becomes a spiking network; the smallest weights become zero."""
    configuration, index = network.configuration, position.index
    if configuration.is_ann_at(index - 1) and not configuration.is_ann_at(index):
        convert(network, dataset, task, position)
    prune(network, position)
