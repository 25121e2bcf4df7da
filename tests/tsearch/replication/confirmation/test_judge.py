"""The judge against scipy and simulations: what is a saving, and what is none."""

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import ttest_ind

from tsearch.front import Point
from tsearch.replication.confirmation.candidates import Candidate
from tsearch.replication.confirmation.family import NO_BRACKET, verdicts_of_family
from tsearch.replication.confirmation.judge import Judgement, Pair, Replicated, judge
from tsearch.replication.confirmation.verdict import Twin, Verdict
from tsearch.replication.interval import Interval

TWINS = (Twin(timesteps=4, key="a" * 16), Twin(timesteps=5, key="b" * 16))
BELOW, ABOVE = 400.0, 500.0


def candidate(number: int = 7) -> Candidate:
    point = Point(number, f"{number:016x}", {"accuracy": 0.9, "energy_pj": 450.0}, (6, 3, 1), (1, 1, 1))
    return Candidate(point, "energy_pj", (4, 5), 0.88, 0.5)


def steady(rights_of_ten: Sequence[int], cost: float, n_groups: int = 2000) -> Replicated:
    """Replicates that answer so many of the ten samples of every group right: all groups are alike."""
    right = np.array([[k < n for k in range(10)] * n_groups for n in rights_of_ten])
    return Replicated(np.full(len(right), cost), right)


def noisy(accuracy: float, cost: float, rng: np.random.Generator, n: int = 5) -> Replicated:
    """Replicates that spread by a point in accuracy and 3 % in cost."""
    rates = accuracy + 0.01 * rng.standard_normal((n, 1))
    return Replicated(cost * np.exp(0.03 * rng.standard_normal(n)), rng.random((n, 1000)) < rates)


