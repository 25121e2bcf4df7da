"""Data sets of photographs: files are read once, their pixels lie in the cache as bytes and are mapped from there."""

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt

from tsearch.data.dataset import SPLITS, Dataset, DatasetInfo
from tsearch.data.halves import Fraction, first_of_each_class, three_parts
from tsearch.data.splits import Indices
from tsearch.errors import TsearchError
from tsearch.files.cache import Arrays
from tsearch.files.growing import Growing, mapped_arrays
from tsearch.files.notices import Progress
from tsearch.frozen import Frozen

if TYPE_CHECKING:
    from tsearch.data.mapped import MappedImages

FORMAT = 1  # raise it when the same files give other arrays
FULL = 255

_log = logging.getLogger(__name__)


class Images(Frozen):
    """How images are used.

    `normalise` subtracts the mean and divides by the standard deviation of each colour; without it, values lie in
    [0, 1]. `validation_fraction` of the training images, the same share of each class, is set aside. `limit` takes so
    many images of each class for training and validation together, and so many for test; 0 takes all.
    """

    normalise: bool = True
    validation_fraction: Fraction = 0.1
    limit: NonNegativeInt = 0


class Photo(NamedTuple):
    """One image: where it stands among the others (numbers in `key` count as numbers), its class, whether it is for
    test, and its pixels uint8 [C, H, W]."""

    key: str
    label: int
    is_test: bool
    pixels: NDArray[np.uint8]


class Colours(NamedTuple):
    """Mean and standard deviation of every colour, of pixels in [0, 1]."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


def images_dataset(
    info: DatasetInfo,
    options: Images,
    content: Any,
    photos: Callable[[], Iterator[Photo]],
    colours: Colours | None,
) -> Dataset:
    """A data set of the images that `photos` reads, from the cache where they were read before.

    Args:
        info: What is told of it; its name is that of the cached folder.
        options: How they are used.
        content: All that the pixels depend on, the files foremost; JSON-able.
        photos: Reads them, in any order.
        colours: For `normalise`; None for those of the training images.

    Raises: TsearchError for too few images."""
    stored = mapped_arrays(
        info.name, {"format": FORMAT, "content": content}, lambda growing: _store(info, growing, photos())
    )
    labels, is_test = stored["labels"], stored["is_test"].astype(bool)
    chosen = np.zeros(len(labels), bool)
    for half in (is_test, ~is_test):
        chosen[np.flatnonzero(half)[first_of_each_class(labels[half], options.limit)]] = True
    kept = np.flatnonzero(chosen)
    parts = three_parts(info.name, labels[kept], is_test[kept], options.validation_fraction, info.n_classes)
    if options.normalise and colours is None:
        colours = colours_of(stored["images"], stored["row"][kept[parts[0]]])
    splits = (_split(stored, kept[part], colours if options.normalise else None) for part in parts)
    return Dataset(info, **dict(zip(SPLITS, splits, strict=True)))


def colours_of(images: NDArray[np.uint8], rows: Indices) -> Colours:
    """Mean and standard deviation of every colour over the images `rows`, exact up to the last rounding."""
    n_colours = images.shape[1]
    counts = np.zeros((n_colours, FULL + 1), np.int64)
    for row in np.sort(rows):
        for colour in range(n_colours):
            counts[colour] += np.bincount(images[row, colour].ravel(), minlength=FULL + 1)
    values = np.arange(FULL + 1) / FULL
    shares = counts / counts.sum(1, keepdims=True)
    mean = shares @ values
    deviation = np.sqrt(np.maximum(shares @ values**2 - mean**2, 0))
    return Colours(tuple(mean.tolist()), tuple(np.where(deviation > 0, deviation, 1).tolist()))


def natural_order(keys: list[str]) -> Indices:
    """Indices that sort `keys`, where numbers count as numbers: `cat_2` before `cat_10`."""
    padded = [re.sub(r"\d+", lambda number: number[0].zfill(12), key) for key in keys]
    return np.array(sorted(range(len(keys)), key=lambda i: padded[i]), np.int64)


def _split(stored: Arrays, samples: Indices, colours: Colours | None) -> "MappedImages":
    from tsearch.data.mapped import MappedImages

    digest = hashlib.sha256(stored["digest"][samples].tobytes() + stored["labels"][samples].tobytes())
    digest.update(repr(colours).encode())
    return MappedImages(
        stored["images"], stored["row"][samples], stored["labels"][samples], digest.hexdigest(), colours
    )


def _store(info: DatasetInfo, growing: Growing, photos: Iterator[Photo]) -> Arrays:
    """Pixels in the order in which they are read; all else in the order of the keys, with the `row` of the pixels."""
    progress, keys, labels, is_test, digests = (
        Progress(_log, f"reading {info.name}", "images"),
        [],
        [],
        [],
        [],
    )
    for photo in photos:
        growing.append("images", photo.pixels[None])
        digests.append(np.frombuffer(hashlib.sha256(photo.pixels.tobytes()).digest(), np.uint8))
        keys.append(photo.key)
        labels.append(photo.label)
        is_test.append(photo.is_test)
        progress.step()
    if not keys:
        raise TsearchError(f"data {info.name}: its files hold no images. Get them again.")
    row = natural_order(keys)
    return {
        "row": row, "labels": np.array(labels, np.int64)[row], "is_test": np.array(is_test, np.uint8)[row],
        "digest": np.stack(digests)[row],
    }  # fmt: skip
