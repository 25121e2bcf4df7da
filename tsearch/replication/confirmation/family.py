"""The verdicts of a confirmation. All hypotheses that a run ever tests are one family, of which at most 5 % is spent.

Verdicts stay as they were told, so no later one may count on their share: confirmation n spends 5 % / (n (n + 1)) by
Holm's procedure, and all confirmations together no more than 5 %.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from tsearch.replication.confirmation.judge import Judgement
from tsearch.replication.confirmation.verdict import Twin, Verdict, Word
from tsearch.replication.statistics import LEVEL, holm

NO_BRACKET = "no uniform networks of the run enclose its cost, so it has no twins to be compared with."


class Named(Protocol):
    """What is judged: a `Candidate`, or what was written down of one."""

    @property
    def number(self) -> int: ...
    @property
    def key(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def cost(self) -> str: ...


def verdicts_of_family(
    judged: Sequence[tuple[Named, Sequence[Twin], Judgement | None]], number: int
) -> tuple[Verdict, ...]:
    """One verdict per candidate of confirmation `number` of a run, from 1 on, with its twins, the cheaper one first;
    without a judgement where it has none. Of each, `p_holm` is to be compared with 5 %."""
    shares = number * (number + 1)
    adjusted = iter(holm([judgement.p for _, _, judgement in judged if judgement]))
    return tuple(
        _verdict(who, twins, judgement, min(1.0, shares * next(adjusted)))
        if judgement
        else Verdict(**_names(who), word="not shown", reason=NO_BRACKET)
        for who, twins, judgement in judged
    )


def _verdict(who: Named, twins: Sequence[Twin], judgement: Judgement, p_holm: float) -> Verdict:
    found = vars(judgement) | {"word": _word(judgement, p_holm), "p_holm": p_holm}
    return Verdict(**_names(who), twins=tuple(twins), **found)


def _names(who: Named) -> dict[str, Any]:
    return {name: getattr(who, name) for name in ("number", "key", "label", "cost")}


def _word(judgement: Judgement, p_holm: float) -> Word:
    """No interval of 95 % contradicts "saves", for `p_holm` is at least 2 p. It costs more where it is surely dearer
    than the named twin, or surely below the uniform curve: then a uniform network of its accuracy is cheaper."""
    if p_holm <= LEVEL:
        return "saves"
    is_dearer = judgement.saving.high < 0 or judgement.above_curve.high < 0
    return "costs more" if is_dearer else "not shown"
