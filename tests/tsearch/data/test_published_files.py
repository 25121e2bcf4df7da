"""Data sets in the layouts in which they are published: archives and folders, what becomes of the values, which samples
are for test, and one line for every damage."""

import io
import pickle
import shutil
import struct
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tsearch.configuration import DataSpec
from tsearch.data import load_dataset
from tsearch.data.cifar import CIFAR10
from tsearch.data.image_folder import pixels_of
from tsearch.data.mapped import MappedEvents
from tsearch.errors import TsearchError
from tsearch.training.identity import data_hash

Official = Callable[[str, Path], DataSpec]
NAMES = (
    "cifar10", "cifar100", "cifar10_dvs", "dvs_gesture", "fashion_mnist", "image_folder", "mnist", "ncaltech101",
    "shd", "ssc", "tiny_imagenet",
)  # fmt: skip
PAGES = {
    "cifar10": "cs.toronto.edu", "cifar100": "cs.toronto.edu", "cifar10_dvs": "figshare.com", "mnist": "lecun.com",
    "dvs_gesture": "research.ibm.com", "fashion_mnist": "github.com/zalandoresearch", "ncaltech101": "garrickorchard",
    "shd": "zenkelab.org", "ssc": "zenkelab.org", "tiny_imagenet": "cs231n.stanford.edu",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_archives_and_unpacked_folders_give_the_same_data(
    name: str, tmp_path: Path, official: Official, unpack: Callable[[Path], None]
) -> None:
    """Also the same splits: they depend on names, not on the order in an archive."""
    packed, spec = official(name, tmp_path / "packed"), official(name, tmp_path / "folders")
    unpack(tmp_path / "folders")
    files = [path for path in (tmp_path / "folders").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if path.suffix in (".zip", ".gz")]
    before = sorted(path for path in tmp_path.rglob("*"))
    one, other = load_dataset(packed), load_dataset(spec)
    assert data_hash(one) == data_hash(other)
    assert torch.equal(one.train.batch(torch.arange(3), 2), other.train.batch(torch.arange(3), 2))
    assert sorted(path for path in tmp_path.rglob("*")) == before  # nothing was unpacked there


@pytest.mark.parametrize("name", sorted(PAGES))
def test_missing_files_are_one_line_with_the_place_and_the_page(name: str, tmp_path: Path) -> None:
    with pytest.raises(TsearchError) as caught:
        load_dataset(DataSpec(name=name, root=str(tmp_path)))
    message = str(caught.value)
    assert message.startswith(f"data {name}: no ")
    assert f" in {tmp_path}, nor in its " in message
    assert PAGES[name] in message
    assert "\n" not in message


def test_an_image_folder_is_never_looked_for_among_other_data(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TSEARCH_DATA", str(tmp_path))
    with pytest.raises(TsearchError, match=r"^data image_folder: no folder given\. Set data\.root"):
        load_dataset(DataSpec(name="image_folder"))


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_archive_is_one_line(name: str, tmp_path: Path, official: Official) -> None:
    spec = official(name, tmp_path)
    archive = max(
        (path for path in tmp_path.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size
    )
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(TsearchError) as caught:
        load_dataset(spec)
    if name == "cifar10_dvs":  # half of it ends in a whole archive of one class
        assert "9 of 10 classes have no training sample" in str(caught.value)
    else:
        assert archive.name in str(caught.value)
        assert "again" in str(caught.value)


def test_the_damaged_member_of_an_archive_is_named(tmp_path: Path, official: Official) -> None:
    spec = official("tiny_imagenet", tmp_path)
    archive = tmp_path / "tiny_imagenet" / "tiny-imagenet-3.zip"
    content = bytearray(archive.read_bytes())
    content[content.index(b"n01/images/n01_4.JPEG") + 40] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(
        TsearchError, match=r"3\.zip/tiny-imagenet-3/train/n01/images/n01_4\.JPEG: cannot be read"
    ):
        load_dataset(spec)


def test_an_image_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").write_bytes(b"no image")
    with pytest.raises(TsearchError, match=r"cat/1\.png: cannot be read .*Get it again, or remove it"):
        load_dataset(DataSpec(name="image_folder", root=str(tmp_path)))


# images


def test_cifar_pixels_are_red_green_and_blue_planes(tmp_path: Path, official: Official) -> None:
    plain = official("cifar10", tmp_path)
    spec = plain.model_copy(update={"options": plain.options | {"normalise": False}})
    test = load_dataset(spec).test.batch(torch.arange(20), 4)
    expected = np.random.default_rng(0).integers(0, 256, (60, 3072), np.uint8)[40:].reshape(-1, 3, 32, 32)
    assert torch.equal(test[0], torch.from_numpy(expected).float() / 255)
    normal = load_dataset(plain).test.batch(torch.arange(20), 4)
    mean, deviation = (np.array(values)[:, None, None] for values in CIFAR10)
    np.testing.assert_allclose(normal[0], (expected / 255 - mean) / deviation, atol=1e-5)


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("executed",)


@pytest.mark.parametrize("what", [_Evil(), {b"data": [_Evil()]}, Path("x"), np.random.default_rng(0)])
def test_a_pickle_that_asks_for_more_than_arrays_is_refused(what: object, tmp_path: Path, capsys) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(pickle.dumps(what))
    with pytest.raises(TsearchError, match=r"data_batch_1: cannot be read \(it asks for .*no array\)"):
        load_dataset(DataSpec(name="cifar10", root=str(tmp_path)))
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "batch",
    [
        [1],
        {b"labels": [0]},
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": [0]},
        {b"data": np.zeros((1, 3072)), b"labels": [0]},
        {b"data": np.zeros((1, 3072), np.uint8), b"labels": [10]},
        {b"data": np.zeros((1, 3072), np.uint8), b"labels": [-1]},
        {b"data": np.zeros((0, 3072), np.uint8), b"labels": []},
    ],
)
def test_a_batch_that_holds_something_else_is_one_line(batch: object, tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(pickle.dumps(batch))
    with pytest.raises(TsearchError, match="data_batch_1: no batch of images"):
        load_dataset(DataSpec(name="cifar10", root=str(tmp_path)))


def test_images_of_all_shapes_show_their_middle() -> None:
    """A wide image: the middle square of it. A grey one: the same in all colours."""
    wide = np.zeros((4, 12, 3), np.uint8)
    wide[:, 4:8] = [10, 20, 30]
    assert (pixels_of(_png(wide), 4, "x") == np.array([10, 20, 30])[:, None, None]).all()
    grey = np.full((6, 3), 77, np.uint8)
    assert (pixels_of(_png(grey), 3, "x") == 77).all()
    kept = np.random.default_rng(0).integers(0, 256, (5, 5, 3), np.uint8)
    np.testing.assert_array_equal(pixels_of(_png(kept), 5, "x"), kept.transpose(2, 0, 1))


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_folders_train_val_and_test_are_the_splits(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for split, n in (("train", 5), ("val", 3), ("test", 2)):
        for of_class in ("ant", "cat"):
            folder = tmp_path / split / of_class
            folder.mkdir(parents=True)
            for number in range(n):
                (folder / f"{number}.png").write_bytes(_png(rng.integers(0, 256, (8, 8, 3), np.uint8)))
    options = {"classes": 2, "size": 8}
    spec = DataSpec(name="image_folder", root=str(tmp_path), options=options)
    assert [len(split) for split in _splits(spec)] == [10, 6, 4]
    shutil.rmtree(tmp_path / "test")  # then `val` is for test
    spec = spec.model_copy(update={"options": options | {"validation_fraction": 0.2}})
    load_dataset.__globals__["_loaded"].clear()
    assert [len(split) for split in _splits(spec)] == [8, 2, 6]


def test_colours_of_an_image_folder_are_those_of_its_training_images(
    tmp_path: Path, official: Official
) -> None:
    train = load_dataset(official("image_folder", tmp_path)).train
    images = train.batch(torch.arange(len(train)), 1)[0].double()
    assert images.mean((0, 2, 3)).abs().max() < 1e-6
    assert (images.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-5


def test_another_number_of_classes_is_told(tmp_path: Path, official: Official) -> None:
    spec = official("image_folder", tmp_path).model_copy(update={"options": {"classes": 5}})
    with pytest.raises(TsearchError, match=r"found 3 classes instead of 5\. Set its option 'classes' to 3"):
        load_dataset(spec)


def test_a_limit_takes_the_first_images_of_each_class(tmp_path: Path, official: Official) -> None:
    spec = official("mnist", tmp_path)
    whole = load_dataset(spec)
    few = load_dataset(spec.model_copy(update={"options": {"limit": 2, "validation_fraction": 0.5}}))
    assert [len(split) for split in (few.train, few.validation, few.test)] == [10, 10, 10]
    assert torch.equal(few.test.labels, whole.test.labels)
    assert data_hash(few) != data_hash(whole)


# recordings


def test_cifar10_dvs_holds_the_last_tenth_of_each_class_back(tmp_path: Path, official: Official) -> None:
    """Recording number n has 40 + n events: 9 and 10 of eleven would come before 2 if they were no numbers."""
    data = load_dataset(official("cifar10_dvs", tmp_path))
    counts = {name: _n_events(split) for name, split in zip(("train", "val", "test"), _of(data), strict=True)}
    assert counts["test"] == [50] * 10
    assert sorted(counts["train"] + counts["val"]) == sorted(list(range(40, 50)) * 10)
    assert len(counts["val"]) == 20


def test_cifar10_dvs_can_hold_a_random_tenth_back(tmp_path: Path, official: Official) -> None:
    spec = official("cifar10_dvs", tmp_path)
    test = load_dataset(spec.model_copy(update={"options": spec.options | {"test_choice": "random"}})).test
    assert torch.bincount(test.labels).max() <= 2
    assert len(set(_n_events(test))) > 1


def test_aedat_of_the_authors_is_read_upright() -> None:
    """Address bits 8 to 14 are x and 1 to 7 are y, both from the far end; bit 0 is darker (dat2mat.m)."""
    from tsearch.data.aedat import dvs128_of, read_aedat_addresses

    words = np.array([[3 << 8 | 5 << 1 | 1, 7], [127 << 8 | 0 << 1, 9]], ">u4")
    events = dvs128_of(*read_aedat_addresses(b"#!AER-DAT2.0\r\n" + words.tobytes(), "a.aedat"))
    assert events.tolist() == [(124, 122, 7, 0), (0, 127, 9, 1)]


def test_aedat4_of_a_real_sensor(real_data: Path) -> None:
    """111,954 events in 0.59 s on 320 x 240 pixels."""
    pytest.importorskip("aedat")
    from tsearch.data.aedat import read_aedat4

    file = real_data / "event_samples" / "dvxplorer_320x240.aedat4"
    if not file.exists():
        pytest.skip(f"no {file}")
    events = read_aedat4(file.read_bytes(), file.name)
    assert (len(events), events["x"].max() < 320, events["y"].max() < 240) == (111_954, True, True)
    assert (events["t"].max() - events["t"].min()) / 1e6 == pytest.approx(0.59, abs=0.01)
    assert set(events["p"].tolist()) == {0, 1}
    with pytest.raises(TsearchError, match=r"x\.aedat4: cannot be read"):
        read_aedat4(b"#!AER-DAT4.0\r\nnothing", "x.aedat4")


def test_cifar10_dvs_of_tonic_is_that_of_the_authors(tmp_path: Path, official: Official) -> None:
    """The same events as .aedat4, which holds x and y upright."""
    pytest.importorskip("aedat")
    from tsearch.data.archives import members
    from tsearch.data.cifar10_dvs import read_events

    spec = official("cifar10_dvs", tmp_path / "authors")
    for path, content in members(tmp_path / "authors" / "CIFAR10DVS" / "CIFAR10DVS.zip", (".aedat",)):
        of_class, file = path.split("/")[-2:]
        folder = tmp_path / "tonic" / "CIFAR10DVS" / of_class
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{file}4").write_bytes(_aedat4(read_events(content, path)))
    ours = load_dataset(spec)
    theirs = load_dataset(spec.model_copy(update={"root": str(tmp_path / "tonic")}))
    assert data_hash(ours) == data_hash(theirs)


def _aedat4(events: np.ndarray) -> bytes:
    """An .aedat4 file without compression: a header and one packet, each a flatbuffer with its size before it."""
    attributes = {"compression": "NONE", "typeIdentifier": "EVTS", "originalModuleName": "capture"}
    texts = "".join(f'<attr key="{key}" type="string">{value}</attr>' for key, value in attributes.items())
    sizes = "".join(f'<attr key="{key}" type="int">128</attr>' for key in ("sizeX", "sizeY"))
    node = f'<node name="0" path="/0/">{texts}<node name="info" path="/0/info/">{sizes}</node></node>'
    info = f'<dv version="2.0"><node name="outInfo" path="/">{node}</node></dv>'.encode()
    head = struct.pack("<I4s5Hxxiiiq", 20, b"IOHE", 10, 20, 4, 12, 8, 12, 0, 12, -1)
    head += struct.pack("<I", len(info)) + info + b"\0"
    rows = np.zeros(len(events), [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1"), ("pad", "u1", 3)])
    for field in ("t", "x", "y", "p"):
        rows[field] = events[field]
    packet = struct.pack("<I4s3HxxiI4xI", 16, b"EVTS", 6, 8, 4, 8, 8, len(rows)) + rows.tobytes()
    packet = struct.pack("<I", len(packet)) + packet
    start = b"#!AER-DAT4.0\r\n" + struct.pack("<I", len(head)) + head
    return start + struct.pack("<ii", 0, len(packet)) + packet


def test_aedat4_without_its_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aedat", None)
    for of_class in ("airplane",):
        (tmp_path / "CIFAR10DVS" / of_class).mkdir(parents=True)
        (tmp_path / "CIFAR10DVS" / of_class / "cifar10_airplane_0.aedat4").write_bytes(b"x")
    with pytest.raises(TsearchError, match=r"airplane_0\.aedat4: .*pip install 'tsearch-snn\[aedat\]'"):
        load_dataset(DataSpec(name="cifar10_dvs", root=str(tmp_path)))


def test_ncaltech101_scales_its_sensor_to_a_square(tmp_path: Path) -> None:
    """x of 240 and y of 180 become 48 by whole-number ratios; annotations are no recordings."""
    folder = tmp_path / "Caltech101"
    for of_class in ("a", "b"):
        (folder / of_class).mkdir(parents=True)
        for number in range(4):
            events = bytes([239, 179, 0x80, 0, 1]) + bytes([4, 3, 0, 0, 9])
            (folder / of_class / f"image_{number:04}.bin").write_bytes(events)
    options = {"classes": 2, "validation_fraction": 0.34, "test_fraction": 0.25}
    data = load_dataset(DataSpec(name="ncaltech101", root=str(tmp_path), options=options))
    frame = data.train.batch(torch.tensor([0]), 1)[0, 0]
    assert torch.nonzero(frame).tolist() == [[0, 0, 0], [1, 47, 47]]
    (folder / "a" / "image_0000.bin").write_bytes(bytes([250, 1, 0, 0, 1]))
    load_dataset.__globals__["_loaded"].clear()
    with pytest.raises(TsearchError, match=r"a/image_0000: events outside a sensor of 240 x 180 pixels"):
        load_dataset(DataSpec(name="ncaltech101", root=str(tmp_path), options=options))


def test_gestures_are_split_by_users(tmp_path: Path, official: Official) -> None:
    """Users 1 and 23 train, 24 tests; validation takes one whole user of the two."""
    data = load_dataset(official("dvs_gesture", tmp_path))
    for split in _of(data):
        assert split.labels.tolist() == list(range(11))
        assert len(np.unique(split.groups)) == 1
    assert len({int(split.groups[0]) for split in _of(data)}) == 3


def test_gestures_of_the_authors_are_those_of_tonic(tmp_path: Path, official: Official) -> None:
    """The same events as one .aedat of version 3.1 for each user, with a table of labels; times in ms."""
    spec = official("dvs_gesture", tmp_path / "tonic")
    (tmp_path / "ibm" / "DvsGesture").mkdir(parents=True)
    for archive in sorted((tmp_path / "tonic").rglob("*.tar.gz")):
        users: dict[str, list[tuple[int, np.ndarray]]] = {}
        with tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member)
                assert content is not None
                _, user, name = member.name.split("/")
                users.setdefault(user, []).append((int(name[:-4]), np.load(io.BytesIO(content.read()))))
        for user, gestures in users.items():
            table, words = ["class,startTime_usec,endTime_usec"], []
            for of_class, events in sorted(gestures, key=lambda pair: pair[0]):
                x, y, p, t = events.astype(np.int64).T
                t = t * 1000 + of_class * 1_000_000
                table.append(f"{of_class + 1},{t.min()},{t.max() + 1}")
                words.append(np.stack([x << 17 | y << 2 | p << 1 | 1, t], 1).astype("<u4"))
            kind = np.array([1, 0], "<i2").tobytes()
            heads = [kind + np.array([8, 4, 0, *[len(w)] * 3], "<i4").tobytes() for w in words]
            packets = b"".join(head + w.tobytes() for head, w in zip(heads, words, strict=True))
            head = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n"
            (tmp_path / "ibm" / "DvsGesture" / f"{user}.aedat").write_bytes(head + packets)
            (tmp_path / "ibm" / "DvsGesture" / f"{user}_labels.csv").write_text("\n".join(table) + "\n")
    ours = load_dataset(spec)
    theirs = load_dataset(spec.model_copy(update={"root": str(tmp_path / "ibm")}))
    for one, other in zip(_of(ours), _of(theirs), strict=True):
        assert torch.equal(one.labels, other.labels)
        assert torch.equal(one.batch(torch.arange(11), 1), other.batch(torch.arange(11), 1))
        assert one.batch(torch.arange(11), 4).sum(-1).sum(-1).shape == (4, 11, 2)


def test_windows_split_by_time_never_touch(tmp_path: Path, official: Official) -> None:
    """Windows of 20 ms of about 200 ms: each split has its own time of a gesture, with 10 ms between."""
    spec = official("dvs_gesture", tmp_path)
    options = {
        "window_ms": 20,
        "split": "time",
        "gap_ms": 10,
        "validation_fraction": 0.2,
        "test_fraction": 0.3,
    }
    data = load_dataset(spec.model_copy(update={"options": options}))
    assert [len(split) // 33 for split in _of(data)] == [4, 2, 2]  # of 33 gestures
    for split in _of(data):
        assert np.bincount(split.groups).max() == len(split) // 33 * 11  # a group is a user
    train, test = data.train, data.test
    assert isinstance(train, MappedEvents)
    assert isinstance(test, MappedEvents)
    assert set(np.diff(_windows(train), axis=1).ravel()) == {20_000}


def test_a_split_by_time_needs_windows() -> None:
    with pytest.raises(TsearchError, match="split 'time' needs windows: set window_ms"):
        load_dataset(DataSpec(name="dvs_gesture", options={"split": "time"}))


def test_real_gestures_in_windows(real_data: Path) -> None:
    """Ten recordings of 1.2 s: 21 windows of 50 ms beside two gaps, every event of them where the file has it."""
    file = real_data / "dvs_gesture" / "dvs_gesture_10x1.2s.npz"
    if not file.exists():
        pytest.skip(f"no {file}")
    options = {"window_ms": 50, "split": "time", "other": False, "size": 128}
    data = load_dataset(DataSpec(name="dvs_gesture", root=str(real_data), options=options))
    assert [len(split) for split in _of(data)] == [150, 20, 40]
    events, first = np.load(file)["events_0"], 0
    frame = data.train.batch(torch.tensor([first]), 1)[0, 0].numpy()
    start = events["t"].min()
    window = events[(events["t"] >= start) & (events["t"] < start + 50_000)]
    expected = np.zeros((2, 128, 128))
    np.add.at(expected, (window["p"], window["y"], window["x"]), 1)
    np.testing.assert_array_equal(frame, expected)


@pytest.mark.parametrize(
    ("name", "shape", "mean", "deviation"),
    [("mnist", (1, 28, 28), 0.1307, 0.3081), ("cifar10", (3, 32, 32), 0.4734, 0.2516)],
)
def test_real_images_have_the_published_mean(
    real_data: Path, name: str, shape: tuple[int, ...], mean: float, deviation: float
) -> None:
    """Over the whole training set; the shared part of CIFAR-10 comes close."""
    if not (real_data / name).is_dir():
        pytest.skip(f"no {name} in {real_data}")
    data = load_dataset(DataSpec(name=name, root=str(real_data), options={"normalise": False}))
    images = data.train.batch(torch.arange(0, len(data.train), 5), 1)
    assert images.shape[2:] == shape
    assert images.mean().item() == pytest.approx(mean, abs=0.01)
    assert images.std().item() == pytest.approx(deviation, abs=0.01)


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("cifar10", "cifar-10-batches-py/test_batch"),
        ("dvs_gesture", "ibmGestureTest"),
        ("tiny_imagenet", "images/val_*"),
    ],
)
def test_a_missing_official_test_split_is_never_drawn_from_training(
    name: str, missing: str, tmp_path: Path, official: Official, unpack: Callable[[Path], None]
) -> None:
    spec = official(name, tmp_path)
    unpack(tmp_path)
    for path in list(tmp_path.rglob(missing)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(
        TsearchError, match=rf"^data {name}: too few samples: .*, 0 for test\. Get more files"
    ):
        load_dataset(spec)


def test_a_class_without_files_is_told(tmp_path: Path, official: Official) -> None:
    official("cifar10_dvs", tmp_path)
    archive = tmp_path / "CIFAR10DVS" / "CIFAR10DVS.zip"
    with zipfile.ZipFile(archive) as whole:
        few = {name: whole.read(name) for name in whole.namelist() if name != "cat.zip"}
    with zipfile.ZipFile(archive, "w") as damaged:
        for name, content in few.items():
            damaged.writestr(name, content)
    with pytest.raises(TsearchError, match="1 of 10 classes have no training sample, such as class 3"):
        load_dataset(DataSpec(name="cifar10_dvs", root=str(tmp_path)))


def _of(data) -> tuple:
    return data.train, data.validation, data.test


def _splits(spec: DataSpec) -> tuple:
    return _of(load_dataset(spec))


def _n_events(split) -> list[int]:
    frames = split.batch(torch.arange(len(split)), 1)
    return frames.sum((0, 2, 3, 4)).int().tolist()


def _windows(split: MappedEvents) -> np.ndarray:
    whole = split.events.all_events
    return np.stack([whole.start, whole.stop], 1)[split.events.rows]
