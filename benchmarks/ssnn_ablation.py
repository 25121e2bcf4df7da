"""SSNN part by part, at equal average timesteps: uniform T, T that shrinks from stage to stage (`bucket`), early
classifiers, temporal transformers (`score_mix`). How much each adds is told per sample and seed.

On the digit events; on N-MNIST and its playback set, 980 real recordings in five folds; and, without a claim, on
windows of ten gesture recordings. The claims are those of the paper in kind (arXiv 2401.01912): a gain over our own
uniform networks with the same average T, and one that grows as T shrinks. Then three divisions with three vectors each,
what classifiers and transformers add, and networks in which early classifiers may matter.

Intervals are of 95 %, with the errors of seeds and of test samples, not adjusted for their number. Trainings are kept
and not repeated. The full table takes about 45 minutes of two cores, `--quick` (fewer seeds, folds and networks) about
six, and neither needs more than what is there: without recordings in TSEARCH_DATA, only the digit events are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from claims import conclude, parser
from ssnn_data import N_FOLDS
from ssnn_early import Net, early_section, show_additions
from ssnn_rows import (
    UNIFORM,
    Source,
    Vector,
    all_trained,
    configuration,
    estimate,
    groups,
    interval,
    ladder,
    line,
    show,
)
from trained_table import add_folder

from tsearch.configuration import DataSpec
from tsearch.errors import TsearchError
from tsearch.machine import machine

DIVISIONS: dict[Vector, tuple[Vector, ...]] = {
    (1, 1, 1): ((8, 4, 3), (7, 5, 3), (6, 5, 4)),
    (1, 2): ((8, 2), (7, 3), (6, 4)),
    (2, 1): ((8, 2), (7, 3), (6, 4)),
}
FULL_NETS = (
    Net(3),
    Net(6),
    Net(9),
    Net(3, is_paper=True),
    Net(6, is_paper=True),
    Net(9, is_paper=True),
    Net(3, has_norm=False),
    Net(6, has_norm=False),
    Net(9, has_norm=False),
    Net(9, has_norm=False, tap="after"),
    Net(9, has_norm=False, head="convolution"),
    Net(9, has_norm=False, is_paper=True),
)


@dataclass(frozen=True)
class Size:
    """How much is trained: seeds and epochs; the averages; folds of N-MNIST, 0 for none; how many vectors a division
    has; the networks with early classifiers; rounds of the timing; options of the digit events."""

    seeds: int = 3
    epochs: int = 20
    averages: tuple[int, ...] = (2, 3, 5)
    real_averages: tuple[int, ...] = (2, 3, 5)
    real_seeds: int = 3
    folds: int = N_FOLDS
    vectors: int = 3
    nets: tuple[Net, ...] = FULL_NETS
    rounds: int = 5
    digits: tuple[tuple[str, int], ...] = ()


FULL = Size()
QUICK = Size(
    real_averages=(2, 5),
    real_seeds=1,
    folds=2,
    vectors=1,
    nets=(Net(3), Net(6, is_paper=True), Net(9, has_norm=False)),
    rounds=2,
)
TINY = Size(
    seeds=2,
    epochs=1,
    averages=(2, 5),
    folds=0,
    vectors=1,
    nets=(Net(3),),
    rounds=1,
    digits=(("size", 8), ("train_recordings", 1), ("test_recordings", 1)),
)


def sources(size: Size) -> list[Source]:
    """All data that is there."""
    digits = DataSpec(name="digits_dvs", options=dict(size.digits))
    found = [Source("digit events", (digits,), size.seeds)]
    if not size.folds or machine().data is None:
        return found
    for title, is_playback in (("N-MNIST", False), ("N-MNIST playback", True)):
        folds = tuple(
            DataSpec(name="ssnn_data:nmnist", options={"fold": fold, "playback": is_playback})
            for fold in range(size.folds)
        )
        found.append(Source(title, folds, size.real_seeds))
    gestures = Source(
        "gesture windows", (DataSpec(name="ssnn_data:gestures"),), size.real_seeds, has_claim=False
    )
    return [*found, gestures]


def rows_section(
    source: Source, averages: Sequence[int], size: Size, folder: Path, processes: int
) -> list[str]:
    """The table of one source, and its claims."""
    made = {(row, a): one for a in averages for row, one in ladder(a, size.epochs).items()}
    return show(source, all_trained(source, made, folder, processes), averages)


def divisions_section(source: Source, size: Size, folder: Path, processes: int) -> None:
    """All of SSNN at an average T of 5, divided and shrunk in other ways."""
    cases = [
        (division, vector) for division, vectors in DIVISIONS.items() for vector in vectors[: size.vectors]
    ]
    made = {
        f"{division} {vector}": configuration(
            division, vector, size.epochs, mode="score_mix", early_loss_weight=1.0
        )
        for division, vector in cases
    }
    table = all_trained(source, made | {UNIFORM: ladder(5, size.epochs)[UNIFORM]}, folder, processes)
    of, uniform = groups(source), table[UNIFORM]
    print(f"\n{source.title}: all of SSNN at an average of 5 timesteps by stage; energy in nJ")
    heads = ("T by layer", "T by MAC", "accuracy", "energy", "gain over uniform T=5")
    print(line("division and T", heads))
    for name, one in table.items():
        means = (f"{one.mean(f'mean_timesteps_by_{what}'):.2f}" for what in ("layer", "mac"))
        gain = "" if one is uniform else interval(estimate(one.right - uniform.right, of))
        print(line(name, (*means, one.text, f"{one.mean('energy_pj') / 1e3:.0f}", gain)))


def main() -> int:
    form = parser(__doc__)
    form.add_argument("--quick", action="store_true", help="fewer seeds, folds, vectors and networks")
    form.add_argument(
        "--tiny", action="store_true", help="one epoch on small digit events: shows the form alone"
    )
    form.add_argument("--processes", type=int, default=2, help="that train at once (default: 2)")
    add_folder(form, "ssnn_ablation")
    asked = form.parse_args()
    size = TINY if asked.tiny else QUICK if asked.quick else FULL
    where = asked.folder, asked.processes
    digits, *others = sources(size)
    claims = rows_section(digits, size.averages, size, *where)
    divisions_section(digits, size, *where)
    early_section(digits, size.nets, size.epochs, *where)
    show_additions(digits.data[0], 3, size.rounds)
    for source in others:
        try:
            claims += rows_section(source, size.real_averages, size, *where)
        except TsearchError as error:
            print(f"\n{source.title}: left out, {error}")
    return 0 if asked.tiny else conclude(claims)


if __name__ == "__main__":
    raise SystemExit(main())
