"""What a trial tries: first the baselines, then what the user asked for, then what the proposer says.

Nothing is tried twice, and nothing that cannot meet the constraints or fit the hardware.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tsearch.engine.ending import EXHAUSTED
from tsearch.engine.events import Duplicate, Listener, Rejected, Warned
from tsearch.engine.proposing import History, Problem, Proposer, checked, random_numbers
from tsearch.space.protocol import Configuration, Space
from tsearch.space.refusals import Refusal, reasons, reasons_text
from tsearch.units import counted, format_value, title

MAX_DUPLICATES = 10  # proposals for one trial that may be old, or refused
MAX_DRAWS = 10_000  # after which a search ends; they miss a thousandth of a space once in 22,000 searches
ENUMERABLE = 10_000  # configurations: what is left of a space of at most this size is counted
DRAWS_BEFORE_COUNTING = 100
SOME = 8  # proposals at least, for a search to be called one


@dataclass(frozen=True)
class Chosen:
    """A configuration to try, with its key and the parameter values that stand for it, none where it lies outside the
    space."""

    configuration: Configuration
    key: str
    origin: Literal["baseline", "enqueued", "proposed"]
    values: Mapping[str, Any]


class Chooser:
    """Chooses for one search; it knows the keys of everything tried, and of what was rejected.

    `n_given` is how many configurations are tried before anything is proposed; some may lie outside the space.
    """

    def __init__(
        self, space: Space, proposer: Proposer, seed: int, known: Iterable[str], listener: Listener
    ) -> None:
        self._space, self._proposer, self._seed, self._say = space, proposer, seed, listener
        given = _given(space)
        self._outside = {key for key, c in given.items() if values_of(space, c) is None}
        self.n_given = len(given)
        n_told = len(given.keys() - self._outside)
        self._problem = Problem(space.parameters(), space.objectives, n_told, space.conditions())
        self._size = space.size
        self._known = set(known)
        self._queue = _queue(space)
        self._rejected: set[str] = set()
        self._refused: list[Refusal] = []  # those of a small space, once it was counted
        self._left: dict[str, Configuration] | None = None  # of a small space, once it was counted, by key
        self.why_nothing = ""  # one line, once there is nothing left to choose

    @property
    def has_more(self) -> bool:
        """Whether the space holds more than what is given."""
        return self._problem.n_given != self._size

    def choose(self, number: int, history: History) -> Chosen | None:
        """What trial `number` tries; None if nothing is left or found, see `why_nothing`."""
        chosen = self._from_queue()
        if chosen is None and self._size is not None and len(self._known - self._outside) >= self._size:
            self.why_nothing = self._exhausted([])
        elif chosen is None:
            chosen = self._proposed(number, history) or self._unseen(number)
        if chosen is not None:
            self._known.add(chosen.key)
        return chosen

    def _from_queue(self) -> Chosen | None:
        while self._queue:
            configuration, origin = self._queue.popleft()
            key = self._space.key(configuration)
            if self._is_new(key) and self._may_meet_constraints(key, configuration):
                return Chosen(configuration, key, origin, values_of(self._space, configuration) or {})
        return None

    def _proposed(self, number: int, history: History) -> Chosen | None:
        """The first proposal that is new; None after too many that are not."""
        for draw in range(MAX_DUPLICATES):
            rng = random_numbers(self._seed, number, draw)
            given = self._proposer(self._problem, history.told, history.under_way, rng)
            values = checked(given, self._problem)
            configuration = self._space.decode(values)
            key = self._space.key(configuration)
            if not self._is_new(key):
                self._say(Duplicate(key))
            elif self._may_meet_constraints(key, configuration):
                return Chosen(configuration, key, "proposed", values)
        return None

    def _unseen(self, number: int) -> Chosen | None:
        """A random configuration that was not tried yet and may meet the constraints; None if none is found."""
        rng = random_numbers(self._seed, number, MAX_DUPLICATES)
        is_small = self._size is not None and self._size <= ENUMERABLE
        refused = []
        for _ in range(DRAWS_BEFORE_COUNTING if is_small else MAX_DRAWS):
            drawn = self._space.random(rng)
            refusal = self._space.refuse(drawn)
            if refusal is not None:
                refused.append(refusal)
            elif self._is_new(self._space.key(drawn)):
                return self._taken(drawn)
        if not is_small:
            self.why_nothing = self._none_found(refused)
            return None
        left = self._counted()
        return self._taken(left[int(rng.integers(len(left)))]) if left else None

    def _counted(self) -> list[Configuration]:
        """All that is left of a small space."""
        if self._left is None:
            every = {self._space.key(c): c for c in self._space.enumerate()}
            refusals = {key: self._space.refuse(configuration) for key, configuration in every.items()}
            self._left = {key: c for key, c in every.items() if refusals[key] is None}
            self._refused = [refusal for refusal in refusals.values() if refusal is not None]
        left = [configuration for key, configuration in self._left.items() if self._is_new(key)]
        if not left:
            self.why_nothing = self._exhausted(self._refused)
        return left

    def _exhausted(self, refused: list[Refusal]) -> str:
        """That every configuration was tried or refused."""
        words = f", {counted(len(refused), 'configuration')} refused: {_why(refused)}" if refused else ""
        return f"{EXHAUSTED} after {counted(len(self._known), 'trial')}{words}"

    def _none_found(self, refused: list[Refusal]) -> str:
        """That drawing found nothing; there may be something."""
        tried = f"after {counted(len(self._known), 'trial')}"
        if not refused:
            return f"no new configuration found in {MAX_DRAWS:,} draws {tried}"
        return (
            f"no configuration found that may {_limits(self._space)} in {MAX_DRAWS:,} draws {tried}, "
            f"{len(refused):,} of those drawn refused: {_why(refused)}"
        )

    def _taken(self, configuration: Configuration) -> Chosen:
        key = self._space.key(configuration)
        return Chosen(configuration, key, "proposed", self._space.encode(configuration))

    def _is_new(self, key: str) -> bool:
        return key not in self._known

    def _may_meet_constraints(self, key: str, configuration: Configuration) -> bool:
        """Whether some training may meet the constraints; what cannot is rejected before it costs anything."""
        if key in self._rejected:
            return False
        refusal = self._space.refuse(configuration)
        if refusal is not None:
            self._rejected.add(key)
            self._say(Rejected(key, refusal.text))
        return refusal is None


def warn_of_too_few(n_total: int, chooser: Chooser, listener: Listener) -> None:
    """Say so where no trial is left to search with, though there is more to try than what is given."""
    n_given = chooser.n_given
    if n_total <= n_given and chooser.has_more:
        listener(
            Warned(
                f"{counted(n_total, 'trial')} and {n_given:,} baselines and enqueued ones to begin with: nothing is "
                f"searched; give --trials {n_given + SOME} or more."
            )
        )


def values_of(space: Space, configuration: Configuration) -> Mapping[str, Any] | None:
    """The parameter values that stand for a configuration; None where it lies outside the space."""
    try:
        return space.encode(configuration)
    except ValueError:
        return None


def _given(space: Space) -> dict[str, Configuration]:
    """What is tried before anything is proposed, by key."""
    given = {space.key(c): c for c, _ in _queue(space)}
    return {key: configuration for key, configuration in given.items() if space.refuse(configuration) is None}


def _why(refused: list[Refusal]) -> str:
    return reasons_text(reasons(refused))


def _limits(space: Space) -> str:
    """What a configuration must do that is known before any training: only the upper ends of costs are."""
    limits = [
        f"{title(metric)} at most {format_value(constraint.max, metric)}"
        for metric, constraint in space.constraints.items()
        if constraint.max is not None
    ]
    return f"meet {' and '.join(limits)}" if limits else "fit the hardware"


def _queue(space: Space) -> deque[tuple[Configuration, Literal["baseline", "enqueued"]]]:
    """What is tried before anything is proposed."""
    queue: deque[tuple[Configuration, Literal["baseline", "enqueued"]]] = deque()
    queue.extend((configuration, "baseline") for configuration in space.baselines())
    queue.extend((configuration, "enqueued") for configuration in space.enqueued)
    return queue
