"""Cases of benchmarks/tables/silicon.yaml: what was measured, and what `hwcost.estimate` predicts for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from silicon_networks import NETWORKS

import hwcost as h

HERE = Path(__file__).parent
TABLE = HERE / "tables" / "silicon.yaml"
UNITS = {"mJ": 1e-3, "uJ": 1e-6, "W": 1, "mW": 1e-3, "uW": 1e-6, "us": 1e-6}
PICO = 1e-12
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
        return range_of(self.plain["measured"])

    @cached_property
    def predicted(self) -> Range:
        """Over the ranges of inputs and prices: every input grows with what it costs."""
        ends = list(zip(*(range_of(number) for number in self.plain["inputs"].values()), strict=True))
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
    return [Case(plain) for plain in load_table()["cases"]]


def load_table() -> dict[str, Any]:
    """The whole table: sources, cases and what is refused."""
    return yaml.safe_load(TABLE.read_text())


def range_of(number: dict[str, Any]) -> Range:
    """Low end, value and high end of a number of the table."""
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
