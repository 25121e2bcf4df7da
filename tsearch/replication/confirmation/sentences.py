"""What is said of candidates, before a confirmation, and of verdicts, after it."""

from collections.abc import Sequence

from tsearch.front.front import Front
from tsearch.front.staircase import cost_metric, has_place
from tsearch.replication.confirmation.candidates import (
    MARGIN,
    Candidate,
    candidates_of,
    cheapest_beyond,
    standard_error,
)
from tsearch.replication.confirmation.verdict import Verdict
from tsearch.replication.interval import Interval
from tsearch.units import counted, format_value, title

_NOTHING_TO_COMPARE = "so timesteps of the two kinds cannot be compared."


def candidate_sentence(front: Front, advice: bool = True) -> str:
    """Which networks with non-uniform timesteps may save cost, and as `advice` how to confirm it; why there is none; ''
    where no networks were searched."""
    reason = _reason_for_none(front)
    if reason is not None:
        return f"{reason}{_beyond(front, advice)}"
    first, *more = candidates_of(front)
    also = f" So {'is' if len(more) == 1 else 'are'} {_trials(more)}." if more else ""
    them = "them" if more else "it"
    how = f" `tsearch confirm {front.name or 'RUN'}` trains {them} again, beside uniform twins."
    return f"{_seen(first)}.{also}{how if advice else ''}{_beyond(front, advice)}"


def verdict_sentence(verdict: Verdict) -> str:
    """What a confirmation found about one candidate, with its intervals."""
    who = f"{verdict.label} (trial {verdict.number}{', named by hand' if verdict.named else ''})"
    if verdict.saving is None or verdict.gap is None or verdict.above_curve is None:
        return f"Not shown: {who}: {verdict.reason}"
    cost, twin = title(verdict.cost), verdict.twins[-1].text
    above = f"{_points(verdict.above_curve)} against uniform timesteps at the same {cost}"
    reuse = _reuse(verdict)
    if verdict.word == "saves":
        return (
            f"Saves {_percent(verdict.saving, cost)} against {twin} at equal accuracy ({_points(verdict.gap)}): "
            f"{who}, {above}; confirmed with {_evidence(verdict)}.{reuse}"
        )
    start, end = "Costs more at equal accuracy", ""
    if verdict.word == "not shown":
        start, end = "Not shown", _resolvable(verdict)
    return (
        f"{start}: {who} takes {_less(verdict.saving, cost)} than {twin}, with an accuracy of {_points(verdict.gap)} "
        f"against it and {above}; {_evidence(verdict)}{end}.{reuse}"
    )


def verdict_numbers(verdict: Verdict) -> str:
    """The word of a verdict and its two numbers: 'not shown: 14 % less energy [8, 20], accuracy +0.2 points [-0.5, 0.9]
    against uniform T=5'; the word alone where nothing was judged."""
    if verdict.saving is None or verdict.gap is None:
        return verdict.word
    less = _less(verdict.saving, title(verdict.cost))
    return f"{verdict.word}: {less}, accuracy {_points(verdict.gap)} against {verdict.twins[-1].text}"


