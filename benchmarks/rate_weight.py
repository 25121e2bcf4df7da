"""The energy-accuracy curve of `rate_weight`, a penalty on synaptic operations: uniform T=4 networks on the event
digits, the same trainings under every weight.

Per weight: accuracy on test data in percent and energy per sample under the profile 45nm_memory, mean +- standard
deviation over replicates; energy and synaptic operations as parts of those of the same replicate without penalty,
geometric means. The claim is about the one weight that this table speaks for, on replicates that are not in it, with
intervals over these (Student's t). Seven weights and three replicates, and six fresh ones of two weights, take about
five minutes on two cores; what was trained is kept in --folder.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from claims import conclude, parser
from intervals import Interval, mean_text, t_interval
from trained_table import Job, Row, add_folder, trained

from tsearch.configuration import Configuration, DataSpec, Hardware, Phase, Task, Training

WEIGHTS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
CLAIMED, FRESH = 1.0, 6  # the weight of the claim, and its replicates
SAVING, MARGIN = 0.1, 3.0  # energy falls by so much, accuracy by at most so many points
EPOCHS = 12


def jobs(weights: Sequence[float], replicates: Sequence[int], epochs: int) -> list[Job]:
    """One training for every weight and replicate."""
    made = []
    for weight in weights:
        configuration = Configuration(
            stages=(3,),
            schedule=(Phase(timesteps=(4,), epochs=epochs),),
            training=Training(rate_weight=weight),
        )
        for replicate in replicates:
            task = Task(data=DataSpec(name="digits_dvs"), hardware=Hardware(also=()), replicate=replicate)
            made.append(Job(f"rate_weight {weight:g}, replicate {replicate}", configuration, task))
    return made


def rows_of(
    weights: Sequence[float], replicates: Sequence[int], epochs: int, folder: Path
) -> dict[float, list[Row]]:
    """The rows of every weight, in the order of the replicates."""
    found = trained(jobs(weights, replicates, epochs), folder)
    n = len(replicates)
    return {weight: found[i * n : (i + 1) * n] for i, weight in enumerate(weights)}


def table(rows: dict[float, list[Row]]) -> None:
    """One line per weight."""
    header = ("weight", "accuracy, %", "energy, nJ", "of energy", "of SOPs")
    print("".join(f"{name:>16s}" for name in header))
    for weight, of_weight in rows.items():
        cells = [
            f"{weight:g}",
            mean_text([100 * row["accuracy"] for row in of_weight]),
            mean_text([row["energy_pj"] / 1e3 for row in of_weight]),
            *(f"{np.exp(np.mean(ratios(rows, weight, name))):.3f}" for name in ("energy_pj", "sop")),
        ]
        print("".join(f"{cell:>16s}" for cell in cells))


def ratios(rows: dict[float, list[Row]], weight: float, name: str) -> list[float]:
    """Logarithms of a metric over that of the same replicate without penalty."""
    pairs = zip(rows[weight], rows[0.0], strict=True)
    return [float(np.log(row[name] / plain[name])) for row, plain in pairs]


def claim(rows: dict[float, list[Row]]) -> str:
    """Whether the weight of the claim saves so much energy, and no more accuracy is lost."""
    energy = Interval(*np.exp(t_interval(ratios(rows, CLAIMED, "energy_pj"))))
    pairs = zip(rows[CLAIMED], rows[0.0], strict=True)
    points = t_interval([100 * (row["accuracy"] - plain["accuracy"]) for row, plain in pairs])
    is_sure = energy.high <= 1 - SAVING and points.low >= -MARGIN
    is_refuted = energy.low > 1 - SAVING or points.high < -MARGIN
    verdict = "PASS" if is_sure else "FAIL" if is_refuted else "UNDECIDED"
    low, middle, high = (f"{value - 1:+.1%}" for value in energy)
    return (
        f"{verdict}: rate_weight {CLAIMED:g} lowers energy by at least {SAVING:.0%} and accuracy by at most {MARGIN:g} "
        f"points, {FRESH} fresh replicates (energy {middle}, interval {low} to {high}; "
        f"accuracy {points.middle:+.1f} points, interval {points.low:+.1f} to {points.high:+.1f})"
    )


def main() -> int:
    arguments = parser(__doc__, rounds=3)
    add_folder(arguments, "rate_weight")
    arguments.add_argument(
        "--quick", action="store_true", help="three weights, two replicates, two epochs: no claim"
    )
    chosen = arguments.parse_args()
    weights = (0.0, 3.0, 30.0) if chosen.quick else WEIGHTS
    n, epochs = (2, 2) if chosen.quick else (chosen.rounds, EPOCHS)
    table(rows_of(weights, range(n), epochs, chosen.folder))
    if chosen.quick:
        return 0
    return conclude([claim(rows_of((0.0, CLAIMED), range(n, n + FRESH), epochs, chosen.folder))])


if __name__ == "__main__":
    raise SystemExit(main())
