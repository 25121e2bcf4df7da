"""The page of a run: one HTML file that holds its style, code and numbers, and asks no other place for anything."""

import json
import math
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsearch.errors import TsearchError
from tsearch.export.evaluation import accuracy_on_test
from tsearch.files.whole import full_disk_is_an_error
from tsearch.report.activations import Shown, activities_of_trial
from tsearch.report.activations_figure import activations_figure
from tsearch.report.front_figure import front_figure
from tsearch.report.panels import panels
from tsearch.report.plotly_code import packed_plotly
from tsearch.report.progress_figure import progress_figure
from tsearch.report.sections import sections
from tsearch.report.view import RunView, gather

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run

# Nothing outside this file may be loaded: a browser refuses what the page does not hold.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "form-action 'none'; base-uri 'none'"
)
_CODE = ("start.js", "figures.js", "labels.js", "table.js")
_HERE = Path(__file__).parent


def write_report(run: "Run", path: Path) -> Path:
    """Write the page of `run` to `path`, making the folder if need be, and give the path back.

    The first page that shows a configuration on the front measures its accuracy on test samples; later ones read the
    stored result. Every page measures the activations of one network on some validation samples. Raises: TsearchError
    if the disk is full.
    """
    view = gather(run)
    view = replace(view, on_test=_accuracies_on_test(view), activations=_activations(view))
    with full_disk_is_an_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(view), encoding="utf-8")
    return path


def _accuracies_on_test(view: RunView) -> dict[int, dict[str, float]]:
    """Accuracies of the networks on the front by trial; empty where weights or test samples are no longer there."""
    run, on_front = view.run, {point.number for point in view.front.points if point.timesteps}
    accuracies = {}
    for trial in run.trials:
        if trial.number in on_front and run.has_checkpoint(trial):
            try:
                accuracies[trial.number] = accuracy_on_test(run, trial)
            except TsearchError:
                return {}
    return accuracies


def _activations(view: RunView) -> Shown | None:
    """Of the network with the most timesteps; None where its weights or the data are no longer there."""
    longest = view.longest
    if longest is None:
        return None
    shown = activities_of_trial(view.run, next(t for t in view.run.trials if t.number == longest.number))
    masked = not longest.is_masked and any(point.is_masked for point in view.front.complete)
    return shown and replace(shown, others_have_masks=masked)


def page(view: RunView) -> str:
    """The page as HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(view.run.name)} · tsearch</title><style>{_file('page.css')}</style></head>\n"
        f"<body><main>{sections(view)}</main>\n"
        f'<script type="application/json" id="figures">{_json(_figures(view))}</script>\n'
        f'<script type="text/plain" id="plotly">{packed_plotly()}</script>\n'
        f"<script>{''.join(map(_file, _CODE))}</script>\n</body></html>\n"
    )


def _figures(view: RunView) -> dict[str, Any]:
    """All that the page's code draws; empty where there is nothing to draw."""
    if not view.front.complete:
        return {}
    fronts = {profile: front_figure(view, profile) for profile in view.profiles or ("",)}
    progress = {"progress": progress_figure(view)} if view.front.has_box else {}
    shown = view.activations
    activations = {"activations": activations_figure(shown.activities)} if shown else {}
    return {"fronts": fronts} | progress | activations | panels(view)


def _json(content: Any) -> str:
    """JSON that can stand inside a script element: NaN as null, and no '<' that could end it."""
    return json.dumps(_finite(content), allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
