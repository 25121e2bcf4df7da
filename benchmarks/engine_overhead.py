"""What a search costs besides training: seconds per trial of proposing, writing and showing progress, seconds until a
run goes on, and memory per trial of an opened run, by the number of trials that the run has.

    python benchmarks/engine_overhead.py                                     about a minute: 100 and 1,000 trials
    python benchmarks/engine_overhead.py --sizes 100 1000 5000 10000         all of it

Nothing is trained: the objectives are a formula, and a result is as large as one of a real training.
"""

import json
import os
import shutil
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

sys.path.append(sys.path.pop(0))  # this folder comes last
os.environ["OMP_NUM_THREADS"] = "1"

from claims import at_least, conclude, median_interval, parser

import tsearch
from tsearch.cli.progress import Progress
from tsearch.configuration import Configuration, Result, Task
from tsearch.engine.events import Event, Finished, Listener, Started
from tsearch.engine.proposers import PROPOSERS
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run

TARGET_S = 0.020
CLAIMED = ("random", "nsga2")
COUNTS = {"energy_pj": 1234.5678, "latency_s": 1.25e-6, "counts": list(range(40))}
LAYERS = [{"layer": f"conv{i}"} | COUNTS for i in range(60)]


def instant(configuration: Configuration, budget: int, _resume_from: bytes | None, _task: Task) -> Result:
    """Metrics that pull in opposite directions, in a result of about 17 kB."""
    steps = sum(configuration.timesteps) / len(configuration.timesteps)
    rate = configuration.training.learning_rate
    metrics = {
        "accuracy": 1 - 1 / (1 + steps) - min(0.3, abs(rate - 0.01)),
        "energy_pj": 1e5 * steps,
        "latency_s": 1e-5 * steps,
        "footprint_bits": 1e6,
    }
    return Result(configuration=configuration, budget=budget, metrics=metrics, costs={"45nm_memory": LAYERS})


class Clock:
    """A listener that notes when the search went on, and the seconds from one end of a trial to the next."""

    def __init__(self, beside: Listener) -> None:
        self._beside, self._began = beside, time.perf_counter()
        self._last: float | None = None
        self.until_started_s: float | None = None
        self.between_s: list[float] = []

    def __call__(self, event: Event) -> None:
        self._beside(event)
        now = time.perf_counter()
        if isinstance(event, Started):
            self.until_started_s = now - self._began
        if isinstance(event, Finished):
            if self._last is not None:
                self.between_s.append(now - self._last)
            self._last = now


def grown(folder: Path | None, size: int, place: Path) -> Path:
    """A run with `size` trials, proposed at random, which goes on from a smaller one where there is one."""
    if folder is None:
        space = tsearch.load_space("digits_dvs")
        settings: dict[str, Any] = {"trials": size, "proposer": "random", "executor": "inline"}
        return run(space, instant, name="grown", runs=place, listener=tsearch.quiet, **settings).folder
    resume(folder, instant, more_trials=size - open_run(folder).n_total, listener=tsearch.quiet)
    return folder


def measured(folder: Path, proposer: str, n_more: int, place: Path) -> Clock:
    """What `n_more` trials take that a proposer adds to a copy of a run."""
    copied = place / "copy"
    shutil.copytree(folder, copied)
    path = copied / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"proposer": proposer}))
    with open(os.devnull, "w") as nowhere:
        clock = Clock(Progress(nowhere))
        resume(copied, instant, more_trials=n_more, listener=clock)
    shutil.rmtree(copied)
    return clock


def kilobytes_per_trial(folder: Path) -> float:
    """Memory that an opened run holds, by trial."""
    open_run(folder)  # what is imported and cached once does not count
    tracemalloc.start()
    opened = open_run(folder)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held / 1000 / len(opened.trials)


def claims(by_proposer: dict[str, list[float]], size: int) -> list[str]:
    """Whether every proposer that is claimed to be fast stays below the target."""
    return [
        at_least(
            f"trials per second that a search of {size:,} trials by {name} could tell and propose",
            [1 / seconds for seconds in by_proposer[name]],
            1 / TARGET_S,
        )
        for name in CLAIMED
        if name in by_proposer
    ]


def main() -> int:
    form = parser(__doc__ or "")
    form.add_argument(
        "--sizes", type=int, nargs="+", default=[100, 1000], help="trials of the run (100 1000)"
    )
    form.add_argument("--more", type=int, default=20, help="trials that are timed at each size (20)")
    form.add_argument("--proposers", nargs="+", choices=PROPOSERS, default=list(PROPOSERS), help="(all)")
    arguments = form.parse_args()
    print(f"{'trials':>7}  {'proposer':<8}  {'ms per trial':>12}  {'s to resume':>11}  {'kB per trial':>12}")
    folder, by_proposer = None, {}
    with tempfile.TemporaryDirectory() as place:
        for size in sorted(arguments.sizes):
            folder = grown(folder, size, Path(place))
            memory = kilobytes_per_trial(folder)
            for proposer in arguments.proposers:
                clock = measured(folder, proposer, arguments.more, Path(place))
                by_proposer[proposer] = clock.between_s
                each_ms, resume_s = 1000 * median_interval(clock.between_s)[0], clock.until_started_s or 0.0
                print(
                    f"{size:>7,}  {proposer:<8}  {each_ms:>12.1f}  {resume_s:>11.2f}  {memory:>12.1f}",
                    flush=True,
                )
    return conclude(claims(by_proposer, max(arguments.sizes)))


if __name__ == "__main__":
    sys.exit(main())
