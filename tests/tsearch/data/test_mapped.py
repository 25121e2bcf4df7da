"""Sets on disk: batches equal those in memory to the bit, and memory stays bounded however large a set is."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tsearch.configuration import DataSpec
from tsearch.data import load_dataset
from tsearch.data.batches import EventSplit
from tsearch.data.colours import colours_of
from tsearch.data.dataset import DatasetInfo
from tsearch.data.mapped import MappedEvents, MappedImages
from tsearch.data.recordings import Recording, Recordings, on_sensor, recordings_dataset
from tsearch.data.stored_parts import first_of_each_class, last_of_each_class
from tsearch.data.stored_samples import natural_order

Official = Callable[[str, Path], DataSpec]


@pytest.mark.parametrize("timesteps", [1, 3, 8])
def test_frames_on_disk_are_those_in_memory(timesteps: int, tmp_path: Path, official: Official) -> None:
    """Of the mapped events kept in memory, of frames on disk, and of the same events copied."""
    kept = load_dataset(official("ncaltech101", tmp_path)).train
    assert isinstance(kept, MappedEvents)
    assert isinstance(kept.events.all_events.pixel, np.memmap)
    on_disk = MappedEvents(kept.events, limit_bytes=0)
    copied = EventSplit(kept.events.in_memory(), limit_bytes=0)
    indices = torch.tensor([5, 0, 0, 7])
    expected = copied.batch(indices, timesteps)
    assert expected.sum() == 4 * 60
    assert torch.equal(kept.batch(indices, timesteps), expected)
    assert torch.equal(on_disk.batch(indices, timesteps), expected)
    assert isinstance(on_disk._frames_on_disk(timesteps), np.memmap)


def test_counts_beyond_a_byte_are_kept() -> None:
    """300 events at one pixel in one timestep; the description says that a message must hold as many."""
    fields = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])
    events = np.zeros(301, fields)
    events[-1]["t"] = 1000

    def read() -> Iterator[Recording]:
        for label in ("a", "b"):
            for number in range(3):
                yield Recording(f"{label}{number}", label, "", f"{label}{number}", events)

    info = DatasetInfo("busy", (2, 8, 8), 2, is_static=False, input_class="graded")
    options = Recordings(size=8, validation_fraction=0.5)
    data = recordings_dataset(info, options, "busy", read, on_sensor((8, 8), options), test_fraction=0.34)
    assert data.most_events_per_pixel == 301
    assert isinstance(data.train, MappedEvents)
    for split in (data.train, MappedEvents(data.train.events, limit_bytes=0)):
        assert split.batch(torch.tensor([0]), 2)[:, 0, 0, 0, 0].tolist() == [300, 1]


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
def test_images_on_disk_are_those_in_memory(name: str, tmp_path: Path, official: Official) -> None:
    train = load_dataset(official(name, tmp_path)).train
    assert isinstance(train, MappedImages)
    indices = torch.tensor([3, 3, 0, 9])
    here = train.in_memory(torch.device("cpu"))
    assert torch.equal(train.batch(indices, 4), here.batch(indices, 4))
    assert (here.content_hash, len(here)) == (train.content_hash, len(train))


def test_what_exceeds_the_limit_of_an_accelerator_is_not_copied_there(
    tmp_path: Path, official: Official, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = load_dataset(official("mnist", tmp_path)).train
    assert isinstance(train, MappedImages)
    assert train.to(torch.device("meta"))._resident is not None
    monkeypatch.setenv("TSEARCH_RESIDENT_MIB", "0")
    moved = train.to(torch.device("meta"))
    assert moved._resident is None
    assert moved.batch(torch.tensor([1]), 1).is_meta


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(1, 5))
def test_the_first_of_each_class_by_counting(labels: list[int], most: int) -> None:
    expected = [labels[:i].count(label) < most for i, label in enumerate(labels)]
    assert first_of_each_class(np.array(labels), most).tolist() == expected


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.floats(0.01, 0.99))
def test_the_last_of_each_class_by_counting(labels: list[int], fraction: float) -> None:
    expected = [
        labels[i + 1 :].count(label) < round(labels.count(label) * fraction) for i, label in enumerate(labels)
    ]
    assert last_of_each_class(np.array(labels), fraction).tolist() == expected


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["cat_10", "cat_9", "ant_1", "cat_010b", "cat_2"]
    assert [names[i] for i in natural_order(names)] == ["ant_1", "cat_2", "cat_9", "cat_10", "cat_010b"]


def test_colours_are_those_of_numpy() -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 3, 4, 5), np.uint8)
    images[:, 2] = 255
    found = colours_of(images, np.arange(5, 20))
    values = images[5:] / 255
    np.testing.assert_allclose(found.mean, values.mean((0, 2, 3)))
    np.testing.assert_allclose(found.deviation[:2], values.std((0, 2, 3))[:2])
    assert found.deviation[2] == 1


TRAINING = """
import json, sys
import numpy as np, torch
from tsearch.data.dataset import DatasetInfo
from tsearch.data.images import Images, Photo, images_dataset

def memory():
    lines = dict(line.split(":") for line in open("/proc/self/status"))
    return int(lines["RssAnon"].split()[0]) / 1024

def photos():
    rng = np.random.default_rng(0)
    for i in range(n):
        yield Photo(str(i), str(i % 2), "", rng.integers(0, 256, (3, side, side), np.uint8))

n, side = int(sys.argv[1]), int(sys.argv[2])
info = DatasetInfo("large", (3, side, side), 2, is_static=True, input_class="analog")
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * side * side, 2))
network(torch.zeros(64, 3, side, side)).sum().backward()
before, most = memory(), 0.0
data = images_dataset(info, Images(), [n, side], photos, None, test_fraction=0.1)
made = memory()
optimizer = torch.optim.SGD(network.parameters(), 1e-3)
for indices in torch.randperm(len(data.train)).split(64):
    loss = torch.nn.functional.cross_entropy(network(data.train.batch(indices, 1)[0]), data.train.labels[indices])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    most = max(most, memory())
print(json.dumps({"set": n * 3 * side**2 / 2**20, "made": made - before, "trained": most - before}))
"""


@pytest.mark.slow
def test_memory_of_a_training_stays_bounded_however_large_its_data(tmp_path: Path) -> None:
    """Images of 512 MiB: neither reading, their colours, nor an epoch of training takes 100 MiB of the process's own
    memory. Pages of the file do not count: the system takes them back."""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc")
    env = {"TSEARCH_CACHE": str(tmp_path), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin"}
    program = [sys.executable, "-c", TRAINING, "2731", "256"]
    path = {"PYTHONPATH": ":".join(sys.path)}
    found = json.loads(subprocess.run(program, check=True, capture_output=True, env=env | path).stdout)
    assert found["set"] > 512
    assert found["made"] < 100
    assert found["trained"] < 150
