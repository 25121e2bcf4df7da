"""Candidates: what promises to save cost, by hand and against trying everything."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsearch.configuration import Configuration
from tsearch.front import Front, Point
from tsearch.front.constraints import Constraints
from tsearch.replication.confirmation.candidates import Candidate, candidate_of, candidates_of, standard_error
from tsearch.space.goals import Objective

OBJECTIVES = (
    Objective(name="accuracy", direction="maximize"),
    Objective(name="energy_pj", direction="minimize"),
)
UNIFORM = ((1, 0.60, 100e3), (2, 0.70, 200e3), (4, 0.80, 400e3))  # 10 points for every doubling


def point(
    number: int,
    timesteps: tuple[int, ...],
    accuracy: float,
    energy: float,
    widths: tuple[int, ...] | None = None,
    leading: int | None = None,
) -> Point:
    configuration = None
    if widths is not None:
        stages = (1,) * len(widths) if len(timesteps) == len(widths) else (len(widths),)
        phases = [{"timesteps": timesteps, "epochs": 2}]
        phases = [{"timesteps": (leading,) * len(timesteps), "epochs": 1}, *phases] if leading else phases
        backbone = {"name": "vgg", "widths": widths}
        configuration = Configuration.model_validate(
            {"backbone": backbone, "stages": stages, "schedule": phases}
        )
    metrics = {"accuracy": accuracy, "energy_pj": energy}
    stages = (1,) * len(timesteps)
    return Point(
        number, f"{number:016x}", metrics, timesteps, stages, n_validation=300, configuration=configuration
    )


def front(others: Sequence[Point], constraints: Constraints | None = None) -> Front:
    uniform = [point(100 + t, (t, t), accuracy, energy) for t, accuracy, energy in UNIFORM]
    return Front((*uniform, *others), OBJECTIVES, {}, {}, constraints=constraints or {})


def numbers(candidates: Sequence[Candidate]) -> list[int]:
    return [candidate.number for candidate in candidates]


def test_a_candidate_by_hand() -> None:
    energy = 100e3 * 2**1.5  # the curve has 75 % there
    (found,) = candidates_of(front([point(1, (4, 1), 0.84, energy)]))
    assert (found.number, found.key, found.label, found.cost) == (1, f"{1:016x}", "T=(4, 1)", "energy_pj")
    assert found.bracket == (2, 4)
    assert found.uniform_accuracy == pytest.approx(0.75)
    error = math.sqrt((253 / 302) * (49 / 302) / 300)
    assert standard_error(found.point) == pytest.approx(error)
    assert found.promise == pytest.approx(
        (0.84 - 0.79) / error
    )  # the dearer twin's 80 %, less the margin, is more


@pytest.mark.parametrize(
    ("energy", "bracket"),
    [(99e3, None), (100e3, (1, 2)), (199e3, (1, 2)), (200e3, (2, 4)), (399e3, (2, 4)), (400e3, None)],
)
def test_the_bracket_is_the_most_timesteps_that_cost_no_more_and_the_next_of_the_run(
    energy: float, bracket: tuple[int, int] | None
) -> None:
    other = point(1, (4, 1), 0.9, energy)
    found = candidate_of(front([other]), other)
    assert found is not None
    assert found.bracket == bracket
    assert numbers(candidates_of(front([other]))) == ([1] if bracket else [])


def test_timesteps_with_several_schedules_bracket_by_their_mean_cost() -> None:
    other = point(1, (4, 1), 0.9, 230e3)
    twice = front([other, point(2, (2, 2), 0.65, 280e3)])  # T=2 costs 200 and 280 nJ
    (found,) = candidates_of(twice)
    assert found.bracket == (1, 2)


def test_the_most_promising_come_first_and_those_that_promise_nothing_not_at_all() -> None:
    others = [
        point(1, (4, 1), 0.80, 220e3),
        point(2, (3, 1), 0.85, 220e3),
        point(3, (3, 2), 0.90, 380e3),
        point(4, (2, 1), 0.71, 250e3),  # below the curve
        point(5, (4, 2), 0.78, 300e3),  # above the curve, but more than a point below T=4
        point(6, (4, 3), 0.82, 300e3),
    ]
    assert numbers(candidates_of(front(others))) == [3, 2, 6]
    assert numbers(candidates_of(front(others), most=9)) == [3, 2, 6, 1]
    assert numbers(candidates_of(front(others), most=1)) == [3]
    assert numbers(candidates_of(front(others), most=9, margin=0.05)) == [3, 2, 6, 1, 5]


def test_near_copies_give_one_candidate() -> None:
    same = [
        Point(n, str(n), {"accuracy": a, "energy_pj": 220e3}, timesteps, stages, n_validation=300)
        for n, a, timesteps, stages in (
            (1, 0.85, (4, 1, 1), (1, 1, 1)),
            (2, 0.86, (4, 1), (1, 2)),  # the same timesteps in every block
            (3, 0.84, (4, 1), (2, 1)),
        )
    ]
    assert numbers(candidates_of(front(same))) == [2, 3]


def test_a_smaller_network_is_no_saving_by_timesteps() -> None:
    wide, narrow = (8, 16), (4, 8)
    uniform = [point(t, (t,), a, e, wide) for t, a, e in UNIFORM]
    uniform += [point(10 + t, (t,), a - 0.02, e / 4, narrow) for t, a, e in UNIFORM]
    smaller = point(20, (4, 2), 0.77, 70e3, narrow)  # far above the wide ones of its energy, below its own
    honest = point(21, (4, 2), 0.80, 70e3, narrow, leading=4)
    run = Front((*uniform, smaller), OBJECTIVES, {}, {})
    assert candidates_of(run) == ()
    (found,) = candidates_of(Front((*uniform, smaller, honest), OBJECTIVES, {}, {}))
    assert (found.number, found.bracket, found.label) == (21, (2, 4), "T=(4, 2) after 4")
    alone = Front((*uniform[:3], honest), OBJECTIVES, {}, {})
    assert candidate_of(alone, honest) is None  # no uniform network of its backbone


def test_what_breaks_the_constraints_of_the_run_is_no_candidate_but_uniform_ones_stay_on_the_curve() -> None:
    others = [point(1, (4, 1), 0.85, 220e3), point(2, (3, 1), 0.75, 180e3)]
    assert numbers(candidates_of(front(others))) == [1, 2]
    (found,) = candidates_of(front(others, {"accuracy": (0.80, None)}))
    assert (found.number, found.bracket) == (1, (2, 4))  # T=2 has 70 %
    assert numbers(candidates_of(front(others, {"energy_pj": (None, 200e3)}))) == [2]


def test_without_networks_numbers_or_a_cost_there_is_none() -> None:
    good = point(1, (4, 1), 0.85, 220e3)
    assert candidates_of(Front((*front([good]).complete,), OBJECTIVES[:1], {}, {})) == ()
    assert candidates_of(Front((good,), OBJECTIVES, {}, {})) == ()
    plain = Point(2, "2", good.metrics, parameters={"x": 1})
    odd = [point(3, (4, 2), math.nan, 220e3), point(4, (3, 2), 0.9, 0.0), point(5, (3, 1), 0.9, math.inf)]
    assert numbers(candidates_of(front([plain, *odd, good]))) == [1]


points_in = st.builds(
    point,
    st.integers(0, 99),
    st.sampled_from([(1, 1), (2, 2), (3, 3), (4, 4), (2, 1), (4, 1), (4, 2), (3, 1)]),
    st.integers(0, 20).map(lambda k: k / 20),
    st.integers(1, 12).map(lambda k: 1e3 * k),
)


@given(st.lists(points_in, max_size=14, unique_by=lambda p: p.number))
def test_candidates_are_those_that_trying_every_point_finds(points: list[Point]) -> None:
    uniform, others = [p for p in points if p.is_uniform], [p for p in points if not p.is_uniform]

    def best_uniform(energy: float) -> float:
        """The staircase by definition: the best at most so dear, and on a line to the next better one."""
        reached = {p.metrics["energy_pj"]: 0.0 for p in uniform}
        for price in reached:
            reached[price] = max(p.metrics["accuracy"] for p in uniform if p.metrics["energy_pj"] <= price)
        stairs = [
            e for e in sorted(reached) if reached[e] > max((reached[d] for d in reached if d < e), default=-1)
        ]
        low = max(e for e in stairs if e <= energy)
        high = min((e for e in stairs if e > energy), default=None)
        if high is None:
            return reached[low]
        place = math.log(energy / low) / math.log(high / low)
        return reached[low] + place * (reached[high] - reached[low])

    costs: dict[int, list[float]] = {}
    for p in uniform:
        costs.setdefault(p.timesteps[0], []).append(p.metrics["energy_pj"])
    mean = {t: sum(prices) / len(prices) for t, prices in costs.items()}
    promised = {}
    for p in others:
        energy, accuracy = p.metrics["energy_pj"], p.metrics["accuracy"]
        below = [t for t in mean if mean[t] <= energy]
        above = [t for t in mean if below and t > max(below)]
        if above and accuracy > max(best_uniform(energy), best_uniform(mean[min(above)]) - 0.01) + 1e-12:
            promised[p.number] = p.timesteps
    found = candidates_of(Front(tuple(points), OBJECTIVES, {}, {}), most=99)
    assert {one.point.timesteps for one in found} == set(promised.values())
    assert len(found) == len(set(promised.values()))
    assert set(numbers(found)) <= set(promised)
    assert [one.promise for one in found] == sorted((one.promise for one in found), reverse=True)


def compressed(one: Point, bits: int) -> Point:
    """The same point with weights of so many bits."""
    configuration = one.configuration
    last = configuration.schedule[-1].model_copy(update={"weight_bits": bits})
    schedule = (*configuration.schedule[:-1], last)
    return replace(one, configuration=configuration.model_copy(update={"schedule": schedule}))


def test_weights_of_few_bits_do_not_count_as_saved_by_timesteps() -> None:
    """A quarter of the bits costs half here: among its like, the network is where the uniform ones are."""
    plain = [point(100 + t, (t, t), accuracy, energy, (4, 8)) for t, accuracy, energy in UNIFORM]
    narrow = [
        compressed(point(200 + t, (t, t), accuracy, energy / 2, (4, 8)), 8) for t, accuracy, energy in UNIFORM
    ]
    middle = point(1, (3, 2), 0.75, 0.0, (4, 8))
    for bits, energy in ((32, 1.0), (8, 0.5), (4, 0.5)):
        at = replace(middle, metrics=middle.metrics | {"energy_pj": energy * _price_of(0.75)})
        found = candidate_of(Front((*plain, *narrow), OBJECTIVES, {}, {}), compressed(at, bits))
        assert found is not None
        assert found.uniform_accuracy == pytest.approx(0.75, abs=1e-9)


def _price_of(accuracy: float) -> float:
    """Where the uniform networks reach it: linear in the logarithm of the cost."""
    _, accuracies, costs = zip(*UNIFORM, strict=True)
    return float(np.exp(np.interp(accuracy, accuracies, np.log(costs))))
