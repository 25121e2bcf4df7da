"""Fixtures of the data tests: a cache of their own, small recordings, and small sets in the layouts in which data sets
are published."""

import gzip
import io
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tsearch.configuration import DataSpec
from tsearch.data.events import Events


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder that starts empty, the same for all data tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSEARCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def random_events() -> Callable[..., Events]:
    """Recordings of random events on a 4 x 5 sensor; each window runs from the first to the last event."""

    def make(seed: int = 0, counts: tuple[int, ...] = (40, 7, 100), duration: int = 1000) -> Events:
        rng = np.random.default_rng(seed)
        times = [np.sort(rng.integers(0, duration, count)) + 17 for count in counts]
        return Events(
            pixel=rng.integers(0, 40, sum(counts)).astype(np.uint16),
            time=np.concatenate(times).astype(np.int32),
            offsets=np.cumsum([0, *counts]),
            labels=np.arange(len(counts)),
            start=np.array([time[0] for time in times], np.int64),
            stop=np.array([time[-1] for time in times], np.int64),
            shape=(2, 4, 5),
        )

    return make


@pytest.fixture(scope="session")
def random_recording() -> Callable[[np.random.Generator, int], bytes]:
    """(rng, number of events) -> random events in the format of a .bin file of N-MNIST: x, y, polarity bit and 23 bits
    of time."""

    def make(rng: np.random.Generator, n_events: int) -> bytes:
        time = np.sort(rng.integers(0, 300_000, n_events))
        polarity = rng.integers(0, 2, n_events) << 7
        columns = [*rng.integers(0, 34, (2, n_events)), polarity | time >> 16, time >> 8 & 255, time & 255]
        return np.stack(columns, -1).astype(np.uint8).tobytes()

    return make


@pytest.fixture(scope="session")
def write_recordings(
    random_recording: Callable[[np.random.Generator, int], bytes],
) -> Callable[[Path], Path]:
    """folder -> the same folder with ten training and two test recordings of each digit in `nmnist/NMNIST`."""

    def write(root: Path) -> Path:
        rng = np.random.default_rng(0)
        for half, count in (("Train", 10), ("Test", 2)):
            for digit in range(10):
                folder = root / "nmnist" / "NMNIST" / half / str(digit)
                folder.mkdir(parents=True)
                for number in range(count):
                    (folder / f"{digit * 100 + number:05}.bin").write_bytes(random_recording(rng, 200))
        return root

    return write


Files = dict[str, bytes]


@pytest.fixture(scope="session")
def official(write_recordings: Callable[[Path], Path]) -> Callable[[str, Path], DataSpec]:
    """(name of a data set, empty folder) -> how to load the small set that is written there as it is published."""

    def write(name: str, root: Path) -> DataSpec:
        if name.startswith("nmnist"):
            return DataSpec(name=name, root=str(write_recordings(root)))
        archives, options = LAYOUTS[name]()
        for archive, files in archives.items():
            (root / archive).parent.mkdir(parents=True, exist_ok=True)
            (root / archive).write_bytes(packed(archive, files))
        return DataSpec(name=name, root=str(root), options=options)

    return write


@pytest.fixture(scope="session")
def unpack() -> Callable[[Path], None]:
    """folder -> every archive below it is replaced by what it holds, archives in archives too."""

    def unpacked(root: Path) -> None:
        for path in sorted(root.rglob("*")):
            if path.name.endswith(".zip"):
                with zipfile.ZipFile(path) as zipped:
                    zipped.extractall(path.parent)
            elif path.name.endswith((".tar.gz", ".tar.xz")):
                with tarfile.open(path) as tar:
                    tar.extractall(path.parent, filter="data")
            elif path.name.endswith(".gz"):
                path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
            else:
                continue
            path.unlink()
            return unpacked(root)
        return None

    return unpacked


def packed(archive: str, files: Files) -> bytes:
    """An archive, its files in an order that is not sorted; of one plain file, its content."""
    buffer, shuffled = io.BytesIO(), sorted(files, key=lambda path: path[::-1])
    if archive.endswith(".zip"):
        with zipfile.ZipFile(buffer, "w") as zipped:
            for path in shuffled:
                zipped.writestr(path, files[path])
    elif ".tar" in archive:
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for path in shuffled:
                entry = tarfile.TarInfo(path)
                entry.size = len(files[path])
                tar.addfile(entry, io.BytesIO(files[path]))
    else:
        return files[""]
    return buffer.getvalue()


