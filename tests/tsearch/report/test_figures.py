"""Every figure is one that plotly accepts, and shows the numbers of the run."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import pytest

from hwcost.prices.items import ITEMS
from tsearch.configuration import Phase, Result
from tsearch.engine.run_folder import Run
from tsearch.replication.confirmation.verdict import Verdict
from tsearch.report.evidence_marks import TONES
from tsearch.report.front_figure import front_figure
from tsearch.report.panels import panels
from tsearch.report.progress_figure import progress_figure
from tsearch.report.style import KINDS, Scale, round_step
from tsearch.report.trial_figures import kind_colors, rates_numbers, rates_template
from tsearch.report.view import RunView, gather

MakeRun = Callable[..., Run]


@pytest.fixture(scope="module")
def view(make_run: MakeRun, results: list[Result]) -> RunView:
    return gather(make_run(results))


def trace(figure: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in figure["data"] if found.get("name") == name)


def energy_figure(shown: dict[str, Any], number: str, profile: str) -> dict[str, Any]:
    """The figure that the page's code makes of a template and the numbers of a trial."""
    trial, template = shown["trials"][number], shown["templates"]["energy"][profile]
    names = shown["layers"][trial["priced"]]
    rows = trial["energy"][profile]["rows"]
    data = [trace | {"x": row, "y": names} for trace, row in zip(template["data"], rows, strict=True)]
    return {"data": data, "layout": template["layout"]}


def rates_figure(shown: dict[str, Any], number: str) -> dict[str, Any]:
    trial, template = shown["trials"][number], shown["templates"]["rates"]
    heat = template["data"][0] | {"y": shown["layers"][trial["spiking"]], "z": trial["rates"]}
    return {"data": [heat], "layout": template["layout"]}


def test_plotly_accepts_every_figure(view: RunView) -> None:
    figures = [front_figure(view, profile) for profile in view.profiles]
    figures += [progress_figure(view)]
    shown = panels(view)
    for number in shown["trials"]:
        figures += [*(energy_figure(shown, number, p) for p in view.profiles), rates_figure(shown, number)]
    for figure in figures:
        go.Figure(figure)  # raises for an unknown attribute or a value of the wrong kind
    assert len(figures) > 20


def test_the_front_shows_every_complete_trial_once(view: RunView) -> None:
    figure = front_figure(view)
    names = ("front", "dominated", "dominated, uniform")
    shown = [row[0] for name in names for row in trace(figure, name)["customdata"]]
    assert sorted(shown) == [point.number for point in view.front.complete]
    front = trace(figure, "front")
    assert front["x"] == [point.metrics["energy_pj"] / 1e6 for point in view.front.points]
    assert front["y"] == pytest.approx([100 * point.metrics["accuracy"] for point in view.front.points])
    assert front["marker"]["color"] == [point.metrics["latency_s"] / 1e-6 for point in view.front.points]
    assert figure["layout"]["xaxis"]["title"]["text"] == "energy (µJ)"


def test_the_uniform_baselines_have_a_line_of_their_own(view: RunView) -> None:
    figure = front_figure(view)
    labels = ["T=1", "T=2", "T=3", "T=4", "T=6 after 8", "T=8 after 8"]
    assert trace(figure, "uniform timesteps")["text"] == labels
    stairs = trace(figure, "best uniform")
    assert stairs["y"] == sorted(set(stairs["y"]))
    assert stairs["line"]["shape"] == "hv"


def test_every_uniform_trial_is_a_diamond_the_dominated_ones_small_and_grey(view: RunView) -> None:
    figure = front_figure(view)
    numbers = {
        name: {row[0] for row in trace(figure, name)["customdata"]}
        for name in ("uniform timesteps", "dominated", "dominated, uniform")
    }
    uniform = {point.number for point in view.front.complete if point.is_uniform}
    on_front = {point.number for point in view.front.points}
    assert numbers["dominated, uniform"] == uniform - on_front
    assert numbers["dominated, uniform"]
    assert numbers["uniform timesteps"] >= uniform & on_front
    assert not numbers["dominated"] & uniform
    marker = trace(figure, "dominated, uniform")["marker"]
    assert (marker["symbol"], marker["color"]) == (
        "diamond-open",
        trace(figure, "dominated")["marker"]["color"],
    )


