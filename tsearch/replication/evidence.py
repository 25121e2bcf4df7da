"""What is known of a front beyond its single trainings: error bars, the gap to test, and verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from tsearch.engine.run_folder import Run
from tsearch.front import Front
from tsearch.replication.confirmation.candidates import Candidate, candidates_of
from tsearch.replication.confirmation.sentences import candidate_sentence, main_verdict, verdict_sentence
from tsearch.replication.confirmation.stored import verdicts_of
from tsearch.replication.confirmation.verdict import Verdict
from tsearch.replication.error_bars.bars import ErrorBars, MemberBars, error_bars
from tsearch.replication.error_bars.gap_to_test import Gap, gap_to_test
from tsearch.replication.error_bars.texts import gap_sentence, tuning_sentence
from tsearch.replication.testing import stored


class Answer(NamedTuple):
    """A sentence about a saving, and the word for it: that of a verdict, 'candidate', or '' where there is none."""

    word: str
    sentence: str


@dataclass(frozen=True)
class Evidence:
    """All of it; empty where nothing was trained again, tested or confirmed. `on_test` has accuracy and number of
    samples by trial."""

    front: Front
    verdicts: tuple[Verdict, ...] = ()
    on_test: Mapping[int, Mapping[str, float]] | None = None

    @cached_property
    def bars(self) -> ErrorBars | None:
        """None where no member of the front was trained again."""
        return error_bars(self.front)

    @property
    def has_bars_of_front(self) -> bool:
        """Whether enough members were trained again to say how sure the front as a whole is."""
        return self.bars is not None and self.bars.are_of_front

    @cached_property
    def gap(self) -> Gap | None:
        """None where no member of the front was tested."""
        return gap_to_test(self.front, self.on_test or {})

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """Networks that may save cost, those with a verdict left out."""
        judged = {verdict.number for verdict in self.verdicts}
        return tuple(one for one in candidates_of(self.front) if one.number not in judged)

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """The verdicts, that which answers for the run first; before a confirmation the candidates; () where nothing
        can be said, as where no networks were searched."""
        main = main_verdict(self.verdicts)
        if main is not None:
            others = [verdict for verdict in self.verdicts if verdict is not main]
            return tuple(Answer(verdict.word, verdict_sentence(verdict)) for verdict in (main, *others))
        return unconfirmed(self.front)

    @property
    def noise(self) -> tuple[str, ...]:
        """Sentences about tuning noise and the gap to test."""
        tuning = tuning_sentence(self.bars) if self.bars else ""
        return tuple(text for text in (tuning, gap_sentence(self.gap)) if text)

    def member(self, number: int) -> MemberBars | None:
        """The error bars of a trial; None where it is not on the front, or was not trained again."""
        return self.bars.members.get(number) if self.bars else None

    def verdict(self, number: int) -> Verdict | None:
        """The last verdict about a trial."""
        return next((one for one in reversed(self.verdicts) if one.number == number), None)


def evidence_of(run: Run, front: Front, on_test: Mapping[int, Mapping[str, float]] | None = None) -> Evidence:
    """The evidence of a run; `on_test` by default what was tested before."""
    return Evidence(front, verdicts_of(run), stored_tests(run, front) if on_test is None else on_test)


def stored_tests(run: Run, front: Front) -> dict[int, dict[str, float]]:
    """What members of a front reached on test, by trial, as far as it was measured before."""
    tested = {p.number: stored(run, p.key, run.task.replicate) for p in front.points if p.timesteps}
    return {
        number: {"accuracy": one.accuracy, "n_samples": one.n_samples}
        for number, one in tested.items()
        if one is not None
    }


def unconfirmed(front: Front, advice: bool = True) -> tuple[Answer, ...]:
    """What is said of a front before a confirmation, and as `advice` how to confirm it."""
    sentence = candidate_sentence(front, advice) if front.are_networks else ""
    return (Answer("candidate" if candidates_of(front) else "", sentence),) if sentence else ()


def bars_content(evidence: Evidence) -> dict[str, Any]:
    """Error bars of a front for scripts; {} where nothing was trained again or tested."""
    bars, gap = evidence.bars, evidence.gap
    content: dict[str, Any] = {}
    if bars is not None and bars.are_of_front:
        tuning = bars.tuning
        content["hypervolume_fresh"] = None if bars.hypervolume is None else bars.hypervolume.model_dump()
        content["training_sd"] = bars.sd
        content["tuning_noise"] = tuning and {
            "measured": tuning.measured,
            "interval": tuning.interval and [tuning.interval.low, tuning.interval.high],
            "n_members": tuning.n_members,
            "expected_of_best": tuning.of_best,
            "n_trials": tuning.n_trials,
        }
    if gap is not None:
        ends = gap.interval and [gap.interval.low, gap.interval.high]
        content["gap_to_test"] = {"mean": gap.mean, "interval": ends, "n_members": gap.n_members}
    return content


def member_content(member: MemberBars | None) -> dict[str, Any]:
    """Error bars of a point for scripts; {} where it has none."""
    if member is None:
        return {}
    fresh = {metric: interval.model_dump() for metric, interval in member.metrics.items()}
    chance = {} if member.on_front is None else {"on_front_probability": member.on_front}
    return {"n_fresh": member.n_fresh, "fresh": fresh, **chance}
