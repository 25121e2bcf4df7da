"""Training: epochs `start` to `stop` of a configuration's schedule.

Every random number comes from (seed, replicate, hash of the phase prefix, epoch), so a training that is cut
in two, continued elsewhere, or shares its first phases with another one sees the same numbers."""

from dataclasses import dataclass

from tsearch.configuration import Task
from tsearch.data import Dataset
from tsearch.errors import TsearchError
from tsearch.networks.build import Network
from tsearch.networks.weights import Loaded, load_weights
from tsearch.training.checkpoints import (
    pack,
    restore_optimizers,
    unpack_kept,
    unpack_training_weights,
    unpack_weights,
)
from tsearch.training.epoch import train_epoch
from tsearch.training.initial import take_initial
from tsearch.training.keeping import (
    NOTHING_KEPT,
    changes_weights,
    completed,
    copied_weights,
    keep,
    take_kept,
)
from tsearch.training.optimizer import make_optimizers
from tsearch.training.schedule import positions
from tsearch.training.transition import begin_phase


@dataclass(frozen=True)
class Trained:
    """What `train` gives back: one entry of losses per epoch, a checkpoint to continue from, and what became of initial
    weights, where the configuration names any."""

    curve: tuple[dict[str, float], ...]
    checkpoint: bytes
    loaded: Loaded | None = None


def train(
    network: Network,
    dataset: Dataset,
    task: Task,
    *,
    stop: int,
    checkpoint: bytes | None = None,
    start: int = 0,
) -> Trained:
    """Train `network` from epoch `start` (the state in `checkpoint`) up to epoch `stop` of its schedule, in
    place. It ends with the weights that `training.keep` names; the checkpoint holds those too that training goes on
    with.

    A phase starts with a new optimizer and a full learning-rate cycle from the weights of the one before, as
    `begin_phase` makes them ready. Temporal transformers, early classifiers and masks that the checkpoint does not have
    yet, because later phases need them, start as they are.

    Raises: TrainingDivergedError if the loss is no longer a finite number; TsearchError if the checkpoint is of a later
    epoch than `stop`; ValueError if the network is made for other phases than those up to `stop`, whose weights alone
    belong into its checkpoint.
    """
    configuration = network.configuration
    if start > stop:
        raise TsearchError(
            f"the checkpoint was trained for {start} epochs, which cannot become {stop}. "
            "Continue an earlier one, or train from the beginning."
        )
    if network.phase != positions(configuration)[stop - 1].index:
        raise ValueError(f"the network is made for phase {network.phase + 1}, but training stops elsewhere")
    epochs, curve = positions(configuration), []
    loaded = take_initial(network)  # also under a checkpoint, for parts that it does not have yet
    if checkpoint is not None:
        network.enter(epochs[max(start - 1, 0)].index)
    if checkpoint is not None and start == stop:
        load_weights(network, unpack_weights(checkpoint))
        return Trained((), checkpoint, loaded)
    if checkpoint is not None:
        new = ("boundaries", "kept", "timestep_masks", *(("early_classifiers",) if network.is_ann else ()))
        load_weights(network, unpack_training_weights(checkpoint), may_be_new=new)
    for number, position in enumerate(epochs[start:stop], start):
        network.set_weight_bits(position.phase.weight_bits)
        network.is_pruned = position.phase.sparsity > 0
        if position.epoch == 0:
            begin_phase(network, dataset, task, position)
        if position.epoch == 0 or number == start:
            optimizers, kept = make_optimizers(network, position.phase), NOTHING_KEPT
        if position.epoch > 0 and number == start and checkpoint is not None:
            restore_optimizers(network, optimizers, checkpoint)
            kept = completed(unpack_kept(checkpoint), network)
        loss = train_epoch(network, dataset, task, optimizers, position)
        curve.append({"epoch": float(number + 1), "loss": loss})
        kept = keep(kept, network, dataset, position)
        if position.epoch + 1 == position.phase.epochs:
            take_kept(network, kept, dataset, task, position)
    if position.epoch + 1 == position.phase.epochs:  # the next phase begins with new optimizers
        return Trained(tuple(curve), pack(network, stop), loaded)
    goes_on = copied_weights(network) if changes_weights(network, kept, position) else None
    take_kept(network, kept, dataset, task, position)
    return Trained(tuple(curve), pack(network, stop, optimizers, goes_on, kept), loaded)