def pair_of(candidate: Replicated, below: Replicated, above: Replicated) -> Pair:
    return Pair(candidate, below, above, np.arange(candidate.right.shape[1]) // 10)


def noisy_pair(accuracy: float, rng: np.random.Generator, below: float = 0.80, above: float = 0.90) -> Pair:
    """A candidate between its twins."""
    return pair_of(noisy(accuracy, 430.0, rng), noisy(below, BELOW, rng), noisy(above, ABOVE, rng))


def steady_pair(rights_of_ten: tuple[int, int, int], cost: float) -> Pair:
    """A candidate of this cost and its twins, each with three replicates that agree."""
    costs = (cost, BELOW, ABOVE)
    return pair_of(*(steady((n,) * 3, c, 100) for n, c in zip(rights_of_ten, costs, strict=True)))


def verdict(judgement: Judgement, number: int = 1) -> Verdict:
    return verdicts_of_family([(candidate(), TWINS, judgement)], number)[0]


def judged(p: float) -> Judgement:
    return Judgement(
        saving=Interval(value=0.1, low=0.05, high=0.15),
        gap=Interval(value=0.0, low=-0.005, high=0.005),
        above_curve=Interval(value=0.02, low=0.01, high=0.03),
        p=p,
        resolvable=0.01,
        margin=0.01,
        n_replicates=5,
        n_samples=2000,
        n_groups=400,
    )


def test_where_test_samples_do_not_vary_the_gap_is_welchs_t_test() -> None:
    one, twin = steady((7, 8, 9, 6, 8), 430.0), steady((9, 7, 7, 6, 5), ABOVE)
    gap = judge(pair_of(one, steady((5,) * 5, BELOW), twin)).gap
    expected = ttest_ind(one.right.mean(axis=1), twin.right.mean(axis=1), equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert gap.value == pytest.approx(0.08)
    # nearly: the samples' variance is never taken for 0
    assert [gap.low, gap.high] == pytest.approx([interval.low, interval.high], rel=1e-4)


def test_the_saving_is_welchs_t_test_of_logarithms() -> None:
    pair = noisy_pair(0.9, np.random.default_rng(0))
    one, twin, saving = pair.candidate, pair.above, judge(pair).saving
    logs = ttest_ind(np.log(one.costs), np.log(twin.costs), equal_var=False).confidence_interval(0.95)
    assert [saving.low, saving.high] == pytest.approx([1 - math.exp(logs.high), 1 - math.exp(logs.low)])
    assert saving.value == pytest.approx(1 - np.exp(np.log(one.costs / twin.costs).mean()))


def test_the_curve_is_a_line_over_the_logarithm_of_the_cost() -> None:
    judgement = judge(steady_pair((8, 6, 9), math.sqrt(BELOW * ABOVE)))
    assert judgement.above_curve.value == pytest.approx(0.8 - 0.75)
    assert judgement.gap.value == pytest.approx(-0.1)


def test_a_network_cheaper_than_both_twins_is_asked_for_the_accuracy_of_the_cheaper_one() -> None:
    assert judge(steady_pair((8, 6, 9), 300.0)).above_curve.value == pytest.approx(0.2)


def test_a_network_dearer_than_both_twins_never_saves() -> None:
    judgement = judge(steady_pair((10, 6, 9), 550.0))
    assert judgement.p == 1.0
    assert verdict(judgement).word == "costs more"


def test_where_the_dearer_twin_is_no_dearer_it_alone_is_the_curve() -> None:
    pair = pair_of(*(steady((n,) * 3, cost, 100) for n, cost in ((8, 430.0), (6, 500.0), (9, 500.0))))
    assert judge(pair).above_curve == judge(pair).gap


def test_replicates_whose_cost_varies_move_along_the_curve() -> None:
    """Trainings that spike more are dearer and more accurate, and lie on the curve all the same: by the delta method
    the interval is as narrow as the estimates lie close."""
    rng, n, n_test = np.random.default_rng(0), 6, 2000

    def on_the_curve(cost: float) -> Replicated:
        costs = cost * np.exp(0.05 * rng.standard_normal(n))
        accuracies = 0.7 + 0.5 * np.log(costs / BELOW) + 0.004 * rng.standard_normal(n)
        return Replicated(costs, np.arange(n_test) < n_test * accuracies[:, None])

    found = [
        judge(Pair(*(on_the_curve(cost) for cost in (445.0, BELOW, ABOVE)), np.arange(n_test))).above_curve
        for _ in range(80)
    ]
    of_one_accuracy = 0.5 * 0.05 / math.sqrt(n)
    assert np.std([interval.value for interval in found]) < of_one_accuracy / 3
    assert np.mean([interval.high - interval.low for interval in found]) < of_one_accuracy * 1.5
    assert np.mean([interval.low <= 0 <= interval.high for interval in found]) >= 0.9


def test_sliding_down_a_flat_curve_is_no_saving() -> None:
    rng = np.random.default_rng(1)
    found = [judge(noisy_pair(0.9, rng, below=0.9, above=0.9), margin=0.1) for _ in range(60)]
    assert all(judgement.saving.low > 0 for judgement in found)
    assert sum(verdict(judgement).word == "saves" for judgement in found) <= 5  # 1.5 expected, at 2.5 %


def test_a_true_saving_is_found_and_a_loss_named() -> None:
    rng = np.random.default_rng(2)
    assert verdict(judge(noisy_pair(0.93, rng))).word == "saves"
    assert verdict(judge(noisy_pair(0.75, rng))).word == "costs more"


def test_less_accuracy_than_the_named_twin_is_a_saving_only_within_the_margin() -> None:
    pair = noisy_pair(0.89, np.random.default_rng(3), below=0.75)
    strict, lenient = judge(pair, margin=0.01), judge(pair, margin=0.2)
    assert strict.above_curve.low > 0
    assert strict.saving.low > 0
    assert strict.gap.low < -0.01
    assert [verdict(one).word for one in (strict, lenient)] == ["not shown", "saves"]


def test_a_candidate_saves_where_its_interval_and_holm_both_say_so() -> None:
    first = verdict(judged(0.025))  # all of a first confirmation's level, by one candidate
    assert (first.word, first.p_holm) == ("saves", 0.05)
    alone = verdict(judged(0.04))  # below 5 %, but its interval of 95 % contains a limit
    assert (alone.word, alone.p_holm) == ("not shown", 0.08)
    p_values = {1: 0.012, 2: 0.9, 3: 0.008}
    family = verdicts_of_family([(candidate(n), TWINS, judged(p)) for n, p in p_values.items()], 1)
    assert [one.number for one in family] == [1, 2, 3]
    assert [one.p_holm for one in family] == pytest.approx([0.048, 1.0, 0.048])
    assert [one.word for one in family] == ["saves", "not shown", "saves"]


def test_those_without_twins_are_no_hypotheses() -> None:
    family = verdicts_of_family([(candidate(1), (), None), (candidate(2), TWINS, judged(0.02))], 1)
    assert [(one.word, one.p_holm) for one in family] == [("not shown", None), ("saves", 0.04)]


def test_later_confirmations_spend_less_and_all_together_the_level() -> None:
    adjusted = [verdict(judged(1e-4), number).p_holm for number in range(1, 100)]
    assert adjusted[:3] == pytest.approx([2e-4, 6e-4, 12e-4])
    assert sum(1e-4 / p for p in adjusted) * 0.05 < 0.05
    assert [verdict(judged(0.01), number).word for number in (1, 2)] == ["saves", "not shown"]


@pytest.mark.parametrize("n_candidates", [1, 3])
def test_ten_confirmations_together_claim_a_saving_falsely_in_at_most_5_percent(n_candidates: int) -> None:
    """Without any saving, p-values are uniform at worst."""
    rng, n_runs = np.random.default_rng(0), 1500

    def claims(number: int) -> bool:
        family = [(candidate(), TWINS, judged(p)) for p in rng.random(n_candidates)]
        return any(one.word == "saves" for one in verdicts_of_family(family, number))

    n_false = sum(any(claims(number) for number in range(1, 11)) for _ in range(n_runs))
    assert 0.03 < n_false / n_runs <= 0.05  # 5 % times 10 / 11 are expected


def test_without_twins_nothing_is_shown_and_the_reason_is_told() -> None:
    (found,) = verdicts_of_family([(candidate(), (), None)], 1)
    assert (found.word, found.reason, found.p, found.twins) == ("not shown", NO_BRACKET, None, ())


@pytest.mark.parametrize("n_right", [10, 0])
def test_networks_that_never_differ_show_nothing(n_right: int) -> None:
    judgement = judge(steady_pair((n_right,) * 3, 430.0))
    assert judgement.p == 0.5
    assert judgement.above_curve.low < 0 < judgement.above_curve.high
    assert judgement.saving.low == pytest.approx(0.14)
    assert judgement.saving.high == pytest.approx(0.14)  # costs that never vary are known
    assert verdict(judgement).word == "not shown"


def test_replicates_that_happen_to_agree_leave_the_variance_of_samples() -> None:
    rng = np.random.default_rng(4)

    def agreeing(n_right: int, cost: float) -> Replicated:
        return Replicated(np.full(5, cost), np.array([rng.permutation(200) < n_right for _ in range(5)]))

    judgement = judge(pair_of(agreeing(180, 430.0), agreeing(160, BELOW), agreeing(178, ABOVE)))
    assert 0 < judgement.p < 1
    assert judgement.gap.high - judgement.gap.low > 0.02


def test_a_verdict_is_plain_data() -> None:
    told = verdict(judge(noisy_pair(0.9, np.random.default_rng(5))))
    assert Verdict.model_validate(json.loads(json.dumps(told.content, allow_nan=False))) == told
    assert (told.n_replicates, told.n_samples, told.n_groups) == (5, 1000, 100)
    with pytest.raises(ValueError, match="Field required"):
        Verdict.model_validate({"number": 1})


def test_what_cannot_be_judged_is_refused() -> None:
    once = Replicated(np.ones(1), np.ones((1, 10), dtype=bool))
    with pytest.raises(ValueError, match="at least 2 replicates"):
        judge(Pair(once, once, once, np.arange(10)))
    with pytest.raises(ValueError, match="no logarithm"):
        Replicated(np.array([1.0, 0.0]), np.ones((2, 3), dtype=bool))
    with pytest.raises(ValueError, match="3 rows of answers for 2 costs"):
        Replicated(np.array([1.0, 2.0]), np.ones((3, 3), dtype=bool))
