"""Tiny-ImageNet: 64 x 64 colour photographs of 200 classes.

Source: Le & Yang, Tiny ImageNet Visual Recognition Challenge, Stanford CS 231N, 2015. Read from the archive or from the
folder that it holds; nothing is downloaded and nothing is unpacked. The images in `val` are for test, since those in
`test` have no labels.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field

from tsearch.configuration import DataSpec
from tsearch.data.archives import find, listing, members
from tsearch.data.colours import Colours
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.image_folder import pixels_of
from tsearch.data.images import Images, Photo, images_dataset
from tsearch.data.options import read_options
from tsearch.errors import TsearchError

PAGE = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
COLOURS = Colours((0.4802, 0.4481, 0.3975), (0.2770, 0.2691, 0.2821))
_IMAGES, _TABLE = (".JPEG",), "val_annotations.txt"


class TinyImagenet(Images):
    """`classes` is the number of classes in the files, for parts of the set: `tiny-imagenet-<classes>*.zip` is taken
    before others. `size` other than 64 scales the images."""

    classes: Annotated[int, Field(ge=2, le=200)] = 200
    size: Annotated[int, Field(ge=4, le=256)] = 64


def load(spec: DataSpec) -> Dataset:
    """The images under `spec.root`, else TSEARCH_DATA; read once, then mapped from the cache.

    Raises: TsearchError for missing or damaged files."""
    options, info = read_options(TinyImagenet, spec), describe(spec)
    stem = f"tiny-imagenet-{options.classes}"
    source = find(spec, ("tiny_imagenet", "."), (stem, f"{stem}*.zip", "tiny-imagenet*.zip"), PAGE)
    content = {"files": listing(source, (*_IMAGES, _TABLE)), "size": options.size}
    return images_dataset(info, options, content, lambda: _photos(source, options.size), COLOURS)


def describe(spec: DataSpec) -> DatasetInfo:
    """Shape and classes; no file is looked at."""
    options = read_options(TinyImagenet, spec)
    shape = (3, options.size, options.size)
    return DatasetInfo(spec.name, shape, options.classes, is_static=True, input_class="analog")


def _photos(source: Path, size: int) -> Iterator[Photo]:
    tables = [content.decode() for _, content in members(source, (_TABLE,))]
    class_of = dict(line.split("\t")[:2] for table in tables for line in table.splitlines() if "\t" in line)
    for path, content in members(source, _IMAGES):
        name, folders = PurePosixPath(path).name, PurePosixPath(path).parts[:-1]
        if "train" in folders[:-1]:
            of_class, part = folders[folders.index("train") + 1], "train"
        elif "val" in folders:
            if name not in class_of:
                raise TsearchError(
                    f"{source}/{path}: {_TABLE} does not say its class. Get {source.name} again."
                )
            of_class, part = class_of[name], "test"
        else:
            continue  # without a label
        key = f"{part}/{of_class}/{name}"
        yield Photo(key, of_class, part, pixels_of(content, size, f"{source}/{path}"))
