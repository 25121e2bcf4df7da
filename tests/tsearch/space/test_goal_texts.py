"""Objectives, constraints and references of a space file: what cannot be meant is refused in one line."""

import tarfile
from pathlib import Path

import pytest
import yaml

from tsearch.errors import TsearchError
from tsearch.space.file import parse_space
from tsearch.space.goal_texts import METRICS
from tsearch.space.goals import Constraint

GOOD = "name: small\ndata: {name: digits}\nbackbone: {widths: [4, 4], pool_after: [1]}\ntimesteps: [1, 2]\n"
BUNDLE = Path(__file__).parents[1] / "export" / "fixtures" / "two_stages_7c9e42e.tar.xz"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("constraints: {energi: {max: 3}}", "s.yaml:5: constraints.energi: no such metric. Did you mean 'energy'?"),
        ("constraints: {area: {max: 3}}", "s.yaml:5: constraints.area: no such metric. Known metrics: accuracy, "),
        (
            "constraints: {accuracy: {min: 80}}",
            "s.yaml:5: constraints.accuracy.min: accuracy lies in [0, 1], found 80: write 80% or 0.8.",
        ),
        ("constraints: {accuracy: {min: -0.1}}", "accuracy lies in [0, 1], found -0.1: write for example 80% or 0.8."),
        ("constraints: {energy: {max: 1}, energy_pj: {max: 2}}", "constraints.energy_pj: 'energy_pj' is given twice."),
        ("constraints: {energy: {min: 2, max: 1}}", "constraints.energy: min 2 is above max 1."),
        ("constraints: {energy: {max: -1}}", "constraints.energy: energy is at least 0, found max -1."),
        ("reference: {energy_pj: -3}", "s.yaml:5: reference.energy_pj: the worst energy that counts is above 0"),
        ("reference: {accuracy: 10}", "s.yaml:5: reference.accuracy: accuracy lies in [0, 1), found 10."),
        (
            "objectives: [accuracy, {name: energy_pj, direction: maximize}]",
            "s.yaml:5: objectives: to maximize energy is the wrong way round. Write 'energy_pj'.",
        ),
        ("objectives: [{name: accuracy, direction: minimize}]", "to minimize accuracy is the wrong way round"),
        ("objectives: [{name: latency, direction: maximize}]", "to maximize latency is the wrong way round"),
        ("objectives: [energy, energy_pj]", "objective 'energy_pj' is given twice."),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_one_line(line: str, message: str) -> None:
    with pytest.raises(TsearchError) as caught:
        parse_space(GOOD + line + "\n", "s.yaml")
    assert message in str(caught.value)


def test_objectives_have_short_names_as_constraints_do() -> None:
    space = parse_space(GOOD + "objectives: [accuracy, energy, {name: latency, direction: minimize}]\n")
    assert [objective.name for objective in space.objectives] == ["accuracy", "energy_pj", "latency_s"]


def test_an_objective_of_ones_own_may_be_constrained() -> None:
    space = parse_space(
        GOOD + "objectives: [accuracy, score]\nconstraints: {score: {max: 3}, accuracy: {min: 80%}}\n"
    )
    assert space.constraints == {"score": Constraint(max=3), "accuracy": Constraint(min=0.8)}


def test_the_known_metrics_are_those_that_a_trained_network_had() -> None:
    with tarfile.open(BUNDLE) as archive:
        content = yaml.safe_load(archive.extractfile("bundle/configuration.yaml").read())
    later = {  # which that network came before
        "unreused_energy_pj", "quantised_activations_energy_pj", "mean_timesteps_by_layer", "mean_timesteps_by_mac",
    }  # fmt: skip
    assert set(content["metrics"]) == set(METRICS) - later
