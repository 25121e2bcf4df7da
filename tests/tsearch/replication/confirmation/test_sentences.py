"""What is said before a confirmation speaks of candidates, what is said after it of verdicts with their intervals."""

import math
from dataclasses import replace

from tsearch.front import Front, Point
from tsearch.front.constraints import Constraints
from tsearch.replication.confirmation.sentences import candidate_sentence, main_verdict, verdict_sentence
from tsearch.replication.confirmation.verdict import Twin, Verdict, Word
from tsearch.replication.interval import Interval
from tsearch.space.goals import Objective

ACCURACY = Objective(name="accuracy", direction="maximize")
ENERGY = Objective(name="energy_pj", direction="minimize")


def point(
    number: int, timesteps: tuple[int, ...], accuracy: float, energy: float, n: int | None = 300
) -> Point:
    metrics = {"accuracy": accuracy, "energy_pj": energy}
    return Point(number, f"{number:016x}", metrics, timesteps, (1,) * len(timesteps), n_validation=n)


UNIFORM = (point(0, (1, 1, 1), 0.6, 100e3), point(1, (2, 2, 2), 0.7, 200e3), point(2, (4, 4, 4), 0.8, 400e3))
GOOD = point(17, (6, 3, 1), 0.86, 100e3 * 2**1.5)


def said(
    *points: Point,
    objectives: tuple[Objective, ...] = (ACCURACY, ENERGY),
    constraints: Constraints | None = None,
) -> str:
    return candidate_sentence(Front(points, objectives, {}, {}, name="first", constraints=constraints or {}))


def verdict(word: Word = "saves", saving: float = 0.14, number: int = 17, p: float | None = 0.004) -> Verdict:
    return Verdict(
        number=number,
        key=f"{number:016x}",
        label="T=(6, 3, 1)",
        cost="energy_pj",
        word=word,
        twins=(Twin(timesteps=4, key="b" * 16), Twin(timesteps=5, key="c" * 16)),
        saving=Interval(value=saving, low=saving - 0.06, high=saving + 0.06),
        gap=Interval(value=0.004, low=-0.003, high=0.011),
        above_curve=Interval(value=0.013, low=0.006, high=0.02),
        p=p,
        p_holm=p,
        resolvable=0.011,
        n_replicates=5,
        n_samples=2000,
        n_groups=400,
    )


def test_a_candidate_is_told_with_its_error_and_how_to_confirm_it() -> None:
    assert said(*UNIFORM, GOOD) == (
        "T=(6, 3, 1) (trial 17) is a candidate for a saving: on validation, in one training, it reaches 86.0 % with "
        "283 nJ, where uniform configurations reach about 75.0 %; one standard error is 2.0 points on 300 samples. "
        "`tsearch confirm first` trains it again, beside uniform twins."
    )


def test_a_network_that_is_cheaper_than_all_uniform_ones_is_told_to_be_compared_with_none() -> None:
    cheap = point(9, (2, 1, 1), 0.75, 50e3)
    told = (
        "Trial 9 costs less than all uniform configurations that it is compared with, so it is no candidate; `tsearch "
        "confirm first --trial 9` looks for twins of its own."
    )
    assert said(*UNIFORM, GOOD, cheap).endswith(f"beside uniform twins. {told}")
    assert said(*UNIFORM, cheap).startswith("No candidate for a saving")
    assert said(*UNIFORM, cheap).endswith(told)
    assert "Trial 9" not in said(*UNIFORM, replace(cheap, metrics={"accuracy": 0.55, "energy_pj": 50e3}))
    assert "Trial 9" not in said(*UNIFORM, replace(cheap, metrics={"accuracy": 0.9, "energy_pj": 500e3}))


def test_further_candidates_are_named() -> None:
    more = [
        replace(GOOD, number=n, timesteps=t) for n, t in ((18, (6, 2, 1)), (19, (6, 3, 2)), (20, (4, 3, 2)))
    ]
    assert "So is trial 18. `tsearch confirm first` trains them again" in said(*UNIFORM, GOOD, more[0])
    assert "So are trials 18 and 19. " in said(*UNIFORM, GOOD, *more)  # at most three


def test_before_a_confirmation_nobody_speaks_of_what_is_saved() -> None:
    for told in (
        said(*UNIFORM, GOOD),
        said(*UNIFORM, replace(GOOD, metrics={"accuracy": 0.1, "energy_pj": 2e5})),
    ):
        assert not {"save", "saves", "saved", "confirmed"} & set(told.replace(",", " ").split())


