"""How far are predictions from what chips were measured to need? Predicted against measured, with intervals.

Every prediction is `hwcost.estimate` of the network that ran, with the activity that was counted on it and the profile
of the chip; intervals come from the ranges of prices, of inputs and of the measurement. Cases, sources and how sure
each number is: benchmarks/tables/silicon.yaml (`--inputs` prints them). `--plot FILE` writes the picture as SVG,
`--docs` writes table and picture into docs/. Takes some seconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from claims import at_most, conclude, parser, within
from silicon_networks import NETWORKS
from silicon_plot import Mark, picture

import hwcost as h

HERE = Path(__file__).parent
TABLE = HERE / "tables" / "silicon.yaml"
PAGE = HERE.parent / "docs" / "silicon.md"
PICTURE = HERE.parent / "docs" / "silicon.svg"
FACTOR = 1.3
UNITS = {"mJ": 1e-3, "uJ": 1e-6, "W": 1, "mW": 1e-3, "uW": 1e-6, "us": 1e-6}
PICO = 1e-12
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
SURE = "PCASXR"  # from read in a primary artefact to recalled

ROLES = {
    "value": "",
    "floor": " (floor)",
    "fit": " (fitted)",
    "other": " (other prices)",
    "counter": " (flat)",
}

Range = tuple[float, float, float]  # low, value, high


@dataclass(frozen=True)
class Case:
    """One comparison. `plain` is its entry of the table; numbers are in the unit of the measurement."""

    plain: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.plain["name"])

    @property
    def independence(self) -> str:
        return str(self.plain["class"])

    @property
    def role(self) -> str:
        """A key of `ROLES`."""
        return str(self.plain.get("as", "value"))

    @property
    def unit(self) -> str:
        return str(self.plain["measured"]["unit"])

    @property
    def numbers(self) -> dict[str, dict[str, Any]]:
        """Inputs and measurement, each with value, source and how sure it is."""
        return {**self.plain["inputs"], "measured": self.plain["measured"]}

    @property
    def sure(self) -> str:
        """The letter of the least sure number."""
        return max((number["sure"] for number in self.numbers.values()), key=SURE.index)

    @property
    def measured(self) -> Range:
        return _range(self.plain["measured"])

    @cached_property
    def predicted(self) -> Range:
        """Over the ranges of inputs and prices: every input grows with what it costs."""
        ends = list(zip(*(_range(number) for number in self.plain["inputs"].values()), strict=True))
        estimates = {values: self._estimate(values) for values in dict.fromkeys(ends)}
        low, value, high = (estimates[values] for values in ends)
        return low[0], value[1], high[2]

    @property
    def ratio(self) -> Range:
        """Predicted over measured."""
        low, value, high = self.predicted
        return low / self.measured[2], value / self.measured[1], high / self.measured[0]

    def _estimate(self, values: Sequence[float]) -> Range:
        inputs = dict(zip(self.plain["inputs"], values, strict=True))
        network, record = NETWORKS[self.plain["network"]](**inputs)
        profile = _profile(self.plain, inputs)
        widest = {"weight_bits": int(profile.capacity["weight_bits"].value)} if profile.capacity else None
        cost = h.estimate(network, record, profile, "lock_step", widest)
        return tuple(number / UNITS[self.unit] for number in _quantity(cost, self.plain["quantity"]))


def load_cases() -> list[Case]:
    """All cases of the table, in its order."""
    return [Case(plain) for plain in _table()["cases"]]


def _table() -> dict[str, Any]:
    return yaml.safe_load(TABLE.read_text())


def _range(number: dict[str, Any]) -> Range:
    value = float(number["value"])
    low, high = number.get("range", (value, value))
    return float(low), value, float(high)


def _profile(plain: dict[str, Any], inputs: dict[str, float]) -> h.Profile:
    """The chip, at the tick rate and the clock of the measurement; with `flat_pj`, an average per synaptic operation
    and nothing else."""
    name = plain["profile"]
    profile = h.load_profile(HERE / name if name.endswith(".yaml") else name)
    hardware = dict(profile.hardware)
    tick = plain.get("tick_s") or ("ticks_per_s" in inputs and 1 / inputs["ticks_per_s"])
    if tick:
        hardware["tick_s"] = _exactly(tick, "s")
    prices = {"sop": _exactly(plain["flat_pj"], "pJ")} if "flat_pj" in plain else profile.prices
    return replace(profile, hardware=hardware, prices=prices)


def _exactly(value: float, unit: str) -> h.Price:
    return h.Price(value, value, value, unit, "input of the case")


def _quantity(cost: h.Cost, quantity: str) -> Range:
    """In J, W or s."""
    if quantity == "latency":
        low, high = cost.latency_s_interval
        return low, cost.latency_s, high
    if quantity == "power":
        low, high = (end / cost.latency_s for end in cost.interval)
        return low * PICO, cost.total_pj / cost.latency_s * PICO, high * PICO
    return _dynamic_j(cost)


def _dynamic_j(cost: h.Cost) -> Range:
    """Energy without static power: that of used cores and chips is a rail of its own in these measurements."""
    rows = [row for row in cost.rows if row.price and row.kind != "leakage"]

    def total(end: str, steps: str) -> float:
        pairs = ((getattr(row.price, end), getattr(row, steps, None) or row.steps) for row in rows)
        return PICO * sum(price * sum(n) for price, n in pairs) / cost.n_samples

    return total("low", "low"), total("value", "steps"), total("high", "high")


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
    sources, lines = _table()["sources"], []
    for case in cases:
        lines.append(f"{case.name} ({case.plain['profile']})")
        for name, number in case.numbers.items():
            source = sources.get(number["source"], number["source"])
            lines.append(f"  {name:<20} {_short(_range(number)):<28} {number['sure']}  {source}")
    return lines


def refused() -> list[str]:
    """What is not compared, as rows of Markdown."""
    rows = [f"| {one['case']} | {one['why']} |" for one in _table()["refused"]]
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
