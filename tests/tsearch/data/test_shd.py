"""Spike trains in SHD's layout: the same spikes as tonic's reader gives, joined into channels, split by speakers."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tonic
import torch
from numpy.testing import assert_array_equal

from tsearch.configuration import DataSpec
from tsearch.data import describe_dataset, load_dataset
from tsearch.data.dataset import groups_of
from tsearch.data.shd import read_spikes
from tsearch.errors import TsearchError

Official = Callable[[str, Path], DataSpec]


@pytest.fixture
def written(tmp_path: Path, official: Official) -> DataSpec:
    """A small set in the published layout: 36 recordings for training, 24 for test."""
    return official("shd", tmp_path)


def unzipped(folder: Path) -> Path:
    for archive in folder.glob("*.zip"):
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(folder)
    return folder.parent


def with_options(spec: DataSpec, **options: object) -> DataSpec:
    return spec.model_copy(update={"options": spec.options | options})


def test_spikes_are_those_that_tonic_reads(written: DataSpec) -> None:
    theirs = tonic.datasets.SHD(str(unzipped(Path(written.root) / "SHD")), train=False)
    ours = load_dataset(with_options(written, channels=700)).test
    assert len(ours) == len(theirs) == 24
    frames = ours.batch(torch.arange(24), 1)
    for i in range(24):
        events, label = theirs[i]
        assert ours.labels[i] == label
        assert_array_equal(frames[0, i, 0, 0].numpy(), np.bincount(events["x"], minlength=700))
    with h5py.File(Path(written.root) / "SHD" / "shd_test.h5") as file:
        own = read_spikes(file["spikes/times"][5], file["spikes/units"][5])
    assert_array_equal(own["t"], theirs[5][0]["t"])


@pytest.mark.parametrize(("channels", "rows"), [(700, 1), (140, 1), (128, 4), (1, 1)])
def test_every_spike_is_in_the_channel_of_its_unit(written: DataSpec, channels: int, rows: int) -> None:
    whole = load_dataset(with_options(written, channels=700)).test.batch(torch.arange(24), 4).flatten(2)
    spec = with_options(written, channels=channels, rows=rows)
    joined = load_dataset(spec).test.batch(torch.arange(24), 4)
    assert joined.shape[2:] == describe_dataset(spec).shape == (1, rows, channels // rows)
    expected = torch.zeros(4, 24, channels)
    for unit in range(700):
        expected[..., unit * channels // 700] += whole[..., unit]
    assert torch.equal(joined.flatten(2), expected)


def test_a_duration_is_a_window_from_zero_on(written: DataSpec) -> None:
    """Of 500 ms in five steps, step t holds the spikes of the t-th 100 ms; later ones go."""
    test = load_dataset(with_options(written, channels=7, duration_ms=500)).test
    with zipfile.ZipFile(Path(written.root) / "SHD" / "shd_test.h5.zip") as zipped:
        zipped.extract("shd_test.h5", written.root)
    with h5py.File(Path(written.root) / "shd_test.h5") as file:
        times = file["spikes/times"][3].astype(float)
    counts = np.histogram(times, np.arange(6) / 10)[0]
    assert_array_equal(test.batch(torch.tensor([3]), 5).sum((1, 2, 3, 4)).numpy(), counts)


def test_no_speaker_of_validation_is_in_training(written: DataSpec) -> None:
    data = load_dataset(written)
    trained, validated = set(groups_of(data.train).tolist()), set(groups_of(data.validation).tolist())
    assert (len(trained), len(validated)) == (3, 1)  # a quarter of four speakers
    assert not trained & validated
    assert torch.bincount(data.validation.labels).tolist() == [3, 3, 3]


def test_recordings_of_all_speakers_may_be_for_validation(written: DataSpec) -> None:
    data = load_dataset(with_options(written, validation="random"))
    assert torch.bincount(data.validation.labels).tolist() == [3, 3, 3]
    assert len(set(groups_of(data.train).tolist())) == 27  # each stands alone


def test_a_published_validation_is_kept(tmp_path: Path, official: Official) -> None:
    data = load_dataset(official("ssc", tmp_path))
    assert (len(data.train), len(data.validation), len(data.test)) == (36, 24, 24)


def test_a_file_of_gzip_is_read(written: DataSpec) -> None:
    import gzip

    folder = Path(written.root) / "SHD"
    before = load_dataset(written).test.batch(torch.arange(24), 2)
    unzipped(folder)
    for part in ("train", "test"):
        plain = folder / f"shd_{part}.h5"
        (folder / f"shd_{part}.h5.gz").write_bytes(gzip.compress(plain.read_bytes(), 1))
        plain.unlink()
        (folder / f"shd_{part}.h5.zip").unlink()
    assert torch.equal(load_dataset(written).test.batch(torch.arange(24), 2), before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 3}, "^data shd: 140 channels do not fill 3 equal rows"),
        ({"channels": 701}, "option 'channels' is 701"),
        ({"classes": 2}, r"holds label 2, but the option 'classes' is 2, whose labels are 0 to 1\. Set it"),
        ({"duration_ms": 1}, "duration_ms: .* has no spike in its first 1 ms. Give more, or 0 for all"),
        ({"classes": 4}, r"1 of 4 classes have no training sample, such as class 3"),
    ],
)
def test_bad_options_are_one_line(written: DataSpec, options: dict[str, object], message: str) -> None:
    with pytest.raises(TsearchError, match=message):
        load_dataset(with_options(written, **options))


@pytest.mark.parametrize("missing", ["spikes/units", "labels", "extra/speaker"])
def test_a_file_of_another_layout_is_named(written: DataSpec, missing: str) -> None:
    folder = Path(written.root) / "SHD"
    unzipped(folder)
    with h5py.File(folder / "shd_test.h5", "a") as file:
        del file[missing]
    with pytest.raises(TsearchError, match=r"shd_test\.h5: cannot be read .*Get shd_test\.h5 again"):
        load_dataset(written)


def test_more_labels_than_recordings_are_named(written: DataSpec) -> None:
    folder = Path(written.root) / "SHD"
    unzipped(folder)
    with h5py.File(folder / "shd_test.h5", "a") as file:
        labels = file["labels"][:]
        del file["labels"]
        file["labels"] = np.append(labels, labels[:1])
    with pytest.raises(TsearchError, match=r"shd_test\.h5: cannot be read"):
        load_dataset(written)


def test_a_damaged_file_of_gzip_is_named(written: DataSpec) -> None:
    import gzip

    folder = Path(written.root) / "SHD"
    unzipped(folder)
    damaged = bytearray(gzip.compress((folder / "shd_test.h5").read_bytes(), 1))
    damaged[10:60] = b"\xff" * 50
    (folder / "shd_test.h5").unlink()
    (folder / "shd_test.h5.zip").unlink()
    (folder / "shd_test.h5.gz").write_bytes(damaged)
    with pytest.raises(TsearchError, match=r"shd_test\.h5\.gz: cannot be read .*Get shd_test\.h5\.gz again"):
        load_dataset(written)


def test_units_beyond_the_cochlea_are_refused(written: DataSpec) -> None:
    folder = Path(written.root) / "SHD"
    unzipped(folder)
    with h5py.File(folder / "shd_train.h5", "a") as file:
        file["spikes/units"][4] = np.full(34, 700, np.uint16)
    with pytest.raises(TsearchError, match="train 4: spikes of unit 700, beyond 699"):
        load_dataset(written)


def test_real_speech_in_this_layout(real_data: Path) -> None:
    """Not SHD itself: spoken digits of six speakers, 8 recordings of each digit for training and 2 for test."""
    folder = real_data / "fsdd_spikes_shd_layout"
    if not folder.is_dir():
        pytest.skip(f"no speech in {folder}")
    data = load_dataset(DataSpec(name="shd", root=str(folder), options={"classes": 10, "channels": 128}))
    assert (len(data.train), len(data.validation), len(data.test)) == (400, 80, 120)
    assert torch.bincount(data.test.labels).tolist() == [12] * 10
    assert data.test.batch(torch.arange(120), 10).sum() > 100 * 1000
