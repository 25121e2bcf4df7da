"""IIR-style chains on CIFAR-10 and MNIST: an ANN, percentile thresholds, then timesteps 5, 4, 3, 2, 1 one after the
other; beside 5-3-1, 5-1 and training at T=1 at once, with as many epochs in all.

Networks are VGG16 and VGG6 of the paper with an eighth of the channels and hidden neurons: without BatchNorm and
biases, as in the paper; with BatchNorm that the conversion folds into weights and biases; and with BatchNorm and leaky
neurons, without an ANN. Images are 300 a class of CIFAR-10 and 200 of MNIST, a tenth of them for validation; test has
100 and 200 a class.

The tables have accuracies on test data and rates of layers, before a phase ("untrained": the weights of the phase
before, at the timesteps of this one) and after it; energies; thousands of words that membranes and weights move where
every operation fetches its own; thresholds and leaks. Deep layers are the deeper half. It goes on where it was stopped.

In full it takes about 20 minutes of two cores; with --quick, which has fewer subjects, images, epochs and replicates,
about four.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from claims import conclude, holds, parser
from iir_chains import MEMORY, Subject, family, walk
from iir_subjects import DEEP_DIGITS, FOLDED, FULL, LEAKY, PLAIN, QUICK, Size, quick_subjects, subjects
from iir_tables import deep_rates, paired_interval, print_layers, print_stops, rights
from intervals import t_interval, verdict
from trained_table import Row, add_folder, trained


def trained_rows(made: Sequence[Subject], size: Size, replicates: int, folder: Path) -> list[list[Row]]:
    """The rows of every subject, one per replicate."""
    jobs = [family(subject, r, size.epochs, size.total) for subject in made for r in range(replicates)]
    rows = trained(jobs, folder, walk)
    return [rows[first : first + replicates] for first in range(0, len(rows), replicates)]


def print_subject(name: str, rows: Sequence[Row], size: Size) -> None:
    """Both tables of a subject."""
    print(f"\n{name}: {size.total} epochs of the spiking network, {len(rows)} replicates")
    print_stops(rows)
    print_layers(rows)


def claims(tables: Mapping[str, Sequence[Row]]) -> list[str]:
    """The lines of all claims on the subjects at hand."""
    lines = []
    for name, rows in tables.items():
        lines += [name, *_silence(name, rows), *_paths(rows), *_costs(name, rows)]
    return lines


def _silence(name: str, rows: Sequence[Row]) -> list[str]:
    """Whether deep layers fall silent where a network of T=5 runs at T=1, and fire again once it is trained so."""
    five = deep_rates(rows, "5")
    untrained = t_interval((deep_rates(rows, "5-1", "before") / five).tolist())
    said = "of the rate of deep layers at T=5 is left at T=1 without retraining"
    if name == LEAKY:
        return [verdict(f"at least half {said}", untrained, least=0.5)]
    if name == PLAIN:
        at_once = t_interval((deep_rates(rows, "5-1") / five).tolist())
        return [
            verdict(f"at most a tenth {said}", untrained, most=0.1),
            verdict("retraining at T=1 at once does not bring half of it back", at_once, most=0.5),
            *_fails_at_once(rows),
        ]
    chain = t_interval((deep_rates(rows, "5-4-3-2-1") / five).tolist())
    fades = verdict(f"at most half {said}", untrained, most=0.5)
    if name in (FOLDED, DEEP_DIGITS):  # ten epochs bring back too little to claim
        return [fades, f"seen, not claimed: the part of it that is back behind 5-4-3-2-1: {chain}"]
    return [fades, verdict("at least half of it is back behind 5-4-3-2-1", chain, least=0.5)]


def _paths(rows: Sequence[Row]) -> list[str]:
    """The other paths to T=1 against the longest one: what we claim of them, and what the paper does."""
    if "5-3-1" not in rows[0]["stops"]:
        return []
    chain = rights(rows, "5-4-3-2-1")
    others = {name: paired_interval(rights(rows, name), chain) for name in ("5-3-1", "5-1", "1")}
    return [
        verdict("5-3-1 loses at most 1 point against 5-4-3-2-1", others["5-3-1"], least=-1),
        *(f"seen, not claimed: {name} against 5-4-3-2-1: {others[name]} points" for name in ("5-1", "1")),
    ]


def _fails_at_once(rows: Sequence[Row]) -> list[str]:
    """Whether the deep network learns nothing where it is trained at T=1 at once, from the ANN or from T=5: behind a
    silent layer without bias all membranes are 0, where the triangular surrogate is 0 and no gradient comes back."""
    five = rights(rows, "5")
    ways = {"1": "trained at T=1 from the ANN", "5-1": "trained at T=1 from T=5"}
    return [
        verdict(
            f"{way}, it ends 5 points or more below T=5", paired_interval(rights(rows, stop), five), most=-5
        )
        for stop, way in ways.items()
    ]


def _costs(name: str, rows: Sequence[Row]) -> list[str]:
    """What T=1 saves."""
    ends = {"T=5": "5", "T=1": "5-4-3-2-1" if "5-4-3-2-1" in rows[0]["stops"] else "5-1"}
    words = {
        t: [row["stops"][stop]["after"]["words"]["membrane"] for row in rows] for t, stop in ends.items()
    }
    energies = {
        t: [row["stops"][stop]["after"]["energy"][MEMORY] for row in rows] for t, stop in ends.items()
    }
    saved = t_interval(np.divide(energies["T=1"], energies["T=5"]).tolist())
    moved = holds(
        "membranes move no word at T=1, and some at T=5", max(words["T=1"]) == 0 < min(words["T=5"])
    )
    if name == PLAIN:  # what is silent costs little, and knows nothing
        return [moved]
    return [moved, verdict(f"T=1 takes less energy than T=5 under {MEMORY}, as a ratio", saved, most=1)]


def main() -> int:
    arguments = parser(__doc__, rounds=3)
    arguments.add_argument(
        "--quick", action="store_true", help="half of the subjects, fewer images and epochs"
    )
    add_folder(arguments, "iir")
    chosen = arguments.parse_args()
    size, replicates = (QUICK, 2) if chosen.quick else (FULL, chosen.rounds)
    made = quick_subjects() if chosen.quick else subjects(size)
    rows = trained_rows(made, size, replicates, chosen.folder)
    tables = {subject.name: of_subject for subject, of_subject in zip(made, rows, strict=True)}
    for name, rows in tables.items():
        print_subject(name, rows, size)
    return conclude(claims(tables))


if __name__ == "__main__":
    raise SystemExit(main())
