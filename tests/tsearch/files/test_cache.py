"""The cache spares work and never gets in the way."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tsearch import machine
from tsearch.files import notices
from tsearch.files.cache import Arrays, cache_folder, cached_arrays


class Maker:
    """Makes a few arrays, and counts how often it had to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Arrays:
        self.calls += 1
        return {"a": np.arange(1000), "b": np.ones((2, 3), np.float32), "c": np.zeros((0, 4), np.uint16)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TSEARCH_CACHE", str(tmp_path / "deep" / "cache"))
    return tmp_path / "deep" / "cache"


def test_arrays_are_made_once(folder: Path) -> None:
    make = Maker()
    first, second = (cached_arrays("x", {"size": 1}, make) for _ in range(2))
    assert make.calls == 1
    for arrays in (first, second):
        for name, values in Maker()().items():
            assert (arrays[name].dtype, arrays[name].shape) == (values.dtype, values.shape)
            assert np.array_equal(arrays[name], values)
    assert [file.suffix for file in folder.iterdir()] == [".safetensors"]


@pytest.mark.usefixtures("folder")
def test_a_write_stays_private() -> None:
    cached_arrays("x", 1, Maker())["a"][:] = 0
    assert cached_arrays("x", 1, Maker())["a"].tolist() == list(range(1000))


def test_another_process_maps_the_same_file(folder: Path) -> None:
    """It has nothing to make them with; where the system tells, its memory holds the file."""
    cached_arrays("x", 1, Maker())
    (file,) = folder.iterdir()
    code = (
        "from pathlib import Path; from tsearch.files.cache import cached_arrays;"
        "arrays = cached_arrays('x', 1, None); assert arrays['a'].sum() == 499500;"
        f"maps = Path('/proc/self/maps'); assert not maps.exists() or {str(file)!r} in maps.read_text()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_two_at_once_both_succeed(folder: Path) -> None:
    together, sums = threading.Barrier(2), []

    def make() -> Arrays:
        together.wait(timeout=60)
        return Maker()()

    def ask() -> None:
        sums.append(int(cached_arrays("x", 1, make)["a"].sum()))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [499500, 499500]
    assert [file.suffix for file in folder.iterdir()] == [".safetensors"]


def test_other_content_is_another_file(folder: Path) -> None:
    make = Maker()
    for content in (1, 2, 1):
        cached_arrays("x", content, make)
    assert (make.calls, len(list(folder.iterdir()))) == (2, 2)


@pytest.mark.parametrize(
    "damage", ["empty", "no data", "truncated", "flipped", "other type", "text", "pickle"]
)
def test_a_damaged_file_is_made_again(folder: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    make = Maker()
    cached_arrays("x", 1, make)
    (file,) = folder.iterdir()
    content = file.read_bytes()
    kinds = {
        "empty": b"",
        "no data": content[: 8 + int.from_bytes(content[:8], "little")],
        "truncated": content[:-1],
        "flipped": content[:4000] + bytes([content[4000] ^ 1]) + content[4001:],
        "other type": content.replace(b"I64", b"U64"),
        "text": b"x",
        "pickle": np.array([{"a": 1}], object).dumps(),
    }
    file.write_bytes(kinds[damage])
    with caplog.at_level(logging.WARNING):
        assert cached_arrays("x", 1, make)["a"].tolist() == list(range(1000))
    assert "made again" in caplog.text
    assert make.calls == 2
    assert file.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_done_without_and_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notices, "_said", set())
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TSEARCH_CACHE", str(tmp_path / "file"))
    make = Maker()
    for _ in range(2):
        assert len(cached_arrays("x", 1, make)["a"]) == 1000
    assert make.calls == 2
    (said,) = caplog.messages
    assert said.startswith(f"TSEARCH_CACHE: {tmp_path / 'file'} cannot be written")


def test_workers_but_the_first_say_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notices, "_said", set())
    monkeypatch.setattr(machine, "_worker", 1)
    notices.warn_once(logging.getLogger("tsearch"), "something to know")
    assert caplog.messages == []


def test_a_full_disk_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert len(cached_arrays("x", 1, Maker())["a"]) == 1000
    assert list(folder.iterdir()) == []


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TSEARCH_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "tsearch"
