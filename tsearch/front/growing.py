"""A front that grows trial by trial, for who looks at it after every one."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tsearch.front.constraints import Constraints, violation
from tsearch.front.dominance import loss, losses
from tsearch.front.gains import Array, gains_of, hypervolume
from tsearch.front.point import Point, point_of
from tsearch.space.goals import Objective

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Trial


class GrowingFront:
    """What `Front` says of the same trials, without beginning anew for each: only the front itself is kept, and its
    hypervolume is measured when asked for and not known.

    Args:
        reference, ideal: The corners of the box, see `Front`; where one lacks an objective there is no hypervolume.
        constraints: Of the run; trials that break one count as complete, and for nothing else.
    """

    def __init__(
        self,
        objectives: Sequence[Objective],
        *,
        reference: Mapping[str, float],
        ideal: Mapping[str, float],
        constraints: Constraints | None = None,
    ) -> None:
        self.objectives = tuple(objectives)
        self.leading = next((o for o in self.objectives if o.is_maximized), self.objectives[0])
        self.n_complete = 0
        self.best: Point | None = (
            None  # in the leading objective: the first that is maximised, else the first
        )
        self._box = reference, ideal
        self._has_box = all(o.name in reference and o.name in ideal for o in self.objectives)
        self._constraints = constraints or {}
        self._losses = np.empty((0, len(self.objectives)))  # of the front
        self._gains = np.empty((0, len(self.objectives)))  # of the same points, where there is a box
        self._hypervolume: float | None = 0.0 if self._has_box else None
        self._is_measured = True

    def add(self, trial: "Trial") -> None:
        """Count a trial that ended; one that is not complete changes nothing."""
        if trial.state != "complete" or (summary := trial.summary) is None:
            return
        point = point_of(trial, summary)
        self.n_complete += 1
        if violation(point.metrics, self._constraints) == 0:
            self._keep_best(point)
            self._put_on_front(point)

    @property
    def n_front(self) -> int:
        """How many points no other one dominates."""
        return len(self._losses)

    @property
    def hypervolume(self) -> float | None:
        """Part of the box that the front covers, in [0, 1]; None without a box."""
        if not self._is_measured:
            self._hypervolume, self._is_measured = hypervolume(self._gains), True
        return self._hypervolume

    def _keep_best(self, point: Point) -> None:
        is_number = math.isfinite(point.metrics.get(self.leading.name, math.nan))
        if is_number and (self.best is None or self._order(point) < self._order(self.best)):
            self.best = point

    def _order(self, point: Point) -> tuple[float, ...]:
        """As `Front.best` breaks ties."""
        order = dict.fromkeys((self.leading, *self.objectives))
        return (*(loss(point, o.name, o.is_maximized) for o in order), point.number)

    def _put_on_front(self, point: Point) -> None:
        row = losses([point], self.objectives)
        if not np.isfinite(row).all() or _dominate(self._losses, row).any():
            return
        stays = ~_dominate(row, self._losses)
        self._losses = np.vstack([self._losses[stays], row])
        if self._has_box:
            gains = gains_of([point], self.objectives, *self._box)
            self._gains = np.vstack([self._gains[stays], gains])
            self._is_measured = self._is_measured and not (gains > 0).all()  # a row at 0 covers nothing


def _dominate(ours: Array, theirs: Array) -> NDArray[np.bool_]:
    """Whether losses of `ours` dominate those of `theirs`, row by row; one of the two is a single row."""
    flags: NDArray[np.bool_] = np.all(ours <= theirs, axis=1) & np.any(ours < theirs, axis=1)
    return flags
