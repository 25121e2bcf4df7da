"""A full disk is told in one line, and what was finished before is intact."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tsearch.engine.run import resume
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError
from tsearch.files.whole import is_full_disk, write_whole

# A small file system of its own, mounted where this process and its children alone see it; filled up by the search.
MOUNT = [
    "unshare",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    'mount -t tmpfs -o size=$0 tmpfs "$1" && shift && "$@"',
]

FILL = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import os, shutil
from pathlib import Path
from tsearch.engine.run import resume, run
from tsearch.errors import TsearchError
from tsearch.space.space import SearchSpace
space = SearchSpace.from_dict(json.loads(sys.argv[2]), "name: toy")
folder, out = Path(sys.argv[3]), Path(sys.argv[5])
try:
    run(space, "toys:evaluate", runs=folder, executor="inline", ideal=json.loads(sys.argv[4]))
except TsearchError as error:
    messages = [str(error)]
if "checkpoints" in messages[0]:  # the ledger makes Optuna wait for seconds first
    try:
        resume(folder / "toy")
    except TsearchError as error:
        messages.append(str(error))
out.joinpath("messages").write_text(json.dumps(messages))
shutil.copytree(folder / "toy", out / "toy")
"""


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch) -> None:
    path = tmp_path / "result.json"
    write_whole(path, b"first")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TsearchError, match=r"result.json: the disk is full. Earlier results are intact"):
        write_whole(path, b"second")
    assert path.read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"]


def test_other_errors_are_not_taken_for_a_full_disk(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "missing" / "file", b"")
    assert not is_full_disk(OSError(errno.EACCES, "denied"))
    assert not is_full_disk(sqlite3.OperationalError("no such table"))


@pytest.mark.parametrize(
    ("size", "repeat"), [("700k", 16384), pytest.param("720k", 1, marks=pytest.mark.slow)]
)
def test_a_search_on_a_full_disk_stops_with_a_word_and_resumes_with_space(
    make_space, ideal, tmp_path, size, repeat
) -> None:
    """For real: on a file system of this size, filled by checkpoints of `repeat` times 16 bytes, or by the ledger."""
    mount, out = tmp_path / "small", tmp_path / "out"
    mount.mkdir()
    out.mkdir()
    command = [*MOUNT, size, str(mount), "true"]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("this machine does not let a test mount a small file system")
    space = make_space(trials=30, options={"repeat": repeat})
    arguments = [json.dumps([str(Path(__file__).parent)]), json.dumps(space.to_dict()), str(mount)]
    command = [*MOUNT, size, str(mount), sys.executable, "-c", FILL, *arguments, json.dumps(ideal), str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    messages = json.loads((out / "messages").read_text())
    for message in messages:
        assert "the disk is full" in message
        assert "\n" not in message
    assert ("checkpoints" if repeat > 1 else "ledger") in messages[0]
    assert len(messages) == (2 if repeat > 1 else 1)
    left = open_run(out / "toy")
    assert len(left.results) > 0
    for trial in left.results:
        assert left.checkpoint(trial) == trial.key.encode() * repeat
    found = resume(out / "toy")
    assert len(found.results) == 30
    assert found.results[: len(left.results)] == left.results
