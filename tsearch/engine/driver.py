"""Work on a run besides its search: one process holds the run's lock and hands pieces of work to workers."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tsearch.engine.delivery import Delivery, Work, carry_out
from tsearch.engine.events import Advanced, Forgiving, Listener
from tsearch.engine.executors import Evaluator, Outcome
from tsearch.engine.identity import refuse_other_identity
from tsearch.engine.interrupts import uninterrupted
from tsearch.engine.lock import locked
from tsearch.engine.reopening import Hands, given_or_stored, hands_of, progress
from tsearch.engine.run_file import read_run_file
from tsearch.engine.run_folder import Run, folder_of, open_run, refuse_misplaced, space_of
from tsearch.engine.searching import limits_of


@dataclass(frozen=True)
class Driver:
    """Who works on the run in `folder`, whose lock is held. `evaluator` is the one that trains."""

    folder: Path
    evaluator: Evaluator | str
    hands: Hands
    listener: Listener
    segment_timeout_s: float | None

    def run(self) -> Run:
        """The run as it is now."""
        return open_run(self.folder)

    def carry_out(
        self,
        works: Sequence[Work],
        settle: Callable[[Work, Outcome], None],
        *,
        purpose: str,
        piece: str,
        n_done: int = 0,
        evaluator: Evaluator | str | None = None,
    ) -> None:
        """Do every work with `evaluator`, by default the one that trains; whatever happens, no worker is left behind.
        The listener hears that so many of a `piece` are done for a `purpose`, `n_done` of them before."""
        if not works:
            return
        n_total = n_done + len(works)
        self.listener(Advanced(purpose, piece, n_done, n_total))
        executor = self.hands(evaluator or self.evaluator)
        n_ended = 0

        def settled(work: Work, outcome: Outcome) -> None:
            nonlocal n_ended
            settle(work, outcome)
            n_ended += 1
            self.listener(Advanced(purpose, piece, n_done + n_ended, n_total))

        try:
            carry_out(works, Delivery(executor, self.listener, self.segment_timeout_s), settled)
        finally:
            with uninterrupted():
                executor.close()


@contextmanager
def driver_of(
    run: Run | str | Path,
    evaluator: Evaluator | str | None = None,
    *,
    listener: Listener | None = None,
    executor: str | None = None,
    workers: int | None = None,
    address: str | None = None,
    segment_timeout_s: float | None = None,
) -> Iterator[Driver]:
    """Work on a run, given as such, by its folder or its name; the arguments are those of `engine.run.resume`.

    Raises: TsearchError if another process works on it, or its data, profile, device or tsearch's own recipe would give
    other results.
    """
    folder = run.folder if isinstance(run, Run) else folder_of(run)
    file = read_run_file(folder)
    refuse_misplaced(folder)
    space = space_of(folder, file)
    space.with_hardware()  # it must still be there
    limits = limits_of(space.search, None, segment_timeout_s)
    hands = hands_of(file, executor, workers, address)
    evaluator = given_or_stored(folder, "evaluator", evaluator, file.evaluator)
    hands(evaluator).close()  # bad input is told before anything is done
    refuse_other_identity(folder, evaluator, file.task)
    with locked(folder):
        yield Driver(folder, evaluator, hands, Forgiving(listener or progress()), limits.segment_timeout_s)
