"""What the layers of one trial do, by type and timestep, measured on validation samples when the page is written."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from tsearch.configuration import Configuration
from tsearch.errors import TsearchError
from tsearch.replication.testing import weights_of

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run, Trial
    from tsearch.networks.activity import Activities, Activity

N_SAMPLES = 128


@dataclass(frozen=True)
class Shown:
    """The activities of trial `number`, of a run in which others may have masks where it has none."""

    number: int
    activities: "Activities"
    others_have_masks: bool = False


def activities_of_trial(run: "Run", trial: "Trial") -> Shown | None:
    """Measured now; None where weights or data are missing, or no layer has neurons of ours."""
    configuration = trial.configuration
    if not isinstance(configuration, Configuration) or not run.has_checkpoint(trial):
        return None
    try:
        found = _measured(run, configuration)
    except TsearchError:
        return None
    return Shown(trial.number, found) if found.types else None


def activations_html(shown: Shown) -> str:
    """The place of the figure, what it shows, and a table of its numbers."""
    found = shown.activities
    which = ", of those without masks" if shown.others_have_masks else ""
    hint = (
        f"Trial {shown.number} on {found.n_samples} validation samples: the network of this run with the most "
        f"timesteps{which}. Layers of one type are shown together; the darker, the more neurons. Above: spikes per "
        "timestep up to and with a timestep; the last column is what ReLU would give of the mean current, in "
        "thresholds. Below: the current at each timestep; the outermost bins hold all beyond. Residual streams hold "
        f"sums of spikes. {_sentence(found)} A type that is near to ReLU after few timesteps may need no more. This "
        "says how much time changes activations, not what accuracy needs: only training with masks tells that."
    )
    rows = "".join(_row(name, kind) for name, kind in found.types.items())
    names = (
        "type",
        "layers",
        "spikes per neuron at timestep 1, 2 ...",
        "silent",
        "distance from ReLU after 1, 2 ...",
    )
    head = "".join(f"<th>{name}</th>" for name in names)
    table = f'<table class="neurons"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return (
        '<div class="figure" id="activations"></div>'
        f'<p class="hint">{escape(hint)}</p><div class="wide">{table}</div>'
    )


def _measured(run: "Run", configuration: Configuration) -> "Activities":
    """Raises: TsearchError where weights or data are missing."""
    from tsearch.data import load_dataset
    from tsearch.networks.activity import activities_of
    from tsearch.networks.build import build
    from tsearch.networks.weights import current_names, load_weights
    from tsearch.training.checkpoints import unpack_weights
    from tsearch.training.evaluate import one_thread

    weights = unpack_weights(weights_of(run, configuration, run.task.replicate))
    dataset = load_dataset(run.task.data)
    network = build(configuration, dataset.shape, dataset.n_classes, is_static=dataset.is_static)
    load_weights(network, current_names(weights, configuration))
    with one_thread():
        return activities_of(network, dataset.validation, N_SAMPLES)


def _sentence(found: "Activities") -> str:
    """Which type comes nearer to ReLU with more timesteps than others, and which less; '' with one timestep."""
    falls = {
        name: k.distances[0] - k.distances[-1] for name, k in found.types.items() if len(k.distances) > 1
    }
    if not falls:
        return ""
    most, least = max(falls, key=falls.__getitem__), min(falls, key=falls.__getitem__)
    text = f"With more timesteps, mean spikes approach ReLU most in {most} (mean distance "
    text += f"{_from_to(found.types[most])})"
    return text + ("." if most == least else f", least in {least} ({_from_to(found.types[least])}).")


def _from_to(kind: "Activity") -> str:
    return f"{kind.distances[0]:.2f} to {kind.distances[-1]:.2f}"


def _row(name: str, kind: "Activity") -> str:
    spikes, distances = (", ".join(f"{x:.2f}" for x in row) for row in (kind.spikes, kind.distances))
    cells = (escape(name), str(len(kind.layers)), spikes, f"{100 * kind.values[-1][0]:.0f} %", distances)
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
