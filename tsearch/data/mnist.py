"""MNIST and Fashion-MNIST: 28 x 28 grey images of ten classes, in the idx files.

Source: LeCun et al., Proc. IEEE 86:2278, 1998; Xiao et al., arXiv 1708.07747. Read from the .gz files, or from the
same unpacked; nothing is downloaded.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tsearch.configuration import DataSpec
from tsearch.data.archives import Listing, find, listing
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.images import Colours, Images, Photo, images_dataset
from tsearch.data.options import read_options
from tsearch.errors import TsearchError

SIZE, N_CLASSES = 28, 10
PAGES = {
    "mnist": "https://yann.lecun.com/exdb/mnist/",
    "fashion_mnist": "https://github.com/zalandoresearch/fashion-mnist",
}
COLOURS = {"mnist": Colours((0.1307,), (0.3081,)), "fashion_mnist": Colours((0.2860,), (0.3530,))}
_BYTES = 8  # the type of the numbers in an idx file


def load(spec: DataSpec) -> Dataset:
    """The images under `spec.root`, else TSEARCH_DATA; read once, then mapped from the cache.

    Raises: TsearchError for missing or damaged files."""
    options, info = read_options(Images, spec), describe(spec)
    files = {
        half: (_find(spec, f"{half}-images", 3), _find(spec, f"{half}-labels", 1))
        for half in ("train", "t10k")
    }
    content: list[Listing] = [listing(file, ()) for pair in files.values() for file in pair]
    photos = lambda: (photo for half, pair in files.items() for photo in _photos(half, *pair))  # noqa: E731
    return images_dataset(info, options, content, photos, COLOURS[spec.name])


def describe(spec: DataSpec) -> DatasetInfo:
    """Shape and classes; no file is looked at."""
    read_options(Images, spec)
    return DatasetInfo(spec.name, (1, SIZE, SIZE), N_CLASSES, is_static=True, input_class="analog")


def _find(spec: DataSpec, stem: str, n_dimensions: int) -> Path:
    name = f"{stem}-idx{n_dimensions}-ubyte"
    folder = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}[spec.name]
    return find(spec, (spec.name, f"{folder}/raw", "."), (f"{name}.gz", name), PAGES[spec.name])


def _photos(half: str, images: Path, labels: Path) -> Iterator[Photo]:
    pixels, classes = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(classes) or pixels.shape[1:] != (SIZE, SIZE) or classes.max() >= N_CLASSES:
        raise TsearchError(f"{images}: its images do not fit {labels.name}. Get both again.")
    for i, (image, label) in enumerate(zip(pixels, classes.tolist(), strict=True)):
        yield Photo(f"{half} {i}", label, half == "t10k", image[None])


def read_idx(path: Path, n_dimensions: int) -> NDArray[np.uint8]:
    """Bytes of an idx file, as many dimensions as it has. Raises: TsearchError for a file that is none."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as problem:
        raise TsearchError(f"{path}: cannot be read ({problem}). Get it again.") from None
    head = 4 + 4 * n_dimensions
    shape = np.frombuffer(content, ">i4", n_dimensions, 4) if len(content) >= head else np.zeros(1, np.int32)
    if (
        content[:4] != bytes([0, 0, _BYTES, n_dimensions])
        or len(content) - head != int(np.prod(shape))
        or not shape[0]
    ):
        raise TsearchError(f"{path}: no idx file of {n_dimensions} dimensions. Get it again.")
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)
