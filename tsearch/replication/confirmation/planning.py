"""What a confirmation is asked: which candidates, with how many replicates, against which margin."""

from collections.abc import Sequence

from pydantic import ValidationError

from tsearch.engine.journal import now
from tsearch.engine.run_folder import Run
from tsearch.engine.state import as_arguments
from tsearch.errors import TsearchError
from tsearch.front import Front
from tsearch.front.constraints import constraints_text, violation
from tsearch.replication.confirmation.candidates import Candidate, candidate_of, candidates_of
from tsearch.replication.confirmation.sentences import candidate_sentence
from tsearch.replication.confirmation.stored import Plan, Planned, fresh_numbers, plans, verdicts_of
from tsearch.replication.statistics import LEVEL
from tsearch.replication.testing import n_stored
from tsearch.space.goals import ConfirmSettings

MOST = 3  # candidates of one confirmation: each costs the others power


def plan_text(plan: Plan) -> str:
    """'confirmation 1: trial 12 (T=(3,1)), 5 fresh replicates of each and of its uniform twins, margin 1 point'."""
    who = ", ".join(f"trial {one.number} ({one.label})" for one in plan.candidates)
    return (
        f"confirmation {plan.number}: {who}, {len(plan.replicates)} fresh replicates of each and of its uniform twins, "
        f"margin {100 * plan.margin:g} {'point' if plan.margin == 0.01 else 'points'}"
    )


def why_not(run: Run, front: Front) -> str:
    """Why nothing of a run can be confirmed, whatever it has found; '' where that can be asked."""
    if front.complete and not front.are_networks:
        return "only networks have timesteps to confirm, and this run searched plain parameters"
    names = [objective.name for objective in run.objectives]
    if all(objective.is_maximized for objective in run.objectives):
        return f"no cost is among the objectives ({', '.join(names)}), so there is no saving to confirm"
    if front.complete and not any("accuracy" in point.metrics for point in front.complete):
        return "no accuracy is measured, so no saving at equal accuracy can be confirmed"
    return "" if front.complete else "no trial is complete yet"


def candidates_left(run: Run, front: Front, settings: ConfirmSettings) -> tuple[Candidate, ...]:
    """Those of the most promising candidates that have no verdict yet."""
    told = {verdict.key for verdict in verdicts_of(run)}
    found = candidates_of(front, settings.candidates, settings.margin)
    return tuple(one for one in found if one.key not in told)


def nothing_left_text(run: Run) -> str:
    """Why a confirmation has picked no candidate."""
    front, verdicts = Front.of(run), verdicts_of(run)
    if not verdicts or not candidates_of(front):
        return candidate_sentence(front)
    how = f"tsearch confirm {as_arguments(run)} --trial {verdicts[0].number}"
    return (
        f"The most promising candidates have their verdicts. Ask again about one, with fresh trainings: {how}"
    )


def settings_of(candidates: int, replicates: int, margin: float | str) -> ConfirmSettings:
    """How to confirm, checked. Raises: TsearchError."""
    try:
        return ConfirmSettings.model_validate(
            {"candidates": candidates, "replicates": replicates, "margin": margin}
        )
    except ValidationError as error:
        problem = error.errors()[0]
        words = problem["msg"].replace("Input should be", "give a number").removesuffix(".")
        if problem["type"] != "value_error":
            words = f"{problem['input']!r}: {words}"
        raise TsearchError(f"confirm: {problem['loc'][0]} {words.removeprefix('Value error, ')}.") from None


def plan_of(run: Run, settings: ConfirmSettings, trials: Sequence[int] | None) -> Plan:
    """The next confirmation of a run, of these trials or of what promises most; nothing is written. Raises:
    TsearchError where it cannot be asked."""
    front = Front.of(run)
    reason = why_not(run, front)
    if reason:
        raise TsearchError(f"{run.folder}: {reason}.")
    earlier = plans(run.folder)
    if trials is None:
        chosen = candidates_left(run, front, settings)
    elif len(set(trials)) > MOST:
        raise TsearchError(
            f"{run.folder}: at most {MOST} candidates share a confirmation. Confirm the others later."
        )
    else:
        chosen = tuple(_named(run, front, number, settings) for number in dict.fromkeys(trials))
    used = [
        run.task.replicate,
        *(r.replicate for r in run.replicates),
        *(r for p in earlier for r in p.replicates),
    ]
    return Plan(
        number=max((plan.number for plan in earlier), default=0) + 1,
        written=now(),
        candidates=tuple(_planned(run, front, one) for one in chosen),
        replicates=fresh_numbers(used, settings.replicates),
        margin=settings.margin,
        level=LEVEL,
        named=trials is not None,
        n_tested=n_stored(run),
        data=run.task.identity.data,
    )


def _named(run: Run, front: Front, number: int, settings: ConfirmSettings) -> Candidate:
    point = next((point for point in front.complete if point.number == number), None)
    if point is None:
        found = ", ".join(str(point.number) for point in front.complete[:12])
        raise TsearchError(
            f"{run.folder}: trial {number} is not complete, or there is none. Complete: {found} ..."
        )
    broken = {m: b for m, b in front.constraints.items() if violation(point.metrics, {m: b}) > 0}
    if broken:
        kept = [p.number for p in front.feasible if candidate_of(front, p)]
        which = f"Choose one that does: {', '.join(map(str, kept[:12]))}." if kept else "None does."
        raise TsearchError(
            f"{run.folder}: trial {number} does not keep {constraints_text(broken)}, set by the run. {which}"
        )
    candidate = candidate_of(front, point, settings.margin)
    if candidate is None:
        why = (
            "has the same timesteps in every stage"
            if point.is_uniform
            else "has no uniform network to compare with"
        )
        raise TsearchError(f"{run.folder}: trial {number} {why}. Choose another one.")
    return candidate


def _planned(run: Run, front: Front, candidate: Candidate) -> Planned:
    configuration = next(t.configuration for t in run.trials if t.number == candidate.number)
    return Planned(
        number=candidate.number,
        key=candidate.key,
        label=candidate.label,
        cost=candidate.cost,
        configuration=run.space.to_plain(configuration),
        below=_first_twin(front, candidate),
    )


def _first_twin(front: Front, candidate: Candidate) -> int:
    """Timesteps of the cheaper twin to begin with. What costs less or more than all uniform networks of the run may
    still lie between its own twins."""
    if candidate.bracket is not None:
        return candidate.bracket[0]
    uniform = [point for point in front.complete if point.is_uniform]
    costs = [point.metrics[candidate.cost] for point in uniform if candidate.cost in point.metrics]
    is_below = candidate.point.metrics[candidate.cost] < min(costs)
    return 1 if is_below else max(1, max(point.timesteps[0] for point in uniform) - 1)
