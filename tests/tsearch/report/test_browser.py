"""The page in a real browser, without a screen and without a network; skipped where there is no Chromium."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tsearch.configuration import Result
from tsearch.engine.run_folder import Run
from tsearch.report import write_report

MakeRun = Callable[..., Run]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the path to draw the page with")
FLAGS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1400,3200"),
    *("--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom"),
)
# What a reader does: another profile, another trial in the last panel, a click on the head 'energy'; then counts.
SCRIPT = """<script>
document.querySelectorAll("input[name=profile]")[1]?.click();
const select = [...document.querySelectorAll(".panel select")].at(-1);
if (select) { select.selectedIndex = 0; select.dispatchEvent(new Event("change")); }
document.querySelectorAll(".trials th")[5]?.click();
document.body.dataset.requests = performance.getEntriesByType("resource").length;
document.body.dataset.wide = document.documentElement.scrollWidth > innerWidth;
</script></body>"""


def drawn(run: Run, folder: Path) -> str:
    """The page after its code and `SCRIPT` ran, without any <script>. Fails on whatever the console says."""
    path = write_report(run, folder / "report.html")
    path.write_text(path.read_text(encoding="utf-8").replace("</body>", SCRIPT), encoding="utf-8")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [str(CHROMIUM), *FLAGS, *root, f"--user-data-dir={folder / 'profile'}", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert not [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return re.sub(r"<script.*?</script>", "", done.stdout, flags=re.DOTALL)


def test_every_figure_is_drawn_and_every_control_works(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    page = drawn(make_run(results, errors=["out of memory"]), tmp_path)
    places = re.findall(r'<div class="figure[^>]*>', page)
    assert len(places) == 2 + 2 * 3
    assert all("js-plotly-plot" in place for place in places)
    assert 'data-requests="0"' in page
    assert 'data-wide="false"' in page
    sentences = re.findall(r'<p class="saving" data-profile="(\w+)"( hidden="")?', page)
    assert sentences == [("45nm_memory", ' hidden=""'), ("45nm_paper_simple", "")]
    table = page[page.index('<table class="trials">') :]
    energies = [float(row) for row in re.findall(r'data-value="([\d.]+)">[\d.]+ [nµ]J', table)]
    assert len(energies) == 16
    assert energies == sorted(energies)
    assert 'aria-sort="ascending"' in table
    last = page[page.rindex('<article class="panel">') : page.index("Hypervolume over trials")]
    assert "tsearch export demo --trial 0</code>" in last


def test_runs_with_little_to_show_raise_no_error_in_the_browser(
    make_run: MakeRun, results: list[Result], tmp_path: Path
) -> None:
    bare = {"costs": {}, "spikes": {}}
    toys = [r.model_copy(update=bare | {"metrics": {"f1": i, "f2": -i}}) for i, r in enumerate(results[:4])]
    for name, run in {"none": make_run([]), "toy": make_run(toys, ("f1", "f2"))}.items():
        (tmp_path / name).mkdir()
        assert 'data-requests="0"' in drawn(run, tmp_path / name)
