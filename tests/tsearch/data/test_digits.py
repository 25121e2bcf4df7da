"""The static scans are scikit-learn's."""

import numpy as np
import torch
from sklearn.datasets import load_digits

from tsearch.configuration import DataSpec
from tsearch.data import load_dataset
from tsearch.data.digits import digit_splits


def test_images_and_labels_equal_scikit_learn() -> None:
    scans, data = load_digits(), load_dataset(DataSpec(name="digits"))
    for split, part in zip((data.train, data.validation, data.test), digit_splits(scans.target), strict=True):
        assert split.labels.tolist() == scans.target[part].tolist()
        images = split.batch(torch.arange(len(split)), 4)
        assert images.shape == (1, len(part), 1, 8, 8)
        assert images.dtype == torch.float32
        assert np.array_equal(images[0, :, 0].numpy() * 16, scans.images[part])
