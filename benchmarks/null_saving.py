"""How often is a saving claimed that is none, and how often is a true one found?

Simulated searches: 11 uniform networks and 8, 16 or 60 non-uniform ones, each trained once and measured on 300
validation samples. In the null cases all lie on one curve of accuracy over energy, rising or flat, so that every saving
claimed is false; seeds spread by 1.5 points, energies by 3 %. Candidates are picked and judged by the code of `tsearch
confirm`: fresh replicates of them and of their twins, on test samples whose difficulty all networks share, 5 recordings
of each scan. In the case "twice" a second confirmation, of up to three more candidates, follows the first. The "old
rule", for comparison, reports the largest saving over all pairs of a uniform and a non-uniform network that is at least
as accurate on validation. About 5 minutes on one core; `--quick` does a tenth of the runs.
"""

import functools
import itertools
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from claims import conclude, parser
from scipy.special import ndtri
from scipy.stats import beta

from tsearch.front import Front, Point
from tsearch.front.staircase import staircase
from tsearch.replication.confirmation.candidates import Candidate, candidates_of
from tsearch.replication.confirmation.family import verdicts_of_family
from tsearch.replication.confirmation.judge import Pair, Replicated, judge
from tsearch.replication.confirmation.verdict import Twin, Verdict
from tsearch.space.goals import Objective

N_VALIDATION, N_TEST, PER_SCAN = 300, 2000, 5
LONGEST = 11  # timesteps of the largest uniform network
SEED_SPREAD, ENERGY_SPREAD = (
    0.015,
    0.03,
)  # standard deviations of accuracy, and of the logarithm of the energy
STEP_PJ = 60e3  # energy of one timestep in all stages
MOST_FALSE, LEAST_FOUND = 0.06, 0.25  # claims, and savings of 30 %
# Shares of what decides whether a sample is answered right: its scan, its recording, how this configuration sees the
# scan; the rest is the luck of one training.
OF_SCAN, OF_RECORDING, OF_CONFIGURATION = 0.4, 0.2, 0.15

OBJECTIVES = (
    Objective(name="accuracy", direction="maximize"),
    Objective(name="energy_pj", direction="minimize"),
)
TWINS = (Twin(timesteps=1, key=""),) * 2  # verdicts name them; nothing here reads them
VECTORS = [v for v in itertools.product(range(1, LONGEST + 1), repeat=3) if v[0] >= v[1] >= v[2] < v[0]]
Curve = Callable[[float], float]


def rising(timesteps: float) -> float:
    """Accuracy of uniform networks, 60 to 90 %."""
    return 0.92 - 0.32 * math.exp(-(timesteps - 1) / 4)


def flat(timesteps: float) -> float:
    """Accuracy where timesteps change nothing: whatever is cheaper is still on the curve."""
    del timesteps
    return 0.88


@dataclass(frozen=True)
class Network:
    """What a configuration reaches in the mean over all seeds and samples."""

    accuracy: float
    energy_pj: float


@dataclass(frozen=True)
class World:
    """Which networks there are: non-uniform ones take `saving` less energy than uniform ones of equal accuracy."""

    curve: Curve
    n_points: int
    saving: float = 0.0

    def network(self, timesteps: tuple[int, ...]) -> Network:
        mean = sum(timesteps) / len(timesteps)
        saving = self.saving if len(set(timesteps)) > 1 else 0.0
        return Network(self.curve(mean), STEP_PJ * mean * (1 - saving))


@dataclass(frozen=True)
class Samples:
    """Samples with their scans [N] and their difficulty [N], a standard normal number but for the parts that a
    configuration and a training add."""

    scans: np.ndarray
    difficulty: np.ndarray

    @classmethod
    def drawn(cls, n: int, rng: np.random.Generator) -> "Samples":
        scans = np.arange(n) // PER_SCAN
        of_scan = rng.standard_normal(scans[-1] + 1)[scans]
        return cls(
            scans,
            math.sqrt(OF_SCAN) * of_scan + math.sqrt(OF_RECORDING) * rng.standard_normal(n),
        )


