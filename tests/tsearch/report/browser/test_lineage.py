"""The tree of phases, drawn in a real browser."""

from pathlib import Path
from typing import Any

from tsearch.engine.run_folder import Run
from tsearch.report import lineage, write_report
from tsearch.report.lineage import Node

Window = Any  # `Browser` of conftest.py
OVERLAP = """(() => {
  const boxes = [...document.querySelectorAll(".lineage rect")].map(r => r.getBoundingClientRect());
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return boxes.some((a, i) => boxes.some((b, k) => k < i && meet(a, b)));
})()"""
OUTSIDE = """[...document.querySelectorAll(".lineage .node")].some(node => {
  const box = node.querySelector("rect").getBoundingClientRect();
  return [...node.querySelectorAll("text")].some(text => text.getBoundingClientRect().right > box.right);
})"""


def test_the_tree_is_drawn_fits_its_window_and_unfolds_its_neurons(
    window: Window, run_of_paths: Run, tmp_path: Path
) -> None:
    window.open(write_report(run_of_paths, tmp_path / "report.html"))
    assert window.run("document.querySelectorAll('.lineage .node').length") == 16
    assert window.run("document.querySelectorAll('.lineage path').length") == 15  # a tree: all but the root
    assert not window.run(OVERLAP)
    assert not window.run(OUTSIDE)
    details = "document.querySelector('.neurons').closest('details')"
    assert not window.run(f"{details}.open")
    window.run(f"{details}.querySelector('summary').click()")
    assert window.run("document.querySelector('.neurons').offsetHeight") > 16 * 20
    window.resize(420)
    assert window.run("document.documentElement.scrollWidth") <= 420
    assert window.is_silent


def test_fault_compressed_weights_were_written_beyond_their_box(window: Window, tmp_path: Path) -> None:
    """What is longest: four stages, pruned and few bits; a word that is used often; a number of trials."""
    metrics = {"accuracy": 0.9867, "energy_pj": 838e3}
    last = Node(
        "trial 1234 (failed)", "T=(8, 4, 2, 1) (50 % pruned, 8 bits)", 9999, metrics, {}, (), is_trial=True
    )
    roots = (
        Node("trial 9, phase 1", "T=(2, 1) (50 % pruned, 8 bits)", 9999, metrics, {}, (last,), n_trials=99),
    )
    style = (Path(lineage.__file__).parent / "page.css").read_text()
    page = tmp_path / "tree.html"
    page.write_text(f"<meta charset=utf-8><style>{style}</style>{lineage._svg(roots)}")
    window.open(page)
    assert window.run("document.querySelectorAll('.lineage .node').length") == 2
    assert not window.run(OUTSIDE)
