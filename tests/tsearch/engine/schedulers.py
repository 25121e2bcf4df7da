"""Schedulers for tests, found by workers and drivers by name."""

from collections.abc import Mapping

from tsearch.engine.scheduling import Piece, Standing


def halves(trial: Standing, standings: Mapping[int, Standing]) -> Piece | None:
    """Half of the training, a pause until a later trial got as far, then the rest from the checkpoint of the half."""
    half = trial.n_epochs // 2
    if half not in trial.metrics:
        return Piece(half)
    later = [other for other in standings.values() if other.number > trial.number]
    is_last = trial.number % 2 == 1
    if not is_last and not any(half in other.metrics or other.has_failed for other in later):
        return None
    return Piece(trial.n_epochs, trial.checkpoints[half])


def best_half(trial: Standing, standings: Mapping[int, Standing]) -> Piece | None:
    """A rung at half of the training: those go on that are among the better half of all that came as far."""
    half = trial.n_epochs // 2
    if half not in trial.metrics:
        return Piece(half)
    reached = sorted((s.metrics[half]["loss"], s.number) for s in standings.values() if half in s.metrics)
    better = [number for _, number in reached[: len(reached) // 2]]
    return Piece(trial.n_epochs, trial.checkpoints[half]) if trial.number in better else None
