"""The rooms of the cost model: imports run one way, for every file."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "hwcost"
# A room or root file may import only what stands above it in this list, and a room itself.
ORDER = (
    "errors",
    "forms",
    "execution",
    "shown",
    "plain_yaml",
    "network",
    "activity",
    "prices",
    "dataflow",
    "mapping",
    "counting",
    "overlap",
    "latency",
    "latency_interval",
    "cost",
    "estimate",
    "studies",
    "adapters",
    "report",
    "cli",
    "__init__",
    "__main__",
)


def module_of(path: Path) -> str:
    return ".".join(("hwcost", *path.relative_to(PACKAGE).with_suffix("").parts))


def imports_of(path: Path) -> Iterator[str]:
    """Modules of ours that a file imports anywhere: at the top, in functions, for types."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("hwcost"))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("hwcost"):
            for alias in node.names:
                below = PACKAGE.joinpath(*node.module.split(".")[1:], f"{alias.name}.py")
                yield f"{node.module}.{alias.name}" if below.is_file() else node.module


def room_of(module: str) -> int:
    return ORDER.index(module.split(".")[1])


def test_imports_run_one_way_between_rooms() -> None:
    wrong = [
        f"{module_of(path)} imports {imported}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for imported in imports_of(path)
        if room_of(imported) > room_of(module_of(path))
    ]
    assert wrong == []


def test_no_file_imports_itself_by_way_of_others() -> None:
    imports = {module_of(path): sorted(imports_of(path)) for path in PACKAGE.rglob("*.py")}
    finished: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, f"circle: {' -> '.join((*above, module))}"
        if module not in finished:
            for imported in imports[module]:
                visit(imported, (*above, module))
            finished.add(module)

    for module in imports:
        visit(module, ())


def test_rooms_export_nothing_themselves() -> None:
    """A room's `__init__` holds its description only, so that importing one file of a room loads no other."""
    for path in PACKAGE.glob("*/__init__.py"):
        assert len(ast.parse(path.read_text()).body) == 1, path
