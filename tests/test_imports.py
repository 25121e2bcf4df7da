"""The rooms: imports run one way, the cost model stands alone, and the command line starts without torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# A room may import only rooms that stand below it in this list.
ORDER = [
    "cli",
    "report",
    "export",
    "front",
    "engine",
    "training",
    "pricing",
    "networks",
    "space",
    "versions",
    "data",
    "files",
    "configuration",
    "units",
    "machine",
    "references",
    "errors",
]
# Looked up when a function runs: names of other rooms that a space file may mention, and types.
ALLOWED = {
    ("space", "engine"),  # names of proposers
    ("space", "networks"),  # names of backbones
    ("space", "pricing"),  # bounds of costs before any training
    ("references", "configuration"),  # types
    ("configuration", "networks"),  # families by name, and types
}
PACKAGE = ("tsearch", "tsearch.__main__")  # the public names and the command


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room_of(module: str) -> str | None:
    """The room of a module of ours; None for the package itself and for what is not ours."""
    if not module.startswith("tsearch.") or module in PACKAGE:
        return None
    room = module.split(".")[1]
    assert room in ORDER, f"{module} belongs to no room"
    return room


def test_imports_run_one_way() -> None:
    wrong = []
    for path in sorted((REPOSITORY / "tsearch").rglob("*.py")):
        module = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
        room = room_of(module)
        for imported in imports_of(path):
            other = room_of(imported)
            is_other = room and other and room != other and (room, other) not in ALLOWED
            if is_other and ORDER.index(other) < ORDER.index(room):
                wrong.append(f"{module} imports {imported}")
    assert wrong == []


def test_the_cost_model_imports_nothing_of_ours_and_no_framework() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "yaml", "hwcost"}
    for path in (REPOSITORY / "hwcost").rglob("*.py"):
        lent = (
            {"pandas", "plotly"} if path.name == "report.py" else set()
        )  # only for who asks for a table or a plot
        assert {name.split(".")[0] for name in imports_of(path)} <= allowed | lent, path


@pytest.mark.parametrize(
    "arguments", ["--help", "list", "check digits_dvs --proposals 1", "schema", "show no_such_run"]
)
def test_commands_that_train_nothing_do_not_import_torch(arguments: str) -> None:
    code = (
        "import sys; from tsearch.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules and 'ray' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments.split()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_engine_imports_no_torch() -> None:
    for path in (REPOSITORY / "tsearch" / "engine").rglob("*.py"):
        assert "torch" not in {name.split(".")[0] for name in imports_of(path)}, path
