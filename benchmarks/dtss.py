"""DTSS-style learned timesteps of small Spikformers on MNIST and the CIFAR-10 subset (arXiv 2311.16456, our reading):
the weight of the masks (lambda_m) from 0 upwards beside uniform T, T_init of 1, half and all, which types of layers
pay for their timesteps, and masks with and without an order (prefix_sum, free).

Accuracy is that on test data; masks are fixed after training, and statistics of BatchNorm measured anew, in uniform
networks too. Average timesteps are of layers of neurons, of MACs, and by type of layer; energies are those of products
alone, at 4.6 and 0.9 pJ and at 3.2 and 0.1 pJ. Uniform T at an average between two whole numbers lies on the line
between these. A pair is equal where the learned network is at most one standard error of the uniform one worse.

Evaluation passes at mean T of 1, 0.7 and 0.4 of all timesteps are timed. It goes on where it was stopped. In full it
takes about an hour of two cores; with --quick, which has fewer weights, images, epochs and replicates, about seven
minutes.
"""

from collections.abc import Sequence

from claims import conclude, parser
from dtss_passes import time_section
from dtss_rows import (
    INT32,
    SIMPLE,
    Rows,
    by_layer,
    gain_at_equal_average,
    pair,
    rights,
    rows_of,
    standard_error,
)
from dtss_subjects import FULL, QUICK, Subject, Way, subjects
from dtss_tables import points, print_pairs, print_ways
from iir_tables import paired_interval
from intervals import t_interval, verdict
from trained_table import Row, add_folder

LEAST, MOST = 0.20, 0.36  # part of the timesteps that the paper spares at equal accuracy


def sections(subject: Subject, *, is_quick: bool) -> dict[str, dict[str, Way]]:
    """The ways of a subject by the tables that show them."""
    sweep = {f"lambda {way.masks.weight:g}": way for way in subject.sweep()}
    made = {
        "uniform T, and learned timesteps by weight": {f"T={w.timesteps}": w for w in subject.uniform()}
        | sweep
    }
    if is_quick:
        return made
    initial = {f"T_init {t}, lambda {w:g}": way for (t, w), way in subject.initial().items()}
    return made | {
        "timesteps to begin with": initial,
        f"types of layers that pay, lambda {subject.claimed:g}": subject.selected(),
        f"masks in order and free, lambda {subject.claimed:g}": subject.modes(),
    }


def print_subject(subject: Subject, parts: dict[str, dict[str, Way]], rows: Rows) -> None:
    """All tables of a subject."""
    n = len(next(iter(rows.values())))
    print(f"\n{subject.name}: at most {subject.most} timesteps, {subject.epochs} epochs, {n} replicates")
    uniform = [rows[way] for way in subject.uniform()]
    for title, ways in parts.items():
        print_ways(title, ways, rows, uniform)
    ways = {text: way for of_table in parts.values() for text, way in of_table.items()}
    print_pairs(subject, {text: way for text, way in ways.items() if way.masks.are_learned}, rows)


def claims(subject: Subject, rows: Rows) -> list[str]:
    """The lines of all claims on a subject."""
    claimed = subject.learned(subject.claimed)
    uniform = [rows[way] for way in subject.uniform()]
    return [
        subject.name,
        *_spares(f"lambda {subject.claimed:g}", rows[claimed], uniform[-1]),
        *_sweeps(subject, rows),
        f"seen, not claimed: {_equal_pairs(subject, rows)}",
        f"seen, not claimed: lambda {subject.claimed:g} against uniform T at the same average,"
        f" {points(gain_at_equal_average(rows[claimed], uniform))} points",
    ]


def _spares(what: str, rows: Sequence[Row], uniform: Sequence[Row]) -> list[str]:
    """Fewer timesteps, equal accuracy, less energy than at uniform T_max, at the weight chosen beforehand."""
    spared = t_interval((1 - by_layer(rows) / by_layer(uniform)).tolist())
    gap, error = paired_interval(rights(rows), rights(uniform)), standard_error(uniform)
    lines = [
        verdict(f"{what} spares at least {LEAST:.0%} of the timesteps of uniform T_max", spared, least=LEAST),
        verdict(f"it is at most a standard error ({error:.2f} points) worse, in points", gap, least=-error),
    ]
    for name, prices in ((SIMPLE, "4.6/0.9 pJ"), (INT32, "3.2/0.1 pJ")):
        ratios = [a["energies"][name] / b["energies"][name] for a, b in zip(rows, uniform, strict=True)]
        lines.append(verdict(f"it takes less energy at {prices}, as a ratio", t_interval(ratios), most=1))
    return lines


def _sweeps(subject: Subject, rows: Rows) -> list[str]:
    """Whether a larger weight leaves fewer timesteps."""
    first, last = subject.sweep()[0], subject.sweep()[-1]
    fell = t_interval((by_layer(rows[last]) - by_layer(rows[first])).tolist())
    return [verdict(f"lambda {last.masks.weight:g} leaves fewer timesteps than 0, by layer", fell, most=0)]


def _equal_pairs(subject: Subject, rows: Rows) -> str:
    """How many weights of the sweep are equal to uniform T_max, and what these spare."""
    pairs = [pair(rows[way], rows[subject.uniform()[-1]]) for way in subject.sweep()]
    spared = [one.spared for one in pairs if one.is_equal]
    if not spared:
        return "no weight is equal to uniform T_max"
    n_paper = sum(one >= LEAST for one in spared)
    return (
        f"{len(spared)} of {len(pairs)} weights are equal to uniform T_max and spare {min(spared):.0%} to"
        f" {max(spared):.0%} of its timesteps, {n_paper} of them at least {LEAST:.0%}"
        f" (the paper: {LEAST:.0%} to {MOST:.0%})"
    )


def main() -> int:
    arguments = parser(__doc__, rounds=3)
    arguments.add_argument(
        "--quick", action="store_true", help="fewer weights, images, epochs and replicates"
    )
    add_folder(arguments, "dtss")
    chosen = arguments.parse_args()
    size, replicates = (QUICK, 2) if chosen.quick else (FULL, chosen.rounds)
    lines = []
    for subject in subjects(size):
        parts = sections(subject, is_quick=chosen.quick)
        ways = [way for of_table in parts.values() for way in of_table.values()]
        rows = rows_of(subject, ways, replicates, chosen.folder)
        print_subject(subject, parts, rows)
        lines += claims(subject, rows)
    return conclude([*lines, *time_section(*((7, 2) if chosen.quick else (15, 4)))])


if __name__ == "__main__":
    raise SystemExit(main())
