"""How every figure looks: colours that colour-blind readers can tell apart, one layout, ticks at round numbers."""

import math
import sys
from collections.abc import Iterable
from html import escape
from typing import Any

from tsearch.units import display_unit, title

Figure = dict[str, Any]

INK, MUTED, GRID, PAPER = "#1c2733", "#5d6b7a", "#e6eaef", "#ffffff"
BLUE, SKY, ORANGE, GREEN, GREY, RED = (
    "#0072b2",
    "#7fb8d8",
    "#d55e00",
    "#00795c",
    "#b4bdc7",
    "#c2185b",
)  # after Okabe and Ito, 2008
PURPLE, AMBER, CRIMSON = "#aa4499", "#8a5a00", "#b3261e"
KINDS = {  # kinds of energy; those that are left out cost little
    "weights": "#0072b2",
    "operations": "#e69f00",
    "synaptic_operations": "#d55e00",
    "membrane": "#009e73",
    "neuron": "#cc79a7",
    "activations": "#56b4e9",
    "transformer": "#f0e442",
    "addressing": "#332288",
    "accumulator": "#882255",
    "spikes": "#999933",
    "leakage": "#661100",
}
RAMP = [[0.0, "#fde725"], [0.5, "#21918c"], [1.0, "#440154"]]  # light for little, dark for much
BLUES = [[0.0, "#ffffff"], [0.25, "#c9e1f2"], [0.6, "#4f9bd0"], [1.0, "#08306b"]]
_MOST = sys.float_info.max
_LOG_LEAST, _LOG_MOST = math.log(sys.float_info.min), math.log(_MOST)
FONT = {
    "family": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
    "size": 13,
    "color": INK,
}


def layout(**more: Any) -> dict[str, Any]:
    """The layout shared by all figures, with `more` on top."""
    return {
        "font": FONT,
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "margin": {"l": 64, "r": 24, "t": 16, "b": 52},
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": GREY, "align": "left", "font": {**FONT, "size": 12}},
        "showlegend": False,
        "autosize": True,
    } | more


def axis(text: str = "", **more: Any) -> dict[str, Any]:
    """One axis: thin grid, no frame."""
    shown = {"title": {"text": text, "standoff": 10}} if text else {}
    return {
        **shown,
        "gridcolor": GRID,
        "linecolor": GREY,
        "zeroline": False,
        "ticks": "outside",
        "tickcolor": GREY,
    } | more


class Scale:
    """The axis of a metric in the unit that reads best for `values`; logarithmic where a cost spans above 1 to 4."""

    def __init__(self, metric: str, values: Iterable[float], *, is_cost: bool = False) -> None:
        finite = [value for value in values if math.isfinite(value)] or [0.0]
        self.metric = metric
        self.unit, self.factor = display_unit(metric, max(abs(value) for value in finite))
        self._low, self._high = self(min(finite)), self(max(finite))
        self.is_log = is_cost and self._low > 0 and self._high / 4 > self._low

    def __call__(self, value: float) -> float:
        """The value in the axis' unit."""
        return value / self.factor

    @property
    def title(self) -> str:
        """'energy (nJ)'."""
        name = escape(title(self.metric))
        return f"{name} ({self.unit})" if self.unit else name

    @property
    def ends(self) -> tuple[float, float]:
        """Where the axis begins and ends, with room around the values, in its unit."""
        if self.is_log:
            low, high = math.log(self._low), math.log(self._high)
            room = 0.08 * (high - low)
            return math.exp(max(low - room, _LOG_LEAST)), math.exp(min(high + room, _LOG_MOST))
        room = 0.08 * self._high - 0.08 * self._low or 0.08 * abs(self._high) or 1.0
        return max(self._low - room, -_MOST), min(self._high + room, _MOST)

    def axis(self, **more: Any) -> dict[str, Any]:
        """The axis; when logarithmic, with ticks at 1, 2, 3, 5, 7."""
        low, high = self.ends
        if not self.is_log:
            return axis(self.title, range=[low, high], nticks=8, **more)
        decades = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
        steps = (1, 2, 3, 5, 7) if high / 30 < low else (1, 2, 5)
        ticks = [
            step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high
        ]
        text = [f"{tick:g}" for tick in ticks]
        spread = {"range": [math.log10(low), math.log10(high)]}
        return axis(self.title, type="log", tickvals=ticks, ticktext=text, **spread, **more)


def round_step(n: int, n_ticks: int = 8) -> int:
    """Distance of about `n_ticks` ticks on an axis of whole numbers up to `n`: 1, 2, 5, 10, 20, ..."""
    least = max(1.0, n / n_ticks)
    decade = int(10 ** math.floor(math.log10(least)))
    return next(step * decade for step in (1, 2, 5, 10) if step * decade >= least)
