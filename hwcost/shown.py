"""Energies, durations and memories as people read them: with a unit that fits."""

_UNITS = {
    "energy_pj": (("pJ", 1.0), ("nJ", 1e3), ("uJ", 1e6), ("mJ", 1e9), ("J", 1e12)),
    "latency_s": (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0)),
    "footprint_bits": (("bit", 1.0), ("KiB", 8192.0), ("MiB", 8192.0 * 1024), ("GiB", 8192.0 * 1024**2)),
}


def shown(value: float, metric: str) -> str:
    """A value of energy_pj, latency_s or footprint_bits with four digits: 61234.0 `energy_pj` -> '61.23 nJ'."""
    units = _UNITS[metric]
    rounded = float(f"{value:.4g}")
    fitting = [unit for unit in units if rounded >= unit[1]]
    name, factor = fitting[-1] if fitting else units[0]
    return f"{value / factor:.4g} {name}"
