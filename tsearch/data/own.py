"""Data of the user's own: a function 'module:name' that gives a `Dataset`."""

from dataclasses import replace
from typing import Any

from tsearch.configuration import DataSpec
from tsearch.data.dataset import SPLITS, Dataset, Split, groups_of
from tsearch.errors import TsearchError
from tsearch.references import resolve, where_it_failed


def load(spec: DataSpec) -> Dataset:
    """What the function gives for the options of `spec`, and for `root` where it is set.

    Raises: TsearchError if there is no such function, if it fails or gives something that is no data set."""
    try:
        function = resolve(spec.name)
    except TsearchError as error:
        raise TsearchError(f"data {error}") from error
    try:
        dataset = function(**spec.options, **({} if spec.root is None else {"root": spec.root}))
    except TsearchError as error:
        raise TsearchError(f"data {spec.name}: {error}") from error
    except Exception as error:
        raise TsearchError(
            f"data {spec.name}: the function failed: {where_it_failed(error, function)}."
        ) from error
    if not isinstance(dataset, Dataset):
        found = type(dataset).__name__
        raise TsearchError(f"data {spec.name}: it must give a tsearch.Dataset, found {found}.")
    for name in SPLITS:
        problem = _problem(getattr(dataset, name), dataset)
        if problem:
            raise TsearchError(f"data {spec.name}: its split '{name}' {problem}.")
    return replace(dataset, info=replace(dataset.info, name=spec.name))


def _problem(split: Split, dataset: Dataset) -> str:
    """What is wrong with a split, "" if nothing; splits made from arrays were checked when they were made."""
    from tsearch.data.batches import EventSplit, ImageSplit

    if isinstance(split, EventSplit | ImageSplit):
        return ""
    try:
        return _shape_problem(split, dataset)
    except Exception as error:
        return f"fails: {where_it_failed(error)}"


def _shape_problem(split: Split, dataset: Dataset) -> str:
    import torch

    labels: Any = split.labels
    if len(split) == 0 or tuple(labels.shape) != (len(split),) or labels.dtype != torch.int64:
        return f"must have one label, int64, for each of its {len(split)} samples"
    if not 0 <= int(labels.min()) <= int(labels.max()) < dataset.n_classes:
        return f"has labels outside 0 to {dataset.n_classes - 1}"
    if groups_of(split).shape != (len(split),):
        return f"must have one group for each of its {len(split)} samples"
    indices = torch.arange(min(2, len(split)))
    batch, expected = split.batch(indices, 2), (1 if dataset.is_static else 2, len(indices), *dataset.shape)
    if tuple(batch.shape) != expected or batch.dtype != torch.float32:
        return (
            f"gives {batch.dtype} {list(batch.shape)} for two timesteps instead of float32 {list(expected)}"
        )
    return "" if bool(torch.isfinite(batch).all()) else "holds numbers that are infinite or NaN"
