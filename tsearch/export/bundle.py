"""A bundle: one configuration of a run in a folder that stands on its own.

configuration.yaml   what it is: configuration, data, seed, hardware, accuracies
weights.safetensors  weights of the finished network; no early classifiers, only the transformers it runs with
spikes.json          network description and spike record of the validation pass
cost.json            its price under every profile of the run
card.md              the same for people
manifest.json        SHA-256 of every file above
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from pydantic import ValidationError

from hwcost import AnnTwins, Cost, HwcostError, NetworkSpec, SpikeRecord, ann_twins, estimate
from tsearch.configuration import Configuration, Frozen, Result, Task
from tsearch.errors import TsearchError
from tsearch.pricing.price import price

if TYPE_CHECKING:
    from tsearch.networks.build import Network
    from tsearch.training.evaluate import Measurement

FORMAT = 1
FILES = ("configuration.yaml", "weights.safetensors", "spikes.json", "cost.json", "card.md")


class Contents(Frozen):
    """What configuration.yaml holds."""

    format: int
    run: str
    trial: int
    configuration: Configuration
    task: Task
    input_shape: tuple[int, int, int]
    n_classes: int
    metrics: dict[str, float]
    n_samples: dict[str, int]
    test: dict[str, float]
    probe: str
    versions: dict[str, str]


class Bundle:
    """A bundle on disk, its files checked against the manifest."""

    def __init__(self, folder: str | Path) -> None:
        """Raises: TsearchError naming the file that is missing, altered or unreadable."""
        self.folder = Path(folder)
        _check_files(self.folder)
        try:
            self.contents = Contents.model_validate(
                yaml.safe_load((self.folder / "configuration.yaml").read_text())
            )
        except (ValidationError, yaml.YAMLError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "not valid YAML"
            raise TsearchError(
                f"{self.folder}/configuration.yaml: {reason}. Export the bundle again."
            ) from None

    @property
    def network_spec(self) -> NetworkSpec:
        """What is priced: the description that was stored with the spikes."""
        return NetworkSpec.from_dict(self._json("spikes.json")["network"])

    @property
    def spike_record(self) -> SpikeRecord:
        """The spikes of the validation pass."""
        return SpikeRecord.from_dict(self._json("spikes.json")["record"])

    def costs(self) -> dict[str, Cost]:
        """The prices, computed anew from the stored spikes."""
        return price(self.network_spec, self.spike_record, self.contents.task.hardware)

    def stored_costs(self) -> dict[str, Any]:
        """The prices as they were exported."""
        return dict(self._json("cost.json"))

    def load(self) -> "Network":
        """The network with its weights, ready to run: `network(frames)` gives logits."""
        from safetensors.torch import load_file

        from tsearch.networks.build import build
        from tsearch.networks.weights import current_names, load_weights

        contents = self.contents
        network = build(contents.configuration, contents.input_shape, contents.n_classes, for_inference=True)
        weights = load_file(self.folder / "weights.safetensors")
        load_weights(network, current_names(weights, contents.configuration))
        return network.eval()

    def _json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())


class Priced(NamedTuple):
    """A bundle under one profile, and the conventional networks of the same shapes where the hardware runs
    them."""

    cost: Cost
    twins: AnnTwins | None


def price_bundle(
    folder: str | Path,
    profile: str | None = None,
    execution: str | None = None,
    assume: Mapping[str, int] | None = None,
) -> Priced:
    """Price a bundle from its stored spikes; by default as it was searched. Raises: TsearchError if it
    cannot be priced."""
    bundle = Bundle(folder)
    hardware = bundle.contents.task.hardware
    name, order = profile or hardware.profile, execution or hardware.execution
    assume = assume or hardware.assume or None
    try:
        cost = estimate(bundle.network_spec, bundle.spike_record, name, order, assume)
    except HwcostError as error:
        raise TsearchError(str(error)) from None
    try:
        return Priced(cost, ann_twins(bundle.network_spec, name, order))
    except HwcostError:
        return Priced(cost, None)


def load(bundle: str | Path) -> "Network":
    """The network in a bundle folder, ready to run. Raises: TsearchError for a missing or altered file."""
    return Bundle(bundle).load()


def evaluate_bundle(folder: str | Path, data: str | None = None, root: str | None = None) -> dict[str, Any]:
    """Accuracy of a bundle: the test result stored in it, or, with `data` (a data set's name), a fresh pass
    over that set's test samples. Raises: TsearchError if the data do not fit the network."""
    bundle = Bundle(folder)
    contents = bundle.contents
    if data is None:
        return {"data": contents.task.data.name, "split": "test", "stored": True, **contents.test}
    measured = _measure_other(bundle, data, root)
    return {
        "data": data,
        "split": "test",
        "stored": False,
        "accuracy": measured.accuracy,
        "n_samples": measured.n_samples,
    }


def write_bundle(
    folder: Path,
    *,
    run: str,
    trial: int,
    result: Result,
    checkpoint: bytes,
    task: Task,
    test: dict[str, float],
) -> Path:
    """Write a bundle into a new folder. Raises: TsearchError if the folder exists."""
    from safetensors.torch import save

    from tsearch.data import describe_dataset
    from tsearch.export.card import card
    from tsearch.networks.build import build
    from tsearch.networks.weights import OF_STAGES, current_names, load_weights
    from tsearch.training.checkpoints import unpack_weights

    if folder.exists():
        raise TsearchError(f"{folder} exists. Choose another --output, or remove it.")
    info = describe_dataset(task.data)
    contents = Contents(
        format=FORMAT,
        run=run,
        trial=trial,
        configuration=result.configuration,
        task=task,
        input_shape=info.shape,
        n_classes=info.n_classes,
        metrics=result.metrics,
        n_samples=result.n_samples,
        test=test,
        probe=result.probe,
        versions=result.versions,
    )
    network = build(result.configuration, info.shape, info.n_classes, for_inference=True)
    state = current_names(unpack_weights(checkpoint), result.configuration)
    taken = load_weights(network, state, may_be_left=OF_STAGES).taken
    weights = {name: state[name] for name in taken}
    unfinished = folder.with_name(folder.name + ".unfinished")
    unfinished.mkdir(parents=True, exist_ok=True)
    content = save({name: value.contiguous() for name, value in weights.items()})
    (unfinished / "weights.safetensors").write_bytes(content)
    text = yaml.safe_dump(contents.model_dump(mode="json"), sort_keys=False, width=120)
    (unfinished / "configuration.yaml").write_text(text)
    (unfinished / "spikes.json").write_text(json.dumps(result.spikes))
    (unfinished / "cost.json").write_text(json.dumps(result.costs, indent=1))
    (unfinished / "card.md").write_text(card(contents, result))
    (unfinished / "manifest.json").write_text(
        json.dumps({name: _sha256(unfinished / name) for name in FILES}, indent=1)
    )
    unfinished.rename(folder)
    return folder


def _measure_other(bundle: Bundle, data: str, root: str | None) -> "Measurement":
    from tsearch.configuration import DataSpec
    from tsearch.data import load_dataset
    from tsearch.training.evaluate import measure, one_thread

    same = data == bundle.contents.task.data.name
    spec = (
        bundle.contents.task.data.model_copy(update={"root": root})
        if same
        else DataSpec(name=data, root=root)
    )
    dataset = load_dataset(spec)
    expected = (bundle.contents.input_shape, bundle.contents.n_classes)
    if (dataset.shape, dataset.n_classes) != expected:
        raise TsearchError(
            f"{bundle.folder} takes inputs {expected[0]} of {expected[1]} classes; "
            f"'{data}' has {dataset.shape} and {dataset.n_classes}. Choose data of the same form."
        )
    with one_thread():
        return measure(bundle.load(), dataset, dataset.test)


def _check_files(folder: Path) -> None:
    if not (folder / "manifest.json").is_file():
        raise TsearchError(
            f"{folder} is no bundle: manifest.json is missing. `tsearch export RUN` makes one."
        )
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except json.JSONDecodeError:
        raise TsearchError(f"{folder}/manifest.json cannot be read. Export the bundle again.") from None
    for name in FILES:
        if not (folder / name).is_file():
            raise TsearchError(f"{folder}/{name} is missing. Export the bundle again.")
        if _sha256(folder / name) != manifest.get(name):
            raise TsearchError(
                f"{folder}/{name} was altered: its SHA-256 is not the manifest's. Export the bundle again."
            )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
