"""Quantities as people write and read them: '50nJ' in, 50000.0 (picojoules) out, and back.

The unit of a metric is the end of its name: `energy_pj`, `latency_s`, `footprint_bits`; `accuracy` and names
that end in `_rate` are fractions in [0, 1]; anything else is a plain number. The metrics that people ask for
most have short names: `energy=50nJ`, `acc=80%`.
"""

import math
import re
from dataclasses import dataclass
from numbers import Real
from typing import Any

from tsearch.errors import TsearchError

SHORT_NAMES = {
    "energy": "energy_pj",
    "latency": "latency_s",
    "footprint": "footprint_bits",
    "acc": "accuracy",
}


@dataclass(frozen=True)
class Quantity:
    """What a metric measures, with an example; the units understood (factors to its own) and those shown."""

    words: str
    example: str
    units: dict[str, float]
    shown: tuple[str, ...] = ()


ENERGY = Quantity(
    "measured in J",
    "50nJ",
    {"fJ": 1e-3, "pJ": 1, "nJ": 1e3, "uJ": 1e6, "mJ": 1e9, "J": 1e12},
    ("pJ", "nJ", "uJ", "mJ", "J"),
)
TIME = Quantity(
    "measured in s",
    "2ms",
    {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600},
    ("ns", "us", "ms", "s"),
)
BITS = Quantity(
    "measured in bits or bytes",
    "64KiB",
    {"bit": 1, "B": 8, "kB": 8e3, "MB": 8e6, "GB": 8e9, "KiB": 8 * 2**10, "MiB": 8 * 2**20, "GiB": 8 * 2**30},
    ("B", "KiB", "MiB", "GiB"),
)
FRACTION = Quantity("a fraction in [0, 1] or a percentage", "0.75 or 75%", {"%": 0.01}, ("%",))
NUMBER = Quantity("a plain number", "3", {})
_SUFFIXES = {"_pj": ENERGY, "_s": TIME, "_bits": BITS, "_rate": FRACTION}
_TITLES = {
    "energy_pj": "energy",
    "dense_energy_pj": "energy of the dense twin without spikes",
    "quantised_energy_pj": "energy of the quantised twin without spikes",
    "quantised_activations_energy_pj": "energy of the twin without spikes whose activations are quantised",
    "unreused_energy_pj": "energy if nothing fetched is reused",
    "latency_s": "latency",
    "footprint_bits": "footprint",
}
_LONG = 1e15  # numbers from here on are written with an exponent
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*")


OF_TYPE = "mean_timesteps_of_"  # begins metrics of the types of layers in a network with masks


def metric_name(name: str) -> str:
    """The metric behind a short name (`energy` -> `energy_pj`); any other name as it is."""
    return SHORT_NAMES.get(name, name)


def title(metric: str) -> str:
    """The metric in words for an axis or a column: `energy_pj` -> 'energy', `mean_timesteps` -> 'mean
    timesteps'.
    """
    return _TITLES.get(metric, metric.replace("_", " "))


def quantity(metric: str) -> Quantity:
    """What `metric` measures, from the end of its name."""
    if metric == "accuracy" or metric.endswith("_accuracy"):
        return FRACTION
    return next((kind for suffix, kind in _SUFFIXES.items() if metric.endswith(suffix)), NUMBER)


def parse(text: str, metric: str, where: str = "") -> float:
    """The value that `text` ('50nJ', '1.5 uJ', '64KiB', '75%', '0.75') gives, in the unit of `metric`.

    A number without a unit is in the metric's own unit. `where` starts the error message, such as '--max
    energy=50ms'. Raises: TsearchError for something that is no number, for a unit that does not fit, and for
    a fraction outside [0, 1].
    """
    kind, where = quantity(metric), where or f"{metric} {text!r}"
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise TsearchError(
            f"{where}: {text!r} is not a number with a unit. Write for example {kind.example}."
        )
    value, unit = float(match[1]), match[2].replace("µ", "u").replace("μ", "u")
    if unit and unit not in kind.units:
        allowed = ", ".join(kind.units) or "no unit"
        raise TsearchError(f"{where}: {title(metric)} is {kind.words}: {allowed}.{_same_letters(unit, kind)}")
    return _in_range(value * kind.units.get(unit, 1), metric, where)


