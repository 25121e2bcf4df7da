"""What `dtss.py` prints: networks by their way to timesteps, and every pair of learned and uniform timesteps."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from dtss_rows import INT32, SIMPLE, Rows, average, gain_at_equal_average, pair, rights
from dtss_subjects import TYPES, Subject, Way
from intervals import Interval, mean_text
from trained_table import Row

NJ = 1e-3


def print_ways(title: str, ways: Mapping[str, Way], rows: Rows, uniform: Sequence[Sequence[Row]]) -> None:
    """A line for each way: accuracy, averages of timesteps, energies, and accuracy above uniform T with as many
    timesteps by layer; means over replicates."""
    print(f"\n  {title}")
    types = " ".join(f"{name:>9s}" for name in TYPES)
    print(
        f"  {'':22s} {'accuracy %':>12s} {'by layer':>14s} {'by MAC':>6s} {types}"
        f" {'nJ, 4.6/0.9':>11s} {'nJ, 3.2/0.1':>11s}  above uniform T at this average"
    )
    for text, way in ways.items():
        print(f"  {text:22s} {_cells(rows[way])}" + _gain(way, rows[way], uniform))


def _cells(rows: Sequence[Row]) -> str:
    averages = [average(row) for row in rows]
    accuracy = mean_text((100 * rights(rows).mean(1)).tolist())
    steps = f"{mean_text([one.by_layer for one in averages], 2):>14s} {_mean(one.by_mac for one in averages):6.2f}"
    types = " ".join(f"{_mean(one.by_type.get(name, np.nan) for one in averages):9.2f}" for name in TYPES)
    energies = " ".join(
        f"{_mean(row['energies'][name] for row in rows) * NJ:11,.0f}" for name in (SIMPLE, INT32)
    )
    return f"{accuracy:>12s} {steps} {types} {energies}"


def _gain(way: Way, rows: Sequence[Row], uniform: Sequence[Sequence[Row]]) -> str:
    return f"  {points(gain_at_equal_average(rows, uniform))}" if way.masks.are_learned else ""


def points(interval: Interval) -> str:
    """'+0.4 [-1.2, 2.0]'."""
    return f"{interval.middle:+.1f} [{interval.low:.1f}, {interval.high:.1f}]"


def print_pairs(subject: Subject, ways: Mapping[str, Way], rows: Rows) -> None:
    """Every learned network beside every uniform T: part of the steps that are spared, points of accuracy, and '='
    where these are at most one standard error below."""
    uniform = {f"T={way.timesteps}": way for way in subject.uniform()}
    errors = ", ".join(f"{text} {pair(rows[way], rows[way]).error:.2f}" for text, way in uniform.items())
    print(
        f"\n  steps spared and points beside uniform T; = is equal within its standard error ({errors} points)"
    )
    print(f"  {'':22s}" + "".join(f"{text:>18s}" for text in uniform))
    for text, way in ways.items():
        pairs = [pair(rows[way], rows[other]) for other in uniform.values()]
        cells = (f"{one.spared:+.0%} {one.points:+.1f} {'=' if one.is_equal else ' '}" for one in pairs)
        print(f"  {text:22s}" + "".join(f"{cell:>18s}" for cell in cells))


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
