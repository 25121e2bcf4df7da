"""Arrays that grow on disk: what comes back is what was appended, whole or not at all."""

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tsearch.errors import TsearchError
from tsearch.files.cache import Arrays
from tsearch.files.growing import ABANDONED_S, Growing, mapped_arrays


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("TSEARCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def three_pieces(growing: Growing) -> Arrays:
    for n in (2, 0, 3):
        growing.append("long", np.full((n, 2), n, np.uint16))
    return {"short": np.arange(3)}


@given(
    sizes=st.lists(st.integers(0, 5), min_size=1, max_size=6),
    dtype=st.sampled_from(["u1", "<i2", "<f4", "<u8", ">u2"]),
    tail=st.sampled_from([(), (3,), (2, 1)]),
)
def test_pieces_come_back_as_one_array(
    sizes: list[int], dtype: str, tail: tuple[int, ...], tmp_path_factory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSEARCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        rng = np.random.default_rng(0)
        pieces = [rng.integers(0, 100, (n, *tail)).astype(dtype) for n in sizes]

        def make(growing: Growing) -> Arrays:
            for piece in pieces:
                growing.append("long", piece)
            return {}

        stored = mapped_arrays("set", 1, make)
        assert stored["long"].dtype == np.dtype(dtype)
        assert_array_equal(stored["long"], np.concatenate(pieces))
        assert list(stored) == ["long"]


def test_a_set_is_made_once_and_then_mapped(folder: Path) -> None:
    first = mapped_arrays("set", {"a": 1}, three_pieces)
    again = mapped_arrays("set", {"a": 1}, _never)
    for stored in (first, again):
        assert_array_equal(stored["long"], [[2, 2]] * 2 + [[3, 3]] * 3)
        assert_array_equal(stored["short"], [0, 1, 2])
        assert isinstance(stored["long"], np.memmap)
        assert not stored["long"].flags.writeable
    assert [path.suffix for path in folder.iterdir()] == [""]  # nothing unfinished is left


def test_other_content_is_another_set(folder: Path) -> None:
    mapped_arrays("set", 1, three_pieces)
    mapped_arrays("set", 2, three_pieces)
    assert len(list(folder.iterdir())) == 2


def test_a_failure_leaves_nothing(folder: Path) -> None:
    def fails(growing: Growing) -> Arrays:
        growing.append("long", np.zeros(3))
        raise TsearchError("the fifth file is damaged")

    with pytest.raises(TsearchError, match="fifth"):
        mapped_arrays("set", 1, fails)
    assert list(folder.iterdir()) == []


def test_what_a_killed_process_left_is_removed_after_a_day(folder: Path) -> None:
    """Not what another one is writing: its folder is old, but not its files."""
    for name in ("old", "written"):
        (folder / f"{name}.part").mkdir(parents=True)
        (folder / f"{name}.part" / "long").write_bytes(b"piece")
    yesterday = time.time() - ABANDONED_S - 60
    for path in (folder / "old.part" / "long", folder / "old.part", folder / "written.part"):
        os.utime(path, (yesterday, yesterday))
    mapped_arrays("set", 1, three_pieces)
    assert [path.name for path in folder.glob("*.part")] == ["written.part"]


@pytest.mark.parametrize("file", ["long", "index.safetensors"])
@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_set_is_made_again(folder: Path, file: str, cut: bool) -> None:
    mapped_arrays("set", 1, three_pieces)
    path = next(folder.iterdir()) / file
    if cut:
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.unlink()
    assert_array_equal(mapped_arrays("set", 1, three_pieces)["short"], [0, 1, 2])
    assert_array_equal(mapped_arrays("set", 1, _never)["long"], [[2, 2]] * 2 + [[3, 3]] * 3)


def test_pieces_of_another_kind_are_refused() -> None:
    def mixed(growing: Growing) -> Arrays:
        growing.append("long", np.zeros((1, 2), np.uint8))
        growing.append("long", np.zeros((1, 3), np.uint8))
        return {}

    with pytest.raises(ValueError, match="does not go behind"):
        mapped_arrays("set", 1, mixed)


def test_two_that_make_it_at_once_get_the_same(folder: Path) -> None:
    both, results = threading.Barrier(2), []

    def make(growing: Growing) -> Arrays:
        both.wait(10)
        return three_pieces(growing)

    threads = [
        threading.Thread(target=lambda: results.append(mapped_arrays("set", 1, make))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_array_equal(results[0]["long"], results[1]["long"])
    assert [path.suffix for path in folder.iterdir()] == [""]


@pytest.mark.skipif(os.name != "posix", reason="a file in place of the folder")
def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TSEARCH_CACHE", str(tmp_path / "file" / "cache"))
    assert_array_equal(mapped_arrays("set", 1, three_pieces)["short"], [0, 1, 2])
    assert "cannot be written" in caplog.text


def test_a_full_disk_is_one_line() -> None:
    def full(_: Growing) -> Arrays:
        raise OSError(28, "No space left on device")

    with pytest.raises(TsearchError, match=r"the disk is full\. Free some space, or set TSEARCH_CACHE"):
        mapped_arrays("set", 1, full)


def _never(_: Growing) -> Arrays:
    raise AssertionError("it was made before")
