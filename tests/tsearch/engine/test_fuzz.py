"""A run's folder damaged at random: it opens, shows and reports, or says in one line what is wrong."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tsearch.cli.tables import front_content, front_text
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError
from tsearch.front import Front
from tsearch.report import write_report

N_MUTATIONS = 500
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 10**5000, 1e308, -1e308, float("nan"), float("inf"), "", "x" * 10_000, "a\nb", "../../x",
    "module:name", [], {}, [[]], {"": {}}, [1, "a"],
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(small_run, tmp_path_factory) -> Path:
    """A copy of a real run, with the accuracies on test samples that its page measured."""
    copied = tmp_path_factory.mktemp("fuzz") / "small"
    shutil.copytree(small_run.folder, copied)
    write_report(open_run(copied), copied.parent / "page.html")
    return copied


def use(folder: Path) -> None:
    """What users do with a run without going on with it."""
    opened = open_run(folder)
    front = Front.of(opened)
    assert front_text(front, front.complete)
    json.dumps(front_content(front, front.by_number))
    assert repr(opened)


def use_page(folder: Path) -> None:
    """The same, and its page."""
    use(folder)
    write_report(open_run(folder), folder.parent / "page.html")


# ---------------------------------------------------------------------- mutations


def flip(content: bytes, rng: random.Random) -> bytes:
    """Some bits changed."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 8, 64))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(content: bytes, rng: random.Random) -> bytes:
    """The end missing, or everything."""
    return content[: rng.choice((0, rng.randrange(len(content))))]


def change_json(content: bytes, rng: random.Random) -> bytes:
    """One value of a JSON document replaced by another, taken away, or hidden deep."""
    try:
        document = json.loads(content)
    except ValueError:
        return flip(content, rng)
    text = json.dumps(changed_value(document, rng))
    return text.replace('"DEEP"', "[" * 20_000 + "]" * 20_000).replace('"HUGE"', "9" * 5_000).encode()


def changed_value(document: Any, rng: random.Random) -> Any:
    """The document with one of its values changed, at any depth."""
    if isinstance(document, dict | list) and document and rng.random() < 0.85:
        keys = list(document) if isinstance(document, dict) else range(len(document))
        key = rng.choice(list(keys))
        changed = document.copy()
        if rng.random() < 0.15:
            del changed[key]
        else:
            changed[key] = changed_value(document[key], rng)
        return changed
    strange = rng.choice([*STRANGE, "DEEP", "HUGE"])
    return "HUGE" if strange == 10**5000 else strange


@contextmanager
def damaged_file(folder: Path, rng: random.Random) -> Iterator[str]:
    """One file of the folder damaged, deleted or emptied, and put back afterwards."""
    path = rng.choice(sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size))
    content = path.read_bytes()
    mutate: Callable[[bytes, random.Random], bytes] = rng.choice((flip, cut, change_json, change_json))
    try:
        if rng.random() < 0.1:
            path.unlink()
        else:
            path.write_bytes(mutate(content, rng))
        yield f"{mutate.__name__} of {path.name}"
    finally:
        path.write_bytes(content)


@contextmanager
def damaged_row(folder: Path, rng: random.Random) -> Iterator[str]:
    """One value in the ledger changed, as if an honest database held it, and put back afterwards."""
    path = folder / "ledger.sqlite"
    content = path.read_bytes()
    table, column, row = rng.choice((
        ("trial_user_attributes", "value_json", "trial_user_attribute_id"),
        ("trial_user_attributes", "value_json", "trial_user_attribute_id"),
        ("trial_params", "param_value", "param_id"),
        ("trial_params", "distribution_json", "param_id"),
        ("trials", "state", "trial_id"),
        ("trials", "number", "trial_id"),
    ))  # fmt: skip
    try:
        with closing(sqlite3.connect(path)) as ledger, ledger:
            rows = ledger.execute(f"select {row}, {column} from {table}").fetchall()
            which, value = rng.choice(rows)
            if column.endswith("json"):
                value = change_json(value.encode(), rng).decode(errors="replace")
            else:
                value = rng.choice(
                    (None, -1, 1e300, "x", b"\xff", 7, "COMPLETE", "FAIL", "RUNNING", "PRUNED")
                )
            ledger.execute(f"update or ignore {table} set {column} = ? where {row} = ?", (value, which))
        yield f"{table}.{column} {which}"
    finally:
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        path.write_bytes(content)


def problems_of(folder: Path, use: Callable[[Path], None], n: int) -> tuple[list[str], int]:
    """What ended in anything but a result or one line, and how many ended in a line."""
    problems, n_refused = [], 0
    for number in range(n):
        rng = random.Random(number)
        with rng.choice((damaged_file, damaged_file, damaged_row))(folder, rng) as what:
            try:
                use(folder)
            except TsearchError as error:
                n_refused += 1
                if "\n" in str(error) or len(str(error)) > 2_000:
                    problems.append(f"{number}: {what}: a message of many lines: {error}")
            except BaseException as error:
                problems.append(f"{number}: {what}: {type(error).__name__}: {str(error)[:200]}")
    return problems, n_refused


def test_500_damaged_run_folders_open_and_show_or_say_in_one_line_why_not(folder) -> None:
    problems, n_refused = problems_of(folder, use, N_MUTATIONS)
    assert problems == []
    assert 0 < n_refused < N_MUTATIONS / 2  # most damage does not hide the run


@pytest.mark.slow
def test_500_damaged_run_folders_are_reported_or_say_in_one_line_why_not(folder) -> None:
    problems, _ = problems_of(folder, use_page, N_MUTATIONS)
    assert problems == []


@pytest.mark.parametrize("content", [{"format": 99}, {"format": "2"}, {"format": True}, {"format": None}, {}])
def test_an_unknown_format_is_refused(folder, content) -> None:
    path = folder / "run.json"
    before = path.read_bytes()
    path.write_text(json.dumps(json.loads(before) | {"format": None} | content))
    try:
        with pytest.raises(TsearchError, match=r"run.json: format .* but this tsearch reads formats 1 and 2"):
            open_run(folder)
    finally:
        path.write_bytes(before)
