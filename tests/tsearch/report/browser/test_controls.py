"""What a reader can do with the page, in a real browser without a screen and without a network."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tsearch.configuration import Result
from tsearch.engine.run_folder import Run
from tsearch.report import write_report

MakeRun = Callable[..., Run]
Window = Any  # `Browser` of conftest.py


def title_of_card(window: Window) -> str:
    return str(window.run("card.querySelector('h3').textContent"))


def shown_rows(window: Window) -> list[list[str]]:
    """The texts of the rows that are shown, cell by cell."""
    code = "[...table.tBodies[0].rows].filter(row => !row.hidden).map(row => [...row.cells].map(c => c.textContent))"
    return list(window.run(code))


def test_every_figure_is_drawn_and_every_control_works(
    make_run: MakeRun, results: list[Result], tmp_path: Path, window: Window
) -> None:
    window.open(write_report(make_run(results, errors=["out of memory"]), tmp_path / "report.html"))
    window.run("document.querySelectorAll('input[name=profile]')[1].click()")
    window.run(
        """{ const select = [...document.querySelectorAll(".panel select")].at(-1);
             select.selectedIndex = 0; select.dispatchEvent(new Event("change")); }"""
    )
    window.run("document.querySelectorAll('.trials th')[5].click()")
    text = re.sub(
        r"<script.*?</script>", "", window.run("document.documentElement.outerHTML"), flags=re.DOTALL
    )
    places = re.findall(r'<div class="figure[^>]*>', text)
    assert len(places) == 2 + 2 * 3
    assert all("js-plotly-plot" in place for place in places)
    assert window.is_silent
    assert not window.run("document.documentElement.scrollWidth > innerWidth")
    sentences = re.findall(r'<p class="saving candidate" data-profile="(\w+)"( hidden="")?', text)
    assert sentences == [("45nm_memory", ' hidden=""'), ("45nm_paper_simple", "")]
    table = text[text.index('<table class="trials">') :]
    energies = [float(row) for row in re.findall(r'data-value="([\d.]+)">[\d.]+ [nµ]J', table)]
    assert len(energies) == 16
    assert energies == sorted(energies)
    assert 'aria-sort="ascending"' in table
    last = text[text.rindex('<article class="panel">') : text.index("Hypervolume over trials")]
    assert "tsearch export demo --trial 0</code>" in last


def test_runs_with_little_to_show_raise_no_error_in_the_browser(
    make_run: MakeRun, results: list[Result], tmp_path: Path, window: Window
) -> None:
    bare = {"costs": {}, "spikes": {}}
    toys = [r.model_copy(update=bare | {"metrics": {"f1": i, "f2": -i}}) for i, r in enumerate(results[:4])]
    runs = {
        "none": make_run([], errors=["out of memory"]),
        "one": make_run(results[:1]),
        "toy": make_run(toys, ("f1", "f2"), space={"constraints": {"f1": {"min": None, "max": -1.0}}}),
    }
    for name, run in runs.items():
        window.open(write_report(run, tmp_path / f"{name}.html"))
        assert window.is_silent, name


def test_no_button_sends_data_away(window: Window, page: Path) -> None:
    window.open(page)
    buttons = window.run("[...document.querySelectorAll('.modebar-btn')].map(button => button.dataset.title)")
    assert buttons
    assert not [name for name in buttons if re.search("share|cloud|studio|edit", name, re.IGNORECASE)]
    assert window.run(
        "[...document.querySelectorAll('.js-plotly-plot')].map(f => f._context.plotlyServerURL)"
    ) == ([""] * 8)
    assert not window.run(
        "[...document.querySelectorAll('a, form')].some(a => /^https?:/.test(a.href ?? a.action))"
    )
    window.run(
        "document.querySelectorAll('.modebar-btn').forEach(button => button.dataset.attr && button.click())"
    )
    assert window.is_silent


def test_a_click_on_a_point_names_and_marks_it_beside_the_figure(window: Window, page: Path) -> None:
    window.open(page, height=900)
    assert title_of_card(window).startswith("Trial ")
    places = """Object.fromEntries(front.data.flatMap((trace, i) => (trace.customdata ?? []).map((row, k) =>
      [row[0], [front._fullLayout.xaxis.d2p(trace.x[k]), front._fullLayout.yaxis.d2p(trace.y[k])]])))"""
    window.run("front.scrollIntoView()")
    number = window.run("figures.groups.others[0]")
    x, y = window.run(f"({places})[{number}]")
    box = window.run(
        "(({left, top}) => [left, top])(front.querySelector('.nsewdrag').getBoundingClientRect())"
    )
    window.click(box[0] + x, box[1] + y)
    window.wait(f"card.querySelector('h3').textContent.startsWith('Trial {number}')")
    assert window.run(
        "card.getBoundingClientRect().top < innerHeight && card.getBoundingClientRect().bottom > 0"
    )
    assert f"--trial {number}" in window.run("card.querySelector('code').textContent")
    ring = window.run("(({name, x, y}) => ({name, x, y}))(front.data[0])")
    assert ring["name"] == "shown beside"
    assert window.run(f"front._fullLayout.xaxis.d2p({ring['x'][0]})") == pytest.approx(x)
    assert window.run("panels[1].querySelector('h3').textContent") == title_of_card(window)
    window.resize(420, 700)
    window.run("document.querySelector('.pick').click()")
    first = shown_rows(window)[0][0]
    assert title_of_card(window).startswith(f"Trial {first}")
    assert window.run(
        "card.getBoundingClientRect().top >= 0 && card.getBoundingClientRect().top < innerHeight"
    )


def test_another_profile_changes_all_that_depends_on_prices(window: Window, page: Path) -> None:
    def shown() -> dict[str, Any]:
        return dict(
            window.run(
                """({tiles: document.querySelector(".tiles:not([hidden])").innerText, facts: card.innerText,
                     panel: panels[0].innerText, saving: document.querySelector(".saving:not([hidden])").innerText,
                     axis: front.layout.xaxis.range.join()})"""
            )
        )

    window.open(page)
    before = shown()
    window.run("document.querySelectorAll('input[name=profile]')[1].click()")
    window.wait(f"front.layout.xaxis.range.join() !== {before['axis']!r}")
    after = shown()
    assert [name for name in before if before[name] == after[name]] == []


def test_the_filter_and_the_button_for_more_choose_the_rows(window: Window, long_page: Path) -> None:
    window.open(long_page)
    assert len(shown_rows(window)) == 50
    assert window.run("document.querySelector('.count').textContent") == "50 of 160 trials shown"
    window.run("document.querySelector('.more button').click()")
    assert len(shown_rows(window)) == 160
    window.run("filter.value = 'TANH'; filter.dispatchEvent(new Event('input'))")
    rows = shown_rows(window)
    assert len(rows) == 40
    assert {row[3] for row in rows} == {"tanh"}
    window.run("table.querySelectorAll('th')[4].click()")
    losses = [float(row[4]) for row in shown_rows(window)]
    assert len(losses) == 40
    assert losses == sorted(losses)


def test_every_control_is_reached_by_keyboard_and_shows_it(window: Window, page: Path) -> None:
    window.open(page)
    seen = set()
    for _ in range(140):
        window.press("Tab")
        name, outline = window.run(
            """(e => [e.closest("th") ? "head" : e.className || e.localName, getComputedStyle(e).outlineWidth])
               (document.activeElement)"""
        )
        seen.add(name)
        assert name == "body" or outline != "0px", name
    assert {"copy", "head", "pick", "filter", "wide", "select", "input", "summary"} <= seen
    window.run("table.querySelectorAll('th button')[5].focus()")
    window.press("Enter")
    assert window.run("table.querySelectorAll('th')[5].ariaSort") == "ascending"
    window.press("Enter")
    assert window.run("table.querySelectorAll('th')[5].ariaSort") == "descending"
    window.run("card.querySelector('button.copy').focus()")
    window.press("Enter")
    assert window.run("card.querySelector('button.copy i').textContent") in ("copied", "not copied")
