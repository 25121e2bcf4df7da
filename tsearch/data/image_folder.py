"""Photographs in folders, one for each class: `cat/1.jpg`, or `train/cat/1.jpg` and `test/cat/2.jpg`.

A folder `val` beside `train` is for validation where there is a `test` too, and for test where there is none. Archives
in the folder are read where it holds no images itself.
"""

import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tsearch.configuration import DataSpec
from tsearch.data.archives import listing, members
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.folders import data_root
from tsearch.data.images import Images, Photo, images_dataset
from tsearch.data.options import read_options
from tsearch.data.stored_parts import Fraction
from tsearch.errors import TsearchError

SUFFIXES = tuple(
    ending
    for lower in (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".webp")
    for ending in (lower, lower.upper())
)
PARTS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}


class ImageFolder(Images):
    """`classes` is the number of folders, one of each class. `size` is the number of pixels of a side: the shorter side
    of an image is brought to it, and the middle is taken. `test_fraction` of each class is for test where no folder
    is, a random share that is the same in every run.
    """

    classes: Annotated[int, Field(ge=2, le=100_000)] = 10
    size: Annotated[int, Field(ge=4, le=1024)] = 64
    test_fraction: Fraction = 0.1


def load(spec: DataSpec) -> Dataset:
    """The images in `spec.root`; read once, then mapped from the cache.

    Raises: TsearchError for no root, and missing or damaged files."""
    options, info = read_options(ImageFolder, spec), describe(spec)
    if spec.root is None:
        raise TsearchError(
            f"data {spec.name}: no folder given. Set data.root to the folder that holds a folder for each class, or "
            "train/ and test/ with these."
        )
    source = data_root(spec)
    content = {"files": listing(source, SUFFIXES), "size": options.size}
    photos = lambda: _photos(source, options.size)  # noqa: E731
    return images_dataset(info, options, content, photos, None, test_fraction=options.test_fraction)


def describe(spec: DataSpec) -> DatasetInfo:
    """Shape and classes; no file is looked at."""
    options = read_options(ImageFolder, spec)
    shape = (3, options.size, options.size)
    return DatasetInfo(spec.name, shape, options.classes, is_static=True, input_class="analog")


def pixels_of(content: bytes, size: int, name: str) -> NDArray[np.uint8]:
    """The middle of an image, red, green and blue, [3, size, size]. Raises: TsearchError for a damaged image."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            coloured = image.convert("RGB")
    except Exception as problem:  # a damaged image fails in many ways
        raise TsearchError(f"{name}: cannot be read ({problem}). Get it again, or remove it.") from None
    width, height = coloured.size
    side = min(width, height)
    if (width, height) != (size, size):
        left, top = (width - side) / 2, (height - side) / 2
        coloured = coloured.resize(
            (size, size), Image.Resampling.BILINEAR, (left, top, left + side, top + side)
        )
    return np.ascontiguousarray(np.asarray(coloured).transpose(2, 0, 1))


def _photos(source: Path, size: int) -> Iterator[Photo]:
    for path, content in members(source, SUFFIXES):
        folders = PurePosixPath(path).parts[:-1]
        parts = [i for i, folder in enumerate(folders[:-1]) if folder in PARTS]
        if not folders:
            raise TsearchError(f"{source}/{path}: an image lies in the folder of its class.")
        of_class = folders[parts[0] + 1] if parts else folders[-1]
        part = PARTS[folders[parts[0]]] if parts else ""
        yield Photo(path, of_class, part, pixels_of(content, size, f"{source}/{path}"))