Layout = tuple[dict[str, Files], dict[str, object]]  # files by archive, and options


def cifar(n_classes: int) -> Layout:
    """Images of each class: two or four for training and validation, two for test."""
    rng, labels = np.random.default_rng(0), np.tile(np.arange(n_classes), 2).tolist()

    def batch() -> bytes:
        data = rng.integers(0, 256, (len(labels), 3072), np.uint8)
        key = b"labels" if n_classes == 10 else b"fine_labels"
        return pickle.dumps({b"data": data, key: labels, b"filenames": [b"x"] * len(labels)}, protocol=4)

    names = ("data_batch_1", "data_batch_2", "test_batch") if n_classes == 10 else ("train", "test")
    folder = "cifar-10-batches-py" if n_classes == 10 else "cifar-100-python"
    files = {f"{folder}/{name}": batch() for name in names} | {f"{folder}/readme.html": b"hello"}
    archive = f"cifar{n_classes}/cifar-{n_classes}-python.tar.gz"
    return {archive: files}, {"validation_fraction": 0.5}


def idx_files(folder: str) -> Layout:
    """Four images of each class for training and validation, one for test."""
    rng, archives = np.random.default_rng(0), {}
    for half, n in (("train", 40), ("t10k", 10)):
        images, labels = rng.integers(0, 256, (n, 28, 28), np.uint8), np.arange(n, dtype=np.uint8) % 10
        for kind, values in (("images", images), ("labels", labels)):
            head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes()
            name = f"{folder}/{half}-{kind}-idx{values.ndim}-ubyte.gz"
            archives[name] = {"": gzip.compress(head + values.tobytes())}
    return archives, {"validation_fraction": 0.25}


def photo(rng: np.random.Generator, kind: str, size: tuple[int, int], mode: str = "RGB") -> bytes:
    """A photograph of random blocks."""
    blocks = Image.fromarray(rng.integers(0, 256, (2, 2, 3), np.uint8)).convert(mode)
    buffer = io.BytesIO()
    blocks.resize(size, Image.Resampling.NEAREST).save(buffer, kind)
    return buffer.getvalue()


def tiny_imagenet() -> Layout:
    """Three classes; some images are grey, and the test images have no labels."""
    rng, files, lines, top = np.random.default_rng(0), {}, [], "tiny-imagenet-3"
    for i, wnid in enumerate(("n02", "n01", "n10")):
        for number in range(6):
            path = f"{top}/train/{wnid}/images/{wnid}_{number}.JPEG"
            files[path] = photo(rng, "JPEG", (64, 64), "L" if number == 3 else "RGB")
        for number in range(2):
            files[f"{top}/val/images/val_{2 * i + number}.JPEG"] = photo(rng, "JPEG", (64, 64))
            lines.append(f"val_{2 * i + number}.JPEG\t{wnid}\t0\t0\t62\t62\n")
    files[f"{top}/test/images/test_0.JPEG"] = photo(rng, "JPEG", (64, 64))
    files[f"{top}/val/val_annotations.txt"] = "".join(lines).encode()
    return {f"tiny_imagenet/{top}.zip": files}, {"classes": 3, "validation_fraction": 0.34}


def image_folder() -> Layout:
    """Three classes of ten images of all shapes, without a test folder."""
    rng, files = np.random.default_rng(0), {}
    for of_class in ("cat", "ant", "bee"):
        for number in range(10):
            size = (int(rng.integers(8, 30)), int(rng.integers(8, 30)))
            files[f"animals/{of_class}/{number}.png"] = photo(rng, "PNG", size)
    return {"animals.zip": files}, {
        "classes": 3,
        "size": 12,
        "test_fraction": 0.2,
        "validation_fraction": 0.25,
    }


def random_columns(rng: np.random.Generator, n: int, width: int, height: int) -> list[np.ndarray]:
    """x, y, polarity and ascending time in us of `n` events."""
    places = [rng.integers(0, width, n), rng.integers(0, height, n), rng.integers(0, 2, n)]
    return [*places, np.sort(rng.integers(0, 200_000, n))]


