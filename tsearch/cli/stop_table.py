"""The stops of a run, which are the networks between the phases of its trainings, as a text table."""

from typing import TYPE_CHECKING

from tsearch.cli.tables import grid
from tsearch.configuration import Configuration
from tsearch.front.phases import path_text, phases_of
from tsearch.front.point import setting_text
from tsearch.units import counted, format_value, title

if TYPE_CHECKING:
    from tsearch.engine.lineage import Stop
    from tsearch.engine.run_folder import Run


def stops_text(run: "Run") -> str:
    """One line per stop: its origin, its backbone where there are several families, stages, phases and epochs, how many
    trials begin with it, and every objective. An ANN has neither stages nor a price."""
    if not run.stops:
        return "This run has no stops: no training of it has reached the end of a phase before the last one."
    objectives = [objective.name for objective in run.objectives]
    families = [_family(run, stop) for stop in run.stops]
    backbone = ["backbone"] if len(set(families)) > 1 else []
    header = ["trial", "phase", *backbone, "stages", "schedule", "epochs", "begins", *map(title, objectives)]
    rows = [
        [
            str(stop.number),
            str(stop.phase),
            *([family] if backbone else []),
            setting_text(stop.configuration.stages, ",")
            if isinstance(stop.configuration, Configuration)
            else "-",
            path_text(phases_of(run, stop)),
            str(stop.name.epoch),
            counted(len(stop.trials), "trial"),
            *(format_value(stop.metrics[n], n) if n in stop.metrics else "-" for n in objectives),
        ]
        for stop, family in zip(run.stops, families, strict=True)
    ]
    return "\n".join([grid([header, *rows]), f"lineage: {run.spared.text}"])


def lineage_lines(run: "Run") -> list[str]:
    """How many phases were trained and how many reused; [] where no training has several."""
    return [f"lineage: {run.spared.text}; --stops lists the networks between phases"] if run.stops else []


def _family(run: "Run", stop: "Stop") -> str:
    chosen = run.trials[stop.number].configuration
    return chosen.backbone.name if isinstance(chosen, Configuration) else ""
