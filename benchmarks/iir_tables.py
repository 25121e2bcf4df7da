"""What `iir.py` prints of trained families, and the interval of a paired difference."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from iir_chains import MEMORY, SIMPLE
from intervals import Interval, t_interval
from numpy.typing import NDArray
from scipy.stats import norm
from trained_table import Row, right_of

ANN = "ann"
NJ, KILO = 1e-3, 1e-3


def paired_interval(these: NDArray[Any], those: NDArray[Any]) -> Interval:
    """Of the difference of two accuracies in points, paired: right answers `[replicates, samples]` of both.

    Replicates and test samples are both drawn from more of their kind. The half-width is the root of the sum of the
    squares of that over replicates, by Student's t, and that over samples, by the normal distribution: a little too
    wide, because both hold what is left of chance beside the two."""
    points = 100 * (these.astype(float) - those)
    low, middle, high = t_interval(points.mean(1).tolist())
    over_samples = norm.ppf(0.975) * points.mean(0).std(ddof=1) / points.shape[1] ** 0.5
    reach = float(np.hypot((high - low) / 2, over_samples))
    return Interval(middle - reach, middle, middle + reach)


def rights(rows: Sequence[Row], stop: str, when: str = "after") -> NDArray[Any]:
    """Which test samples were answered right, bool [replicates, samples]."""
    return np.stack([right_of(row["stops"][stop][when]) for row in rows])


def rates(rows: Sequence[Row], stop: str, when: str = "after") -> NDArray[Any]:
    """Spikes per neuron and timestep [replicates, layers]."""
    return np.array([list(row["stops"][stop][when]["rates"].values()) for row in rows])


def deep_rates(rows: Sequence[Row], stop: str, when: str = "after") -> NDArray[Any]:
    """The mean rate of the deeper half of the layers, without the middle one, [replicates]."""
    of_layers = rates(rows, stop, when)
    return of_layers[:, (of_layers.shape[1] + 1) // 2 :].mean(1)


def print_stops(rows: Sequence[Row]) -> None:
    """A line for each end of a phase: means over replicates, and the deviation of the accuracy."""
    print(
        f"  {'timesteps':12s} {'accuracy %':>12s} {'untrained':>10s} {'deep rate':>10s} {'untrained':>10s}"
        f" {'nJ, memory':>11s} {'nJ, simple':>11s} {'membrane':>9s} {'weights':>9s}"
    )
    for stop in rows[0]["stops"]:
        print(f"  {stop:12s} " + _of_stop(rows, stop))
    energies = {name: _mean(rows, lambda row, n=name: row["twin"][n]) * NJ for name in (MEMORY, SIMPLE)}
    print(f"  {'dense twin':12s} {'':45s} {energies[MEMORY]:11,.0f} {energies[SIMPLE]:11,.0f}")


def _of_stop(rows: Sequence[Row], stop: str) -> str:
    right = 100 * rights(rows, stop).mean(1)
    deviation = right.std(ddof=1) if len(right) > 1 else np.nan
    text = f"{right.mean():5.1f} +- {deviation:3.1f}"
    if stop == ANN:
        return text.rjust(12)
    has_before = "before" in rows[0]["stops"][stop]
    before = f"{100 * rights(rows, stop, 'before').mean():10.1f}" if has_before else f"{'':10s}"
    silent = f"{deep_rates(rows, stop, 'before').mean():10.3f}" if has_before else f"{'':10s}"
    priced = [row["stops"][stop]["after"] for row in rows]
    energy = [np.mean([one["energy"][name] for one in priced]) * NJ for name in (MEMORY, SIMPLE)]
    words = [np.mean([one["words"][name] for one in priced]) * KILO for name in ("membrane", "weights")]
    return (
        f"{text:>12s} {before} {deep_rates(rows, stop).mean():10.3f} {silent}"
        f" {energy[0]:11,.0f} {energy[1]:11,.0f} {words[0]:9,.0f} {words[1]:9,.0f}"
    )


def print_layers(rows: Sequence[Row]) -> None:
    """Rates of all layers before and after each phase, then thresholds and leaks where they are learned."""
    stops = [stop for stop in rows[0]["stops"] if stop != ANN]
    print("  spikes per neuron and timestep, layer by layer")
    for stop in stops:
        for when in ("before", "after"):
            if when in rows[0]["stops"][stop]:
                values = rates(rows, stop, when).mean(0)
                print(f"  {stop:10s} {when:7s}" + " ".join(f"{value:5.3f}" for value in values))
    for name in ("threshold", "leak"):
        lines = [(stop, _neurons(rows, stop, name)) for stop in stops]
        if any(len(values) for _, values in lines):
            print(f"  {name} after the phase, layer by layer")
        for stop, values in lines:
            if len(values):
                print(f"  {stop:17s} " + " ".join(f"{value:5.2f}" for value in values))


def _neurons(rows: Sequence[Row], stop: str, name: str) -> NDArray[Any]:
    of_rows = [[layer[name] for layer in row["stops"][stop]["neurons"].values()] for row in rows]
    return np.mean(of_rows, axis=0)


def _mean(rows: Sequence[Row], value: Callable[[Row], float]) -> float:
    return float(np.mean([value(row) for row in rows]))