def dvs_gesture() -> Layout:
    """tonic's layout: two training users, one of test, eleven gestures each, times in ms."""
    rng, archives = np.random.default_rng(0), {}
    for half, users in (("Train", (1, 23)), ("Test", (24,))):
        files = {}
        for user in users:
            for of_class in range(11):
                buffer = io.BytesIO()
                x, y, p, t = random_columns(rng, 300, 128, 128)
                np.save(buffer, np.stack([x, y, p, t // 1000], 1).astype(np.float64))
                files[f"ibmGesture{half}/user{user:02}_led/{of_class}.npy"] = buffer.getvalue()
        archives[f"DVSGesture/ibmGesture{half}.tar.gz"] = files
    return archives, {"validation_fraction": 0.5}


def cifar10_dvs() -> Layout:
    """The authors' .aedat, eleven recordings of each class, each class an archive in one archive."""
    rng, classes = np.random.default_rng(0), {}
    for of_class in [
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ]:
        files = {}
        for number in range(11):
            x, y, p, t = random_columns(rng, 40 + number, 128, 128)
            words = np.stack([x << 8 | y << 1 | p, t], 1).astype(">u4")
            head = b"#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n"
            files[f"{of_class}/cifar10_{of_class}_{number}.aedat"] = head + words.tobytes()
        classes[f"{of_class}.zip"] = packed(".zip", files)
    return {"CIFAR10DVS/CIFAR10DVS.zip": classes}, {"validation_fraction": 0.2}


def ncaltech101() -> Layout:
    """Three classes of ten recordings, an archive in the archive, and annotations beside."""
    rng, files = np.random.default_rng(0), {}
    for of_class in ("Faces_easy", "BACKGROUND_Google", "airplanes"):
        for number in range(10):
            x, y, p, t = random_columns(rng, 60, 240, 180)
            columns = [x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255]
            path = f"Caltech101/{of_class}/image_{number:04}.bin"
            files[path] = np.stack(columns, -1).astype(np.uint8).tobytes()
            files[f"Caltech101_annotations/{of_class}/annotation_{number:04}.bin"] = b"12"
    archive = {"Caltech101.zip": packed(".zip", files)}
    options = {"classes": 3, "test_fraction": 0.2, "validation_fraction": 0.25}
    return {"N-Caltech101/N-Caltech101-archive.zip": archive}, options


def shd(name: str = "shd", n_classes: int = 3) -> Layout:
    """HDF5 files of recordings by four speakers, each of every class three times, a test file with two times; of SSC
    one for validation too."""
    rng, archives = np.random.default_rng(0), {}
    for part, takes in (("train", 3), ("valid", 2), ("test", 2)):
        if name == "ssc" or part != "valid":
            labels, speakers, _ = (
                grid.ravel() for grid in np.mgrid[:n_classes, :4, :takes].astype(np.uint16)
            )
            trains = [spike_train(rng, 30 + i) for i in range(len(labels))]
            archives[f"{name.upper()}/{name}_{part}.h5.zip"] = {
                f"{name}_{part}.h5": hdf5(trains, labels, speakers)
            }
    return archives, {"classes": n_classes, "validation_fraction": 0.25}


def spike_train(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Times in s and units of `n` spikes within a second."""
    return np.sort(rng.random(n)).astype(np.float16), rng.integers(0, 700, n).astype(np.uint16)


def hdf5(trains: list[tuple[np.ndarray, np.ndarray]], labels: np.ndarray, speakers: np.ndarray) -> bytes:
    """A file in the layout of SHD."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, which, kind in (("times", 0, np.float16), ("units", 1, np.uint16)):
            stored = file.create_dataset(f"spikes/{name}", (len(trains),), h5py.vlen_dtype(kind))
            for i, train in enumerate(trains):
                stored[i] = train[which]
        file["labels"], file["extra/speaker"] = labels, speakers
        file["extra/keys"] = np.array([f"word {i}" for i in range(labels.max() + 1)], "S")
    return buffer.getvalue()


LAYOUTS: dict[str, Callable[[], Layout]] = {
    "cifar10": lambda: cifar(10),
    "cifar100": lambda: cifar(100),
    "cifar10_dvs": cifar10_dvs,
    "dvs_gesture": dvs_gesture,
    "fashion_mnist": lambda: idx_files("FashionMNIST/raw"),
    "image_folder": image_folder,
    "mnist": lambda: idx_files("mnist"),
    "ncaltech101": ncaltech101,
    "shd": shd,
    "ssc": lambda: shd("ssc"),
    "tiny_imagenet": tiny_imagenet,
}
