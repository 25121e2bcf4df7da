"""What a trial tries: first the baselines, then what the user asked for, then what the proposer says.

Nothing is tried twice, and nothing that cannot meet the constraints.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tsearch.engine.events import Duplicate, Listener, Rejected
from tsearch.engine.proposing import History, Problem, Proposer, checked, random_numbers
from tsearch.space.protocol import Configuration, Space

MAX_DUPLICATES = 10
ENUMERABLE = (
    10_000  # configurations: in a larger space, what was not tried yet is looked for by drawing alone
)
MAX_DRAWS = 100
MAX_DRAWS_IN_LARGE_SPACES = 1000


@dataclass(frozen=True)
class Chosen:
    """A configuration to try, with its key and the parameter values that stand for it."""

    configuration: Configuration
    key: str
    origin: Literal["baseline", "enqueued", "proposed"]
    values: Mapping[str, Any]


class Chooser:
    """Chooses for one search; it knows the keys of everything tried, and of what was rejected."""

    def __init__(
        self, space: Space, proposer: Proposer, seed: int, known: Iterable[str], listener: Listener
    ) -> None:
        self._space, self._proposer, self._seed, self._say = space, proposer, seed, listener
        self._problem = Problem(space.parameters(), space.objectives)
        self._size = space.size
        self._known = set(known)
        self._queue = _queue(space)
        self.rejected: set[str] = set()

    def choose(self, number: int, history: History) -> Chosen | None:
        """What trial `number` tries; None if there is nothing left."""
        chosen = self._from_queue()
        if chosen is None and (self._size is None or len(self._known) < self._size):
            chosen = self._proposed(number, history) or self._unseen(number)
        if chosen is not None:
            self._known.add(chosen.key)
        return chosen

    def _from_queue(self) -> Chosen | None:
        while self._queue:
            configuration, origin = self._queue.popleft()
            key = self._space.key(configuration)
            if self._is_new(key) and self._may_meet_constraints(key, configuration):
                return Chosen(configuration, key, origin, self._space.encode(configuration))
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
        for _ in range(MAX_DRAWS if is_small else MAX_DRAWS_IN_LARGE_SPACES):
            drawn = self._space.random(rng)
            if self._is_usable(drawn):
                return self._taken(drawn)
        left = [c for c in self._space.enumerate() if self._is_usable(c)] if is_small else []
        return self._taken(left[int(rng.integers(len(left)))]) if left else None

    def _taken(self, configuration: Configuration) -> Chosen:
        key = self._space.key(configuration)
        return Chosen(configuration, key, "proposed", self._space.encode(configuration))

    def _is_usable(self, configuration: Configuration) -> bool:
        key = self._space.key(configuration)
        return self._is_new(key) and self._may_meet_constraints(key, configuration)

    def _is_new(self, key: str) -> bool:
        return key not in self._known

    def _may_meet_constraints(self, key: str, configuration: Configuration) -> bool:
        """Whether some training may meet the constraints; what cannot is rejected before it costs anything."""
        if key in self.rejected:
            return False
        reason = self._space.refuse(configuration)
        if reason is not None:
            self.rejected.add(key)
            self._say(Rejected(key, reason))
        return reason is None


def _queue(space: Space) -> deque[tuple[Configuration, Literal["baseline", "enqueued"]]]:
    """What is tried before anything is proposed."""
    baselines = space.baselines() if space.search.baselines == "uniform" else []
    queue: deque[tuple[Configuration, Literal["baseline", "enqueued"]]] = deque()
    queue.extend((configuration, "baseline") for configuration in baselines)
    queue.extend((configuration, "enqueued") for configuration in space.enqueued)
    return queue
