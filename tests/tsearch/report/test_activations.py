"""Activations on the page: measured of the network with the most timesteps where its weights are there, and drawn as
plotly accepts it."""

from dataclasses import replace
from pathlib import Path

import plotly.graph_objects as go
import pytest

from tsearch.engine.run_folder import Run
from tsearch.networks.activity import CURRENT_EDGES, Activities, Activity
from tsearch.report.activations import Shown, activations_html, activities_of_trial
from tsearch.report.activations_figure import activations_figure
from tsearch.report.page import write_report
from tsearch.report.view import gather


def activity(distances, layers=("a",)) -> Activity:
    """Of neurons that all send a spike, at as many timesteps as there are `distances`."""
    n, one = len(distances), (*[0.0] * 8, 1.0, 0.0)
    currents = tuple(float(i == 13) for i in range(len(CURRENT_EDGES) + 1))
    return Activity(layers, (1.0,) * n, (one,) * n, one, (currents,) * n, distances)


MADE_UP = Activities(
    {"qkv": activity((0.3, 0.1), ("q", "k")), "<mlp>": activity((0.2, 0.15, 0.1))},
    ((0.5, 0.5, 0.0), (0.25, 0.5, 0.25)), 7,
)  # fmt: skip


def test_a_column_per_type_shows_histograms_by_timestep_and_the_stream_comes_last() -> None:
    figure = activations_figure(MADE_UP)
    go.Figure(figure)  # raises for an unknown attribute or a value of the wrong kind
    values, currents, more_values, _, stream = figure["data"]
    assert values["x"] == ["1", "2", "ReLU"]
    assert more_values["x"] == ["1", "2", "3", "ReLU"]
    assert values["y"][0] == "0"
    assert values["y"][8:] == ["≤ 1", "&gt; 1"]
    assert [row for row in values["z"] if any(row)] == [[1.0, 1.0, 1.0]]
    assert values["z"][8] == [1.0, 1.0, 1.0]
    assert currents["y"][13] == 1.125  # from the threshold to a quarter more
    assert currents["z"][13] == [1.0, 1.0]
    assert stream["z"] == [[0.5, 0.25], [0.5, 0.5], [0.0, 0.25]]
    headings = [text["text"] for text in figure["layout"]["annotations"]]
    assert headings == ["<b>qkv</b>", "<b>&lt;mlp&gt;</b>", "<b>residual stream</b>"]
    assert {trace["xaxis"] for trace in figure["data"]} == {"x", "x2", "x3", "x4", "x5"}


def test_the_text_tells_which_type_needs_time_most_and_breaks_out_of_no_place() -> None:
    text = activations_html(Shown(4, MADE_UP))
    assert "Trial 4 on 7 validation samples" in text
    told = "approach ReLU most in qkv (mean distance 0.30 to 0.10), least in &lt;mlp&gt; (0.20 to 0.10)."
    assert told in text
    assert "<td>qkv</td><td>2</td><td>1.00, 1.00</td><td>0 %</td><td>0.30, 0.10</td>" in text
    assert "<mlp>" not in text
    assert "with the most timesteps. Layers" in text
    beside_masks = activations_html(Shown(4, MADE_UP, others_have_masks=True))
    assert "with the most timesteps, of those without masks. Layers" in beside_masks
    alone = Activities({"dense": activity((0.3,))}, (), 7)
    assert "approach" not in activations_html(Shown(4, alone))


@pytest.fixture(scope="module")
def page(small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(small_run, tmp_path_factory.mktemp("page") / "report.html").read_text(
        encoding="utf-8"
    )


def test_the_page_of_a_run_shows_the_activations_of_its_longest_network(small_run: Run, page: str) -> None:
    longest = gather(small_run).longest
    assert longest is not None
    assert set(longest.timesteps) == {max(t for p in gather(small_run).front.complete for t in p.timesteps)}
    assert "<h2>Activations by type of layer</h2>" in page
    assert f"Trial {longest.number} on 128 validation samples" in page
    shown = activities_of_trial(small_run, next(t for t in small_run.trials if t.number == longest.number))
    assert shown is not None
    [(name, activity)] = shown.activities.types.items()
    assert name == "convolution"
    assert activity.layers == ("block1", "block2")


def test_without_weights_there_are_none(small_run: Run, tmp_path: Path) -> None:
    trial = small_run.trials[0]
    assert activities_of_trial(replace(small_run, folder=tmp_path), trial) is None
