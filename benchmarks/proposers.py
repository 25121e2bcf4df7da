"""What the proposers find within a budget, beside random draws: on a table of real trainings, and on two closed forms.

Every search runs as a user's does (baselines first, batches of four, nothing twice), without training: a table or a
formula answers. Shown is the hypervolume minus that of random draws with the same seed, mean and 95 % interval over
the seeds, in thousandths of the box. About 20 minutes; `--proposers` and `--seeds` make it shorter.
"""

import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from claims import at_least, conclude, parser

from tsearch.configuration import Configuration
from tsearch.engine.choosing import Chooser
from tsearch.engine.proposers import PROPOSERS, find_proposer
from tsearch.engine.proposers.gp import GpProposer
from tsearch.engine.proposers.nsga2 import Nsga2Proposer
from tsearch.engine.proposers.tpe import STARTUP, TpeProposer
from tsearch.engine.proposing import History
from tsearch.front.gains import gain, hypervolume
from tsearch.space.file import load_space
from tsearch.space.goals import SearchSettings
from tsearch.space.space import SearchSpace

TABLES = Path(__file__).parent / "tables"
BATCH = 4
Metrics = dict[str, float]


@dataclass(frozen=True)
class Landscape:
    """What is searched: a space, the metrics of each configuration, the box of the hypervolume, and the budget."""

    name: str
    space: SearchSpace
    metrics: Callable[[Configuration], Metrics]
    reference: Mapping[str, float]
    ideal: Mapping[str, float]
    trials: int


class IndependentTpe(TpeProposer):
    """TPE as Optuna's default has it where there are several objectives: one parameter after the other."""

    is_joint = False

    def sampler(self, seed: int) -> Any:
        return optuna.samplers.TPESampler(seed=seed, multivariate=False, n_startup_trials=STARTUP)


def nsga2(population: int) -> type[Nsga2Proposer]:
    """NSGA-II with generations of this size."""
    return type(f"Nsga2Of{population}", (Nsga2Proposer,), {"population": population})


WHEN_TABULATED = {"has_one_total": False}  # the table was trained when schedules differed in length

COMPARED: dict[str, Any] = {
    "tpe": TpeProposer,
    "tpe-independent": IndependentTpe,
    "nsga2": Nsga2Proposer,
    "nsga2-20": nsga2(20),
    "nsga2-50": nsga2(50),
    "gp": GpProposer,
}

# ---------------------------------------------------------------------- landscapes


def table(name: str = "digit_events", trials: int = 80) -> Landscape:
    """A space of which every configuration was trained, see `tables/make.py`."""
    space = load_space(TABLES / f"{name}.yaml").model_copy(update=WHEN_TABULATED)
    rows = [json.loads(line) for line in (TABLES / f"{name}.jsonl").read_text().splitlines()]
    metrics = {row["key"]: row["metrics"] for row in rows}
    assert len(metrics) == space.size, f"{name}: {len(metrics)} of {space.size} rows. Run tables/make.py."
    worst, best = space.reference_box()
    return Landscape(f"table of {space.size}", space, lambda c: metrics[space.key(c)], worst, best, trials)


def closed_form(name: str, accuracy: Callable[[Configuration], float]) -> Landscape:
    """The space of digits_dvs; energy is the blocks' timesteps, weighted, latency those of the stages."""
    costs = _costs((1,) * 3, (3,)), _costs((8,) * 3, (1, 1, 1))
    ideal, reference = ({"accuracy": a} | c for a, c in zip((1.0, 0.1), costs, strict=True))

    def metrics(c: Configuration) -> Metrics:
        return {"accuracy": accuracy(c)} | _costs(_of_blocks(c), c.stages)

    return Landscape(name, load_space("digits_dvs"), metrics, reference, ideal, 120)


def early_blocks_need_time(c: Configuration) -> float:
    """Each block loses accuracy below the timesteps that it needs (6, 3, 1); lower for every other setting off its
    best value."""
    lacking = (max(0.0, math.log2(n / t)) for n, t in zip((6, 3, 1), _of_blocks(c), strict=True))
    lost = sum(w * x for w, x in zip((0.12, 0.08, 0.03), lacking, strict=True))
    return 0.93 - lost - _off(c, best_rate=0.01)


