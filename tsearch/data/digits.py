"""The 1,797 real digit scans that scikit-learn carries: 8 x 8 pixels, ten classes, as static images."""

import numpy as np

from tsearch.configuration import DataSpec
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.options import NoOptions, read_options
from tsearch.data.splits import Indices, stratified_splits
from tsearch.files.cache import Arrays, cached_arrays

N_VALIDATION, N_TEST = 300, 500
FULL = 16  # value of a pixel that is all ink


def load(spec: DataSpec) -> Dataset:
    """The scans as images [1, B, 1, 8, 8] with values in [0, 1]."""
    from tsearch.data.batches import ImageSplit

    info, scans = describe(spec), digit_scans()
    images, labels = (scans["images"][:, None] / FULL).astype(np.float32), scans["labels"]
    train, validation, test = (ImageSplit(images[part], labels[part]) for part in digit_splits(labels))
    return Dataset(info, train, validation, test)


def describe(spec: DataSpec) -> DatasetInfo:
    """Shape and classes, without loading."""
    read_options(NoOptions, spec)
    return DatasetInfo(spec.name, shape=(1, 8, 8), n_classes=10, is_static=True, input_class="analog")


def digit_scans() -> Arrays:
    """`images` uint8 [1797, 8, 8] with values 0 to 16, and `labels` int64 [1797].

    They come from the cache, which spares importing scikit-learn.
    """
    return cached_arrays("digits", {"format": 1}, _scikit_learn_scans)


def digit_splits(labels: Indices) -> tuple[Indices, Indices, Indices]:
    """The fixed train, validation and test indices: 997, 300 and 500 scans, stratified by class."""
    test, validation, train = stratified_splits(labels, N_TEST, N_VALIDATION)
    return train, validation, test


def _scikit_learn_scans() -> Arrays:
    from sklearn.datasets import load_digits

    scans = load_digits()
    return {"images": scans.images.astype(np.uint8), "labels": scans.target.astype(np.int64)}
