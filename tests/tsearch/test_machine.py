"""The environment is read in one place."""

import re
from pathlib import Path

import tsearch
from tsearch.machine import become_worker, machine


def test_settings_are_those_of_the_environment_now(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("TSEARCH_CACHE", str(tmp_path))
    monkeypatch.setenv("TSEARCH_DEVICE", "cuda:1")
    monkeypatch.delenv("TSEARCH_DATA", raising=False)
    assert (machine().cache, machine().device, machine().data) == (tmp_path, "cuda:1", None)
    monkeypatch.delenv("TSEARCH_DEVICE")
    assert machine().device is None


def test_a_worker_knows_its_number() -> None:
    assert machine().worker == 0
    become_worker(3)
    try:
        assert machine().worker == 3
    finally:
        become_worker(0)


def test_no_other_file_reads_our_variables() -> None:
    package = Path(tsearch.__file__).parent
    reads = re.compile(r"""environ(\.get\(|\.setdefault\(|\[)["']TSEARCH_|getenv\(["']TSEARCH_""")
    found = [path.name for path in sorted(package.rglob("*.py")) if reads.search(path.read_text())]
    assert found == ["machine.py"]