def more_time_saturates(c: Configuration) -> float:
    """Accuracy grows with the timesteps of all blocks alike, and the best learning rate falls with them."""
    total = sum(_of_blocks(c))
    early = 0.03 * (len(c.schedule) > 1) * math.exp(-total / 8)
    off = _off(c, best_rate=0.02 / math.sqrt(1 + total / 3))
    return 0.95 * (1 - math.exp(-0.5 - total / 7)) + early - off


def _off(c: Configuration, best_rate: float) -> float:
    is_mixed = len(c.stages) > 1 and c.temporal_transformer != "score_mix"
    return (
        0.06 * math.log(c.training.learning_rate / best_rate) ** 2
        + 0.2 * (c.neuron.surrogate_width - 1.2) ** 2
        + 0.02 * is_mixed
        + 0.01 * (c.training.early_loss_weight != 0.3) * (len(c.stages) > 1)
    )


def _of_blocks(c: Configuration) -> tuple[int, ...]:
    return tuple(t for t, n in zip(c.timesteps, c.stages, strict=True) for _ in range(n))


def _costs(timesteps: tuple[int, ...], stages: tuple[int, ...]) -> Metrics:
    work = sum(w * t for w, t in zip((1.0, 2.0, 1.5), timesteps, strict=True))
    return {
        "energy_pj": 1e4 * (work + 0.5 * (len(stages) - 1)),
        "latency_s": 1e-6 * (sum(timesteps) + len(stages)),
    }


# ---------------------------------------------------------------------- searches


def search(landscape: Landscape, proposer: Any, seed: int) -> float:
    """The hypervolume that a search reaches."""
    space, history = landscape.space, History()
    chooser = Chooser(space, find_proposer(proposer), seed, (), lambda _: None)
    gains: list[list[float]] = []
    for first in range(0, landscape.trials, BATCH):
        chosen = []
        for number in range(first, min(first + BATCH, landscape.trials)):
            one = chooser.choose(number, history)
            assert one is not None, chooser.why_nothing
            history.begin(number, one.values)
            chosen.append((number, landscape.metrics(one.configuration)))
        for number, metrics in chosen:
            history.tell(number, [metrics[o.name] for o in space.objectives], None)
            gains.append([_gain(landscape, o, metrics) for o in space.objectives])
    return hypervolume(np.clip(np.array(gains), 0, 1))


def _gain(landscape: Landscape, objective: Any, metrics: Metrics) -> float:
    name = objective.name
    return gain(metrics[name], landscape.reference[name], landscape.ideal[name], objective.direction)


def compare(landscape: Landscape, names: list[str], seeds: int) -> dict[str, list[float]]:
    """For every proposer the hypervolumes minus those of random draws, one per seed; printed as they come."""
    drawn = [search(landscape, "random", seed) for seed in range(seeds)]
    print(f"{landscape.name}, {landscape.trials} trials, {seeds} seeds:", flush=True)
    print(f"  {'random':18s} {1e3 * np.mean(drawn):6.1f}", flush=True)
    more = {}
    for name in names:
        more[name] = [search(landscape, COMPARED[name], s) - drawn[s] for s in range(seeds)]
        half = 1.96 * float(np.std(more[name], ddof=1)) / math.sqrt(seeds)
        print(f"  {name:18s} {1e3 * np.mean(more[name]):+6.1f} +- {1e3 * half:.1f}", flush=True)
    return more


def main(names: list[str], seeds: int) -> int:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    default = SearchSettings().proposer
    landscapes = (
        table(),
        closed_form("closed form: early blocks need time", early_blocks_need_time),
        closed_form("closed form: more time saturates", more_time_saturates),
    )
    claims = []
    for landscape in landscapes:
        more = compare(landscape, sorted({*names, default}, key=list(COMPARED).index), seeds)
        claims.append(
            at_least(
                f"{landscape.name}: hypervolume of the default, {default}, minus random's", more[default], 0.0
            )
        )
    return conclude(claims)


if __name__ == "__main__":
    assert set(PROPOSERS) - {"random"} <= set(COMPARED)
    form = parser(__doc__ or "")
    known = ", ".join(COMPARED)
    form.add_argument("--seeds", type=int, default=24, help="searches per proposer (default: 24)")
    form.add_argument(
        "--proposers", nargs="+", choices=COMPARED, metavar="NAME", help=f"of {known} (default: all but gp)"
    )
    arguments = form.parse_args()
    sys.exit(main(arguments.proposers or [name for name in COMPARED if name != "gp"], arguments.seeds))