def main_verdict(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict that answers for a run: of the last ones of every candidate the surest saving, else what came nearest
    to one. The largest of several savings would be the luckiest."""
    last = {verdict.key: verdict for verdict in verdicts}.values()
    saved = [verdict for verdict in last if verdict.word == "saves"]
    return min(saved or last, key=lambda one: 2.0 if one.p_holm is None else one.p_holm, default=None)


def _reason_for_none(front: Front) -> str | None:
    """Why there is no candidate: '' where no networks were searched; None where there is one."""
    cost = cost_metric(front)
    if front.complete and not front.are_networks:
        return ""
    if cost is None:
        return "This run has no cost among its objectives, so there is no saving to look for."
    if front.complete and not any("accuracy" in point.metrics for point in front.complete):
        return "This run measures no accuracy, so no saving at equal accuracy can be looked for."
    if front.complete and not front.feasible:
        return "No complete trial keeps the run's constraints, so there is no saving to look for."
    if not any(point.is_uniform and has_place(point, cost) for point in front.complete):
        return f"No uniform configuration is complete, {_NOTHING_TO_COMPARE}"
    if all(point.is_uniform or not has_place(point, cost) for point in front.feasible):
        which = " that keeps the run's constraints" if front.infeasible else ""
        return f"No non-uniform configuration{which} is complete, {_NOTHING_TO_COMPARE}"
    if not candidates_of(front):
        return (
            "No candidate for a saving: on validation, no non-uniform configuration is more accurate than uniform ones "
            f"at the same {title(cost)} and at most {100 * MARGIN:.0f} point less accurate than the next dearer one."
        )
    return None


def _beyond(front: Front, advice: bool) -> str:
    """That a network is cheaper than all that it could be compared with; '' where none is."""
    one = cheapest_beyond(front)
    if one is None:
        return ""
    how = (
        f"; `tsearch confirm {front.name or 'RUN'} --trial {one.number}` looks for twins of its own"
        if advice
        else ""
    )
    what = "costs less than all uniform configurations that it is compared with, so it is no candidate"
    return f" Trial {one.number} {what}{how}."


def _seen(candidate: Candidate) -> str:
    metrics, samples = candidate.point.metrics, candidate.point.samples
    error = f"one standard error is {100 * standard_error(candidate.point):.1f} points on {samples}"
    return (
        f"{candidate.label} (trial {candidate.number}) is a candidate for a saving: on validation, in one training, "
        f"it reaches {format_value(metrics['accuracy'], 'accuracy')} with "
        f"{format_value(metrics[candidate.cost], candidate.cost)}, where uniform configurations reach about "
        f"{format_value(candidate.uniform_accuracy, 'accuracy')}; "
        f"{error if samples else 'the number of samples, and so the error, is unknown'}"
    )


def _trials(candidates: Sequence[Candidate]) -> str:
    numbers = [str(candidate.number) for candidate in candidates]
    return (
        f"trial {numbers[0]}" if len(numbers) == 1 else f"trials {', '.join(numbers[:-1])} and {numbers[-1]}"
    )


def _less(saving: Interval, cost: str) -> str:
    """'14 % less energy [8, 20]', '6 % more energy [2, 10]'."""
    if saving.value >= 0:
        return _percent(saving, f"less {cost}")
    return _percent(Interval(value=-saving.value, low=-saving.high, high=-saving.low), f"more {cost}")


def _percent(interval: Interval, words: str) -> str:
    value, low, high = (100 * x for x in (interval.value, interval.low, interval.high))
    return f"{value:z.0f} % {words} [{low:z.0f}, {high:z.0f}]"


def _points(interval: Interval) -> str:
    value, low, high = (100 * x for x in (interval.value, interval.low, interval.high))
    return f"{value:+z.1f} points [{low:z.1f}, {high:z.1f}]"


def _evidence(verdict: Verdict) -> str:
    groups = f" in {verdict.n_groups:,} groups" if verdict.n_groups < verdict.n_samples else ""
    return (
        f"{counted(verdict.n_replicates, 'training')} each on {verdict.n_samples:,} test samples{groups} "
        f"(95 % intervals, unadjusted; adjusted p {_p(verdict.p_holm or 0.0)})"
    )


def _reuse(verdict: Verdict) -> str:
    """What the saving depends on beside the network: how the hardware reuses what it fetches."""
    if verdict.unreused_saving is None:
        return ""
    other = 100 * abs(verdict.unreused_saving)
    word = "less" if verdict.unreused_saving >= 0 else "more"
    return f" The dataflow is {verdict.dataflow}; if nothing fetched were reused it would be {other:.0f} % {word}."


def _p(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.2g}"


def _resolvable(verdict: Verdict) -> str:
    if verdict.resolvable is None:
        return ""
    return f"; they could resolve a difference of {100 * verdict.resolvable:.1f} points"
