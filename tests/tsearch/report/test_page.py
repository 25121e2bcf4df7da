"""The page as text: everything is in it, nothing is asked of others, and no name can break out of its place."""

import gzip
import json
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import pytest
from plotly.offline import get_plotlyjs

from tsearch.configuration import Configuration, Result
from tsearch.engine.run_folder import Run
from tsearch.engine.state import RunState
from tsearch.front import Front
from tsearch.replication.confirmation.sentences import candidate_sentence, verdict_numbers, verdict_sentence
from tsearch.report import write_report
from tsearch.report.page import page
from tsearch.report.plotly_code import packed_plotly
from tsearch.report.view import RunView, gather
from tsearch.units import format_value

MakeRun = Callable[..., Run]
EVIL = '<script>alert("x")</script>'


def text_of(run: Run, folder: Path) -> str:
    """The page without plotly's own code."""
    path = write_report(run, folder / "new" / "report.html")
    assert path == folder / "new" / "report.html"
    return path.read_text(encoding="utf-8").replace(packed_plotly(), "")


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
        re.sub("`(.*?)`", r"<code>\1</code>", candidate_sentence(front)),
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
    assert list(figures) == ["fronts", "progress", "templates", "layers", "groups", "trials"]
    assert list(figures["fronts"]) == ["45nm_memory", "45nm_paper_simple"]


def test_the_page_asks_nobody_for_anything(make_run: MakeRun, results: list[Result], tmp_path: Path) -> None:
    page = write_report(make_run(results), tmp_path / "report.html").read_text(encoding="utf-8")
    [packed] = re.findall(r'<script type="text/plain" id="plotly">(.*?)</script>', page)
    assert gzip.decompress(b64decode(packed)).decode() == get_plotlyjs()
    own = page.replace(packed, "")
    assert "default-src 'none'" in own
    assert "form-action 'none'" in own
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
    assert "No non-uniform configuration is complete, so" in text
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
    heads = re.findall(r'<th><button type="button">(.*?)</button></th>', text)
    assert heads == ["trial", "front", "lr", "act", "loss", "size", "origin"]
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


