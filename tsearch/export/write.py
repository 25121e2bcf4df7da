"""Writing a bundle: a whole folder, or none."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tsearch.configuration import Configuration, Result
from tsearch.data import describe_dataset
from tsearch.engine.state import as_arguments
from tsearch.errors import TsearchError
from tsearch.export.bundle import FILES, Bundle, sha256
from tsearch.export.card import card, findings_of
from tsearch.export.contents import FORMAT, Contents, needed_modules
from tsearch.export.evaluation import accuracy_on_test
from tsearch.export.frozen import frozen
from tsearch.export.mixing_text import mixing_section
from tsearch.front import Front
from tsearch.front.broken import broken_text
from tsearch.replication.evidence import evidence_of
from tsearch.replication.reached import n_tested_again

if TYPE_CHECKING:
    from tsearch.engine.lineage import Stop
    from tsearch.engine.run_folder import Run, Trial
    from tsearch.networks.build import Network


def export_bundle(
    run: "Run", trial: int, output: str | Path | None = None, *, phase: int | None = None
) -> Path:
    """Write the bundle of a complete trial and return its folder, by default `<run>/exports/trial<number>`; with
    `phase`, counted from 1, of the trial as it was after that phase (`trial<number>-phase<phase>`), complete or not.
    Where that holds the same bundle already, it stays.

    Raises: TsearchError if the trial is not complete or is no network, if the phase is the last one, was not reached or
    is that of an ANN, or if the folder holds anything else.
    """
    name = f"trial{trial}" if phase is None else f"trial{trial}-phase{phase}"
    folder = Path(output) if output is not None else run.folder / "exports" / name
    if phase is None:
        chosen, result = _complete_trial(run, trial)
        return _export(run, chosen, result, folder)
    stop = _stop(run, trial, phase)
    return _export(run, replace(stop.as_trial, number=trial), stop.load(), folder, phase)


def _export(run: "Run", chosen: "Trial", result: Result, folder: Path, phase: int | None = None) -> Path:
    """Write the bundle of what has a result and weights."""
    if folder.exists():
        if _holds(folder, run, chosen):
            return folder
        raise TsearchError(f"{folder} exists and is not this bundle. Choose another --output, or remove it.")
    checkpoint = run.checkpoint(chosen)
    contents = _contents(run, chosen, result)
    contents = contents.model_copy(update={"layer_timesteps": _layer_timesteps(contents, checkpoint)})
    weights = _inference_weights(contents, checkpoint)
    broken = broken_text(result.metrics, run.constraints)
    findings = (
        findings_of(evidence_of(run, Front.of(run)), chosen.number)
        if phase is None
        else [
            f"It is trial {chosen.number} as it was after phase {phase}, which the search compared with no trial."
        ]
    )
    mixing = mixing_section(contents, weights)
    text = card(contents, result.costs, broken, findings, mixing, n_tested_again(run))
    return _write(folder, contents, result, weights, text)


def _stop(run: "Run", trial: int, phase: int) -> "Stop":
    """The network after a phase before the last one of a trial."""
    on_way = [stop for stop in run.stops if trial in stop.trials]
    chosen = next((stop for stop in on_way if stop.phase == phase), None)
    if chosen is None:
        networks = [stop for stop in on_way if isinstance(stop.configuration, Configuration)]
        known = ", ".join(str(stop.phase) for stop in networks) or "none"
        raise TsearchError(
            f"{run.folder}: there is no stop after phase {phase} of trial {trial}. Phases that have one: {known}; the "
            "end of the last one is the trial itself, which is exported without a phase."
        )
    if not isinstance(chosen.configuration, Configuration):
        raise TsearchError(
            f"{run.folder}: phase {phase} of trial {trial} is that of an ANN, which no bundle holds. Choose a later "
            "one."
        )
    if not run.has_checkpoint(chosen.as_trial):
        raise TsearchError(
            f"{run.folder}: this run kept no weights of {chosen.origin}, so there is nothing to export."
        )
    return chosen


def _holds(folder: Path, run: "Run", trial: "Trial") -> bool:
    """Whether a folder is a whole bundle of this trial of this run."""
    try:
        contents = Bundle(folder).contents
    except TsearchError:
        return False
    ours = run.name, trial.number, trial.configuration, run.task
    return (contents.run, contents.trial, contents.configuration, contents.task) == ours


def _complete_trial(run: "Run", number: int) -> "tuple[Trial, Result]":
    trial = next((trial for trial in run.trials if trial.number == number), None)
    if trial is None:
        complete = [trial.number for trial in run.trials if trial.result is not None]
        listed = ", ".join(map(str, complete)) or "none"
        raise TsearchError(f"{run.folder}: there is no trial {number}. Complete trials: {listed}.")
    if trial.result is None:
        raise TsearchError(
            f"{run.folder}: trial {number} is {trial.state}; only a complete trial can be exported."
        )
    if not isinstance(trial.configuration, Configuration):
        raise TsearchError(
            f"{run.folder}: trial {number} is no network, so there is nothing to export. "
            f"`tsearch show {as_arguments(run)} --all --json` gives its parameters."
        )
    if not run.has_checkpoint(trial):
        raise TsearchError(
            f"{run.folder}: this run kept no weights of trial {number}, so there is no network to export. "
            f"`tsearch show {as_arguments(run)} --all --json` gives its settings."
        )
    return trial, trial.result


def _contents(run: "Run", trial: "Trial", result: Result) -> Contents:
    info = describe_dataset(run.task.data)
    return Contents(
        format=FORMAT,
        run=run.name,
        trial=trial.number,
        configuration=trial.configuration,
        task=run.task,
        input_shape=info.shape,
        n_classes=info.n_classes,
        metrics=result.metrics,
        n_samples=result.n_samples,
        test=accuracy_on_test(run, trial),
        probe=result.probe,
        versions=result.versions,
        needs=needed_modules(run.task, trial.configuration),
    )


def _inference_weights(contents: Contents, checkpoint: bytes) -> bytes:
    """Of a checkpoint, the weights that the finished network has, as safetensors, quantised ones as whole numbers and
    scales; those of early classifiers, of boundaries of earlier phases, and masks and their scores are left out."""
    from safetensors.torch import save

    from tsearch.networks.quantised import to_codes

    network = _finished(contents, checkpoint)
    network.timestep_masks.clear()
    bits = contents.configuration.schedule[-1].weight_bits
    stored = to_codes(network, network.state_dict(), bits)
    return save({name: value.contiguous() for name, value in stored.items()})


def _layer_timesteps(contents: Contents, checkpoint: bytes) -> dict[str, int | tuple[int, ...]]:
    """What the scores of a checkpoint decide: the timesteps of every layer of neurons."""
    return frozen(_finished(contents, checkpoint).masks(contents.configuration.timesteps))


def _finished(contents: Contents, checkpoint: bytes) -> "Network":
    """The network that a checkpoint holds, without what only training needs but its scores."""
    from tsearch.networks.build import build
    from tsearch.networks.weights import OF_TRAINING, current_names, load_weights
    from tsearch.training.checkpoints import unpack_weights

    network = build(contents.configuration, contents.input_shape, contents.n_classes, for_inference=True)
    weights = current_names(unpack_weights(checkpoint), contents.configuration)
    load_weights(network, weights, may_be_left=OF_TRAINING)  # raises where one does not fit
    return network


def _write(folder: Path, contents: Contents, result: Result, weights: bytes, card_text: str) -> Path:
    """Write every file into a folder beside the final one, then rename it."""
    configuration = yaml.safe_dump(contents.model_dump(mode="json"), sort_keys=False, width=120)
    files = {
        "configuration.yaml": configuration.encode(),
        "weights.safetensors": weights,
        "spikes.json": json.dumps(result.spikes).encode(),
        "cost.json": json.dumps(result.costs, indent=1).encode(),
        "card.md": card_text.encode(),
    }
    unfinished = folder.with_name(folder.name + ".unfinished")
    unfinished.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (unfinished / name).write_bytes(content)
    manifest = {name: sha256(unfinished / name) for name in FILES}
    (unfinished / "manifest.json").write_text(json.dumps(manifest, indent=1))
    unfinished.rename(folder)
    return folder
