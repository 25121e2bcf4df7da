"""Two workers of one thread, or one worker of two threads? Trainings of the event digits per minute, interleaved.

Takes about five minutes on two cores that nothing else uses.
"""

import subprocess
import sys
import time

from claims import at_least, conclude, parser, spread

TRAININGS = 4
CHILD = """
import sys, torch
from tsearch.configuration import Configuration, Phase
from tsearch.data import load_dataset
from tsearch.networks.build import build, initialise
from tsearch.space.file import load_space
from tsearch.training.loop import train
torch.set_num_threads(int(sys.argv[1]))
task = load_space("digits_dvs").task()
dataset = load_dataset(task.data)
print("ready", flush=True)
sys.stdin.readline()
for replicate in range(int(sys.argv[2])):
    config = Configuration(stages=(1, 1, 1), schedule=(Phase(timesteps=(6, 3, 1), epochs=5),))
    network = build(config, dataset.shape, dataset.n_classes)
    initialise(network, 0, replicate)
    train(network, dataset, task, stop=5)
"""


def seconds(n_processes: int, n_threads: int) -> float:
    """Wall time of `TRAININGS` trainings, the workers' start not counted."""
    share = TRAININGS // n_processes
    command = [sys.executable, "-c", CHILD, str(n_threads), str(share)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    workers = [subprocess.Popen(command, text=True, **pipes) for _ in range(n_processes)]  # type: ignore[call-overload]
    for worker in workers:
        worker.stdout.readline()
    began = time.perf_counter()
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        if worker.wait() != 0:
            raise RuntimeError("a training failed")
    return time.perf_counter() - began


def main() -> int:
    rounds = parser(__doc__, rounds=7).parse_args().rounds
    layouts = {
        "2 processes x 1 thread": (2, 1),
        "1 process x 2 threads": (1, 2),
        "1 process x 1 thread": (1, 1),
    }
    rates: dict[str, list[float]] = {name: [] for name in layouts}
    for n in range(rounds):
        for name, layout in layouts.items():
            rates[name].append(60 * TRAININGS / seconds(*layout))
            print(f"round {n + 1}/{rounds}: {name}", file=sys.stderr)
    print("trainings of T=(6, 3, 1), 5 epochs, per minute: median [quartiles]")
    for name, values in rates.items():
        print(f"  {name:24s} {spread(values)}")
    ratios = [
        a / b for a, b in zip(rates["2 processes x 1 thread"], rates["1 process x 2 threads"], strict=True)
    ]
    claim = "two processes of one thread train more than one process of two threads"
    return conclude([at_least(claim, ratios, 1.0)])


if __name__ == "__main__":
    raise SystemExit(main())
