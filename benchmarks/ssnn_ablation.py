"""SSNN part by part, at equal average timesteps: uniform T, T that shrinks from stage to stage (`bucket`), early
classifiers, temporal transformers (`score_mix`). How much each adds is told per sample and seed.

On the digit events, with a plain recipe and with that of the demo, whose uniform networks are better; on N-MNIST and
its playback set, 980 real recordings in five folds; and on windows of ten gesture recordings. The claims are those of
the paper in kind (arXiv 2401.01912), on the digit events: a gain over our own uniform networks with the same average
T, and one that grows as T shrinks. On N-MNIST nothing is gained, so nothing is claimed there. Then three divisions
with three vectors each, networks in which early classifiers may matter, two of them once more with other seeds, and
what classifiers and transformers add.

Intervals are of 95 %, with the errors of seeds and of test samples, not adjusted for their number. Trainings are kept
and not repeated. The full table takes about 45 minutes of two free cores, `--quick` (fewer seeds, folds and networks)
about six; without recordings in TSEARCH_DATA, only the digit events are shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from claims import conclude, parser
from ssnn_data import N_FOLDS
from ssnn_early import Net, early_section, followed_section, show_additions
from ssnn_rows import (
    UNIFORM,
    Source,
    Trained,
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

# One recording of every scan, and the loss of the mean over time, which is that of the paper as we read it.
PLAIN = {"learning_rate": 0.01, "loss": "mean", "shift_per": "batch", "decay_all": True}
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
    Net(6, has_norm=False, tap="after"),
    Net(6, has_norm=False, head="convolution"),
    Net(6, has_norm=False, is_paper=True),
)


@dataclass(frozen=True)
class Size:
    """How much is trained: seeds of the digit events, of divisions and early classifiers, and of recordings; epochs;
    averages; folds of N-MNIST, 0 for none; vectors of a division; networks with early classifiers; those of them that
    are trained once more, and with how many other seeds; rounds of the timing; options of the digit events."""

    seeds: int = 8
    other_seeds: int = 3
    real_seeds: int = 3
    epochs: int = 20
    averages: tuple[int, ...] = (2, 3, 5)
    folds: int = N_FOLDS
    vectors: int = 3
    nets: tuple[Net, ...] = FULL_NETS
    followed: tuple[Net, ...] = (Net(6, is_paper=True), Net(9, is_paper=True))
    followed_seeds: int = 8
    rounds: int = 5
    digits: tuple[tuple[str, int], ...] = ()


FULL = Size()
QUICK = Size(
    seeds=3,
    real_seeds=1,
    averages=(2, 5),
    folds=2,
    vectors=1,
    nets=(Net(3), Net(9, has_norm=False)),
    followed=(),
    rounds=2,
)
TINY = Size(
    seeds=2,
    other_seeds=2,
    epochs=1,
    averages=(2, 5),
    folds=0,
    vectors=1,
    nets=(Net(3),),
    followed=(),
    rounds=1,
    digits=(("size", 8), ("steps", 12), ("train_recordings", 1), ("test_recordings", 1)),
)
Train = Callable[[Source, dict[Any, Any]], dict[Any, Trained]]


def digit_events(size: Size) -> tuple[Source, Source]:
    """With the plain recipe, and with that of the demo."""
    options = dict(size.digits)
    plain = DataSpec(name="digits_dvs", options=options | {"train_recordings": 1})
    demo = DataSpec(name="digits_dvs", options=options)
    return (
        Source("digit events, plain recipe", (plain,), size.seeds, PLAIN),
        Source("digit events, recipe of the demo", (demo,), size.seeds),
    )


def recordings(size: Size) -> list[Source]:
    """Real ones, where there are any."""
    if not size.folds or machine().data is None:
        return []
    found = []
    for title, is_playback in (("N-MNIST", False), ("N-MNIST playback", True)):
        options = {"playback": is_playback}
        folds = (DataSpec(name="ssnn_data:nmnist", options=options | {"fold": n}) for n in range(size.folds))
        found.append(Source(title, tuple(folds), size.real_seeds, has_claim=False))
    gestures = DataSpec(name="ssnn_data:gestures")
    return [*found, Source("gesture windows", (gestures,), size.real_seeds, has_claim=False)]


def rows_section(source: Source, size: Size, train: Train) -> list[str]:
    """The table of one source, and its claims."""
    made = {
        (row, a): one for a in size.averages for row, one in ladder(a, size.epochs, source.recipe).items()
    }
    return show(source, train(source, made), size.averages)


def divisions_section(source: Source, size: Size, train: Train) -> None:
    """All of SSNN at an average T of 5, divided and shrunk in other ways."""
    recipe = source.recipe | {"early_loss_weight": 1.0}
    cases = [(d, vector) for d, vectors in DIVISIONS.items() for vector in vectors[: size.vectors]]
    made = {
        f"{division} {vector}": configuration(division, vector, size.epochs, recipe, mode="score_mix")
        for division, vector in cases
    }
    table = train(source, made | {UNIFORM: ladder(5, size.epochs, source.recipe)[UNIFORM]})
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
    form.add_argument("--tiny", action="store_true", help="one epoch on small events: the form, no claims")
    form.add_argument("--processes", type=int, default=2, help="that train at once (default: 2)")
    add_folder(form, "ssnn_ablation")
    asked = form.parse_args()
    size = TINY if asked.tiny else QUICK if asked.quick else FULL
    train = partial(all_trained, folder=asked.folder, processes=asked.processes)
    plain, demo = digit_events(size)
    claims = rows_section(plain, size, train) + rows_section(demo, size, train)
    divisions_section(plain.with_seeds(size.other_seeds), size, train)
    early_section(demo.with_seeds(size.other_seeds), size.nets, size.epochs, train)
    if size.followed:
        fresh = demo.with_seeds(size.followed_seeds, size.other_seeds)
        claims += followed_section(fresh, size.followed, size.epochs, train)
    show_additions(demo.data[0], 3, size.rounds)
    for source in recordings(size):
        try:
            claims += rows_section(source, size, train)
        except TsearchError as error:
            print(f"\n{source.title}: left out, {error}")
    return 0 if asked.tiny else conclude(claims)


if __name__ == "__main__":
    raise SystemExit(main())
