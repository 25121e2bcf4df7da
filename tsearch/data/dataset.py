"""What every data set is made of: three splits with labels, and what a network must know of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor

InputClass = Literal["analog", "graded"]
SPLITS = ("train", "validation", "test")
BYTE = 255  # what a message that carries a number of events can hold at least


class Split(Protocol):
    """Samples that training, validation or test draws batches from.

    A split may also have `groups` and `draws_one_per_group`, see `groups_of` and `epoch_of`.
    """

    @property
    def labels(self) -> Tensor:
        """Class of every sample, int64 [N]."""

    def __len__(self) -> int:
        """Number of samples."""

    def batch(self, indices: Tensor, timesteps: int) -> Tensor:
        """The samples named by `indices` (int64 [B]), float32 [T, B, C, H, W]; T is 1 for a static image.

        They lie where the split does; `indices` may lie elsewhere.
        """

    def to(self, device: torch.device) -> Split:
        """This split resident on `device`, so that no batch is copied there; itself where it is there."""


def groups_of(split: Split) -> NDArray[np.int64]:
    """Which scan, subject or the like every sample comes from, [N]: samples of one group are not independent.

    It is `split.groups`; where there is none, every sample is a group of its own.
    """
    groups = getattr(split, "groups", None)
    return np.arange(len(split)) if groups is None else np.asarray(groups, np.int64)


def epoch_of(split: Split, rng: np.random.Generator) -> NDArray[np.int64]:
    """Indices of the samples of one training epoch, in random order.

    All samples, or, where `split.draws_one_per_group` says that a group holds several recordings of one scan, one of
    every group, drawn anew.
    """
    order = rng.permutation(len(split))
    if not draws_one_per_group(split):
        return order
    first = np.unique(groups_of(split)[order], return_index=True)[1]
    return rng.permutation(order[first])


def epoch_size(split: Split) -> int:
    """Number of samples of one training epoch."""
    return len(np.unique(groups_of(split))) if draws_one_per_group(split) else len(split)


def draws_one_per_group(split: Split) -> bool:
    """Whether a training epoch sees one sample of every group, drawn anew; no, where the split does not say."""
    return bool(getattr(split, "draws_one_per_group", False))


class Input(Protocol):
    """What a network must know of its data: a data set, or its description."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one frame."""

    @property
    def n_classes(self) -> int:
        """Number of classes."""

    @property
    def is_static(self) -> bool:
        """True if a sample is one image, the same in every timestep."""

    @property
    def input_class(self) -> InputClass:
        """What the first layer receives: "analog" real values, "graded" event counts."""

    @property
    def most_events_per_pixel(self) -> int:
        """The largest event count of one pixel in one timestep."""


@dataclass(frozen=True)
class DatasetInfo:
    """What can be told of a data set without loading it.

    `shape` is (C, H, W) of one frame. `is_static` says that a sample is one image, the same in every
    timestep. `input_class` says what the first layer receives: "analog" real values, "graded" event counts.
    `most_events` is the number of events of the fullest recording, where it is known without loading.
    `most_events_per_pixel` is the largest number of events of one pixel in one timestep, whatever the number of
    timesteps. The width of the messages that carry them follows from it, and is 8 bits or more; a loaded data set knows
    where its recordings hold more than was told before loading.
    """

    name: str
    shape: tuple[int, int, int]
    n_classes: int
    is_static: bool
    input_class: InputClass
    most_events: int | None = None
    most_events_per_pixel: int = BYTE


@dataclass(frozen=True)
class Dataset:
    """A data set, loaded. The search sees `train` and `validation`, `test` is for finished configurations."""

    info: DatasetInfo
    train: Split
    validation: Split
    test: Split

    @property
    def name(self) -> str:
        """Name in `tsearch.data.DATASETS`."""
        return self.info.name

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one frame."""
        return self.info.shape

    @property
    def n_classes(self) -> int:
        """Number of classes; chance is one in this many."""
        return self.info.n_classes

    @property
    def is_static(self) -> bool:
        """Is a sample one image, the same in every timestep?"""
        return self.info.is_static

    @property
    def input_class(self) -> InputClass:
        """What the first layer receives."""
        return self.info.input_class

    @property
    def most_events_per_pixel(self) -> int:
        """The largest event count of one pixel in one timestep."""
        return self.info.most_events_per_pixel

    def to(self, device: torch.device) -> Dataset:
        """This data set resident on `device`; the same object when asked again in this process."""
        return _moved(self, device)


@cache
def _moved(dataset: Dataset, device: torch.device) -> Dataset:
    splits = {name: getattr(dataset, name).to(device) for name in SPLITS}
    return dataset if splits["train"] is dataset.train else replace(dataset, **splits)
