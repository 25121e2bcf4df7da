"""How far one training of a configuration lies from the mean of all its trainings.

The deviations of all configurations that were trained again are pooled: two or three replicates of one configuration
alone say little about a spread (the 95 % interval of a standard deviation from two spans a factor of 70). Pooling
assumes that configurations of one run spread alike, costs by ratio (logarithms) and everything else by difference.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import stdtrit

from tsearch.front import Front
from tsearch.front.point import Point
from tsearch.replication.statistics import LEVEL, Array

NORMAL = 1.959964  # standard errors that a normal 95 % interval reaches to either side


@dataclass(frozen=True)
class Spread:
    """The deviations [J, M] of fresh trainings from the means of their configurations; metrics [M] as `Scales` has
    them. With `dof`, the degrees of freedom, infinite where the deviations are a sampling error instead."""

    deviations: Array
    dof: float

    @cached_property
    def sd(self) -> Array:
        """Standard deviation of one training [M]."""
        total = np.sqrt((self.deviations**2).sum(axis=0))
        return total if math.isinf(self.dof) else np.asarray(total / math.sqrt(self.dof))

    @property
    def t(self) -> float:
        """By how many standard errors a 95 % interval reaches to either side."""
        return NORMAL if math.isinf(self.dof) else float(stdtrit(self.dof, 1 - LEVEL / 2))

    def draws(self, rng: np.random.Generator, n: int, n_fresh: Sequence[int]) -> Array:
        """Deviations [n, K, M] of the true means from those measured over `n_fresh` [K] trainings each.

        Multivariate t: the objectives of a training vary together, and the unknown spread is the same for all
        configurations of one draw.
        """
        root = np.linalg.qr(self.deviations, mode="r")
        normal = rng.standard_normal((n, len(n_fresh), len(root))) @ root
        if not math.isinf(self.dof):
            normal /= np.sqrt(rng.chisquare(self.dof, n))[:, None, None]
        return np.asarray(normal / np.sqrt(np.asarray(n_fresh, dtype=float))[:, None])


@dataclass(frozen=True)
class Scales:
    """Metrics as numbers that spread alike: a cost that is above 0 everywhere by its logarithm, others as they are."""

    names: tuple[str, ...]
    are_logs: tuple[bool, ...]

    @classmethod
    def of(cls, front: Front) -> "Scales":
        """The objectives and constrained metrics of a front."""
        maximised = {objective.name for objective in front.objectives if objective.is_maximized}
        names = tuple(dict.fromkeys([*(o.name for o in front.objectives), *front.constraints]))
        every = [metrics for p in front.points for metrics in (p.metrics, *p.replicates)]
        logs = (n not in maximised and all(m.get(n, math.nan) > 0 for m in every) for n in names)
        return cls(names, tuple(logs))

    def row(self, metrics: Mapping[str, float]) -> list[float]:
        """The numbers of one training [M]."""
        values = [metrics.get(name, math.nan) for name in self.names]
        return [
            math.log(value) if is_log else value for value, is_log in zip(values, self.are_logs, strict=True)
        ]

    def metrics(self, row: Sequence[float]) -> dict[str, float]:
        """The inverse of `row`; always finite."""
        return {
            name: _exp(value) if is_log else float(value)
            for name, is_log, value in zip(self.names, self.are_logs, row, strict=True)
        }


def trainings(point: Point, scales: Scales) -> Array:
    """The fresh trainings [R, M] of a point, or its single one [1, M] where there is none."""
    return np.array([scales.row(metrics) for metrics in point.replicates or (point.metrics,)], dtype=float)


def spread_of(points: Sequence[Point], scales: Scales) -> Spread:
    """The pooled spread of points that were trained again twice or more; where there is none, the sampling error of
    their accuracy alone, sqrt(p (1 - p) / n), at the mean p."""
    repeated = [rows for point in points if len(rows := trainings(point, scales)) > 1]
    if repeated:
        deviations = np.concatenate([rows - rows.mean(axis=0) for rows in repeated])
        return Spread(deviations, float(sum(len(rows) - 1 for rows in repeated)))
    errors = [
        sampling_error(point.metrics.get("accuracy", math.nan), point.n_independent) for point in points
    ]
    known = [error for error in errors if math.isfinite(error)]
    error = float(np.sqrt(np.mean(np.square(known)))) if known else 0.0
    return Spread(np.diag([error * (name == "accuracy") for name in scales.names]), math.inf)


def sampling_error(accuracy: float, n: int | None) -> float:
    """The standard error of an accuracy over `n` independent samples, sqrt(p (1 - p) / n); infinite where n is
    unknown."""
    return math.sqrt(max(accuracy * (1 - accuracy), 0.0) / n) if n else math.inf


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))
