"""Phases of a training, and stops at their ends, as tables and pages tell them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tsearch.configuration import Configuration, Phase
from tsearch.front.point import compression_texts, timesteps_text

if TYPE_CHECKING:
    from tsearch.engine.lineage import Stop
    from tsearch.engine.run_folder import Run


def phase_text(phase: Phase) -> str:
    """'T=(3, 1)', 'ANN', 'T=1, 50 % pruned, 4-bit weights'."""
    parts = ["ANN" if phase.network == "ann" else f"T={timesteps_text(phase.timesteps)}"]
    return ", ".join(parts + compression_texts(phase))


def phases_of(run: "Run", stop: "Stop") -> tuple[Phase, ...]:
    """The phases up to a stop; () where no networks were searched."""
    chosen = run.trials[stop.number].configuration
    return chosen.schedule[: stop.phase] if isinstance(chosen, Configuration) else ()


def stop_content(run: "Run", stop: "Stop") -> dict[str, Any]:
    """A stop for scripts."""
    phases = phases_of(run, stop)
    return {
        "trial": stop.number,
        "phase": stop.phase,
        "origin": stop.origin,
        "key": stop.name.prefix,
        "schedule": [phase.model_dump(mode="json") for phase in phases],
        "epochs": stop.name.epoch,
        "trials": list(stop.trials),
        "metrics": dict(stop.metrics),
    }


def path_text(phases: Sequence[Phase]) -> str:
    """'T=5 > T=3 > T=1'."""
    return " > ".join(map(phase_text, phases))


def neuron_text(neuron: Mapping[str, float]) -> str:
    """Threshold and leak of a layer: '0.52, 0.98'."""
    return ", ".join(f"{neuron[name]:.3g}" if name in neuron else "-" for name in ("threshold", "leak"))
