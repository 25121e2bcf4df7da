"""The twins of every candidate: fresh replicates are trained until two uniform networks bracket its cost.

Only costs on validation decide which twins they are. No test sample is read before they are written down.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from tsearch.configuration import Configuration
from tsearch.engine.driver import Driver
from tsearch.engine.events import Noted
from tsearch.engine.journal import now
from tsearch.engine.replicate import Replicate, Wanted
from tsearch.engine.replicates import train
from tsearch.engine.run_folder import Run
from tsearch.errors import TsearchError
from tsearch.replication.confirmation.family import NO_BRACKET
from tsearch.replication.confirmation.stored import Paired, Plan, Planned, Twins, plan_hash
from tsearch.replication.confirmation.verdict import Twin

PURPOSE = "confirming"


@dataclass(frozen=True)
class Trio:
    """A candidate and a pair of its twins, the cheaper one first, as they are trained."""

    candidate: Configuration
    below: Configuration
    above: Configuration
    timesteps: int  # of the cheaper twin
    is_plain: bool

    @property
    def members(self) -> tuple[Configuration, ...]:
        return self.candidate, self.below, self.above


def find_twins(driver: Driver, plan: Plan) -> Twins:
    """Train the candidates of a plan beside twins that come closer, until those are found that bracket them."""
    run = driver.run()
    pairs = [(one, is_plain) for one in plan.candidates for is_plain in _kinds(run, one)]
    trios = {(one.key, is_plain): trio_of(run, one, one.below, is_plain) for one, is_plain in pairs}
    wanted: list[Wanted] = []
    paired: dict[tuple[str, bool], Paired] = {}
    while len(paired) < len(pairs):
        wanted += wanted_of(plan, [trio for key, trio in trios.items() if trio and key not in paired])
        train(driver, wanted, PURPOSE)
        run = driver.run()
        for planned, is_plain in pairs:
            place = planned.key, is_plain
            found = paired.get(place) or _paired(run, plan, planned, trios[place], is_plain)
            if isinstance(found, Paired):
                paired[place] = found
            else:
                driver.listener(Noted(_closer_text(planned, trios[place], found)))
                trios[place] = found
    hashed = plan_hash(driver.folder, plan.number)
    return Twins(
        written=now(), plan=hashed, pairs=tuple(paired[one.key, is_plain] for one, is_plain in pairs)
    )


def trio_of(run: Run, planned: Planned, timesteps: int, is_plain: bool) -> Trio | None:
    """A candidate beside its twins of `timesteps` and of one more; None where there are no such twins."""
    candidate = run.space.from_plain(planned.configuration)
    with suppress(TsearchError):
        below, above = (run.space.twins(candidate, t)[is_plain] for t in (timesteps, timesteps + 1))
        return Trio(candidate, below, above, timesteps, is_plain)
    return None


def _kinds(run: Run, planned: Planned) -> list[bool]:
    """Whether the twins of a candidate are plain: of one pair, or of two."""
    return [False, True][: len(run.space.twins(run.space.from_plain(planned.configuration), 1))]


def replicates_by_key(run: Run, plan: Plan) -> dict[str, list[Replicate]]:
    """The replicates of a plan, by the key of their configuration, in the order of their numbers."""
    by_key: dict[str, list[Replicate]] = {}
    for each in sorted(run.replicates, key=lambda each: each.replicate):
        if each.replicate in plan.replicates:
            by_key.setdefault(each.key, []).append(each)
    return by_key


def failure_of(run: Run, plan: Plan, trio: Trio) -> str:
    """Which training of a trio failed, and why; '' where none did."""
    by_key = replicates_by_key(run, plan)
    for each in (each for member in trio.members for each in by_key[run.space.key(member)]):
        if each.state != "complete":
            return f"replicate {each.replicate} of {each.key} did not end: {each.error}."
    return ""


def wanted_of(plan: Plan, trios: Sequence[Trio]) -> list[Wanted]:
    members = dict.fromkeys(member for trio in trios for member in trio.members)
    return [Wanted(member, replicate) for member in members for replicate in plan.replicates]


def _paired(run: Run, plan: Plan, planned: Planned, trio: Trio | None, is_plain: bool) -> Paired | Trio:
    """A pair of twins of a candidate, or why there is none; a trio to be trained where its twins are to come closer."""
    none = Paired(key=planned.key, is_plain=is_plain, reason=NO_BRACKET)
    if trio is None:
        return none
    reason = failure_of(run, plan, trio)
    if reason:
        return none.model_copy(update={"reason": reason})
    by_key = replicates_by_key(run, plan)
    keys = [run.space.key(member) for member in trio.members]
    costs = tuple(mean_cost(by_key[key], planned.cost) for key in keys)
    step = _step(costs)
    if step == 0:
        twins = [
            Twin(timesteps=trio.timesteps + i, key=key, is_plain=is_plain) for i, key in enumerate(keys[1:])
        ]
        return Paired(key=planned.key, is_plain=is_plain, twins=tuple(twins), costs=costs)
    closer = trio_of(run, planned, trio.timesteps + step, is_plain)
    if closer is None or _were_passed(run, closer, planned, by_key, step):
        return none.model_copy(update={"costs": costs})
    return closer


def _closer_text(planned: Planned, before: Trio | None, closer: Trio) -> str:
    """Why further twins are trained: 'uniform T=2 costs more than trial 12, so T=1 is trained too'."""
    is_dearer = before is not None and closer.timesteps < before.timesteps
    new = closer.timesteps + (not is_dearer)
    known = Twin(timesteps=new + (1 if is_dearer else -1), key="", is_plain=closer.is_plain)
    word = "more" if is_dearer else "less"
    return f"{known.text} costs {word} than trial {planned.number}, so T={new} is trained too"


def _step(costs: tuple[float, ...]) -> int:
    """Whether fewer (-1) or more (1) timesteps come closer to the candidate's cost; 0 where the twins bracket it."""
    candidate, below, above = costs
    if candidate < below:
        return -1
    return 1 if candidate > above else 0


def _were_passed(
    run: Run, closer: Trio, planned: Planned, by_key: Mapping[str, Sequence[Replicate]], step: int
) -> bool:
    """Whether both twins are known already, and do not bracket the candidate either: the costs do not grow with
    timesteps."""
    keys = [run.space.key(member) for member in closer.members]
    if not all(key in by_key for key in keys):
        return False
    if any(each.state != "complete" for key in keys for each in by_key[key]):
        return False
    return _step(tuple(mean_cost(by_key[key], planned.cost) for key in keys)) == -step


def mean_cost(replicates: Sequence[Replicate], cost: str) -> float:
    """Geometric mean: costs are compared by their logarithms."""
    return float(np.exp(np.mean(np.log([each.metrics[cost] for each in replicates]))))
