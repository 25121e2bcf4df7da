"""What a search says when it begins: settings that will not do what they seem to."""

from tsearch.engine.executors import Executor
from tsearch.space.goals import SearchSettings


def cautions(search: SearchSettings, executor: Executor, segment_timeout_s: float | None) -> list[str]:
    """A line for each of them."""
    found = []
    if segment_timeout_s is not None and not executor.can_stop:
        found.append(
            "segment_timeout: the executor 'inline' trains in this process and cannot stop a training; use the "
            "executor 'process'"
        )
    n_workers = executor.free() if search.ordered else 0
    if n_workers > search.batch:
        found.append(
            f"ordered: trials are told in blocks of {search.batch}, so at most {search.batch} of {n_workers} workers "
            f"are busy; a space with `search.batch: {n_workers}` uses all"
        )
    return found
