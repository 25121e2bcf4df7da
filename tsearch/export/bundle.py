"""A bundle: one configuration of a run in a folder that stands on its own.

configuration.yaml   what it is: configuration, data, seed, hardware, accuracies, modules of the user's that it needs
weights.safetensors  weights of the finished network, without early classifiers and maps of earlier phases; quantised
                     ones as int8 NAME and the scale of each output channel NAME_scale, pruned ones as zeros
spikes.json          network description and spike record of the validation pass
cost.json            its price under every profile of the run
card.md              the same for people
manifest.json        SHA-256 of every file above
"""

import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwcost import Cost, HwcostError, NetworkSpec, SpikeRecord
from tsearch.errors import TsearchError
from tsearch.export.contents import read_contents
from tsearch.export.frozen import masks_of
from tsearch.export.spikes import AGAIN, MOST_BYTES, Spikes, read_spikes
from tsearch.files.reading import read_json
from tsearch.pricing.price import price
from tsearch.space.limits import plan_within_limits

if TYPE_CHECKING:
    from torch import Tensor

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
        return self._spikes.network

    @property
    def spike_record(self) -> SpikeRecord:
        """The spikes of the validation pass."""
        return self._spikes.record

    def costs(self) -> dict[str, Cost]:
        """The prices, computed anew from the stored spikes. Raises: TsearchError if the hardware cannot run it."""
        try:
            return price(self.network_spec, self.spike_record, self.contents.task.hardware)
        except HwcostError as error:
            raise TsearchError(f"{self.folder}: {error}.") from None

    def stored_costs(self) -> dict[str, Any]:
        """The prices as they were exported. Raises: TsearchError where they are none."""
        return read_costs(self.folder / "cost.json")

    def load(self) -> "Network":
        """The network with its weights, ready to run: `network(frames)`, frames `[T, B, C, H, W]`, gives logits
        `[B, classes]`. Raises: TsearchError where weights or timesteps of layers are not those of the network."""
        from tsearch.networks.build import build
        from tsearch.networks.quantised import from_codes, take_codes
        from tsearch.networks.weights import current_names, load_weights

        contents = self.contents
        stored = self._weights()
        weights = current_names(from_codes(stored), contents.configuration)
        network = build(
            contents.configuration,
            contents.input_shape,
            contents.n_classes,
            for_inference=True,
            is_static=any(layer.constant_input for layer in self.network_spec.layers),
        )
        try:
            network.timestep_masks.hold(
                masks_of(contents.layer_timesteps, contents.configuration, network.plan)
            )
        except ValueError as error:
            raise TsearchError(f"{self.folder}/configuration.yaml: {error}. {AGAIN}") from None
        load_weights(network, weights)
        take_codes(network, stored)
        return network.eval()

    @cached_property
    def _spikes(self) -> Spikes:
        return read_spikes(self.folder / "spikes.json")

    def _weights(self) -> "dict[str, Tensor]":
        """The weights as they are stored, as many as the network has: it is not built for others, however large."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from tsearch.networks.quantised import from_codes

        path, contents = self.folder / "weights.safetensors", self.contents
        backbone, neuron = contents.configuration.backbone, contents.configuration.neuron
        try:
            weights = load_file(path)
            decoded = from_codes(weights)
            plan = plan_within_limits(backbone, contents.input_shape, contents.n_classes, neuron)
        except TsearchError:
            raise
        except (SafetensorError, OSError, ValueError) as error:
            raise TsearchError(f"{path}: not the weights of this network ({error}). {AGAIN}") from None
        n_stored = sum(values.numel() for values in weights.values())
        if plan.n_parameters > n_stored:
            raise TsearchError(
                f"{path}: {n_stored:,} weights, but the network has at least {plan.n_parameters:,}. {AGAIN}"
            )
        if not all(values.dtype.is_floating_point or not values.ndim for values in decoded.values()):
            raise TsearchError(f"{path}: weights that are no real numbers. {AGAIN}")
        return weights


def load(bundle: str | Path) -> "Network":
    """The network in a bundle folder, ready to run. Raises: TsearchError as `Bundle` does."""
    return Bundle(bundle).load()


def read_costs(path: Path) -> dict[str, Any]:
    """The prices in cost.json, by profile. Raises: TsearchError where they are none."""
    content = read_json(path, MOST_BYTES, AGAIN)
    try:
        for cost in content.values():
            Cost.from_dict(cost)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise TsearchError(
            f"{path}: no costs by profile ({type(error).__name__}: {error}). {AGAIN}"
        ) from None
    return dict(content)


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check_files(folder: Path) -> None:
    """Raise TsearchError for the first file that is missing or is not the one that was exported."""
    if not os.path.isfile(folder / "manifest.json"):  # unlike a `Path`, it knows an answer for any name
        raise TsearchError(
            f"{folder} is no bundle: manifest.json is missing. `tsearch export RUN` makes one."
        )
    manifest = read_json(folder / "manifest.json", 100_000, AGAIN)
    if not isinstance(manifest, dict):
        raise TsearchError(f"{folder}/manifest.json: a mapping from files to SHA-256 is missing. {AGAIN}")
    for name in FILES:
        if not os.path.isfile(folder / name):
            raise TsearchError(f"{folder}/{name} is missing. Export the bundle again.")
        if sha256(folder / name) != manifest.get(name):
            raise TsearchError(
                f"{folder}/{name} was altered: its SHA-256 is not the manifest's. Export the bundle again."
            )
