"""From a trial of a run to something that can be used without the run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tsearch.errors import TsearchError

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run, Trial


def export_bundle(run: "Run", trial: int, output: str | Path | None = None) -> Path:
    """Write the bundle of a complete trial and return its folder, by default `<run>/exports/trial<number>`.

    Raises: TsearchError if the trial is not complete or the folder exists.
    """
    from tsearch.export.bundle import write_bundle

    chosen = _complete_trial(run, trial)
    folder = Path(output) if output is not None else run.folder / "exports" / f"trial{trial}"
    if folder.exists():
        raise TsearchError(f"{folder} exists. Choose another --output, or remove it.")
    assert chosen.result is not None
    return write_bundle(
        folder,
        run=run.name,
        trial=trial,
        result=chosen.result,
        checkpoint=run.checkpoint(chosen.key),
        task=run.task,
        test=test_result(run, chosen),
    )


def test_result(run: "Run", trial: "Trial") -> dict[str, float]:
    """Accuracy on the test samples and their number. Computed once per configuration, then kept in the
    run's `tests` folder."""
    path = run.folder / "tests" / f"{trial.key}.json"
    if path.is_file():
        return dict(json.loads(path.read_text()))
    from tsearch.data import load_dataset
    from tsearch.files.whole import write_whole
    from tsearch.networks.build import build
    from tsearch.networks.weights import current_names, load_weights
    from tsearch.training.checkpoints import unpack_weights
    from tsearch.training.evaluate import measure, one_thread

    dataset = load_dataset(run.task.data)
    network = build(trial.configuration, dataset.shape, dataset.n_classes)
    load_weights(network, current_names(unpack_weights(run.checkpoint(trial.key)), trial.configuration))
    with one_thread():
        measured = measure(network, dataset, dataset.test)
    result = {"accuracy": measured.accuracy, "n_samples": float(measured.n_samples)}
    path.parent.mkdir(exist_ok=True)
    write_whole(path, json.dumps(result).encode())
    return result


test_result.__test__ = False  # type: ignore[attr-defined]  # not a pytest test


def _complete_trial(run: "Run", number: int) -> "Trial":
    for trial in run.trials:
        if trial.number == number:
            if trial.result is None:
                raise TsearchError(
                    f"{run.folder}: trial {number} is {trial.state}; only a complete trial can be exported."
                )
            return trial
    complete = [trial.number for trial in run.trials if trial.result is not None]
    raise TsearchError(
        f"{run.folder}: there is no trial {number}. Complete trials: {', '.join(map(str, complete)) or 'none'}."
    )