def test_non_uniform_points_of_the_front_have_labels(view: RunView) -> None:
    labels = trace(front_figure(view), "labels")
    points = [point for point in view.front.points if not point.is_uniform]
    assert labels["text"] == [point.label for point in points]
    assert labels["x"] == [point.metrics["energy_pj"] / 1e6 for point in points]
    assert labels["showlegend"] is False


def test_a_line_of_one_point_is_not_in_the_legend(make_run: MakeRun, results: list[Result]) -> None:
    names = {found["name"] for found in front_figure(gather(make_run(results[:1])))["data"]}
    assert not names & {"best of all", "best uniform"}


def test_the_limits_of_both_axes_look_different(make_run: MakeRun, results: list[Result]) -> None:
    limits = {"energy_pj": {"min": None, "max": 1.5e6}, "accuracy": {"min": 0.5, "max": None}}
    right, up = front_figure(gather(make_run(results, space={"constraints": limits})))["layout"]["shapes"]
    assert right["fillcolor"] != up["fillcolor"]
    assert right["line"]["dash"] != up["line"]["dash"]


def test_the_arrow_goes_from_the_twin_to_what_was_confirmed_to_save(
    view: RunView, make_verdict: Callable[..., Verdict]
) -> None:
    verdict = make_verdict("saves", view.run)
    figure = front_figure(replace(view, verdicts=(verdict,)))
    [arrow] = figure["layout"]["annotations"]
    points = {point.number: point for point in view.front.complete}
    assert 10 ** arrow["x"] * 1e6 == pytest.approx(points[6].metrics["energy_pj"])
    assert 10 ** arrow["ax"] * 1e6 == pytest.approx(points[2].metrics["energy_pj"])
    assert trace(figure, "saving")["text"] == ["<b>\N{MINUS SIGN}15 % energy</b>"]
    other = front_figure(replace(view, verdicts=(verdict,)), "45nm_paper_simple")
    assert other["layout"]["annotations"] == []  # nothing was confirmed under its prices
    assert "confirmed: saves" not in {found["name"] for found in other["data"]}


@pytest.mark.parametrize("word", [None, "not shown", "costs more"])
def test_without_a_confirmed_saving_there_is_no_arrow_and_a_star_says_what_it_is(
    word: str | None, view: RunView, make_verdict: Callable[..., Verdict]
) -> None:
    shown = replace(view, verdicts=(make_verdict(word, view.run),)) if word else view
    figure = front_figure(shown)
    assert figure["layout"]["annotations"] == []
    assert "saving" not in {found["name"] for found in figure["data"]}
    star = trace(figure, word or "candidate")
    numbers = [6] if word else [one.number for one in view.evidence.candidates]
    energies = {p.number: p.metrics["energy_pj"] / 1e6 for p in view.front.complete}
    assert sorted(star["x"]) == pytest.approx(sorted(energies[number] for number in numbers))
    assert star["marker"]["color"] == TONES[word or "candidate"]


def test_bars_of_fresh_trainings_stand_at_their_means_with_their_intervals(
    view: RunView, trained_again: Callable[..., Run]
) -> None:
    again = gather(trained_again(view.run))
    assert again.evidence.bars is not None
    drawn = trace(front_figure(again), "mean of fresh trainings, 95 %")
    for i, member in enumerate(again.evidence.bars.members.values()):
        shown = member.metrics["accuracy"]
        assert drawn["y"][i] == pytest.approx(100 * shown.value)
        assert drawn["y"][i] - drawn["error_y"]["arrayminus"][i] == pytest.approx(100 * shown.low)
        assert drawn["x"][i] == pytest.approx(member.metrics["energy_pj"].value / 1e6)
    assert "mean of fresh trainings, 95 %" not in {found["name"] for found in front_figure(view)["data"]}


