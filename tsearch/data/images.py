"""Data sets of photographs: files are read once, their pixels lie in the cache as bytes and are mapped from there."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt

from tsearch.data.colours import Colours, colours_of
from tsearch.data.dataset import SPLITS, Dataset, DatasetInfo
from tsearch.data.splits import Indices
from tsearch.data.stored_parts import Fraction, parts_of_stored
from tsearch.data.stored_samples import SampleList, samples_hash
from tsearch.files.cache import Arrays
from tsearch.files.growing import Growing, mapped_arrays
from tsearch.frozen import Frozen

if TYPE_CHECKING:
    from tsearch.data.mapped import MappedImages

FORMAT = 1  # raise it when the same files give other arrays


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
    """One image: where it stands among the others (numbers in `key` count as numbers), the name of its class, the split
    that it was published for ("" for none), and its pixels uint8 [C, H, W]."""

    key: str
    of_class: str
    part: str
    pixels: NDArray[np.uint8]


def images_dataset(
    info: DatasetInfo,
    options: Images,
    content: Any,
    photos: Callable[[], Iterator[Photo]],
    colours: Colours | None,
    *,
    classes: tuple[str, ...] | None = None,
    test_fraction: float | None = None,
) -> Dataset:
    """A data set of the images that `photos` reads, from the cache where they were read before.

    Args:
        info: What is told of it; its name is that of the cached folder.
        options: How they are used.
        content: All that the pixels depend on, the files foremost; JSON-able.
        photos: Reads them, in any order.
        colours: For `normalise`; None for those of the training images.
        classes: The names of all classes; None for the names that are found, sorted.
        test_fraction: A random share of each class, where no image was published for test; None where some must be.

    Raises: TsearchError for too few images or classes."""

    def store(growing: Growing) -> Arrays:
        samples = SampleList(info, classes)
        for photo in photos():
            growing.append("images", photo.pixels[None])
            samples.add(photo.key, photo.of_class, photo.part, photo.key, photo.pixels)
        return samples.arrays()

    stored = mapped_arrays(info.name, {"format": FORMAT, "content": content, "n": info.n_classes}, store)
    parts = parts_of_stored(info, stored, options, test_fraction=test_fraction, test_choice="random")
    if not options.normalise:
        colours = None
    elif colours is None:
        colours = colours_of(stored["images"], stored["row"][parts[0]])
    splits = (_split(stored, part, colours) for part in parts)
    return Dataset(info, **dict(zip(SPLITS, splits, strict=True)))


def _split(stored: Arrays, samples: Indices, colours: Colours | None) -> "MappedImages":
    from tsearch.data.mapped import MappedImages

    known = samples_hash(stored, samples, repr(colours))
    return MappedImages(stored["images"], stored["row"][samples], stored["labels"][samples], known, colours)