def test_every_number_that_depends_on_prices_is_there_for_every_profile(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    run = make_run(results)
    text, view = text_of(run, tmp_path), gather(run)
    facts = figures_of(text)["trials"]["12"]["facts"]
    for profile in view.profiles:
        front, cost = view.under(profile), view.trials[12].costs[profile]
        [tiles] = re.findall(
            rf'<div class="tiles" data-profile="{profile}"(?: hidden)?>(.*?)</div></div>', text
        )
        lowest = min(point.metrics["energy_pj"] for point in front.points)
        assert f"<b>{format_value(lowest, 'energy_pj')}</b><span>lowest energy</span>" in tiles
        assert f"<b>{len(front.points)} of 16</b>" in tiles
        energy = format_value(cost.total_pj, "energy_pj")
        assert re.search(rf'<dd data-profile="{profile}"(?: hidden)?>{re.escape(energy)} \(', facts)
    assert "Costs under 45nm_memory, the profile searched." in text


def test_the_energy_without_any_reuse_stands_beside_that_of_the_dataflow(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    facts = figures_of(text_of(make_run(results), tmp_path))["trials"]["12"]["facts"]
    point = next(r for i, r in enumerate(results) if i == 12)
    unreused = format_value(point.metrics["unreused_energy_pj"], "energy_pj")
    assert f"<dt>dataflow</dt><dd>tick_batched; {unreused} without any reuse</dd>" in facts


def test_a_profile_that_priced_nothing_is_named_with_the_reason(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    task = {"data": {"name": "digits"}, "hardware": {"also": ["loihi"]}, "seed": 0}
    run = make_run(results, task=task)
    assert "Profile loihi did not price every network: " in text_of(run, tmp_path)


def test_a_page_says_whether_the_run_goes_on_and_when_it_was_written(
    make_run: MakeRun, results: list[Result]
) -> None:
    def state(view: RunView) -> str:
        [found] = re.findall(r'<p class="state .*?</p>', page(view))
        return str(found)

    view = gather(make_run(results, trials=20))
    stopped = state(view)
    assert '<p class="state stopped">' in stopped
    assert "stopped at 16 of 20 trials" in stopped
    assert "<code>tsearch resume demo</code>" in stopped
    assert f"written {view.written:%Y-%m-%d %H:%M} UTC" in stopped
    running = replace(view, state=RunState("running", 812, 16, 0, 20, left_s=200.0))
    assert "running (pid 812): 16 of 20 trials, about 3 min left" in state(running)
    assert "<code>tsearch report demo</code>" in state(running)
    assert '<p class="state done">' in state(gather(make_run(results)))
    assert "under way" not in page(view)


def test_a_page_of_trials_that_all_break_a_limit_shows_them(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    limits = {"energy_pj": {"min": None, "max": 1.0}}
    text = text_of(make_run(results[:3], space={"constraints": limits}), tmp_path)
    assert (
        "None of the 3 complete trials keeps the limits, so the front is empty: energy at most 1.00 pJ."
        in text
    )
    assert "none is complete" not in text
    assert text.count(">breaks a limit</span>") == 3
    figures = figures_of(text)
    crosses = next(
        trace for trace in figures["fronts"]["45nm_memory"]["data"] if trace["name"] == "breaks a limit"
    )
    assert len(crosses["x"]) == 3
    assert "<dt>breaks</dt><dd>energy at most 1.00 pJ</dd>" in figures["trials"]["0"]["facts"]


def test_a_page_without_weights_offers_no_export(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    assert "tsearch export" not in text_of(make_run(results, has_weights=False), tmp_path)


def test_failures_of_one_cause_stand_together_with_the_next_step(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    errors = ["the loss is nan in epoch 3", "out of memory", "the loss is nan in epoch 12"]
    text = text_of(make_run(results[:2], errors=errors), tmp_path)
    assert "Failed trials (3)" in text
    assert text.index("<b>2 trials</b> the loss is nan in epoch 3") < text.index(
        "<b>1 trial</b> out of memory"
    )
    assert "(the loss is nan in epoch 12)" in text
    assert "<code>tsearch resume demo --retry-failed</code>" in text


def test_before_a_confirmation_the_page_speaks_of_candidates_and_of_no_saving(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    text = text_of(make_run(results), tmp_path)
    banners = re.findall(r'<p class="saving ([\w-]+)"[^>]*><b>([\w ]+)</b>', text)
    assert banners == [("candidate", "candidate")] * 2
    assert "<code>tsearch confirm demo</code> trains" in text
    assert "`" not in "".join(re.findall(r'<p class="saving.*?</p>', text))
    body = text[text.index("<main>") : text.index("</main>")]
    assert not re.search(r"\b[Ss]aves?\b", body)
    assert "hypervolume of fresh" not in text
    assert "Tuning noise" not in text
    nothing = text_of(make_run(results[:6]), tmp_path)
    assert 'class="saving none"' in nothing
    assert "<b>candidate</b>" not in nothing


@pytest.mark.parametrize(
    ("word", "kind", "label"),
    [
        ("saves", "saves", "confirmed"),
        ("not shown", "not-shown", "not shown"),
        ("costs more", "costs-more", "costs more"),
    ],
)
def test_the_banner_says_the_verdict_by_colour_and_by_word(
    word: str, kind: str, label: str, make_run: MakeRun, results: list[Result], make_verdict: Any
) -> None:
    run = make_run(results)
    verdict = make_verdict(word, run)
    text = page(replace(gather(run), verdicts=(verdict,)))
    [(tone, said, sentence)] = re.findall(
        r'<p class="saving ([\w-]+)" data-profile="45nm_memory"><b>([\w ]+)</b> (.*?)</p>', text
    )
    assert (tone, said) == (kind, label)
    assert sentence.split(": ", 1)[-1] in escape(verdict_sentence(verdict))
    [elsewhere] = re.findall(
        r'<p class="saving [\w-]+" data-profile="45nm_paper_simple" hidden>(.*?)</p>', text
    )
    assert elsewhere.startswith("<b>candidate</b> Under 45nm_paper_simple, which the search did not aim at")
    assert "tsearch confirm" not in elsewhere
    facts = figures_of(text)["trials"]
    assert '<dt data-profile="45nm_memory">verdict</dt>' in facts["6"]["facts"]
    assert f"{escape(verdict_numbers(verdict))}</dd>" in facts["6"]["facts"]
    assert text.count(escape(sentence)) == 1, "the sentence stands in the banner alone"
    assert "Test splits are fixed across runs." in text
    assert f".saving.{kind} " in text


def test_earlier_verdicts_remain_and_the_largest_saving_comes_first(
    make_run: MakeRun, results: list[Result], make_verdict: Any
) -> None:
    run = make_run(results)
    words = ("not shown", "saves", "costs more")
    verdicts = tuple(make_verdict(word, run, number) for word, number in zip(words, (6, 7, 8), strict=True))
    text = page(replace(gather(run), verdicts=verdicts))
    shown = re.findall(r'<p class="saving ([\w-]+)" data-profile="45nm_memory">', text)
    assert shown == ["saves", "not-shown", "costs-more"]


def test_a_front_that_was_trained_again_has_error_bars_everywhere(
    make_run: MakeRun, results: list[Result], trained_again: Any
) -> None:
    view = gather(trained_again(make_run(results)))
    tests = {
        p.number: {"accuracy": p.metrics["accuracy"] - 0.07, "n_samples": 300.0} for p in view.front.points
    }
    text = page(replace(view, on_test=tests))
    assert "Tuning noise: a front is picked by the numbers that it shows." in text
    assert "reached 1.0 points more accuracy in the search than in fresh trainings" in text
    assert f"{len(view.front.points)} members of the front measured on both lost 7.0 points" in text
    assert re.search(r"<b>0\.\d+</b><span>hypervolume of fresh trainings \[0\.\d+, 0\.\d+\]</span>", text)
    heads = re.findall(r'<th><button type="button">(.*?)</button></th>', text)
    assert {"fresh accuracy", "stays on front", "accuracy on test"} <= set(heads)
    assert '<td data-value="0.3933' in text
    assert "39.3 % [" in text
    assert "3 fresh trainings: accuracy 39.3 % [" in figures_of(text)["trials"]["0"]["facts"]
    assert "the training that a point was chosen by is left out" in text


def test_fault_after_a_confirmation_alone_the_page_had_columns_of_error_bars(
    make_run: MakeRun, results: list[Result], trained_again: Any
) -> None:
    run = trained_again(make_run(results))
    one = run.replicates[0].key
    text = page(gather(replace(run, replicates=tuple(r for r in run.replicates if r.key == one))))
    heads = re.findall(r'<th><button type="button">(.*?)</button></th>', text)
    assert not {"fresh accuracy", "stays on front"} & set(heads)
    assert "hypervolume of fresh trainings" not in text
    assert "Tuning noise" not in text
    assert "robability" not in text
    facts = [trial["facts"] for trial in figures_of(text)["trials"].values()]
    assert sum("3 fresh trainings: accuracy" in one for one in facts) == 1


def test_a_page_of_many_trials_stays_small(make_run: MakeRun, results: list[Result], tmp_path: Path) -> None:
    def size(these: list[Result]) -> int:
        return len(text_of(make_run(these), tmp_path))

    per_trial = (size([results[i % 16] for i in range(60)]) - size(results)) / 44
    assert per_trial < 8_000  # two profiles, five layers
    assert len(packed_plotly()) < 2_100_000


def test_the_card_of_a_trial_shows_the_settings_that_differ(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    backbone = {"name": "mine:network", "n_blocks": 3, "input_shape": (1, 8, 8), "n_classes": 4}
    own = [
        result.model_copy(
            update={
                "configuration": Configuration.model_validate(
                    {
                        **result.configuration.model_dump(),
                        "backbone": backbone | {"network": f"b22be{n}", "width": n},
                    }
                )
            }
        )
        for n, result in zip((4, 8), results, strict=False)
    ]
    text = text_of(make_run(own, has_weights=False), tmp_path)
    assert "<dt>width</dt><dd>8</dd>" in figures_of(text)["trials"]["1"]["facts"]
    assert "b22be" not in text


def test_a_what_if_is_said_in_the_head(make_run: MakeRun, results: list[Result], tmp_path: Path) -> None:
    hardware = {"profile": "45nm_memory", "assume": {"weight_bits": 9}}
    run = make_run(results, task={"data": {"name": "digits_dvs"}, "hardware": hardware, "seed": 0})
    assert "45nm_memory (layer serial), assuming weight_bits=9<" in text_of(run, tmp_path)


def test_the_span_of_the_front_is_in_plain_words(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    run = make_run(results)
    costs = [point.metrics["energy_pj"] for point in Front.of(run).points]
    tile = f"<b>{max(costs) / min(costs):.1f} times</b><span>highest against lowest energy</span>"
    assert tile in text_of(run, tmp_path)


def test_the_knee_is_explained_where_there_is_one(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    def knee(*objectives: str) -> str:
        return "".join(re.findall("The knee is [^<]*", text_of(make_run(results, objectives), tmp_path)))

    assert "the line through" in knee("accuracy", "energy_pj")
    assert "the plane through" in knee("accuracy", "energy_pj", "latency_s")
    assert knee("accuracy") == ""


def test_figures_have_their_height_before_they_are_drawn(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    text = text_of(make_run(results), tmp_path)
    figures = figures_of(text)
    for name, figure in (("front", figures["fronts"]["45nm_memory"]), ("progress", figures["progress"])):
        assert f"#{name} {{ --room: {figure['layout']['height']}px; }}" in text
    rooms = [int(room) for room in re.findall(r'data-figure="energy" style="--room: (\d+)px"', text)]
    names = figures["layers"][figures["trials"]["0"]["priced"]]
    template = figures["templates"]["energy"]["45nm_memory"]["layout"]["height"]
    assert rooms == [template + 30 * len(names)] * 3  # HEIGHT_OF_ROW of figures.js
