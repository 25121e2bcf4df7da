"""The General SNN at one timestep (arXiv 2401.10843) part by part, on MNIST and the CIFAR-10 subset, with convolutional
and LSTM cores of small width: windows (normal, and every second block dilated) in 1, 2 and 4 groups; what becomes of
the membranes of the group and of the layer before (sum, product, or m1 and m2: one of them alone, in the order of the
released code); and theta in 0.3, 0.5, 0.7.

Accuracy is that on test data, mean and deviation over replicates; differences are paired by replicate and sample, with
intervals of 95 %. Energies are hwcost's, with windows, membranes and real-valued layers (45nm_memory) and of products
alone (45nm_paper_simple), beside the paper's own accounting of the same spikes, with the multiplies of the first layer
alone (see `hwcost.studies.rate_account`). It goes on where it was stopped. In full it takes about 40 minutes of two
cores; with --quick, which has one core a data set, fewer images and replicates, about four.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from claims import conclude, parser
from general_subjects import (
    BASE,
    DILATED,
    FULL,
    GROUPS,
    NORMAL,
    QUICK,
    Subject,
    Variant,
    fused,
    projected,
    subjects,
    variants,
    windowed,
)
from iir_tables import paired_interval
from intervals import Interval, mean_text, t_interval, verdict
from trained_table import Job, Row, add_folder, finished, right_of, trained

from hwcost import NetworkSpec, SpikeRecord
from hwcost.studies.rate_account import rate_account
from tsearch.configuration import Hardware, Task

MEMORY, SIMPLE = "45nm_memory", "45nm_paper_simple"
HARDWARE = Hardware(profile=MEMORY, also=(SIMPLE,))
NJ, LEARNT = 1e-3, 0.2  # the latter is twice as often as by chance
Rows = Mapping[Variant, Sequence[Row]]


def rows_of(
    subject: Subject, chosen: Iterable[Variant], replicates: int, folder: Path
) -> dict[Variant, list[Row]]:
    """The rows of all variants, one per replicate."""
    made = list(chosen)
    jobs = [_job(subject, variant, r) for variant in made for r in range(replicates)]
    found = trained(jobs, folder, accounted)
    return {variant: found[i * replicates : (i + 1) * replicates] for i, variant in enumerate(made)}


def _job(subject: Subject, variant: Variant, replicate: int) -> Job:
    task = Task(data=subject.data, hardware=HARDWARE, replicate=replicate)
    name = f"{subject.name}, {' '.join(map(str, variant))}, replicate {replicate}"
    return Job(name, subject.configuration(variant), task)


def accounted(job: Job) -> Row:
    """The row of a training, with what the paper's own accounting makes of its spikes."""
    return finished(job, account=_as_the_paper)


def _as_the_paper(spec: NetworkSpec, record: SpikeRecord) -> Row:
    account = rate_account(spec, record)
    return {"paper_pj": account.energy_pj, "paper_adds": account.adds, "paper_multiplies": account.multiplies}


def print_subject(subject: Subject, rows: Rows) -> None:
    """All tables of a subject."""
    replicates = len(rows[BASE])
    print(f"\n{subject.name}: {subject.epochs} epochs, {replicates} replicates")
    print(f"  {rows[BASE][0]['parameters']:,} parameters")
    print(f"  windows: accuracy in %{'':8s}" + "".join(f"{f'{n} groups':>16s}" for n in GROUPS))
    cells = windowed()
    for kind, text in ((NORMAL, "all normal"), (DILATED, "every second dilated")):
        print(f"  {text:30s}" + "".join(f"{accuracy(rows[cells[kind, n]]):>16s}" for n in GROUPS))
    for title, made in (("fusion", fused()), ("theta", projected())):
        print(f"  {title:30s}" + "".join(f"{name!s:>16s}" for name in made))
        print(f"  {'':30s}" + "".join(f"{accuracy(rows[variant]):>16s}" for variant in made.values()))
    print_costs(rows)


def print_costs(rows: Rows) -> None:
    """What a sample costs, by windows: by hwcost, and as the paper counts."""
    heads = ("nJ, memory", "nJ, simple", "nJ, the paper's", "SOP", "MAC", "adds, paper's")
    print(f"  {'a sample':30s}" + "".join(f"{head:>16s}" for head in heads))
    for (kind, n), variant in windowed().items():
        if kind == DILATED and n == 1:
            continue  # the same as normal
        of = rows[variant]
        values = [_mean(row["energies"][name] for row in of) * NJ for name in (MEMORY, SIMPLE)]
        values += [_mean(row["paper_pj"] for row in of) * NJ]
        values += [_mean(row[name] for row in of) for name in ("sop", "mac", "paper_adds")]
        text = f"{'normal' if kind == NORMAL else 'dilated'}, {n} groups"
        print(f"  {text:30s}" + "".join(f"{value:16,.0f}" for value in values))


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def claims(subject: Subject, rows: Rows) -> list[str]:
    """The lines of all claims on a subject."""
    cells, others = windowed(), fused()
    gains = {
        "4 groups, dilated, against one group": cells[NORMAL, 1],
        "4 groups, dilated, against 4 normal ones": cells[NORMAL, 4],
        **{f"product against {name}": variant for name, variant in others.items() if variant != BASE},
        **{f"theta {BASE.theta} against {theta}": one for theta, one in projected().items() if one != BASE},
    }
    accuracies = t_interval([row["accuracy"] for row in rows[BASE]])
    ratios = t_interval([row["energies"][SIMPLE] / row["paper_pj"] for row in rows[BASE]])
    return [
        subject.name,
        verdict(
            f"it learns at one timestep: right at least {LEARNT:.0%} of the time", accuracies, least=LEARNT
        ),
        verdict(
            "products alone take more energy than the paper's accounting says, as a ratio", ratios, least=1
        ),
        *(f"seen, not claimed: {text}: {gap(rows, BASE, other)} points" for text, other in gains.items()),
    ]


def accuracy(rows: Sequence[Row]) -> str:
    """'91.0 +- 1.1', of test data in percent."""
    return mean_text([100 * row["accuracy"] for row in rows])


def gap(rows: Rows, one: Variant, other: Variant) -> Interval:
    """How much more accurate one variant is, in points."""
    right = [np.array([right_of(row) for row in rows[variant]]) for variant in (one, other)]
    return paired_interval(*right)


def main() -> int:
    arguments = parser(__doc__, rounds=3)
    arguments.add_argument("--quick", action="store_true", help="fewer subjects, images and replicates")
    add_folder(arguments, "general")
    chosen = arguments.parse_args()
    size, replicates = (QUICK, 2) if chosen.quick else (FULL, chosen.rounds)
    lines = []
    for subject in subjects(size):
        rows = rows_of(subject, variants(), replicates, chosen.folder)
        print_subject(subject, rows)
        lines += claims(subject, rows)
    return conclude(lines)


if __name__ == "__main__":
    raise SystemExit(main())
