"""The cache spares work and never gets in the way."""

from pathlib import Path

import numpy as np
import pytest

from tsearch.data.cache import Arrays, cache_folder, cached_arrays


class Maker:
    """Makes two arrays, and counts how often it had to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Arrays:
        self.calls += 1
        return {"a": np.arange(1000), "b": np.ones((2, 3), np.float32)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TSEARCH_CACHE", str(tmp_path / "deep" / "cache"))
    return tmp_path / "deep" / "cache"


def test_arrays_are_made_once(folder: Path) -> None:
    make = Maker()
    first, second = (cached_arrays("x", {"size": 1}, make) for _ in range(2))
    assert make.calls == 1
    assert all(np.array_equal(first[name], second[name]) for name in ("a", "b"))
    assert [file.suffix for file in folder.iterdir()] == [".npz"]


def test_other_content_is_another_file(folder: Path) -> None:
    make = Maker()
    for content in (1, 2, 1):
        cached_arrays("x", content, make)
    assert (make.calls, len(list(folder.iterdir()))) == (2, 2)


@pytest.mark.parametrize("damage", ["empty", "truncated", "flipped", "text", "pickle"])
def test_a_damaged_file_is_made_again(folder: Path, damage: str) -> None:
    make = Maker()
    cached_arrays("x", 1, make)
    (file,) = folder.iterdir()
    content = file.read_bytes()
    flipped = content[:500] + bytes([content[500] ^ 1]) + content[501:]
    pickled = np.array([{"a": 1}], object).dumps()
    kinds = {"empty": b"", "truncated": content[:900], "flipped": flipped, "text": b"x", "pickle": pickled}
    file.write_bytes(kinds[damage])
    assert cached_arrays("x", 1, make)["a"].tolist() == list(range(1000))
    assert make.calls == 2
    assert file.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TSEARCH_CACHE", str(tmp_path / "file"))
    make = Maker()
    for _ in range(2):
        assert len(cached_arrays("x", 1, make)["a"]) == 1000
    assert make.calls == 2


def test_a_full_disk_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert len(cached_arrays("x", 1, Maker())["a"]) == 1000
    assert list(folder.iterdir()) == []


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TSEARCH_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "tsearch"
