"""In this process, one segment after the other: for tests, for debugging, and for machines with one core."""

from collections import deque

from tsearch.engine.executors import Evaluator, Outcome, Segment, attempt, silence
from tsearch.errors import TsearchError


class InlineExecutor:
    """Trains inside `wait`. A timeout cannot interrupt a segment here; it takes effect after it."""

    def __init__(
        self,
        evaluator: Evaluator | str,
        workers: int | None = None,
        _address: str | None = None,
        _device: str = "cpu",
    ) -> None:
        if workers not in (None, 1):
            raise TsearchError(
                f"workers: the executor 'inline' has 1, not {workers}. Use --executor process for more."
            )
        self.can_stop, self.warn = False, silence
        self._evaluator = evaluator
        self._waiting: deque[tuple[str, Segment]] = deque()

    def free(self) -> int:
        return 1 - len(self._waiting)

    def submit(self, key: str, segment: Segment) -> None:
        self._waiting.append((key, segment))

    def wait(self, timeout_s: float | None = None) -> list[tuple[str, Outcome]]:  # noqa: ARG002
        if not self._waiting:
            return []
        key, segment = self._waiting.popleft()
        return [(key, attempt(self._evaluator, segment, passes=(KeyboardInterrupt,)))]

    def close(self) -> None:
        self._waiting.clear()
