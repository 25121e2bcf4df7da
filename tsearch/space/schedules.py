"""The phases of a training: an ANN's, those led by more timesteps, the one with the searched ones, and one for pruned
or quantised weights.

Every configuration of a space trains for the same number of epochs in all, that of the longest schedule. Early phases
keep their length, so that configurations that begin alike share what was trained, and so does the phase of compressed
weights; the one with the searched timesteps takes the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tsearch.configuration import Phase
from tsearch.phase import UNREDUCED
from tsearch.space.domains import Domain
from tsearch.space.paths import Path

LEADING_RATE = "schedule.leading_learning_rate"
ANN_EPOCHS = "schedule.ann_epochs"
ANN_RATE = "schedule.ann_learning_rate"
ANN_OPTIMIZER = "schedule.ann_optimizer"
SPARSITY = "compression.sparsity"
PRUNING = "compression.pruning"
WEIGHT_BITS = "compression.weight_bits"
COMPRESSION_EPOCHS = "compression.epochs"
COMPRESSION_RATE = "compression.learning_rate"
MASK_MODE = "masks.mode"
NOTHING = {
    ANN_EPOCHS: 0,
    SPARSITY: 0.0,
    WEIGHT_BITS: UNREDUCED,
    MASK_MODE: "none",
}  # where there is neither an ANN nor compression nor masks


@dataclass(frozen=True)
class Schedules:
    """How long phases are.

    Args:
        most_leading: The most spiking phases before the one with the searched timesteps.
        leading_epochs: Epochs of each of them, or of the first of them, the second, ...
        last_epochs: Epochs of the phase with the searched timesteps in the longest schedule.
        has_one_total: False in runs of earlier versions, where it always has `last_epochs`.
        ann_epochs: The most epochs of an ANN before them.
        compression_epochs: The most epochs of a phase with compressed weights behind them.
    """

    most_leading: int
    leading_epochs: int | tuple[int, ...]
    last_epochs: int
    has_one_total: bool
    ann_epochs: int = 0
    compression_epochs: int = 0

    @property
    def total_epochs(self) -> int | None:
        """Epochs of every configuration; None where schedules differ in length."""
        if not self.has_one_total:
            return None
        leading = sum(self._leading_epochs(self.most_leading))
        return self.ann_epochs + leading + self.last_epochs + self.compression_epochs

    def phases(self, path: Path, settings: Mapping[str, Any]) -> tuple[Phase, ...]:
        """The schedule with the timesteps of `path`. Of `settings` those of schedule and compression are read; what is
        absent changes nothing."""
        *before, last = path
        lengths = self._leading_epochs(len(before))
        ann, compression = _ann(len(last), settings), _compression(last, settings)
        scale = settings.get(LEADING_RATE, 1.0)
        early = [
            Phase(timesteps=vector, epochs=n, learning_rate_scale=scale)
            for vector, n in zip(before, lengths, strict=True)
        ]
        total = self.total_epochs
        others = sum(lengths) + sum(phase.epochs for phase in (*ann, *compression))
        n_epochs = self.last_epochs if total is None else total - others
        return (*ann, *early, Phase(timesteps=last, epochs=n_epochs), *compression)

    def _leading_epochs(self, n: int) -> tuple[int, ...]:
        """Epochs of the first `n` phases before the last one."""
        return (self.leading_epochs,) * n if isinstance(self.leading_epochs, int) else self.leading_epochs[:n]


def most_ann_epochs(settings: Mapping[str, Domain]) -> int:
    """The most epochs that an ANN is trained for."""
    return int(max(settings[ANN_EPOCHS].ends)) if ANN_EPOCHS in settings else 0


def most_compression_epochs(settings: Mapping[str, Domain]) -> int:
    """The most epochs of a phase of compressed weights; 0 where no weights are compressed."""
    has_any = any(set(settings[n].ends) - {NOTHING[n]} for n in (SPARSITY, WEIGHT_BITS) if n in settings)
    return int(max(settings[COMPRESSION_EPOCHS].ends)) if has_any else 0


def is_compressed(settings: Mapping[str, Any]) -> bool:
    """Whether weights are pruned or have few bits."""
    return any(settings.get(name, NOTHING[name]) != NOTHING[name] for name in (SPARSITY, WEIGHT_BITS))


class Parts(NamedTuple):
    """The phases of a schedule by what they are for; the last of `spiking` trains the searched timesteps."""

    ann: tuple[Phase, ...]
    spiking: tuple[Phase, ...]
    compression: tuple[Phase, ...]

    @property
    def path(self) -> Path:
        return tuple(phase.timesteps for phase in self.spiking)

    @property
    def settings(self) -> dict[str, Any]:
        """What gave these phases, but for defaults that leave no trace."""
        settings: dict[str, Any] = {}
        for phase in self.ann:
            settings |= {ANN_EPOCHS: phase.epochs, ANN_RATE: phase.learning_rate_scale}
            settings |= {ANN_OPTIMIZER: phase.optimizer}
        if self.spiking[0].learning_rate_scale != 1:
            settings[LEADING_RATE] = self.spiking[0].learning_rate_scale
        for phase in self.compression:
            settings |= {SPARSITY: phase.sparsity, WEIGHT_BITS: phase.weight_bits}
            settings |= {COMPRESSION_EPOCHS: phase.epochs, COMPRESSION_RATE: phase.learning_rate_scale}
            settings |= {PRUNING: phase.pruning} if phase.sparsity else {}
        return settings


def parts_of(schedule: tuple[Phase, ...]) -> Parts:
    """The parts of a schedule. Weights are compressed by a last phase that repeats the timesteps of the one before."""
    ann = tuple(phase for phase in schedule if phase.is_ann)
    spiking = schedule[len(ann) :]
    last = spiking[-1]
    is_repeated = len(spiking) > 1 and spiking[-2].timesteps == last.timesteps
    if is_repeated and (last.sparsity or last.is_quantised):
        return Parts(ann, spiking[:-1], (last,))
    return Parts(ann, spiking, ())


def _ann(n_stages: int, settings: Mapping[str, Any]) -> tuple[Phase, ...]:
    if not settings.get(ANN_EPOCHS):
        return ()
    phase = Phase(
        timesteps=(1,) * n_stages,
        epochs=settings[ANN_EPOCHS],
        learning_rate_scale=settings.get(ANN_RATE, 1.0),
        network="ann",
        optimizer=settings.get(ANN_OPTIMIZER),
    )
    return (phase,)


def _compression(timesteps: tuple[int, ...], settings: Mapping[str, Any]) -> tuple[Phase, ...]:
    if not is_compressed(settings):
        return ()
    phase = Phase(
        timesteps=timesteps,
        epochs=settings[COMPRESSION_EPOCHS],
        learning_rate_scale=settings[COMPRESSION_RATE],
        sparsity=settings[SPARSITY],
        weight_bits=settings[WEIGHT_BITS],
    )
    return (phase.model_copy(update={"pruning": settings[PRUNING]}) if phase.sparsity else phase,)
