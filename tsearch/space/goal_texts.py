"""Objectives, constraints and references as a space file writes them, checked against the metrics of a network."""

from collections.abc import Mapping
from typing import Literal

from tsearch.errors import did_you_mean
from tsearch.space.goals import Constraint, Objective
from tsearch.space.lines import Lines
from tsearch.space.schema import ConstraintText, SpaceFile
from tsearch.units import FRACTION, metric_name, parse, quantity, title

Direction = Literal["maximize", "minimize"]

# What every trained network has, and the direction in which it is better; None where both may be wanted.
METRICS: dict[str, Direction | None] = {
    "accuracy": "maximize",
    "energy_pj": "minimize",
    "latency_s": "minimize",
    "footprint_bits": "minimize",
    "mean_timesteps": "minimize",
    "mean_timesteps_by_layer": "minimize",
    "mean_timesteps_by_mac": "minimize",
    "sop": "minimize",
    "mac": "minimize",
    "spikes_per_synapse": "minimize",
    "dense_energy_pj": None,
    "quantised_energy_pj": None,
    "quantised_activations_energy_pj": None,
    "unreused_energy_pj": "minimize",
}


def read_objectives(file: SpaceFile, lines: Lines) -> tuple[Objective, ...]:
    """The objectives, each one once, each in the direction in which it is better. Raises: TsearchError."""
    objectives = tuple(_objective(given, i, lines) for i, given in enumerate(file.objectives))
    names = [objective.name for objective in objectives]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise lines.error(("objectives",), f"objective '{twice}' is given twice.")
    return objectives


def check_reference(
    reference: Mapping[str, float] | None, objectives: tuple[Objective, ...], lines: Lines
) -> None:
    """A reference is given for none but the objectives, and is a value that they can have. Raises: TsearchError."""
    names = [objective.name for objective in objectives]
    for name, value in (reference or {}).items():
        place = ("reference", name)
        if name not in names:
            raise lines.error(
                place, f"reference for '{name}', which is no objective.{did_you_mean(name, names)}"
            )
        if name == "accuracy" and not 0 <= value < 1:
            raise lines.error(place, f"reference.accuracy: accuracy lies in [0, 1), found {value:g}.")
        if METRICS.get(name) == "minimize" and value <= 0:
            raise lines.error(
                place, f"reference.{name}: the worst {title(name)} that counts is above 0, found {value:g}."
            )


def read_constraints(
    given: Mapping[str, ConstraintText], objectives: tuple[Objective, ...], lines: Lines
) -> dict[str, Constraint]:
    """The constraints by metric, each of them known, in its unit. Raises: TsearchError."""
    known = list(dict.fromkeys((*METRICS, *(objective.name for objective in objectives))))
    constraints: dict[str, Constraint] = {}
    for name, text in given.items():
        metric = metric_name(name)
        if metric not in known:
            hint = did_you_mean(name, (*known, "energy", "latency", "footprint"))
            raise lines.error(
                ("constraints", name),
                f"constraints.{name}: no such metric.{hint} Known metrics: {', '.join(known)}.",
            )
        if metric in constraints:
            raise lines.error(("constraints", name), f"constraints.{name}: '{metric}' is given twice.")
        constraints[metric] = _constraint(text, name, metric, lines)
    return constraints


def _objective(given: str | Objective, i: int, lines: Lines) -> Objective:
    if isinstance(given, str):
        name = metric_name(given)
        return Objective(name=name, direction=METRICS.get(name) or "minimize")
    objective = given.model_copy(update={"name": metric_name(given.name)})
    better = METRICS.get(objective.name)
    if better not in (None, objective.direction):
        raise lines.error(
            ("objectives", i),
            f"objectives: to {objective.direction} {title(objective.name)} is the wrong way round. "
            f"Write '{given.name}'.",
        )
    return objective


def _constraint(text: ConstraintText, name: str, metric: str, lines: Lines) -> Constraint:
    if text.min is None and text.max is None:
        raise lines.error(("constraints", name), f"constraints.{name}: give min, max or both.")
    low, high = (_number(getattr(text, end), name, end, lines) for end in ("min", "max"))
    if low is not None and high is not None and low > high:
        raise lines.error(("constraints", name), f"constraints.{name}: min {low:g} is above max {high:g}.")
    if metric in METRICS and high is not None and high < 0:
        raise lines.error(
            ("constraints", name), f"constraints.{name}: {title(metric)} is at least 0, found max {high:g}."
        )
    return Constraint(min=low, max=high)


def _number(value: float | str | None, name: str, end: str, lines: Lines) -> float | None:
    """One end of a constraint in the unit of its metric."""
    metric, where = metric_name(name), f"constraints.{name}.{end}"
    if isinstance(value, str):
        return parse(value, metric, f"{lines.source}:{lines.lines[('constraints', name, end)]}: {where}")
    if value is not None and quantity(metric) is FRACTION and not 0 <= value <= 1:
        example = (
            f"write {value:g}% or {value / 100:g}" if 1 < value <= 100 else "write for example 80% or 0.8"
        )
        raise lines.error(
            ("constraints", name, end),
            f"{where}: {title(metric)} lies in [0, 1], found {value:g}: {example}.",
        )
    return value
