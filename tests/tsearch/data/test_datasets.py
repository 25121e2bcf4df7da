"""Every data set keeps the same promises."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tsearch.configuration import DataSpec
from tsearch.data import DATASETS, describe_dataset, load_dataset
from tsearch.data.dataset import SPLITS
from tsearch.errors import TsearchError

MADE = ("digits", "digits_dvs")  # of no files
REAL: dict[str, dict[str, object]] = {
    "nmnist": {}, "nmnist_playback": {}, "mnist": {}, "fashion_mnist": {}, "cifar10": {}, "cifar100": {},
    "tiny_imagenet": {"classes": 10}, "dvs_gesture": {"other": False, "window_ms": 50, "split": "time"},
    "shd": {"classes": 10},
}  # fmt: skip
FEW = {
    "digits_dvs": {"train_recordings": 2, "validation_recordings": 1, "test_recordings": 1}
}  # made quickly


FOLDERS = {"nmnist_playback": "nmnist", "shd": "fsdd_spikes_shd_layout"}  # speech in SHD's layout, not SHD
SLOW = ("cifar100", "tiny_imagenet")  # a second each, by the readers of others


def real(name: str):
    marks = [pytest.mark.slow] if name in SLOW else []
    return pytest.param(f"{name} as recorded", marks=marks)


@pytest.fixture(params=[*DATASETS, *map(real, REAL)])
def spec(request, tmp_path_factory, official: Callable[[str, Path], DataSpec]) -> DataSpec:
    """Every data set: without any files where it needs none, from a small set written as it is published, and from real
    ones where they are there."""
    name, _, recorded = request.param.partition(" ")
    if recorded:
        root, folder = request.getfixturevalue("real_data"), FOLDERS.get(name, name)
        if not (root / folder).is_dir():
            pytest.skip(f"no {folder} in {root}")
        return DataSpec(name=name, root=str(root / folder if name == "shd" else root), options=REAL[name])
    if name in MADE:
        return DataSpec(name=name, options=FEW.get(name, {}))
    return official(name, tmp_path_factory.mktemp(name))


def test_a_data_set_is_what_its_description_says(spec: DataSpec) -> None:
    data, told = load_dataset(spec), describe_dataset(spec)
    assert data is load_dataset(spec)
    assert (data.name, data.shape, data.n_classes) == (spec.name, told.shape, told.n_classes)
    assert (data.is_static, data.input_class) == (told.is_static, told.input_class)
    for split in (data.train, data.validation, data.test):
        assert split.labels.dtype == torch.int64
        assert len(split) == len(split.labels)
        assert set(split.labels.tolist()) == set(range(told.n_classes))
        batch = split.batch(torch.tensor([0, 2, 1]), 3)
        assert batch.shape == (1 if told.is_static else 3, 3, *told.shape)
        assert batch.dtype == torch.float32
        assert torch.equal(batch[:, :1], split.batch(torch.tensor([0]), 3))


def test_a_data_set_moves_to_a_device_once(spec: DataSpec) -> None:
    data = load_dataset(spec)
    moved = data.to(torch.device("meta"))
    assert data.to(torch.device("cpu")) is data
    assert moved is data.to(torch.device("meta"))
    assert moved.info == data.info
    for split in SPLITS:
        there, here, indices = getattr(moved, split), getattr(data, split), torch.tensor([0, 2, 1])
        assert (there.labels.is_meta, len(there)) == (True, len(here))
        assert there.batch(indices, 3).is_meta
        assert there.batch(indices, 3).shape == here.batch(indices, 3).shape


def test_an_unknown_name_is_one_line() -> None:
    for ask in (load_dataset, describe_dataset):
        with pytest.raises(TsearchError) as caught:
            ask(DataSpec(name="digit_dvs"))
        assert str(caught.value) == (
            "data: unknown name 'digit_dvs'. Did you mean 'digits_dvs'? "
            f"Known data sets: {', '.join(sorted(DATASETS))}."
        )


def test_an_option_where_there_is_none() -> None:
    with pytest.raises(TsearchError, match=r"^data digits: unknown option 'size'\. It has no options\.$"):
        describe_dataset(DataSpec(name="digits", options={"size": 9}))


def test_describing_imports_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import sys; from tsearch.configuration import DataSpec; from tsearch.data import *;"
        "[describe_dataset(DataSpec(name=name)) for name in DATASETS];"
        "assert not {'torch', 'sklearn', 'tonic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
