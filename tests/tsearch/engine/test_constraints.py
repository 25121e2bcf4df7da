"""Constraints: what cannot meet them is rejected free, what does not meet them is never on the front."""

import numpy as np
import pytest

import tsearch
from tsearch.configuration import Result
from tsearch.engine import choosing
from tsearch.engine.choosing import Chooser
from tsearch.engine.events import Finished, Rejected, Warned
from tsearch.engine.proposers import find_proposer
from tsearch.engine.proposers.known import CONSTRAINT
from tsearch.engine.proposing import History, Problem, Told, UnderWay
from tsearch.errors import TsearchError
from tsearch.front import Front
from tsearch.pricing.bounds import rejection
from tsearch.space.file import parse_space
from tsearch.space.goals import Constraint
from tsearch.units import format_value

SPACE = """
name: limited
data: {{name: digits_dvs}}
backbone: {{widths: [4, 6], pool_after: [1]}}
timesteps: [1, 2, 3, 4, 6, 8]
training: {{learning_rate: {{low: 0.005, high: 0.02, log: true}}}}
constraints: {constraints}
search: {{trials: {trials}, proposer: tpe}}
"""


def space(constraints: str, trials: int = 15):
    return parse_space(SPACE.format(constraints=constraints, trials=trials), "limited.yaml")


def by_timesteps(configuration, budget, _resume_from, _task) -> Result:
    """Accuracy and costs that grow with the timesteps."""
    total = sum(t * n for t, n in zip(configuration.timesteps, configuration.stages, strict=True))
    metrics = {"accuracy": 1 - 1 / (1 + total), "energy_pj": 1e5 * total, "latency_s": 1e-5 * total}
    return Result(configuration=configuration, budget=budget, metrics=metrics)


def search(given, tmp_path, **more):
    events = []
    run = tsearch.run(
        given, by_timesteps, name="x", runs=tmp_path, executor="inline", listener=events.append, **more
    )
    return run, events


def test_what_cannot_meet_a_limit_is_rejected_and_not_counted(tmp_path) -> None:
    unlimited = space("{}")
    silent = [tsearch.pricing.bounds.bound_of(unlimited, c).low.total_pj for c in unlimited.baselines()]
    limit = (silent[2] + silent[3]) / 2  # three timesteps may meet it, four cannot
    given = space(f"{{energy: {{max: {limit}}}}}")
    run, events = search(given, tmp_path)
    rejected = [event for event in events if isinstance(event, Rejected)]
    assert len(run.results) == 15
    assert sum(isinstance(event, Finished) for event in events) == 15
    assert rejected
    assert "energy is at least" in rejected[0].reason
    assert all(rejection(given, trial.configuration) is None for trial in run.trials)
    assert {trial.configuration.timesteps for trial in run.trials if trial.origin == "baseline"} == {
        (1,),
        (2,),
        (3,),
    }


def test_a_space_in_which_nothing_can_meet_the_limit_says_so(tmp_path) -> None:
    run, _ = search(space("{latency: {max: 1ns}}"), tmp_path)
    assert run.results == ()
    assert "refused: latency is at least" in run.ended
    assert run.ended.endswith("the limit is 1.00 ns (10,000)")


def test_a_search_that_finds_nothing_never_calls_a_space_exhausted_that_it_did_not_count(
    tmp_path, monkeypatch
) -> None:
    assert choosing.MAX_DRAWS == 10_000
    monkeypatch.setattr(choosing, "MAX_DRAWS", 1_000)
    run, _ = search(space("{latency: {max: 1ns}}"), tmp_path)
    cheapest = format_value(min(bounds_s(space("{}"))), "latency_s")
    assert run.ended == (
        "no configuration found that may meet latency at most 1.00 ns in 1,000 draws after 0 trials, "
        f"1,000 of those drawn refused: latency is at least {cheapest}, the limit is 1.00 ns (1,000)"
    )
    assert tsearch.resume(run.folder).ended == run.ended


def test_a_small_space_is_counted_before_it_is_called_exhausted(tmp_path) -> None:
    text = SPACE.format(constraints="{latency: {max: 3us}}", trials=40)
    given = parse_space(text.replace("{low: 0.005, high: 0.02, log: true}", "[0.005, 0.01]"), "limited.yaml")
    usable = [given.key(c) for c in given.enumerate() if given.refuse(c) is None]
    assert 0 < len(usable) < 40 < given.size
    run, _ = search(given, tmp_path)
    n_refused = given.size - len(usable)
    cheapest = format_value(min(bound for bound in bounds_s(given) if bound > 3e-6), "latency_s")
    words = f"space exhausted after {len(usable)} trials, {n_refused} configurations refused: "
    words += f"latency is at least {cheapest}, the limit is 3.00 µs ({n_refused})"
    assert run.ended == words
    assert sorted(trial.key for trial in run.trials) == sorted(usable)
    assert tsearch.resume(run.folder).ended == words


def bounds_s(given) -> list[float]:
    """The least latency of every structure."""
    return [tsearch.pricing.bounds.bound_of(given, c).low.latency_s for c in every_structure(given)]