def test_the_pointer_shows_timesteps_stages_schedule_rates_and_energy_split(view: RunView) -> None:
    front = trace(front_figure(view), "front")
    text = next(text for number, text in front["customdata"] if number == 12)
    for words in (
        "<b>trial 12</b>, proposed",
        "accuracy 88.3 % · energy ",
        "timesteps <b>8, 4, 2</b> · stages 1, 1, 1",
        "schedule 8, 8, 8 for 6 epochs, then 8, 4, 2 for 20",
        "spikes per neuron and step: block1 0.1",
        "energy: operations ",
    ):
        assert words in text


def test_the_hypervolume_is_drawn_in_the_order_of_finishing(view: RunView) -> None:
    [line] = progress_figure(view)["data"]
    assert line["y"] == list(view.front.hypervolume_curve)
    assert line["x"] == list(range(1, 17))


def test_bars_add_up_to_the_energy_of_the_trial(view: RunView) -> None:
    shown = panels(view)
    for number in shown["trials"]:
        for profile in view.profiles:
            figure = energy_figure(shown, number, profile)
            unit = {"pJ": 1, "nJ": 1e3, "µJ": 1e6}[figure["layout"]["xaxis"]["title"]["text"][-3:-1]]
            total = unit * math.fsum(
                value for bar in figure["data"] if bar["type"] == "bar" for value in bar["x"]
            )
            assert total == pytest.approx(view.trials[int(number)].costs[profile].total_pj)


def test_kinds_have_different_colours(view: RunView) -> None:
    colors = kind_colors(view)
    assert len(set(colors.values())) == len(colors)


def test_a_kind_has_one_colour_in_every_run(make_run: MakeRun, results: list[Result], view: RunView) -> None:
    task = {
        "data": {"name": "digits_dvs"},
        "hardware": {"profile": "45nm_paper_simple", "also": []},
        "seed": 0,
    }
    arithmetic = kind_colors(gather(make_run(results, task=task)))
    assert arithmetic
    assert arithmetic.items() <= kind_colors(view).items()
    assert KINDS.keys() < {item.kind for item in ITEMS.values()}
    assert len(set(KINDS.values())) == len(KINDS)


def test_the_map_is_empty_where_a_layer_does_not_run(view: RunView) -> None:
    trial = view.trials[12]
    rows = rates_numbers(trial, 8)
    assert [sum(rate is not None for rate in row) for row in rows] == [8, 4, 2]
    assert [row[0] for row in rows] == pytest.approx([rates[0] for rates in trial.rates.values()], rel=1e-3)
    first = next(iter(trial.rates))
    masked = rates_numbers(replace(trial, layer_timesteps={first: 1}), 8)
    assert masked == [[rows[0][0], *[None] * 7], *rows[1:]]
    assert "texttemplate" in rates_template(8, 3, 0.2)["data"][0]
    assert "texttemplate" not in rates_template(100, 3, 0.2)["data"][0]


def test_every_complete_trial_can_be_looked_at_the_front_and_the_uniform_ones_first(view: RunView) -> None:
    shown = panels(view)
    assert set(shown["trials"]) == {str(point.number) for point in view.front.complete}
    groups = shown["groups"]
    assert groups["front"] == [point.number for point in view.front.points]
    assert set(groups["front"]) | set(groups["uniform"]) >= set(range(6))
    assert sorted(number for group in groups.values() for number in group) == list(range(16))


def test_no_bar_of_colours_around_a_single_value(make_run: MakeRun, results: list[Result]) -> None:
    def marker(these: list[Result]) -> dict[str, Any]:
        return dict(trace(front_figure(gather(make_run(these))), "front")["marker"])

    assert "colorbar" in marker(results)
    assert "colorbar" not in marker(results[:1])
    assert "color" in marker(results[:1])


