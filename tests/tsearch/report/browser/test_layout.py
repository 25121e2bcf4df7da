"""Whether the page fits its window and paper, in a real browser without a screen."""

from pathlib import Path
from typing import Any

Window = Any  # `Browser` of conftest.py
COVERED = """(() => {
  const labels = [...front.querySelectorAll(".scatterlayer .textpoint")].filter(l => l.style.visibility !== "hidden");
  const boxes = labels.map(label => label.getBoundingClientRect()), points = marks(front);
  const isCovered = (box, i) => points.some(p => overlap(box, p)) || boxes.some((b, k) => k < i && overlap(box, b));
  return [boxes.length, boxes.filter(isCovered).length];
})()"""


def test_nothing_is_wider_than_the_window_no_column_is_cut_and_no_label_covers_another(
    window: Window, page: Path
) -> None:
    window.open(page)
    for width in (1400, 900, 420, 1400):
        window.resize(width)
        assert window.run("document.documentElement.scrollWidth") <= width
        n_labels, n_covered = window.run(COVERED)
        assert n_labels >= 4
        assert n_covered == 0
        plot = window.run("front.querySelector('.nsewdrag').getBoundingClientRect().width")
        assert plot > 0.55 * window.run("front.clientWidth")
        if width == 1400:
            assert window.run("(w => w.scrollWidth <= w.clientWidth)(document.querySelector('.wide'))")


def test_a_long_page_fits_a_telephone(window: Window, long_page: Path) -> None:
    window.open(long_page, width=420)
    assert window.run("document.documentElement.scrollWidth") <= 420


def test_on_paper_figures_fit_and_legends_and_all_parts_are_there(window: Window, page: Path) -> None:
    window.open(page)
    window.run("document.querySelectorAll('details').forEach(part => { part.open = false; })")
    window.call("Emulation.setEmulatedMedia", media="print")
    window.run("dispatchEvent(new Event('beforeprint'))")
    try:
        assert window.run("[...document.querySelectorAll('details')].every(part => part.open)")
        assert (
            window.run("Math.max(...[...document.querySelectorAll('.main-svg')].map(s => s.clientWidth))")
            <= 660
        )
        assert window.run("front.querySelectorAll('.legend .traces').length") >= 6
        assert window.run("getComputedStyle(document.querySelector('.chip i')).printColorAdjust") == "exact"
        assert window.run("getComputedStyle(document.querySelector('.wide')).overflow") == "visible"
    finally:
        window.call("Emulation.setEmulatedMedia", media="")
    window.run("dispatchEvent(new Event('afterprint'))")
    assert window.run("front.clientWidth") > 660
    assert window.is_silent


def test_no_toolbar_covers_a_heading_and_nothing_moves_when_figures_come(window: Window, page: Path) -> None:
    covers = """[...document.querySelectorAll(".modebar")].some(bar => {
      const range = document.createRange();
      range.selectNodeContents(bar.closest("section").querySelector("h2"));
      const box = bar.getBoundingClientRect();
      return box.width > 0 && overlap(box, range.getBoundingClientRect());
    })"""
    height = "document.documentElement.scrollHeight"
    for width in (1400, 420):
        window.open(page, width=width)
        assert not window.run(covers)
        drawn = window.run(height)
        window.run("document.querySelectorAll('.figure').forEach(place => Plotly.purge(place))")
        assert abs(window.run(height) - drawn) <= 2
