"""The trials of a search under way: how far each one is, and which are open, that is, begun and not told yet.

With `ordered`, trials form blocks by number: a block is told, in order, once it is fully proposed and every trial of it
has ended or is paused. Proposals then depend on the seed alone, not on who finished first.
"""

from collections.abc import Iterator

from tsearch.engine.run_folder import Run, Trial
from tsearch.engine.scheduling import Standing, phase_names, standing_of

Objectives = list[float] | None  # of a trial that ended; None where it failed


class OpenTrials:
    """The trials of `run`, of which `n_done` have been told before."""

    def __init__(self, run: Run, n_done: int) -> None:
        self._run = run
        self.standings = {trial.number: self._standing(trial) for trial in run.trials}
        self.n_done = n_done  # those that have ended, told or not
        self.is_exhausted = False  # nothing is left to propose
        self._open: dict[int, Trial] = {}
        self._ended: dict[int, Objectives] = {}

    def __getitem__(self, number: int) -> Trial:
        """An open trial."""
        return self._open[number]

    def update(self, trial: Trial) -> Trial:
        """Remember how far an open trial is."""
        self._open[trial.number] = trial
        self.standings[trial.number] = self._standing(trial, self.standings.get(trial.number))
        return trial

    def end(self, trial: Trial, objectives: Objectives) -> None:
        """Remember that an open trial has ended."""
        self.update(trial)
        self._ended[trial.number] = objectives
        self.n_done += 1

    def take_ended(self) -> Iterator[tuple[Trial, Objectives]]:
        """Those that have ended and may be told, in order, with their objectives; they are no longer open."""
        if not self._may_be_told:
            return
        for number in sorted(self._ended):
            yield self._open.pop(number), self._ended.pop(number)

    @property
    def has_ended(self) -> bool:
        """Whether there is one that has ended and is not told."""
        return bool(self._ended)

    @property
    def paused(self) -> list[Trial]:
        return [trial for trial in self._open.values() if trial.state == "paused"]

    @property
    def may_propose(self) -> bool:
        """Whether one more trial may begin."""
        is_block_open = self._is_ordered and self._n_active > 0 and self._is_block_whole
        return not self._is_full and not is_block_open

    @property
    def _may_be_told(self) -> bool:
        """With `ordered`, a whole block or none."""
        return not self._is_ordered or (self._is_block_whole and len(self._ended) == self._n_active)

    @property
    def _is_ordered(self) -> bool:
        return self._run.space.search.ordered

    @property
    def _is_full(self) -> bool:
        return self.is_exhausted or len(self.standings) >= self._run.n_total

    @property
    def _is_block_whole(self) -> bool:
        return self._is_full or len(self.standings) % self._run.space.search.batch == 0

    @property
    def _n_active(self) -> int:
        """Number of open trials that are not paused."""
        return len(self._open) - len(self.paused)

    def _standing(self, trial: Trial, before: Standing | None = None) -> Standing:
        """How far a trial is; the names of its phases are worked out once."""
        space, configuration = self._run.space, trial.configuration
        if before is not None:
            return standing_of(trial, before.n_epochs, before.phases)
        phases = phase_names(space, configuration, trial.key, self._run.task.replicate)
        return standing_of(trial, space.epochs(configuration), phases)
