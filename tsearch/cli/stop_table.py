"""The stops of a run, which are the networks between the phases of its trainings, as a text table."""

import math
from typing import TYPE_CHECKING

from tsearch.cli.tables import grid
from tsearch.front.phases import path_text, phases_of
from tsearch.units import format_value, title

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run


def stops_text(run: "Run") -> str:
    """One line per stop: its origin, its phases, its epochs, how many trials go through it, and every objective."""
    if not run.stops:
        return "This run has no stops: no training of it has reached the end of a phase before the last one."
    objectives = [objective.name for objective in run.objectives]
    header = ["trial", "phase", "schedule", "epochs", "trials", *map(title, objectives)]
    rows = [
        [
            str(stop.number),
            str(stop.phase),
            path_text(phases_of(run, stop)),
            str(stop.name.epoch),
            str(len(stop.trials)),
            *(format_value(stop.metrics.get(name, math.nan), name) for name in objectives),
        ]
        for stop in run.stops
    ]
    return "\n".join([grid([header, *rows]), f"lineage: {run.spared.text}"])


def lineage_lines(run: "Run") -> list[str]:
    """How many phases were trained and how many reused; [] where no training has several."""
    return [f"lineage: {run.spared.text}; --stops lists the networks between phases"] if run.stops else []
