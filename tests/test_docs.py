"""The pages of docs/ agree with the code; the map in docs/architecture.md has a line for every file, and no other."""

import ast
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from tsearch.configuration import Hardware
from tsearch.engine.executors import EXECUTORS
from tsearch.space.goals import SearchSettings
from tsearch.space.schema import ConstraintText, SpaceFile

REPOSITORY = Path(__file__).resolve().parent.parent


def map_lines() -> list[tuple[str, str]]:
    """Path and description of every line of the map; rooms end with '/'."""
    text = (REPOSITORY / "docs" / "architecture.md").read_text()
    lines, room = [], ""
    for line in text.split("## The map")[1].split("```text\n")[1].split("```")[0].splitlines():
        name, _, words = line.strip().partition(" ")
        if line and not line.startswith(" "):
            room = name
            lines.append((room, words.strip()))
        elif name:
            lines.append((room + name, words.strip()))
    return lines


def test_the_map_is_the_tree() -> None:
    mapped = {path for path, _ in map_lines()}
    files = {
        path.relative_to(REPOSITORY).as_posix()
        for package in ("tsearch", "hwcost")
        for path in (REPOSITORY / package).rglob("*.py")
    }
    tree = files | {f"{file.rpartition('/')[0]}/" for file in files}
    assert sorted(tree - mapped) == [], "without a line in the map of docs/architecture.md"
    assert sorted(mapped - tree) == [], "in the map of docs/architecture.md, but not in the tree"


def test_every_line_of_the_map_says_something_and_stands_once() -> None:
    lines = map_lines()
    assert [path for path, words in lines if not words] == []
    assert len({path for path, _ in lines}) == len(lines)


def test_files_are_sorted_within_their_room() -> None:
    paths = [path for path, _ in map_lines()]
    for room in (path for path in paths if path.endswith("/")):
        files = [path for path in paths if path.rpartition("/")[0] + "/" == room and path != room]
        assert files == sorted(files), room


def test_the_order_of_imports_is_the_one_that_is_checked() -> None:
    text = (REPOSITORY / "docs" / "architecture.md").read_text()
    block = text.split("## Who may import whom")[1].split("\n\n")[2]
    told = [room for line in block.splitlines() for room in line.strip().split(", ")]
    tree = ast.parse((REPOSITORY / "tests" / "test_imports.py").read_text())
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    [order] = [ast.literal_eval(n.value) for n in assigned if ast.unparse(n.targets[0]) == "ORDER"]
    assert told == order


def page(name: str) -> str:
    return (REPOSITORY / "docs" / name).read_text()


def test_every_environment_variable_is_told_and_no_other() -> None:
    code = "".join(path.read_text() for path in (REPOSITORY / "tsearch").rglob("*.py"))
    read = set(re.findall(r"environ\.get\(\"(TSEARCH_\w+)\"", code))
    table = page("where_it_runs.md").split("## Environment variables")[1]
    assert set(re.findall(r"^\| `(TSEARCH_\w+)`", table, re.MULTILINE)) == read
    assert len(read) == 3


def test_every_executor_is_told() -> None:
    assert set(re.findall(r"^\| `(\w+)`", page("where_it_runs.md").split("##")[0], re.MULTILINE)) == set(
        EXECUTORS
    )


@pytest.mark.parametrize("model", [SpaceFile, SearchSettings, Hardware, ConstraintText])
def test_every_key_of_a_space_file_is_told(model: type[BaseModel]) -> None:
    readme = (REPOSITORY / "README.md").read_text()
    words = set(re.findall(r"\w+", readme.split("```yaml")[1].split("```")[0] + page("search_spaces.md")))
    assert sorted(model.model_fields.keys() - words) == []
