"""How far are predictions from what chips were measured to need? Predicted against measured, with intervals.

Every prediction is `hwcost.estimate` of the network that ran, with the activity that was counted on it and the profile
of the chip; intervals come from the ranges of prices, of inputs and of the measurement. Cases, sources and how sure
each number is: benchmarks/tables/silicon.yaml (`--inputs` prints them). `--plot FILE` writes the picture as SVG,
`--docs` writes table and picture into docs/. Takes some seconds.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from claims import at_most, conclude, parser, within
from silicon_cases import ROLES, UNITS, Case, Range, load_cases, load_table, range_of
from silicon_plot import Mark, picture

DOCS = Path(__file__).parent.parent / "docs"
PAGE, PICTURE = DOCS / "silicon.md", DOCS / "silicon.svg"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
FACTOR = 1.3


def table(cases: Iterable[Case]) -> list[str]:
    """Rows of Markdown."""
    lines = [
        "| case | class | sure | predicted | measured | ratio | missing |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in cases:
        cells = (
            case.name + ROLES[case.role],
            case.independence,
            case.sure,
            f"{_short(case.predicted)} {case.unit}",
            f"{_short(case.measured)} {case.unit}",
            _short(case.ratio, ".2f"),
            case.plain["missing"],
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _short(numbers: Range, form: str = "") -> str:
    """'value [low, high]', or the value alone where it has no range."""
    low, value, high = (format(n, form or ("," + (".3g" if n < 1000 else ".0f"))) for n in numbers)
    return value if low == high else f"{value} [{low}, {high}]"


def claims(cases: Sequence[Case]) -> list[str]:
    """One line for each independent or held-out case without a recalled number."""
    lines = []
    for case in cases:
        if case.independence == "F" or case.sure == "R":
            continue
        if case.role == "floor":
            lines.append(at_most(f"{case.name}: a part of the work stays below the whole", case.ratio, 1))
        elif case.role == "value":
            lines.append(within(f"[{case.independence}] {case.name}", case.ratio, FACTOR))
    return lines


def summary(cases: Sequence[Case]) -> list[str]:
    """How many independent cases lie within the factor, and what the others lack."""
    lines = []
    for letter, words in (("I", "independent"), ("H", "held-out")):
        chosen = [c for c in cases if c.independence == letter and c.role == "value" and c.sure != "R"]
        near = [c for c in chosen if 1 / FACTOR <= c.ratio[1] <= FACTOR]
        lines.append(
            f"{len(near)} of {len(chosen)} {words} cases lie within {FACTOR} at the value of every number."
        )
        lines += [f"  not: {c.name}, {c.ratio[1]:.2f}: {c.plain['missing']}" for c in chosen if c not in near]
    return lines


def inputs(cases: Sequence[Case]) -> list[str]:
    """Every number with its source and how sure it is."""
    sources, lines = load_table()["sources"], []
    for case in cases:
        lines.append(f"{case.name} ({case.plain['profile']})")
        for name, number in case.numbers.items():
            source = sources.get(number["source"], number["source"])
            value = f"{_short(range_of(number))} {number.get('unit', '')}"
            lines.append(f"  {name:<20} {value:<28} {number['sure']}  {source}")
    return lines


def refused() -> list[str]:
    """What is not compared, as rows of Markdown."""
    rows = [f"| {one['case']} | {one['why']} |" for one in load_table()["refused"]]
    return ["| not compared | why |", "|---|---|", *rows]


def drawn(cases: Sequence[Case]) -> str:
    """The picture."""
    marks = []
    for case in cases:
        scale = UNITS[case.unit]
        measured, predicted = (tuple(scale * n for n in ends) for ends in (case.measured, case.predicted))
        colour = "counter" if case.role == "counter" else case.independence
        marks.append(Mark(case.name, measured, predicted, colour, case.role == "floor"))
    return picture(marks, FACTOR)


def page_table(cases: Sequence[Case]) -> list[str]:
    """What docs/silicon.md shows of the cases."""
    return [*table(case for case in cases if case.role != "fit"), "", *refused()]


def write_docs(cases: Sequence[Case]) -> None:
    """The table within docs/silicon.md, without the points of fits, and docs/silicon.svg."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join([before + BEGIN, "", *page_table(cases), "", END + after]))
    PICTURE.write_text(drawn(cases))


def main() -> int:
    """Print the table, what is refused, and the claims. Exit code 1 where a claim fails."""
    arguments = parser(__doc__)
    arguments.add_argument("--inputs", action="store_true", help="print every input with its source")
    arguments.add_argument("--plot", type=Path, metavar="FILE", help="write the picture as SVG")
    arguments.add_argument("--docs", action="store_true", help="write table and picture into docs/")
    asked = arguments.parse_args()
    cases = load_cases()
    if asked.plot:
        asked.plot.write_text(drawn(cases))
    if asked.docs:
        write_docs(cases)
    if asked.inputs:
        print("\n".join(inputs(cases)) + "\n")
    print("\n".join([*table(cases), "", *refused(), "", *summary(cases)]))
    return conclude(claims(cases))


if __name__ == "__main__":
    raise SystemExit(main())
