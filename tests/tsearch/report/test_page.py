"""The page as text: everything is in it, nothing is asked of others, and no name can break out of its place."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plotly.offline import get_plotlyjs

from tsearch.configuration import Result
from tsearch.engine.run_folder import Run
from tsearch.front import Front
from tsearch.front.saving import uniform_saving
from tsearch.report import write_report

MakeRun = Callable[..., Run]
EVIL = '<script>alert("x")</script>'


def text_of(run: Run, folder: Path) -> str:
    """The page without plotly's own code."""
    path = write_report(run, folder / "new" / "report.html")
    assert path == folder / "new" / "report.html"
    return path.read_text(encoding="utf-8").replace(get_plotlyjs(), "")


def figures_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_the_page_holds_the_run_the_sentence_the_table_and_the_commands(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    run = make_run(results, errors=["training diverged at epoch 3: the loss is nan"])
    text = text_of(run, tmp_path)
    front = Front.of(run)
    for words in (
        "<h1>demo</h1>",
        "<i>data</i> digits_dvs",
        "16 complete, 1 failed",
        "45nm_memory (layer serial)",
        "<i>seed</i> 0",
        uniform_saving(front).sentence,
        "training diverged at epoch 3: the loss is nan",
        "Failed trials (1)",
        "no silicon measurements",
        "45 nm CMOS, fp32, arithmetic only",
        "not counted",
    ):
        assert words in text
    for point in front.complete:
        assert f"tsearch export demo --trial {point.number}</code>" in text
    figures = figures_of(text)
    assert list(figures) == ["fronts", "progress", "trials"]
    assert list(figures["fronts"]) == ["45nm_memory", "45nm_paper_simple"]


def test_the_page_asks_nobody_for_anything(make_run: MakeRun, results: list[Result], tmp_path: Path) -> None:
    page = write_report(make_run(results), tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count(get_plotlyjs()) == 1
    own = page.replace(get_plotlyjs(), "")
    assert "default-src 'none'" in own
    assert not re.search(r"https?://|<link|<img|\bsrc=|@import|url\(|fetch\(", own)


def test_names_and_errors_from_outside_stay_text(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    task = {"data": {"name": EVIL}, "hardware": {"profile": "45nm_memory"}, "seed": 0}
    text = text_of(make_run(results, errors=[EVIL], name=EVIL, task=task), tmp_path)
    assert EVIL not in text
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in text
    assert text.count("<script") == text.count("</script>") == 3


@pytest.mark.parametrize(
    "objectives",
    [
        ("accuracy", "energy_pj"),
        ("energy_pj", "latency_s"),
        ("accuracy", "energy_pj", "latency_s", "footprint_bits"),
        ("accuracy",),
    ],
)
def test_one_to_four_objectives(
    make_run: MakeRun, results: list[Result], tmp_path: Path, objectives: tuple[str, ...]
) -> None:
    assert figures_of(text_of(make_run(results, objectives), tmp_path))["fronts"]


def test_no_complete_trial_is_said_plainly(make_run: MakeRun, tmp_path: Path) -> None:
    text = text_of(make_run([], errors=["out of memory"]), tmp_path)
    assert "1 trial was started; none is complete, so there is no front to show." in text
    assert "out of memory" in text
    assert figures_of(text) == {}
    assert "No trial was started" in text_of(make_run([]), tmp_path)


def test_one_complete_trial_is_a_page(make_run: MakeRun, results: list[Result], tmp_path: Path) -> None:
    text = text_of(make_run(results[:1]), tmp_path)
    assert "The complete trial" in text
    assert "No non-uniform configuration is complete yet" in text
    assert list(figures_of(text)["trials"]) == ["0"]


def test_an_evaluator_without_costs_or_spikes_is_enough(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    bare: dict[str, Any] = {"costs": {}, "spikes": {}, "versions": {}, "n_samples": {}}
    toys = [
        r.model_copy(update=bare | {"metrics": {"f1": i, "f2": (4 - i) ** 2}})
        for i, r in enumerate(results[:5])
    ]
    text = text_of(make_run(toys, ("f1", "f2")), tmp_path)
    assert "This run measures no accuracy" in text
    assert "silicon" not in text
    panel = figures_of(text)["trials"]["0"]
    assert panel["energy"] == {}
    assert panel["rates"] is None
    foreign = [r.model_copy(update={"costs": {"45nm_memory": {"joules": 1.0}}}) for r in results]
    assert figures_of(text_of(make_run(foreign), tmp_path))["trials"]["0"]["energy"] == {}


def test_configurations_that_are_no_networks_show_their_parameters(make_run: MakeRun, tmp_path: Path) -> None:
    plain = [
        Result(
            configuration={"lr": 10.0**-i, "act": EVIL}, budget=1, metrics={"loss": 0.5**i, "size": 2.0**i}
        )
        for i in range(4)
    ]
    run = make_run(plain, ("loss", "size"), errors=["out of memory"], name="plain", reference={}, ideal={})
    text = text_of(run, tmp_path)
    assert EVIL not in text
    assert "<th>lr</th><th>act</th><th>loss</th><th>size</th><th>origin</th></tr>" in text
    for absent in (
        "timesteps",
        "stages",
        "tsearch export",
        "Hypervolume over",
        'class="saving"',
        "<i>data</i>",
    ):
        assert absent not in text
    figures = figures_of(text)
    assert "lr <b>0.001</b> · act <b>&lt;script" in figures["fronts"][""]["data"][-1]["customdata"][0][1]
    assert "<dt>lr</dt><dd>1</dd>" in figures["trials"]["0"]["facts"]


def test_a_front_with_a_box_but_without_networks_has_its_hypervolume(
    make_run: MakeRun, tmp_path: Path
) -> None:
    plain = [
        Result(configuration={"x": i}, budget=1, metrics={"loss": 1.0 + i, "size": 4.0 - i}) for i in (0, 1)
    ]
    box = {"reference": {"loss": 8.0, "size": 8.0}, "ideal": {"loss": 1.0, "size": 1.0}}
    text = text_of(make_run(plain, ("loss", "size"), name="plain", **box), tmp_path)
    assert "Hypervolume over trials" in text
    assert "after trial 1 (proposed, x 1)" in text
