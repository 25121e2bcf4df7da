"""The phases of a training: those led by more timesteps, then the one with the searched ones.

Every configuration of a space trains for the same number of epochs in all, that of the longest schedule. Early phases
keep their length, so that configurations that begin alike share what was trained; the last phase takes the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from tsearch.configuration import Phase
from tsearch.space.timesteps import Vector, shrinking_vectors


@dataclass(frozen=True)
class Schedules:
    """How long phases are.

    Args:
        leading: Every choice of timesteps that lead the phases before the last one.
        leading_epochs: Epochs of every phase before the last one, or of the first of them, the second, ...
        last_epochs: Epochs of the last phase after the most phases before it.
        has_one_total: False in runs of earlier versions, where every last phase has `last_epochs`.
    """

    leading: tuple[Vector, ...]
    leading_epochs: int | tuple[int, ...]
    last_epochs: int
    has_one_total: bool

    @property
    def most_leading(self) -> int:
        """The most phases before the last one."""
        return max(n_leading(leading) for leading in self.leading)

    @property
    def total_epochs(self) -> int | None:
        """Epochs of every configuration; None where schedules differ in length."""
        return self.last_epochs + sum(self._leading_epochs(self.most_leading)) if self.has_one_total else None

    def phases(self, leading: Sequence[int], final: Vector, learning_rate_scale: float) -> tuple[Phase, ...]:
        """The schedule that ends in the timesteps `final`. Raises: ValueError if it grows."""
        *before, last = shrinking_vectors(leading, final)
        epochs = self._leading_epochs(len(before))
        total = self.total_epochs
        last_epochs = self.last_epochs if total is None else total - sum(epochs)
        early = [
            Phase(timesteps=vector, epochs=n, learning_rate_scale=learning_rate_scale)
            for vector, n in zip(before, epochs, strict=True)
        ]
        return (*early, Phase(timesteps=last, epochs=last_epochs))

    def _leading_epochs(self, n: int) -> tuple[int, ...]:
        """Epochs of the first `n` phases before the last one."""
        return (self.leading_epochs,) * n if isinstance(self.leading_epochs, int) else self.leading_epochs[:n]


def n_leading(leading: Sequence[int]) -> int:
    """The most phases that `leading` gives before the last one: those where a network ends in one timestep."""
    return len(shrinking_vectors(leading, (1,))) - 1