def trained(network: Network, n_replicates: int, samples: Samples, rng: np.random.Generator) -> Replicated:
    """One configuration with so many seeds, on these samples."""
    accuracy = network.accuracy + SEED_SPREAD * rng.standard_normal(n_replicates)
    costs = network.energy_pj * np.exp(ENERGY_SPREAD * rng.standard_normal(n_replicates))
    of_configuration = rng.standard_normal(samples.scans[-1] + 1)[samples.scans]
    hard = samples.difficulty + math.sqrt(OF_CONFIGURATION) * of_configuration
    noise = rng.standard_normal((n_replicates, len(hard)), dtype=np.float32)
    noise *= math.sqrt(1 - OF_SCAN - OF_RECORDING - OF_CONFIGURATION)
    ability = ndtri(np.clip(accuracy, 0.001, 0.999))[:, None]
    return Replicated(costs, noise < (ability - hard).astype(np.float32))


def searched(world: World, rng: np.random.Generator) -> Front:
    """The front of a run: every network trained once, on the same validation samples."""
    samples = Samples.drawn(N_VALIDATION, rng)
    chosen = rng.choice(len(VECTORS), world.n_points, replace=False)
    vectors = [(t,) * 3 for t in range(1, LONGEST + 1)] + [VECTORS[i] for i in chosen]
    points = []
    for number, vector in enumerate(vectors):
        one = trained(world.network(vector), 1, samples, rng)
        metrics = {"accuracy": float(one.right.mean()), "energy_pj": float(one.costs[0])}
        points.append(Point(number, str(number), metrics, vector, (1, 1, 1), n_validation=N_VALIDATION))
    return Front(tuple(points), OBJECTIVES, {}, {})


def old_rule_claims(front: Front) -> bool:
    """Whether a non-uniform network is at least as accurate as a uniform one of the staircase, and saves a percent."""
    uniform = [point for point in front.complete if point.is_uniform]
    return any(
        other.metrics["accuracy"] >= stair.metrics["accuracy"]
        and other.metrics["energy_pj"] <= 0.995 * stair.metrics["energy_pj"]
        for stair in staircase(uniform, "energy_pj")
        for other in front.complete
        if not other.is_uniform
    )


def n_saving(
    world: World,
    candidates: Sequence[Candidate],
    n_replicates: int,
    n_test: int,
    rng: np.random.Generator,
) -> int:
    """How many candidates are judged to save energy, in confirmations of three each."""
    samples = Samples.drawn(n_test, rng)

    @functools.cache
    def tested(timesteps: tuple[int, ...]) -> Replicated:
        return trained(world.network(timesteps), n_replicates, samples, rng)

    def pair_of(candidate: Candidate) -> Pair | None:
        """The candidate beside the uniform networks that enclose its cost in the mean over the replicates."""
        assert candidate.bracket is not None
        one, first = tested(candidate.point.timesteps), candidate.bracket[0]
        for t in sorted(range(1, LONGEST), key=lambda t: abs(t - first)):
            below, above = tested((t,) * 3), tested((t + 1,) * 3)
            if mean_cost(below) <= mean_cost(one) <= mean_cost(above):
                return Pair(one, below, above, samples.scans)
        return None

    verdicts: tuple[Verdict, ...] = ()
    for number, batch in enumerate((candidates[:3], candidates[3:]), start=1):
        pairs = [(candidate, pair_of(candidate)) for candidate in batch]
        judged = [(candidate, TWINS, judge(pair) if pair else None) for candidate, pair in pairs]
        verdicts += verdicts_of_family(judged, number)
    return sum(verdict.word == "saves" for verdict in verdicts)


def mean_cost(network: Replicated) -> float:
    """Geometric mean."""
    return float(np.exp(np.log(network.costs).mean()))


