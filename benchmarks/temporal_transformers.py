"""Whether averages (`bucket`, the default) are worth more than learned mixing weights, those of each sample's own
(`score_mix`) and those that are the same for all samples (`static_mix`): trained on digits_dvs, compared on its test
samples.

All modes are trained with the same seeds, three vectors of timesteps each, among them one with buckets of unequal size.
A difference is the mean over vectors and seeds of paired differences; its error holds that between seeds (Student's t)
and that of the test samples (bootstrap over scans). Shown beside it is what the transformers have learned. Eight
seeds take about ten minutes of one core, `--quick` (one vector, three seeds) one.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from claims import conclude, parser
from numpy.typing import NDArray

from tsearch.configuration import Configuration, Phase, Task
from tsearch.data import Dataset, load_dataset
from tsearch.data.dataset import groups_of
from tsearch.networks.build import build, initialise
from tsearch.networks.mixing import Mixing, mixing_of
from tsearch.networks.neuron.compiler import compiling
from tsearch.replication.statistics import Estimate, difference, variance_over_groups
from tsearch.space.file import load_space
from tsearch.training.evaluate import measure, one_thread
from tsearch.training.loop import train
from tsearch.training.speed import is_worth_compiling, keep_memory

Vector = tuple[int, ...]
MODES = ("score_mix", "static_mix", "bucket")
VECTORS: list[Vector] = [(6, 3, 1), (8, 4, 2), (6, 4, 2)]
EPOCHS = 20
LEAST_DEVIATION = 0.02  # of a weight between samples; rates that are not normalised reach .004


@dataclass(frozen=True)
class Outcome:
    """Of one training: which test samples were answered right, bool [N], and what was learned at its boundaries."""

    right: NDArray[np.bool_]
    mixings: tuple[Mixing, ...]


Outcomes = dict[tuple[str, Vector, int], Outcome]


def trained(base: Configuration, dataset: Dataset, task: Task) -> Outcome:
    network = build(base, dataset.shape, dataset.n_classes)
    initialise(network, task.seed, task.replicate)
    with one_thread(), compiling(is_worth_compiling(network.plan, base, len(dataset.train))):
        train(network, dataset, task, stop=base.epochs)
        right = measure(network, dataset, dataset.test).right
        return Outcome(right, mixing_of(network, dataset.validation))


def all_trained(
    dataset: Dataset, base: Configuration, vectors: list[Vector], task: Task, seeds: int
) -> Outcomes:
    """Every mode with every vector and seed; `base` has the other settings."""
    outcomes = {}
    for seed, vector, mode in product(range(seeds), vectors, MODES):
        schedule = (Phase(timesteps=vector, epochs=base.epochs),)
        configuration = base.model_copy(update={"schedule": schedule, "temporal_transformer": mode})
        outcome = trained(configuration, dataset, task.model_copy(update={"seed": seed}))
        outcomes[mode, vector, seed] = outcome
        print(f"  seed {seed}, {mode:10s} {vector}: {outcome.right.mean():.1%}", flush=True)
    return outcomes


def paired(outcomes: Outcomes, one: str, other: str, groups: NDArray[np.int64]) -> Estimate:
    """How much more accurate `one` mode is than the `other`."""
    seeds = sorted({seed for _, _, seed in outcomes})
    vectors = sorted({vector for _, vector, _ in outcomes})
    gaps = np.array(
        [
            np.mean([outcomes[one, v, s].right * 1.0 - outcomes[other, v, s].right for v in vectors], axis=0)
            for s in seeds
        ]
    )  # [seeds, N]
    between_seeds = difference([gaps.mean(1)], [1.0])
    return Estimate(between_seeds.value, between_seeds.variance + variance_over_groups(gaps.mean(0), groups))


def deviation(outcomes: Outcomes, mode: str) -> Estimate:
    """Standard deviation of a mixing weight between samples: mean over boundaries and networks."""
    found = [
        np.mean([mixing.deviation for mixing in outcome.mixings])
        for (m, *_), outcome in outcomes.items()
        if m == mode
    ]
    return difference([np.array(found)], [1.0])


def show_accuracies(outcomes: Outcomes) -> None:
    """Test accuracy by mode and vector, mean and standard deviation over the seeds."""
    vectors = sorted({vector for _, vector, _ in outcomes})
    print("\ntest accuracy, %".ljust(20) + "".join(str(vector).rjust(16) for vector in vectors))
    for mode in MODES:
        cells = []
        for vector in vectors:
            found = [o.right.mean() * 100 for (m, v, _), o in outcomes.items() if (m, v) == (mode, vector)]
            cells.append(f"{np.mean(found):.1f} +- {np.std(found, ddof=1):.1f}".rjust(16))
        print(mode.ljust(19) + "".join(cells))


def show_mixings(outcomes: Outcomes) -> None:
    """What was learned, mean over all boundaries of all networks, and the largest of them."""
    heads = ("deviation between samples", "largest", "learned change", "outside the bucket")
    print("\nmixing weights".ljust(20) + "".join(head.rjust(27) for head in heads))
    for mode in MODES[:2]:
        found = [mixing for (m, *_), outcome in outcomes.items() if m == mode for mixing in outcome.mixings]
        names = ("deviation", "largest", "change", "outside")
        columns = [[getattr(mixing, name) for mixing in found] for name in names]
        cells = [f"{np.mean(column):.3f} (at most {max(column):.3f})" for column in columns]
        print(mode.ljust(19) + "".join(cell.rjust(27) for cell in cells))


def verdict(claim: str, estimate: Estimate, target: float) -> str:
    """The line of a claim that a number is above `target`."""
    low, high = estimate.interval.low, estimate.interval.high
    word = "PASS" if low > target else "FAIL" if high < target else "UNDECIDED"
    return f"{word}: {claim} ({estimate.value:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}, target > {target:g})"


def main() -> int:
    arguments = parser(__doc__, rounds=8)
    arguments.add_argument("--quick", action="store_true", help="one vector and three seeds only")
    asked = arguments.parse_args()
    if asked.rounds < 2:
        arguments.error("one seed shows no difference between seeds; at least 2")
    seeds, vectors = (3, VECTORS[-1:]) if asked.quick else (asked.rounds, VECTORS)
    space = load_space("digits_dvs")
    keep_memory()
    task = space.task()
    dataset = load_dataset(task.data)
    uniform = space.baselines()[0]
    base = uniform.model_copy(
        update={"stages": (1, 1, 1), "schedule": (Phase(timesteps=(1, 1, 1), epochs=EPOCHS),)}
    )
    outcomes = all_trained(dataset, base, vectors, task, seeds)
    show_accuracies(outcomes)
    show_mixings(outcomes)
    groups = groups_of(dataset.test)
    what = "score_mix: deviation of a mixing weight between samples"
    claims = [verdict(what, deviation(outcomes, "score_mix"), LEAST_DEVIATION)]
    for one, other in [("bucket", "score_mix"), ("bucket", "static_mix"), ("score_mix", "static_mix")]:
        claims.append(verdict(f"test accuracy: {one} - {other}", paired(outcomes, one, other, groups), 0.0))
    return conclude(claims)


if __name__ == "__main__":
    raise SystemExit(main())
