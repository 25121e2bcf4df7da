"""Error bars in words."""

from tsearch.replication.error_bars.bars import ErrorBars, MemberBars
from tsearch.replication.error_bars.gap_to_test import Gap
from tsearch.replication.interval import Interval
from tsearch.units import FRACTION, counted, format_value, quantity, title

_HONESTY = (
    "Means and intervals (95 %) are those of fresh trainings, made after the search; the training that a point was "
    "chosen by is left out. The spread of trainings is pooled over the front; an accuracy's interval adds the error of "
    "its validation samples."
)
_CHANCES = "The probability to be on the front compares its members alone, on the same samples."


def interval_text(interval: Interval, metric: str) -> str:
    """'85.1 % [83.0, 87.2]', '1.20 µJ [1.10 µJ, 1.31 µJ]'; the value alone where the interval has no width."""
    if quantity(metric) is FRACTION:
        value, low, high = (100 * x for x in (interval.value, interval.low, interval.high))
        return f"{value:.1f} % [{low:.1f}, {high:.1f}]"
    value_text, *ends = (format_value(x, metric) for x in (interval.value, interval.low, interval.high))
    return f"{value_text} [{', '.join(ends)}]" if set(ends) != {value_text} else value_text


def chance_text(probability: float) -> str:
    """'93 %', '> 99 %', '< 1 %'."""
    if probability > 0.99:
        return "> 99 %"
    return f"{100 * probability:.0f} %" if probability >= 0.01 else "< 1 %"


def member_text(member: MemberBars) -> str:
    """'4 fresh trainings: accuracy 85.1 % [83.0, 87.2], energy ...; on the front with a probability of 93 %'."""
    means = [f"{title(metric)} {interval_text(one, metric)}" for metric, one in member.metrics.items()]
    text = f"{counted(member.n_fresh, 'fresh training')}: {', '.join(means)}"
    if member.on_front is None:
        return text
    return f"{text}; on the front with a probability of {chance_text(member.on_front)}"


def honesty(bars: ErrorBars) -> str:
    """What the error bars that are shown mean."""
    return f"{_HONESTY} {_CHANCES}" if bars.are_of_front else _HONESTY


def volume_text(bars: ErrorBars) -> str:
    """'0.398 [0.371, 0.420]', '' without a box."""
    volume = bars.hypervolume
    return "" if volume is None else f"{volume.value:.4f} [{volume.low:.4f}, {volume.high:.4f}]"


def tuning_sentence(bars: ErrorBars) -> str:
    """By how much the front flatters itself, measured and expected; '' where that is unknown."""
    tuning = bars.tuning
    if tuning is None:
        return ""
    interval = tuning.interval
    ends = f" (95 %: {_points(interval.low)} to {_points(interval.high)})" if interval else ""
    members = "The member" if tuning.n_members == 1 else f"The {tuning.n_members} members"
    was = "was" if tuning.n_members == 1 else "were"
    text = (
        f"Tuning noise: a front is picked by the numbers that it shows. {members} of the front that {was} trained "
        f"again reached {_points(tuning.measured)} points more accuracy in the search than in fresh trainings{ends}"
    )
    if tuning.of_best is None or bars.sd is None:
        return f"{text}."
    return (
        f"{text}; with a standard deviation of {_points(bars.sd)} points between trainings, the best accuracy among "
        f"{counted(tuning.n_trials, 'trial')} is expected to be {_points(tuning.of_best)} points too high."
    )


def gap_sentence(gap: Gap | None) -> str:
    """How much lower the front is on test samples; '' where none was tested."""
    if gap is None:
        return ""
    who = "The member" if gap.n_members == 1 else f"The {gap.n_members} members"
    text = f"From validation to test: {who.lower()} of the front measured on both lost {_points(gap.mean)} points"
    if gap.interval is None:
        return f"{text}."
    ends = f"[{_points(gap.interval.low)}, {_points(gap.interval.high)}]"
    return f"{text} {ends}, where the interval (95 %) is that of the samples, which all trials share."


def _points(part: float) -> str:
    return f"{100 * part:.1f}".replace("-", "\N{MINUS SIGN}")
