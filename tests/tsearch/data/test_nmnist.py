"""N-MNIST from archives and folders: split with care, refused in one line where damaged."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from tsearch.configuration import DataSpec
from tsearch.data import load_dataset
from tsearch.data.batches import EventSplit
from tsearch.data.dataset import groups_of
from tsearch.data.nmnist import load, read_recording
from tsearch.errors import TsearchError


@pytest.fixture
def extracted(tmp_path: Path, write_recordings: Callable[[Path], Path]) -> Path:
    """A data folder with ten training and two test recordings of each digit, extracted."""
    return write_recordings(tmp_path / "data")


@pytest.fixture
def zipped(extracted: Path) -> Path:
    """The same recordings as train.zip and test.zip."""
    target = extracted.parent / "zipped" / "NMNIST"
    target.mkdir(parents=True)
    for half in ("Train", "Test"):
        shutil.make_archive(str(target / half.lower()), "zip", extracted / "nmnist" / "NMNIST", half)
    return target.parent


def test_bytes_of_one_event() -> None:
    """x 3, y 5, polarity 1, and a time of 23 bits."""
    (event,) = read_recording(bytes([3, 5, 0x80 | 0x01, 0x02, 0x03]), "one.bin")
    assert (event["x"], event["y"], event["p"], event["t"]) == (3, 5, 1, 0x010203)


def test_archive_and_folder_give_the_same(extracted: Path, zipped: Path) -> None:
    one, other = (load(DataSpec(name="nmnist", root=str(root))) for root in (extracted, zipped))
    for ours, theirs in (
        (one.train, other.train),
        (one.validation, other.validation),
        (one.test, other.test),
    ):
        indices = torch.arange(len(ours))
        assert torch.equal(ours.labels, theirs.labels)
        assert torch.equal(ours.batch(indices, 5), theirs.batch(indices, 5))


def test_the_environment_names_the_folder(extracted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSEARCH_DATA", str(extracted))
    assert len(load_dataset(DataSpec(name="nmnist")).test) == 20


def test_validation_is_stratified(extracted: Path) -> None:
    options = {"validation_fraction": 0.3, "downsample": 2}
    data = load(DataSpec(name="nmnist", root=str(extracted), options=options))
    assert torch.bincount(data.validation.labels).tolist() == [3] * 10
    assert torch.bincount(data.train.labels).tolist() == [7] * 10
    assert data.train.batch(torch.tensor([0]), 2).shape == (2, 1, 2, 17, 17)


def test_both_directions_lie_in_one_split_and_look_alike_at_one_timestep(extracted: Path) -> None:
    data = load_dataset(DataSpec(name="nmnist_playback", root=str(extracted)))
    assert data.n_classes == 20
    for split, n in ((data.train, 80), (data.validation, 20), (data.test, 20)):
        assert len(split) == 2 * n
        assert torch.equal(split.labels[:n] + 10, split.labels[n:])
        assert groups_of(split).tolist() == [*range(n), *range(n)]
        once = split.batch(torch.arange(2 * n), 1)
        assert torch.equal(once[:, :n], once[:, n:])
        twice = split.batch(torch.arange(2 * n), 2)
        assert not torch.equal(twice[:, :n], twice[:, n:])


def test_playback_is_not_to_be_switched_off() -> None:
    with pytest.raises(TsearchError, match="take data nmnist"):
        load_dataset(DataSpec(name="nmnist_playback", options={"playback": False}))


def test_a_changed_file_is_read_again(extracted: Path, random_recording: Callable[..., bytes]) -> None:
    spec = DataSpec(name="nmnist", root=str(extracted))
    before = load(spec).test.batch(torch.tensor([0]), 1).sum()
    (extracted / "nmnist/NMNIST/Test/0/00000.bin").write_bytes(random_recording(np.random.default_rng(1), 50))
    assert (before, load(spec).test.batch(torch.tensor([0]), 1).sum()) == (200, 50)


def test_no_folder_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TSEARCH_DATA", raising=False)
    with pytest.raises(TsearchError, match=r"^data nmnist: no folder given\. Set data\.root"):
        load(DataSpec(name="nmnist"))


def test_a_folder_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSEARCH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(TsearchError, match=r"^data nmnist: TSEARCH_DATA is .*nowhere, which is no folder"):
        load(DataSpec(name="nmnist"))


def test_a_missing_half_is_named(extracted: Path) -> None:
    shutil.rmtree(extracted / "nmnist" / "NMNIST" / "Test")
    message = _message(extracted)
    assert message.startswith(
        f"data nmnist: neither test.zip nor Test/ in {extracted}/nmnist/NMNIST. Give the folder"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "0 bytes are not whole events"),
        (bytes(12), "12 bytes are not whole events"),
        (bytes([40, 0, 0, 0, 0]), "no recording of a 34 x 34 sensor"),
    ],
)
def test_a_damaged_recording_is_named(extracted: Path, content: bytes, reason: str) -> None:
    (extracted / "nmnist/NMNIST/Train/3/00304.bin").write_bytes(content)
    assert f"Train/3/00304.bin: {reason}" in _message(extracted)


def test_a_truncated_archive_is_named(zipped: Path) -> None:
    archive = zipped / "NMNIST" / "train.zip"
    archive.write_bytes(archive.read_bytes()[:5000])
    assert _message(zipped).startswith(f"{archive}: cannot be read (File is not a zip file)")


def test_a_damaged_member_of_an_archive_is_named(zipped: Path) -> None:
    archive = zipped / "NMNIST" / "train.zip"
    content = bytearray(archive.read_bytes())
    content[content.index(b"Train/0/00004.bin") + 30] ^= 0xFF
    archive.write_bytes(content)
    assert f"{archive}/Train/0/00004.bin: cannot be read" in _message(zipped)


def test_files_that_are_no_recordings(tmp_path: Path) -> None:
    for half in ("train", "test"):
        with zipfile.ZipFile(tmp_path / f"{half}.zip", "w") as archive:
            archive.writestr("readme.txt", "nothing here")
    assert _message(tmp_path).startswith(f"{tmp_path}/train.zip: holds no recordings <digit>/<number>.bin")
    for half in ("Train", "Test"):
        (tmp_path / "empty" / half).mkdir(parents=True)
    assert _message(tmp_path / "empty").startswith(f"{tmp_path}/empty/Train: holds no recordings")
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.writestr("Train/eleven/00001.bin", bytes(5))
    assert "the folder of a recording is its digit, 0 to 9, not 'eleven'" in _message(tmp_path)


def test_real_recordings(real_data: Path) -> None:
    """About 4,100 events in about 0.31 s, and the frames of tonic's own reader and ToFrame."""
    if not (real_data / "nmnist" / "NMNIST" / "test.zip").exists():
        pytest.skip(f"no N-MNIST archives in {real_data}")
    from tonic.io import read_mnist_file
    from tonic.transforms import ToFrame

    test = load(DataSpec(name="nmnist", root=str(real_data))).test
    assert isinstance(test, EventSplit)
    assert len(test.events.pixel) / len(test) == pytest.approx(4100, rel=0.1)
    assert np.mean(test.events.stop - test.events.start) == pytest.approx(310_000, rel=0.05)
    with zipfile.ZipFile(real_data / "nmnist" / "NMNIST" / "test.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".bin"))
        fields = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])
        for i in (0, len(names) - 1):
            with archive.open(names[i]) as file:
                recording = read_mnist_file(file, dtype=fields, is_stream=True)
            for timesteps in range(1, 9):
                theirs = ToFrame(sensor_size=(34, 34, 2), n_time_bins=timesteps)(recording)
                ours = test.batch(torch.tensor([i]), timesteps)[:, 0].numpy()
                assert_array_equal(ours[:-1], theirs[:-1])
                assert 1 <= ours[-1].sum() - theirs[-1].sum() <= 20


def _message(root: Path) -> str:
    with pytest.raises(TsearchError) as caught:
        load(DataSpec(name="nmnist", root=str(root)))
    message = str(caught.value)
    assert "\n" not in message
    return message
