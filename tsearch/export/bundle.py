"""A bundle: one configuration of a run in a folder that stands on its own.

configuration.yaml   what it is: configuration, data, seed, hardware, accuracies, modules of the user's that it needs
weights.safetensors  weights of the finished network, without early classifiers and maps of earlier phases
spikes.json          network description and spike record of the validation pass
cost.json            its price under every profile of the run
card.md              the same for people
manifest.json        SHA-256 of every file above
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwcost import Cost, NetworkSpec, SpikeRecord
from tsearch.errors import TsearchError
from tsearch.export.contents import read_contents
from tsearch.pricing.price import price

if TYPE_CHECKING:
    from tsearch.networks.build import Network

FILES = ("configuration.yaml", "weights.safetensors", "spikes.json", "cost.json", "card.md")


class Bundle:
    """A bundle on disk, its files checked against the manifest."""

    def __init__(self, folder: str | Path) -> None:
        """Raises: TsearchError naming the file that is missing, altered or unreadable, or the module that it needs
        and that is missing."""
        self.folder = Path(folder)
        _check_files(self.folder)
        self.contents = read_contents(self.folder / "configuration.yaml")

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
        """The network with its weights, ready to run: `network(frames)`, frames `[T, B, C, H, W]`, gives logits
        `[B, classes]`."""
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


def load(bundle: str | Path) -> "Network":
    """The network in a bundle folder, ready to run. Raises: TsearchError as `Bundle` does."""
    return Bundle(bundle).load()


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check_files(folder: Path) -> None:
    """Raise TsearchError for the first file that is missing or is not the one that was exported."""
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
        if sha256(folder / name) != manifest.get(name):
            raise TsearchError(
                f"{folder}/{name} was altered: its SHA-256 is not the manifest's. Export the bundle again."
            )
