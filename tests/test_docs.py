"""The map in docs/architecture.md and the tree are equal: a line for every file, and no line without a file."""

import ast
from pathlib import Path

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
