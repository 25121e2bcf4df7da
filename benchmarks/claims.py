"""How a benchmark begins and ends: what it measures and how long that takes; the claim that it supports, with an
interval, and PASS, FAIL or UNDECIDED."""

import argparse
from collections.abc import Sequence

import numpy as np


def parser(description: str, *, rounds: int | None = None) -> argparse.ArgumentParser:
    """Answers `--help` with `description`; with an argument `rounds`, this many where none is said."""
    form = argparse.RawDescriptionHelpFormatter
    arguments = argparse.ArgumentParser(description=description, formatter_class=form)
    if rounds is not None:
        arguments.add_argument(
            "rounds", nargs="?", type=_at_least_one, default=rounds, help=f"how often (default: {rounds})"
        )
    return arguments


def _at_least_one(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1")
    return int(text)


def median_interval(samples: list[float], level: float = 0.95) -> tuple[float, float, float]:
    """Median of `samples` with a bootstrap interval (10,000 resamples, fixed seed)."""
    drawn = np.random.default_rng(0).choice(samples, (10_000, len(samples)))
    medians = np.median(drawn, axis=1)
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
    return float(np.median(samples)), float(low), float(high)


def spread(samples: list[float]) -> str:
    """'median [quartile, quartile]' for a table."""
    low, middle, high = np.quantile(samples, [0.25, 0.5, 0.75])
    return f"{middle:.3g} [{low:.3g}, {high:.3g}]"


def at_least(claim: str, samples: list[float], target: float) -> str:
    """The line of a measured claim: whether the median of `samples` is at least `target`. One sample, without an
    interval, decides nothing."""
    middle, low, high = median_interval(samples)
    is_open = len(samples) < 2
    verdict = (
        "UNDECIDED" if is_open else "PASS" if low >= target else "FAIL" if high < target else "UNDECIDED"
    )
    interval = "one sample, no interval" if is_open else f"95 % interval {low:.3g} to {high:.3g}"
    return f"{verdict}: {claim} (median {middle:.3g}, {interval}, target >= {target:g})"


def within(claim: str, ratio: tuple[float, float, float], factor: float) -> str:
    """The line of a claim on a ratio (low, value, high): whether its whole interval lies within `factor` of 1."""
    low, value, high = ratio
    inside, outside = 1 / factor <= low and high <= factor, high < 1 / factor or low > factor
    verdict = "PASS" if inside else "FAIL" if outside else "UNDECIDED"
    return (
        f"{verdict}: {claim} (ratio {value:.2f}, interval {low:.2f} to {high:.2f}, target within {factor:g})"
    )


def at_most(claim: str, ratio: tuple[float, float, float], limit: float) -> str:
    """The line of a claim on a ratio (low, value, high): whether its whole interval lies at or below `limit`."""
    low, value, high = ratio
    verdict = "PASS" if high <= limit else "FAIL" if low > limit else "UNDECIDED"
    return f"{verdict}: {claim} (ratio {value:.2f}, interval {low:.2f} to {high:.2f}, target <= {limit:g})"


def holds(claim: str, is_true: bool) -> str:
    """The line of a claim that is counted and not measured, so that it has no interval."""
    return f"{'PASS' if is_true else 'FAIL'}: {claim}"


def conclude(claims: Sequence[str]) -> int:
    """Print the lines of all claims; the exit code: 1 where one of them fails, else 0."""
    print("\n" + "\n".join(claims))
    return int(any(claim.startswith("FAIL") for claim in claims))
