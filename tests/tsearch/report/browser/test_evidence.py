"""Error bars and verdicts in a real browser: nothing is cut, covered or told by colour alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tsearch.configuration import Result
from tsearch.engine.run_folder import Run
from tsearch.replication.confirmation.verdict import Verdict
from tsearch.report.page import page
from tsearch.report.view import gather

Window = Any  # `Browser` of conftest.py
TONES = {
    "saves": ("confirmed", "rgb(0, 121, 92)"),
    "not shown": ("not shown", "rgb(138, 90, 0)"),
    "costs more": ("costs more", "rgb(179, 38, 30)"),
}
BANNER = """(banner => { const tag = banner.querySelector("b");
  return [tag.textContent, getComputedStyle(tag).color, getComputedStyle(banner).borderLeftColor];
})(document.querySelector(".saving:not([hidden])"))"""
COVERED = """(() => {
  const labels = [...front.querySelectorAll(".scatterlayer .textpoint")].filter(l => l.style.visibility !== "hidden");
  const boxes = labels.map(label => label.getBoundingClientRect()), points = marks(front);
  const isCovered = (box, i) => points.some(p => overlap(box, p)) || boxes.some((b, k) => k < i && overlap(box, b));
  return [boxes.length, boxes.filter(isCovered).length];
})()"""


@pytest.mark.parametrize("word", list(TONES))
def test_a_page_with_error_bars_and_a_verdict_fits_and_says_it_by_word_and_colour(
    word: str,
    window: Window,
    make_run: Callable[..., Run],
    results: list[Result],
    trained_again: Callable[..., Run],
    make_verdict: Callable[..., Verdict],
    tmp_path: Path,
) -> None:
    run = trained_again(make_run(results))
    view = gather(run)
    tests = {
        p.number: {"accuracy": p.metrics["accuracy"] - 0.07, "n_samples": 300.0} for p in view.front.points
    }
    path = tmp_path / "report.html"
    path.write_text(page(replace(view, verdicts=(make_verdict(word, run),), on_test=tests)), encoding="utf-8")
    window.open(path)
    for width in (1400, 900, 420):
        window.resize(width)
        assert window.run("document.documentElement.scrollWidth") <= width
        n_labels, n_covered = window.run(COVERED)
        assert n_labels >= 3
        assert n_covered == 0
    label, color = TONES[word]
    assert window.run(BANNER) == [label, color, color]
    assert window.run("front.querySelectorAll('.errorbar').length") == len(view.front.points)
    names = window.run("[...front.querySelectorAll('.legendtext')].map(name => name.textContent)")
    assert {"mean of fresh trainings, 95 %", f"confirmed: {word}" if word == "saves" else word} <= set(names)
    window.run("document.querySelectorAll('input[name=profile]')[1].click()")
    window.wait(
        "front.querySelectorAll('.errorbar').length === 0"
    )  # nothing was trained again for its prices
    assert window.run(BANNER)[0] == "candidate"
    assert window.is_silent


def test_a_click_on_a_mean_shows_its_trial(
    window: Window,
    make_run: Callable[..., Run],
    results: list[Result],
    trained_again: Callable[..., Run],
    tmp_path: Path,
) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(gather(trained_again(make_run(results)))), encoding="utf-8")
    window.open(path, height=1200)
    window.run("front.scrollIntoView()")
    name = "mean of fresh trainings, 95 %"
    place = f"""(trace => [trace.customdata[0][0], front._fullLayout.xaxis.d2p(trace.x[0]),
      front._fullLayout.yaxis.d2p(trace.y[0])])(front.data.find(trace => trace.name === "{name}"))"""
    number, x, y = window.run(place)
    left, top = window.run(
        "(({left, top}) => [left, top])(front.querySelector('.nsewdrag').getBoundingClientRect())"
    )
    window.click(left + x, top + y)
    window.wait(f"card.querySelector('h3').textContent.startsWith('Trial {number}')")
    assert "fresh trainings" in window.run("card.textContent")