def test_why_there_is_no_candidate_is_told() -> None:
    low = point(3, (4, 2, 1), 0.7, 300e3)
    assert said(*UNIFORM, low) == (
        "No candidate for a saving: on validation, no non-uniform configuration is more accurate than uniform ones at "
        "the same energy and at most 1 point less accurate than the next dearer one."
    )
    assert "No non-uniform configuration is complete" in said(*UNIFORM)
    assert "No uniform configuration is complete" in said(GOOD)
    assert "no cost" in said(*UNIFORM, GOOD, objectives=(ACCURACY,))
    assert "measures no accuracy" in said(replace(GOOD, metrics={"energy_pj": 5.0}))
    assert "no non-uniform" in said(*UNIFORM, point(3, (4, 2, 1), math.nan, 300e3)).lower()
    assert said(Point(0, "0", {"energy_pj": 1.0}, parameters={"x": 1})) == ""


def test_trials_that_break_the_constraints_of_the_run_are_left_out() -> None:
    assert "No complete trial keeps" in said(*UNIFORM, GOOD, constraints={"accuracy": (0.99, None)})
    told = said(*UNIFORM, GOOD, constraints={"energy_pj": (None, 200e3)})
    assert told.startswith("No non-uniform configuration that keeps the run's constraints is complete")


def test_an_unknown_number_of_samples_is_told() -> None:
    assert "the number of samples, and so the error, is unknown." in said(
        *UNIFORM, replace(GOOD, n_validation=None)
    )


def test_a_confirmed_saving() -> None:
    assert verdict_sentence(verdict()) == (
        "Saves 14 % energy [8, 20] against uniform T=5 at equal accuracy (+0.4 points [-0.3, 1.1]): T=(6, 3, 1) "
        "(trial 17), +1.3 points [0.6, 2.0] against uniform timesteps at the same energy; confirmed with 5 trainings "
        "each on 2,000 test samples in 400 groups (95 % intervals, unadjusted; adjusted p 0.004)."
    )


def test_a_saving_is_told_beside_what_it_would_be_without_any_reuse() -> None:
    known = verdict().model_copy(update={"dataflow": "tick_batched", "unreused_saving": -0.031})
    assert verdict_sentence(known).endswith(
        " The dataflow is tick_batched; if nothing fetched were reused it would be 3 % more."
    )
    assert "reused it would be 14 % less" in verdict_sentence(
        known.model_copy(update={"unreused_saving": 0.142})
    )


def test_a_saving_that_is_not_shown_says_what_could_have_been() -> None:
    assert verdict_sentence(verdict("not shown")) == (
        "Not shown: T=(6, 3, 1) (trial 17) takes 14 % less energy [8, 20] than uniform T=5, with an accuracy of "
        "+0.4 points [-0.3, 1.1] against it and +1.3 points [0.6, 2.0] against uniform timesteps at the same energy; "
        "5 trainings each on 2,000 test samples in 400 groups (95 % intervals, unadjusted; adjusted "
        "p 0.004); they could resolve a difference of 1.1 points."
    )


def test_what_costs_more_says_so() -> None:
    told = verdict_sentence(verdict("costs more", saving=-0.1))
    assert told.startswith(
        "Costs more at equal accuracy: T=(6, 3, 1) (trial 17) takes 10 % more energy [4, 16] than"
    )
    independent = verdict().model_copy(update={"n_groups": 2000})
    assert "on 2,000 test samples (95 %" in verdict_sentence(independent)


def test_what_is_rounded_to_nothing_has_no_sign() -> None:
    small = {"value": -0.0001, "low": -0.0004, "high": 0.0002}
    told = verdict_sentence(verdict().model_copy(update={"gap": Interval(**small)}))
    assert "(+0.0 points [0.0, 0.0])" in told
    assert "adjusted p below 0.001" in verdict_sentence(verdict(p=1e-9))


def test_without_twins_the_reason_is_told() -> None:
    bare = Verdict(
        number=3, key="d", label="T=(2, 1)", cost="energy_pj", word="not shown", reason="no twins."
    )
    assert verdict_sentence(bare) == "Not shown: T=(2, 1) (trial 3): no twins."


def test_the_verdict_of_a_run_is_its_surest_saving_or_what_came_nearest() -> None:
    bare = Verdict(
        number=1, key="d", label="T=(2, 1)", cost="energy_pj", word="not shown", reason="no twins."
    )
    near, far = verdict("not shown", number=2, p=0.06), verdict("costs more", number=3, p=0.9)
    sure, large = verdict(saving=0.1, number=4), verdict(saving=0.2, number=5, p=0.02)
    assert main_verdict([]) is None
    assert main_verdict([bare]) is bare
    assert main_verdict([bare, far, near]) is near
    assert main_verdict([far, sure, large, near]) is sure


def test_only_the_last_verdict_of_a_candidate_answers_for_a_run() -> None:
    saved, again = verdict(number=4), verdict("not shown", number=4, p=0.3)
    other = verdict("not shown", number=5, p=0.2)
    assert main_verdict([saved, again]) is again
    assert main_verdict([saved, other, again]) is other
    assert main_verdict([again, saved]) is saved
