"""What a run records when it begins: hashes of content, versions of code, and the device."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tsearch.configuration import Compute, DataSpec, Hardware, Task
from tsearch.data import load_dataset
from tsearch.data.batches import ImageSplit
from tsearch.errors import TsearchError
from tsearch.pricing import COUNTING
from tsearch.training import RECIPE
from tsearch.training.evaluate import train_and_price
from tsearch.training.identity import data_hash, prepare

TASK = Task(data=DataSpec(name="digits"))
SETS = {"digits": {}, "digits_dvs": {"train_recordings": 1, "validation_recordings": 1, "test_recordings": 1}}


def test_a_task_is_filled_once_and_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TSEARCH_DEVICE", raising=False)
    task = train_and_price.prepare(TASK)  # type: ignore[attr-defined]
    assert (task.identity.recipe, task.identity.counting) == (RECIPE, COUNTING)
    assert len(task.identity.data) == len(task.identity.profile) == 16
    assert task.compute.device == "cpu"
    assert task.compute.versions == {"torch": str(torch.__version__), "numpy": np.__version__}
    monkeypatch.setenv("TSEARCH_DEVICE", "cuda:99")
    assert prepare(task) == task
    with pytest.raises(TsearchError, match="device 'cuda:99' not found"):
        prepare(TASK)


def test_the_hash_of_the_data_follows_every_sample() -> None:
    digits, events = (load_dataset(DataSpec(name=name, options=options)) for name, options in SETS.items())
    images = digits.validation.images.numpy().copy()
    images[0, 0, 0, 0] += 0.5
    changed = replace(digits, validation=ImageSplit(images, digits.validation.labels.numpy()))
    assert len({data_hash(dataset) for dataset in (digits, events, changed)}) == 3


def test_a_split_of_another_making_is_read() -> None:
    class Split:
        def __init__(self, images: torch.Tensor) -> None:
            self.images, self.labels = images, torch.zeros(len(images), dtype=torch.int64)

        def __len__(self) -> int:
            return len(self.images)

        def batch(self, indices: torch.Tensor, timesteps: int) -> torch.Tensor:
            return self.images[indices].expand(timesteps, -1, -1, -1, -1)

    digits = load_dataset(DataSpec(name="digits"))
    one, two = (replace(digits, test=Split(torch.full((3, 1, 2, 2), value))) for value in (0.0, 1.0))
    assert data_hash(one) != data_hash(two)
    hashes = {data_hash(one)}
    for groups, draws in (([0, 0, 0], False), ([0, 0, 1], True), ([0, 1, 1], True)):
        grouped = Split(one.test.images)
        grouped.groups, grouped.draws_one_per_group = groups, draws
        hashes.add(data_hash(replace(digits, test=grouped)))
    assert len(hashes) == 3  # groups enter where training draws by them


def test_the_hash_of_a_profile_follows_the_file_that_it_extends(tmp_path: Path) -> None:
    def profile(energy: float, text: str = "") -> str:
        price = f"{{value: {energy}, range: [{energy}, {energy}], unit: pJ, source: here}}"
        (tmp_path / "base.yaml").write_text(f"extends: 45nm_memory\nprices: {{ac: {price}}}\n")
        (tmp_path / "mine.yaml").write_text(f"extends: base.yaml\n{text}")
        hardware = Hardware(profile=str(tmp_path / "mine.yaml"), also=())
        return prepare(TASK.model_copy(update={"hardware": hardware})).identity.profile

    assert profile(1.0) == profile(1.0, "# a remark\n") != profile(2.0)


def test_a_further_profile_that_changes_is_noticed(tmp_path: Path) -> None:
    def profile(energy: float) -> str:
        price = f"{{value: {energy}, range: [{energy}, {energy}], unit: pJ, source: here}}"
        (tmp_path / "mine.yaml").write_text(f"extends: 45nm_memory\nprices: {{ac: {price}}}\n")
        hardware = Hardware(also=(str(tmp_path / "mine.yaml"),))
        return prepare(TASK.model_copy(update={"hardware": hardware})).identity.profile

    assert profile(1.0) == profile(1.0) != profile(2.0)


def test_what_cannot_be_used_is_told_in_one_line() -> None:
    for change, words in (
        ({"hardware": Hardware(profile="45nm_memry")}, "profile '45nm_memry' not found"),
        ({"data": DataSpec(name="digit")}, "unknown name 'digit'"),
        ({"compute": Compute(device="gpu")}, "device 'gpu' not found"),
    ):
        with pytest.raises(TsearchError, match=words):
            prepare(TASK.model_copy(update=change))
