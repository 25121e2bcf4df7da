"""Every figure is one that plotly accepts, and shows the numbers of the run."""

import math
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import pytest

from tsearch.configuration import Result
from tsearch.engine.run_folder import Run
from tsearch.front.saving import uniform_saving
from tsearch.report.facts import RunFacts, gather
from tsearch.report.front_figure import front_figure
from tsearch.report.panels import panels
from tsearch.report.progress_figure import progress_figure
from tsearch.report.style import Scale
from tsearch.report.trial_figures import kinds_of, rates_figure

MakeRun = Callable[..., Run]


@pytest.fixture(scope="module")
def facts(make_run: MakeRun, results: list[Result]) -> RunFacts:
    return gather(make_run(results))


def trace(figure: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in figure["data"] if found.get("name") == name)


def test_plotly_accepts_every_figure(facts: RunFacts) -> None:
    figures = [front_figure(facts, profile) for profile in facts.profiles]
    figures += [progress_figure(facts)]
    for panel in panels(facts).values():
        figures += [*panel["energy"].values(), panel["rates"]]
    for figure in figures:
        go.Figure(figure)  # raises for an unknown attribute or a value of the wrong kind
    assert len(figures) > 20


def test_the_front_shows_every_complete_trial_once(facts: RunFacts) -> None:
    figure = front_figure(facts)
    shown = [row[0] for name in ("front", "dominated") for row in trace(figure, name)["customdata"]]
    assert sorted(shown) == [point.number for point in facts.front.complete]
    front = trace(figure, "front")
    assert front["x"] == [point.metrics["energy_pj"] / 1e6 for point in facts.front.points]
    assert front["y"] == pytest.approx([100 * point.metrics["accuracy"] for point in facts.front.points])
    assert front["marker"]["color"] == [point.metrics["latency_s"] / 1e-6 for point in facts.front.points]
    assert figure["layout"]["xaxis"]["title"]["text"] == "energy (µJ)"


def test_the_uniform_baselines_have_a_line_of_their_own(facts: RunFacts) -> None:
    figure = front_figure(facts)
    assert trace(figure, "uniform timesteps")["text"] == ["T=1", "T=2", "T=3", "T=4", "T=6", "T=8"]
    stairs = trace(figure, "best uniform")
    assert stairs["y"] == sorted(set(stairs["y"]))
    assert stairs["line"]["shape"] == "hv"


def test_the_arrow_goes_from_the_uniform_to_the_cheaper_point(facts: RunFacts) -> None:
    pair = uniform_saving(facts.front).best
    assert pair is not None
    arrow, label = front_figure(facts)["layout"]["annotations"]
    assert 10 ** arrow["x"] * 1e6 == pytest.approx(pair.other.metrics["energy_pj"])
    assert 10 ** arrow["ax"] * 1e6 == pytest.approx(pair.uniform.metrics["energy_pj"])
    assert label["text"] == f"<b>\N{MINUS SIGN}{100 * pair.saving:.0f} % energy</b>"


def test_the_pointer_shows_timesteps_stages_schedule_rates_and_energy_split(facts: RunFacts) -> None:
    front = trace(front_figure(facts), "front")
    text = next(text for number, text in front["customdata"] if number == 12)
    for words in (
        "<b>trial 12</b>, proposed",
        "accuracy 88.3 % · energy ",
        "timesteps <b>8, 4, 2</b> · blocks per stage 1, 1, 1",
        "schedule 8, 8, 8 for 6 epochs, then 8, 4, 2 for 20",
        "spikes per neuron and step: block1 0.1",
        "energy: weights ",
    ):
        assert words in text


def test_the_hypervolume_is_drawn_in_the_order_of_finishing(facts: RunFacts) -> None:
    [line] = progress_figure(facts)["data"]
    assert line["y"] == list(facts.front.hypervolume_curve)
    assert line["x"] == list(range(1, 17))


def test_bars_add_up_to_the_energy_of_the_trial(facts: RunFacts) -> None:
    for number, panel in panels(facts).items():
        for profile, figure in panel["energy"].items():
            unit = {"pJ": 1, "nJ": 1e3, "µJ": 1e6}[figure["layout"]["xaxis"]["title"]["text"][-3:-1]]
            total = unit * math.fsum(
                value for bar in figure["data"] if bar["type"] == "bar" for value in bar["x"]
            )
            assert total == pytest.approx(facts.trials[int(number)].costs[profile].total_pj)


def test_kinds_have_different_colours(facts: RunFacts) -> None:
    colors = kinds_of(facts)
    assert len(set(colors.values())) == len(colors)


def test_the_map_is_empty_where_a_layer_does_not_run(facts: RunFacts) -> None:
    trial = facts.trials[12]
    [heat] = rates_figure(trial, 8, 0.2)["data"]
    assert [sum(rate is not None for rate in row) for row in heat["z"]] == [8, 4, 2]
    assert [row[0] for row in heat["z"]] == [rates[0] for rates in trial.rates.values()]
    assert "text" not in rates_figure(trial, 100, 0.2)["data"][0]


def test_panels_hold_the_front_and_the_uniform_baselines(facts: RunFacts) -> None:
    wanted = {point.number for point in facts.front.points} | set(range(6))
    assert set(panels(facts)) == {str(number) for number in wanted}


def test_a_scale_has_people_s_units_and_round_ticks() -> None:
    scale = Scale("energy_pj", [80e3, 900e3], is_cost=True)
    assert scale.is_log
    assert scale(80e3) == 80
    assert scale.axis()["ticktext"] == ["70", "100", "200", "300", "500", "700", "1000"]
    assert not Scale("energy_pj", [80e3, 90e3], is_cost=True).is_log
    assert not Scale("loss", [0.0, 90e3], is_cost=True).is_log
    assert Scale("accuracy", [0.5]).title == "accuracy (%)"
    assert Scale("<b>", [math.nan]).title == "&lt;b&gt;"