def test_ticks_of_counts_are_round(make_run: MakeRun, results: list[Result]) -> None:
    assert [round_step(n) for n in (1, 8, 9, 16, 40, 82, 164, 500, 5000)] == [
        1,
        1,
        2,
        2,
        5,
        20,
        50,
        100,
        1000,
    ]
    many = [results[i % 16] for i in range(164)]
    axis = progress_figure(gather(make_run(many)))["layout"]["xaxis"]
    assert (axis["tick0"], axis["dtick"]) == (0, 50)
    alone = front_figure(gather(make_run(results, ("accuracy",))))["layout"]["xaxis"]
    assert (alone["title"]["text"], alone["dtick"]) == ("trial", 2)
    assert rates_template(100, 3, 0.2)["layout"]["xaxis"]["tickvals"] == [1, *range(10, 101, 10)]


def test_points_of_the_same_timesteps_have_different_labels(make_run: MakeRun, results: list[Result]) -> None:
    what = results[0].configuration
    leading = Phase(timesteps=(8, 8, 8), epochs=6)
    shrunk = what.model_copy(update={"schedule": (leading, *what.schedule)})
    better = results[0].model_copy(
        update={"configuration": shrunk, "metrics": results[0].metrics | {"accuracy": 0.99, "energy_pj": 1e9}}
    )
    view = gather(make_run([results[0], better]))
    assert trace(front_figure(view), "uniform timesteps")["text"] == ["T=1", "T=1 after 8"]
    options = {trial["option"].partition(" (")[0] for trial in panels(view)["trials"].values()}
    assert options == {"trial 0: T=(1, 1, 1)", "trial 1: T=(1, 1, 1) after 8"}


def test_trials_that_break_a_limit_are_crosses_beyond_a_shaded_side(
    make_run: MakeRun, results: list[Result]
) -> None:
    energies = sorted(result.metrics["energy_pj"] for result in results)
    limit = {"energy_pj": {"min": None, "max": energies[7]}}
    run = make_run(results, space={"constraints": limit})
    figure = front_figure(gather(run))
    crosses = trace(figure, "breaks a limit")
    assert crosses["marker"]["symbol"] == "x"
    assert len(crosses["x"]) == 8
    assert min(crosses["x"]) > energies[7] / 1e6
    shown = [
        x for found in figure["data"] if found["name"].startswith(("front", "dominated")) for x in found["x"]
    ]
    assert max(shown) <= energies[7] / 1e6
    [shade] = figure["layout"]["shapes"]
    assert shade["x0"] == energies[7] / 1e6
    assert shade["x1"] == pytest.approx(10 ** figure["layout"]["xaxis"]["range"][1])
    assert shade["name"].startswith("limit: energy at most ")
    go.Figure(figure)


def test_a_scale_has_people_s_units_and_round_ticks() -> None:
    scale = Scale("energy_pj", [80e3, 900e3], is_cost=True)
    assert scale.is_log
    assert scale(80e3) == 80
    assert scale.axis()["ticktext"] == ["70", "100", "200", "300", "500", "700", "1000"]
    assert not Scale("energy_pj", [80e3, 90e3], is_cost=True).is_log
    assert not Scale("loss", [0.0, 90e3], is_cost=True).is_log
    assert Scale("accuracy", [0.5]).title == "accuracy (%)"
    assert Scale("<b>", [math.nan]).title == "&lt;b&gt;"


@pytest.mark.parametrize("is_cost", [True, False])
@pytest.mark.parametrize(
    "values", [(1e308, 1e300), (1e308, -1e308, 0.0), (1e-308, 1e308), (1.7e308, -1.7e308), (5e-324, 1.0)]
)
def test_an_axis_has_finite_ends_for_all_finite_values(values: tuple[float, ...], is_cost: bool) -> None:
    scale = Scale("area", values, is_cost=is_cost)
    low, high = scale.axis()["range"]
    assert -math.inf < low < high < math.inf
    assert all(scale.ends[0] <= tick <= scale.ends[1] for tick in scale.axis().get("tickvals", ()))
