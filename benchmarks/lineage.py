"""All eight schedules between 5 timesteps and 1, trained with and without lineage: phases, epochs, seconds.

A small VGG on the event digits: 5-1, 5-4-1, 5-3-1, 5-2-1, 5-4-3-1, 5-4-2-1, 5-3-2-1, 5-4-3-2-1. They have 28 phases,
of which 16 differ: what is before a phase makes it what it is. Three searches train them: each schedule in one piece;
phase by phase, shared; and shared by four workers, one of which kills itself (kill -9) in the middle of a phase. The
evaluator keeps its own count on disk: a phase that was interrupted has begun twice and ended once.

Takes about six minutes of two cores, with --quick about one; --folder keeps what is trained, and goes on there.
"""

import os
import signal
import sys
import tempfile
import time
from collections import Counter
from itertools import accumulate, combinations
from pathlib import Path
from typing import Any, NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"

from claims import conclude, holds, parser

import tsearch
from tsearch.configuration import Configuration, Result, Task
from tsearch.engine.run_folder import Run
from tsearch.space.file import load_space
from tsearch.training.checkpoints import trained_epochs
from tsearch.training.evaluate import train_and_price

PATHS = [[5, *between] for n in range(4) for between in combinations((4, 3, 2), n)]
SPACE = """
name: lineage
data: {{name: digits_dvs, options: {{train_recordings: {recordings}, validation_recordings: 1, test_recordings: 1}}}}
backbone: {{widths: {widths}, pool_after: [1, 2]}}
stages: [[3]]
timesteps: [1]
schedule: {{epochs: {epochs}, leading: {paths}, leading_epochs: {epochs}}}
training: {{learning_rate: 0.02, shift: 1}}
objectives: [accuracy, energy_pj]
search: {{trials: 8, baselines: none, proposer: random}}
"""
DIES_AT = 6  # beginnings of phases
COUNT = "LINEAGE_COUNT"  # the variable that names the file of the counter
KILL = "LINEAGE_KILL"  # the variable that says that a worker is to die


def count_and_train(
    configuration: Configuration, budget: int, resume_from: bytes | None, task: Task
) -> Result:
    """Train and price, and write down every phase that begins and ends."""
    start = 0 if resume_from is None else trained_epochs(resume_from)
    ends = list(accumulate(phase.epochs for phase in configuration.schedule))
    names = [configuration.prefix_key(i) for i, end in enumerate(ends) if start < end <= budget]
    count = Path(os.environ[COUNT])
    _write(count, [f"begun {name}" for name in names])
    if _is_to_die(count):
        if budget - 1 > start:
            train_and_price(configuration, budget - 1, resume_from, task)
        os.kill(os.getpid(), signal.SIGKILL)
    result = train_and_price(configuration, budget, resume_from, task)
    _write(
        count,
        [f"ended {name}" for name in names] + [f"epoch {name}" for name in names[:1]] * (budget - start),
    )
    return result


def _write(count: Path, lines: list[str]) -> None:
    with count.open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))


def _is_to_die(count: Path) -> bool:
    """Whether this is the beginning at which a worker dies, which happens once."""
    if KILL not in os.environ or count.read_text().count("begun") < DIES_AT:
        return False
    try:
        Path(f"{count}.killed").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class Way(NamedTuple):
    """One search, and what was counted while it trained."""

    name: str
    run: Run
    begun: Counter[str]
    ended: Counter[str]
    n_epochs: int
    seconds: float
    cpu_seconds: float

    @property
    def n_interrupted(self) -> int:
        return self.begun.total() - self.ended.total()


def search(folder: Path, name: str, **given: Any) -> Way:
    """All eight schedules, trained in one way; what the folder holds of them is not trained again."""
    os.environ[COUNT] = str(folder / f"{name}.count")
    Path(os.environ[COUNT]).touch()
    began, began_cpu = time.perf_counter(), time.process_time()
    run = tsearch.run(
        folder / "lineage.yaml",
        "lineage:count_and_train",
        name=name,
        runs=folder,
        exist="resume",
        listener=tsearch.quiet,
        **given,
    )
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
    words = [line.split() for line in Path(os.environ[COUNT]).read_text().splitlines()]
    begun, ended, epochs = (
        Counter(what for word, what in words if word == kind) for kind in ("begun", "ended", "epoch")
    )
    return Way(name, run, begun, ended, epochs.total(), seconds, cpu_seconds)


def told(way: Way) -> list[tuple[Any, ...]]:
    """All that the trials of a search gave: numbers, spikes, learning curves and weights."""
    return sorted(
        (trial.key, repr(trial.result.model_dump(exclude={"seconds"})), way.run.checkpoint(trial))
        for trial in way.run.results
        if trial.result is not None
    )


def main() -> int:
    arguments = parser(__doc__)
    arguments.add_argument("--quick", action="store_true", help="a smaller network and one epoch per phase")
    arguments.add_argument("--folder", type=Path, help="where runs are kept (default: nowhere)")
    chosen = arguments.parse_args()
    size = (
        {"recordings": 1, "widths": [4, 6, 8], "epochs": 1}
        if chosen.quick
        else {"recordings": 8, "widths": [8, 16, 32], "epochs": 4}
    )
    sys.path.insert(0, str(Path(__file__).parent))  # where workers find the evaluator
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lineage.yaml").write_text(SPACE.format(paths=PATHS, **size))
        space = load_space(folder / "lineage.yaml")
        train_and_price(space.decode({}), 1, None, space.task())  # so that data and code are there
        ways = [
            search(folder, "one-piece", scheduler="whole", executor="inline"),
            search(folder, "lineage", executor="inline"),
        ]
        os.environ[KILL] = "once"
        ways.append(search(folder, "four-workers", workers=4))
        del os.environ[KILL]
        return report(ways)


def report(ways: list[Way]) -> int:
    """Print the table and the claims; the exit code."""
    columns = ("begun", "ended", "interrupted", "epochs", "seconds", "CPU seconds")
    print(f"{'way':14s} " + " ".join(f"{column:>11s}" for column in columns))
    for way in ways:
        counts = (way.begun.total(), way.ended.total(), way.n_interrupted, way.n_epochs)
        cpu = "" if way.name == "four-workers" else f"{way.cpu_seconds:.1f}"  # those of workers are not known
        print(
            f"{way.name:14s} " + " ".join(f"{count:11d}" for count in counts),
            f"{way.seconds:11.1f} {cpu:>11s}",
        )
    whole, shared, workers = ways
    print(
        f"\nlineage: {shared.run.spared.text}; {1 - shared.cpu_seconds / whole.cpu_seconds:.0%} of CPU seconds spared"
    )
    for trial in sorted(shared.run.results, key=lambda trial: trial.key):
        path = "-".join(str(phase.timesteps[0]) for phase in trial.configuration.schedule)
        print(
            f"{path:10s} accuracy {trial.metrics['accuracy']:.1%}, {trial.metrics['energy_pj'] / 1e3:.0f} nJ"
        )
    equal = told(whole) == told(shared) == told(workers)
    once = all(set(way.ended.values()) == {1} and len(way.ended) == 16 for way in (shared, workers))
    return conclude(
        [
            holds("in one piece each, 8 schedules train 28 phases", whole.ended.total() == 28),
            holds("with lineage they train 16, each once", once and shared.begun.total() == 16),
            holds(
                "so they do with 4 workers of which one is killed; the phase that it interrupted begins again",
                once and (workers.begun.total(), workers.n_interrupted) == (17, 1),
            ),
            holds("weights, accuracies, spikes and prices of all 8 are the same bits in all three", equal),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