ON_LOIHI = """
name: mixed
data: {name: digits_dvs}
backbone: {widths: [4, 8], pool_after: [1]}
hardware: {profile: loihi, assume: {weight_bits: 9}}
timesteps: [1, 2]
"""


def test_a_chip_that_refuses_is_named_where_there_are_no_constraints(tmp_path) -> None:
    run, _ = search(parse_space(ON_LOIHI + "temporal_transformer: score_mix\n"), tmp_path)
    assert sorted(trial.configuration.timesteps for trial in run.trials) == [(1,), (1, 1), (2,)]
    assert run.ended == (
        "space exhausted after 3 trials, 2 configurations refused: layer 'block2': profile 'loihi' has no price for "
        "'score_mac'; its hardware cannot run this analog work (temporal_transformer score_mix; truncate would fit) (2)"
    )
    truncated = parse_space(ON_LOIHI + "temporal_transformer: truncate\n")
    assert [truncated.refuse(configuration) for configuration in truncated.enumerate()] == [None] * 5


def test_trials_added_to_an_exhausted_space_are_warned_of(tmp_path) -> None:
    run, events = search(parse_space(ON_LOIHI), tmp_path)
    assert not [event for event in events if isinstance(event, Warned) and "nothing is left" in event.text]
    tsearch.resume(run.folder, by_timesteps, more_trials=4, listener=events.append)
    [warned] = [event for event in events if isinstance(event, Warned)]
    assert warned.text == f"nothing is left that +4 trials could try: {run.ended}"


def three_per_cent(trials: int):
    """A space of which at most three configurations in a hundred may meet the limit."""
    text = SPACE.replace("[4, 6]", "[4, 6, 6]").replace("4, 6, 8]", "4, 5, 6, 7, 8]")
    text = text.format(constraints="{latency: {max: 1s}}", trials=trials)
    wide = parse_space(text.replace("proposer: tpe", "proposer: random, seed: 5, baselines: none"))
    energies = [tsearch.pricing.bounds.bound_of(wide, c).low.total_pj for c in every_structure(wide)]
    limit = 0.999 * sorted(energies)[int(0.03 * len(energies))]
    assert 0 < sum(energy <= limit for energy in energies) <= 0.03 * len(energies)
    return wide.model_copy(update={"constraints": {"energy_pj": Constraint(max=limit)}})


def every_structure(given):
    settings = {name: domain.default for name, domain in given.settings.items()}
    return [given.assemble(*structure, settings) for structure in given.structures]


def test_forty_of_forty_trials_where_three_in_a_hundred_may_meet_a_limit(tmp_path) -> None:
    given = three_per_cent(40)
    for seed in range(6):
        chooser = Chooser(given, find_proposer("random"), seed, (), lambda _: None)
        chosen = [chooser.choose(number, History()) for number in range(40)]
        assert None not in chosen
        assert len({one.key for one in chosen}) == 40
    run, _ = search(given, tmp_path, trials=6)
    found = tsearch.resume(run.folder, more_trials=6)  # after a restart as before
    assert [trial.key for trial in found.trials] == [one.key for one in chosen[:12]]
    assert found.ended == "all trials done"


def test_points_that_break_a_limit_are_never_on_the_front(tmp_path) -> None:
    run, _ = search(space("{accuracy: {min: 75%}, energy: {max: 600nJ}}"), tmp_path)
    front = Front.of(run)
    assert front.points
    assert any(not front.is_feasible(point) for point in front.complete)
    for point in front.points:
        assert point.metrics["accuracy"] >= 0.75
        assert point.metrics["energy_pj"] <= 6e5
    assert front.hypervolume_curve[-1] == pytest.approx(front.hypervolume)
    unlimited = Front(front.complete, front.objectives, front.reference, front.ideal)
    assert len(unlimited.points) > len(front.points)
    assert unlimited.hypervolume > front.hypervolume


def test_samplers_learn_by_how_much_a_limit_is_broken() -> None:
    given = space("{accuracy: {min: 75%}}")
    assert given.violation({"accuracy": 0.6}) == pytest.approx(0.2)
    assert given.violation({"accuracy": 0.8}) == 0
    problem = Problem(given.parameters(), given.objectives[:1])
    values = given.encode(given.baselines()[0])
    told = Told(0, values, (0.6,), 0.2)
    asked_before, asked_after = find_proposer("tpe"), find_proposer("tpe")
    asked_before(problem, [], [UnderWay(0, values)], np.random.default_rng(0))
    for proposer in (asked_before, asked_after):
        proposer(problem, [told], [], np.random.default_rng(1))
        assert [t.constraints for t in proposer._known.complete] == [{CONSTRAINT: 0.2}]


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ("{energy: {max: 5ms}}", "limited.yaml:7: constraints.energy.max: energy is measured in J"),
        ("{energy: {}}", "limited.yaml:7: constraints.energy: give min, max or both."),
        ("{energy: {mx: 3}}", "unknown key 'mx'. Did you mean 'max'?"),
    ],
)
def test_a_constraint_that_makes_no_sense_is_one_line(constraints: str, message: str) -> None:
    with pytest.raises(TsearchError) as caught:
        space(constraints)
    assert message in str(caught.value)
