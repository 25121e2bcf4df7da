"""CIFAR-10 and CIFAR-100: 32 x 32 colour photographs of ten or a hundred classes, in the python batches.

Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009. Read from the archive or from the
folder that it holds; nothing is downloaded. Means and deviations are those of Rathi et al. and Chowdhury et al.
(IIR-SNN, arXiv 2110.05929).
"""

import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tsearch.configuration import DataSpec
from tsearch.data.archives import find, listing, members
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.images import Colours, Images, Photo, images_dataset
from tsearch.data.options import read_options
from tsearch.errors import TsearchError

SHAPE = (3, 32, 32)
PAGE = "https://www.cs.toronto.edu/~kriz/cifar.html"


class _Layout(NamedTuple):
    """Where the files lie, what they are called, and what they hold."""

    names: tuple[str, ...]
    train: tuple[str, ...]
    test: str
    labels: bytes
    n_classes: int
    colours: Colours


_LAYOUTS = {
    "cifar10": _Layout(
        names=("cifar-10-python*.tar.*", "cifar-10-batches-py"),
        train=tuple(f"data_batch_{i}" for i in range(1, 6)),
        test="test_batch",
        labels=b"labels",
        n_classes=10,
        colours=Colours((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    ),
    "cifar100": _Layout(
        names=("cifar-100-python*.tar.*", "cifar-100-python"),
        train=("train",),
        test="test",
        labels=b"fine_labels",
        n_classes=100,
        colours=Colours((0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
    ),
}


def load(spec: DataSpec) -> Dataset:
    """The images under `spec.root`, else TSEARCH_DATA; read once, then mapped from the cache.

    Raises: TsearchError for missing or damaged files."""
    options, info, layout = read_options(Images, spec), describe(spec), _LAYOUTS[spec.name]
    source = find(spec, (spec.name, "."), layout.names, PAGE)
    files = listing(source, (*layout.train, layout.test))
    return images_dataset(info, options, files, lambda: _photos(source, layout), layout.colours)


def describe(spec: DataSpec) -> DatasetInfo:
    """Shape and classes; no file is looked at."""
    read_options(Images, spec)
    return DatasetInfo(spec.name, SHAPE, _LAYOUTS[spec.name].n_classes, is_static=True, input_class="analog")


def _photos(source: Path, layout: _Layout) -> Iterator[Photo]:
    for path, content in members(source, (*layout.train, layout.test)):
        name = path.rpartition("/")[2]
        if name not in (*layout.train, layout.test):
            continue
        batch = _batch(content, f"{source}/{path}")
        try:
            pixels = np.asarray(batch[b"data"]).reshape(-1, *SHAPE)
            labels = np.asarray(batch[layout.labels], np.int64)
            if len(labels) != len(pixels) or pixels.dtype != np.uint8 or labels.max() >= layout.n_classes:
                raise ValueError("images and labels do not fit together")
        except (KeyError, ValueError, TypeError) as problem:
            raise TsearchError(f"{source}/{path}: no batch of images ({problem}). Get it again.") from None
        for i, (image, label) in enumerate(zip(pixels, labels.tolist(), strict=True)):
            yield Photo(f"{name} {i}", label, name == layout.test, image)


class _PlainUnpickler(pickle.Unpickler):
    """Admits numpy arrays and what needs no import; a pickle could run any code otherwise."""

    def find_class(self, module: str, name: str) -> Any:
        """The few names that arrays need, whatever numpy calls their modules."""
        known = {"ndarray": np.ndarray, "dtype": np.dtype, "_reconstruct": np.empty(0).__reduce__()[0]}
        if module.split(".")[0] == "numpy" and name in known:
            return known[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no array")


def _batch(content: bytes, name: str) -> dict[bytes, Any]:
    try:
        batch = _PlainUnpickler(io.BytesIO(content), encoding="bytes").load()
    except Exception as problem:  # a damaged pickle fails in many ways
        raise TsearchError(f"{name}: cannot be read ({problem}). Get it again.") from None
    if not isinstance(batch, dict):
        raise TsearchError(f"{name}: no batch of images. Get it again.")
    return batch