@dataclass(frozen=True)
class Case:
    """A world, which is searched over and over; each run is confirmed under all `conditions`, (replicates, test
    samples)."""

    world: World
    conditions: tuple[tuple[int, int], ...]
    most: int = 3

    def claims(self, n_runs: int) -> dict[tuple[int, int] | str, int]:
        """In how many of the runs a saving is claimed, by condition, and by the "old rule"."""
        rng = np.random.default_rng(11)
        counts: dict[tuple[int, int] | str, int] = dict.fromkeys(("old rule", *self.conditions), 0)
        for _ in range(n_runs):
            front = searched(self.world, rng)
            counts["old rule"] += old_rule_claims(front)
            candidates = candidates_of(front, self.most)
            for condition in self.conditions:
                counts[condition] += n_saving(self.world, candidates, *condition, rng) > 0
        return counts


def bounds(k: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson's lower and upper bound, 95 % each, of a rate of which k in n were seen."""
    low = beta.ppf(0.05, k, n - k + 1) if k else 0.0
    return float(low), float(beta.ppf(0.95, k + 1, n - k)) if k < n else 1.0


def text(k: int, n: int) -> str:
    """'2.4 % [1.9, 3.1]'."""
    return "{:.1f} % [{:.1f}, {:.1f}]".format(*(100 * rate for rate in (k / n, *bounds(k, n))))


def false_claims(n_runs: int) -> list[str]:
    """The null cases as a table; a line of claim for each."""
    print(f"false claims in {n_runs:,} runs a case, with one-sided bounds of 95 %")
    print(f"{'curve':8}{'points':>7}{'old rule':>24}{'5 replicates':>24}{'35 replicates':>24}", flush=True)
    conditions = ((5, N_TEST), (35, N_TEST))
    cases = [(f"{curve.__name__}", curve, n, 3) for curve in (rising, flat) for n in (8, 16, 60)]
    claims = []
    for name, curve, n_points, most in [*cases, ("twice", flat, 60, 6)]:
        counts = Case(World(curve, n_points), conditions, most).claims(n_runs)
        texts = "".join(f"{text(k, n_runs):>24}" for k in counts.values())
        print(f"{name:8}{n_points:>7}{texts}", flush=True)
        for replicates, n_test in conditions:
            low, high = bounds(counts[replicates, n_test], n_runs)
            what = f"{name}, {n_points} points, {replicates} replicates: false claims at most {high:.1%}"
            word = decided(high <= MOST_FALSE, low > MOST_FALSE)
            claims.append(f"{word}: {what} (target {MOST_FALSE:.0%})")
    return claims


def power(n_runs: int) -> list[str]:
    """True savings as a table; the claim that the largest is found."""
    conditions = tuple(itertools.product((5, 10, 35), (500, 2000)))
    print(f"\nruns in which a true saving is confirmed, of {n_runs:,}, with 16 non-uniform points")
    heads = (f"{replicates} x {n_test}" for replicates, n_test in conditions)
    print(
        f"{'saving':8}{'old rule':>10}"
        + "".join(f"{head:>10}" for head in heads)
        + "  (replicates x samples)"
    )
    for saving in (0.1, 0.2, 0.3):
        counts = Case(World(rising, 16, saving), conditions).claims(n_runs)
        print(f"{saving:<8.0%}" + "".join(f"{k / n_runs:>10.0%}" for k in counts.values()), flush=True)
    low, high = min(bounds(counts[condition], n_runs) for condition in conditions)
    word = decided(low >= LEAST_FOUND, high < LEAST_FOUND)
    return [f"{word}: a saving of 30 % is confirmed in at least {low:.0%} of runs (target {LEAST_FOUND:.0%})"]


def decided(is_shown: bool, is_refuted: bool) -> str:
    """The word of a claim, of which an interval shows that it holds, that it does not, or neither."""
    return "PASS" if is_shown else "FAIL" if is_refuted else "UNDECIDED"


def main() -> int:
    arguments = parser(__doc__ or "")
    arguments.add_argument(
        "--quick", action="store_true", help="a tenth of the runs, which may decide nothing"
    )
    share = 10 if arguments.parse_args().quick else 1
    return conclude([*false_claims(2000 // share), *power(500 // share)])


if __name__ == "__main__":
    sys.exit(main())