def value_of(given: Any, metric: str, where: str = "") -> float:
    """The value that `given` means, in the unit of `metric`: a number as it is, text as `parse` reads it. Raises:
    TsearchError as `parse` does."""
    if isinstance(given, str):
        return parse(given, metric, where)
    where = where or f"{metric} {given!r}"
    if isinstance(given, bool) or not isinstance(given, Real):
        raise TsearchError(
            f"{where}: {given!r} is no number. Write for example {quantity(metric).example!r}."
        )
    return _in_range(float(given), metric, where)


def is_gain(metric: str) -> bool:
    """Whether more of a metric that is no objective is better: an accuracy is a gain, anything else a cost."""
    return metric.endswith("accuracy")


def parse_constraint(text: str, where: str = "--max") -> tuple[str, float]:
    """Metric and bound of a constraint such as 'energy=50nJ'. Raises: TsearchError where it is none."""
    name, equals, value = text.partition("=")
    metric = metric_name(name.strip())
    if not equals or not metric:
        raise TsearchError(
            f"{where} {text}: a constraint is METRIC=VALUE. Write for example {where} energy=50nJ."
        )
    return metric, parse(value, metric, where=f"{where} {text}")


def format_value(value: float, metric: str, digits: int = 3) -> str:
    """The value for people, with `digits` significant digits: 61234.0 `energy_pj` -> '61.2 nJ', 0.82
    `accuracy` -> '82.0 %'.
    """
    if not math.isfinite(value):
        return "none" if math.isnan(value) else str(value)
    if quantity(metric) is FRACTION:
        return f"{100 * value:.1f} %" if abs(value) < _LONG else _significant(value, digits)
    unit, factor = display_unit(metric, float(f"{value:.{digits - 1}e}"))
    number = _significant(value / factor, digits)
    return f"{number} {unit}".rstrip()


def duration_text(seconds: float) -> str:
    """A time to wait, rounded as people say it: '40 s', '3 min', '2 h 10 min'."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def counted(n: int, noun: str) -> str:
    """A number of things in words: '1 epoch', '1,200 epochs'."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def display_unit(metric: str, value: float) -> tuple[str, float]:
    """The unit in which `value` is best read, and what to divide by: (`energy_pj`, 61234.0) -> ('nJ',
    1000.0).
    """
    kind = quantity(metric)
    fitting = [unit for unit in kind.shown if kind is FRACTION or abs(value) >= kind.units[unit]]
    unit = fitting[-1] if fitting else next(iter(kind.shown), "")
    return unit.replace("u", "µ"), kind.units.get(unit, 1)


def _in_range(value: float, metric: str, where: str) -> float:
    kind = quantity(metric)
    if not math.isfinite(value) or (kind is FRACTION and not 0 <= value <= 1):
        raise TsearchError(f"{where}: {title(metric)} is {kind.words}. Write for example {kind.example}.")
    return value


def _significant(value: float, digits: int) -> str:
    text = f"{value:.{digits - 1}e}"
    rounded, exponent = float(text), int(text.partition("e")[2])
    places = max(0, digits - 1 - exponent) if rounded else 0
    return f"{rounded:.{places}f}" if places <= 6 and abs(value) < _LONG else text


def _same_letters(unit: str, kind: Quantity) -> str:
    near = [known for known in kind.units if known.lower() == unit.lower()]
    return f" Did you mean '{near[0]}'?" if near else ""


def violation(value: float, low: float | None, high: float | None) -> float:
    """By how much `value` breaks the constraint [low, high], relative to the end that it passes; 0 where it keeps it,
    infinite for NaN. None leaves a side open."""
    if low is None and high is None:
        return 0.0
    if math.isnan(value):
        return math.inf
    over = 0.0 if high is None else (value - high) / (abs(high) or 1.0)
    under = 0.0 if low is None else (low - value) / (abs(low) or 1.0)
    return max(0.0, over, under)
