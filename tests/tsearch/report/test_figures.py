"""Every figure is one that plotly accepts, and shows the numbers of the run."""

import math
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import pytest

from tsearch.configuration import Result
from tsearch.engine.run_folder import Run
from tsearch.front.saving import uniform_saving
from tsearch.report.front_figure import front_figure
from tsearch.report.panels import panels
from tsearch.report.progress_figure import progress_figure
from tsearch.report.style import Scale
from tsearch.report.trial_figures import kind_colors, rates_figure
from tsearch.report.view import RunView, gather

MakeRun = Callable[..., Run]


@pytest.fixture(scope="module")
def view(make_run: MakeRun, results: list[Result]) -> RunView:
    return gather(make_run(results))


def trace(figure: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in figure["data"] if found.get("name") == name)


def test_plotly_accepts_every_figure(view: RunView) -> None:
    figures = [front_figure(view, profile) for profile in view.profiles]
    figures += [progress_figure(view)]
    for panel in panels(view).values():
        figures += [*panel["energy"].values(), panel["rates"]]
    for figure in figures:
        go.Figure(figure)  # raises for an unknown attribute or a value of the wrong kind
    assert len(figures) > 20


def test_the_front_shows_every_complete_trial_once(view: RunView) -> None:
    figure = front_figure(view)
    shown = [row[0] for name in ("front", "dominated") for row in trace(figure, name)["customdata"]]
    assert sorted(shown) == [point.number for point in view.front.complete]
    front = trace(figure, "front")
    assert front["x"] == [point.metrics["energy_pj"] / 1e6 for point in view.front.points]
    assert front["y"] == pytest.approx([100 * point.metrics["accuracy"] for point in view.front.points])
    assert front["marker"]["color"] == [point.metrics["latency_s"] / 1e-6 for point in view.front.points]
    assert figure["layout"]["xaxis"]["title"]["text"] == "energy (µJ)"


def test_the_uniform_baselines_have_a_line_of_their_own(view: RunView) -> None:
    figure = front_figure(view)
    assert trace(figure, "uniform timesteps")["text"] == ["T=1", "T=2", "T=3", "T=4", "T=6", "T=8"]
    stairs = trace(figure, "best uniform")
    assert stairs["y"] == sorted(set(stairs["y"]))
    assert stairs["line"]["shape"] == "hv"


def test_the_arrow_goes_from_the_uniform_to_the_cheaper_point(view: RunView) -> None:
    pair = uniform_saving(view.front).best
    assert pair is not None
    arrow, label = front_figure(view)["layout"]["annotations"]
    assert 10 ** arrow["x"] * 1e6 == pytest.approx(pair.other.metrics["energy_pj"])
    assert 10 ** arrow["ax"] * 1e6 == pytest.approx(pair.uniform.metrics["energy_pj"])
    assert label["text"] == f"<b>\N{MINUS SIGN}{100 * pair.saving:.0f} % energy</b>"


def test_the_pointer_shows_timesteps_stages_schedule_rates_and_energy_split(view: RunView) -> None:
    front = trace(front_figure(view), "front")
    text = next(text for number, text in front["customdata"] if number == 12)
    for words in (
        "<b>trial 12</b>, proposed",
        "accuracy 88.3 % · energy ",
        "timesteps <b>8, 4, 2</b> · stages 1, 1, 1",
        "schedule 8, 8, 8 for 6 epochs, then 8, 4, 2 for 20",
        "spikes per neuron and step: block1 0.1",
        "energy: weights ",
    ):
        assert words in text


def test_the_hypervolume_is_drawn_in_the_order_of_finishing(view: RunView) -> None:
    [line] = progress_figure(view)["data"]
    assert line["y"] == list(view.front.hypervolume_curve)
    assert line["x"] == list(range(1, 17))


def test_bars_add_up_to_the_energy_of_the_trial(view: RunView) -> None:
    for number, panel in panels(view).items():
        for profile, figure in panel["energy"].items():
            unit = {"pJ": 1, "nJ": 1e3, "µJ": 1e6}[figure["layout"]["xaxis"]["title"]["text"][-3:-1]]
            total = unit * math.fsum(
                value for bar in figure["data"] if bar["type"] == "bar" for value in bar["x"]
            )
            assert total == pytest.approx(view.trials[int(number)].costs[profile].total_pj)


def test_kinds_have_different_colours(view: RunView) -> None:
    colors = kind_colors(view)
    assert len(set(colors.values())) == len(colors)


def test_the_map_is_empty_where_a_layer_does_not_run(view: RunView) -> None:
    trial = view.trials[12]
    [heat] = rates_figure(trial, 8, 0.2)["data"]
    assert [sum(rate is not None for rate in row) for row in heat["z"]] == [8, 4, 2]
    assert [row[0] for row in heat["z"]] == [rates[0] for rates in trial.rates.values()]
    assert "text" not in rates_figure(trial, 100, 0.2)["data"][0]


def test_panels_hold_the_front_and_the_uniform_baselines(view: RunView) -> None:
    wanted = {point.number for point in view.front.points} | set(range(6))
    assert set(panels(view)) == {str(number) for number in wanted}


def test_a_scale_has_people_s_units_and_round_ticks() -> None:
    scale = Scale("energy_pj", [80e3, 900e3], is_cost=True)
    assert scale.is_log
    assert scale(80e3) == 80
    assert scale.axis()["ticktext"] == ["70", "100", "200", "300", "500", "700", "1000"]
    assert not Scale("energy_pj", [80e3, 90e3], is_cost=True).is_log
    assert not Scale("loss", [0.0, 90e3], is_cost=True).is_log
    assert Scale("accuracy", [0.5]).title == "accuracy (%)"
    assert Scale("<b>", [math.nan]).title == "&lt;b&gt;"
