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
    "replication",
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
    "networks.plan",
    "task",
    "phase",
    "masks",
    "frozen",
    "flags",
    "units",
    "machine",
    "references",
    "errors",
]
# Looked up when a function runs: names of other rooms that a space file may mention, and types.
ALLOWED = {
    ("space", "engine"),  # names of proposers, looked up when a space file is read
    ("space", "pricing"),  # bounds of costs, asked when a configuration is refused
}
# The lower half of `networks`: what a network is, before any module is made of it.
PLANS = ("plan", "nodes", "backbones", "tracing", "layer_rules", "block_nodes", "lif", "windows")
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
    _, room, *inside = module.split(".")
    if room == "networks" and inside and inside[0] in PLANS:
        return "networks.plan"
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


def modules_of(package: str) -> dict[str, Path]:
    """The files of a package by module, without the package itself, whose names are loaded when they are used."""
    files = sorted((REPOSITORY / package).rglob("*.py"))
    names = [".".join(path.relative_to(REPOSITORY).with_suffix("").parts) for path in files]
    modules = {name.removesuffix(".__init__"): path for name, path in zip(names, files, strict=True)}
    return {name: path for name, path in modules.items() if name not in (package, f"{package}.__main__")}


def import_graph(modules: dict[str, Path]) -> dict[str, set[str]]:
    """For every module those it imports anywhere: at its top, in functions, for types alone."""
    graph = {}
    for module, path in modules.items():
        imported = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                imported |= (names & modules.keys()) or {node.module}
        graph[module] = imported & modules.keys() - {module}
    return graph


def on_circles(graph: dict[str, set[str]]) -> set[str]:
    """The modules from which imports lead back to themselves."""

    def reachable(module: str) -> set[str]:
        seen, to_do = set(), [module]
        while to_do:
            new = graph[to_do.pop()] - seen
            seen |= new
            to_do += new
        return seen

    return {module for module in graph if module in reachable(module)}


@pytest.mark.parametrize("package", ["tsearch", "hwcost"])
def test_no_import_leads_back_to_where_it_started(package: str) -> None:
    graph = import_graph(modules_of(package))
    assert on_circles(graph) == set()


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    assert on_circles(graph) == {"b", "c"}


def test_the_cost_model_imports_nothing_of_ours_and_no_framework() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "yaml", "hwcost"}
    for path in (REPOSITORY / "hwcost").rglob("*.py"):
        lent = (
            {"pandas", "plotly"} if path.name == "report.py" else set()
        )  # only for who asks for a table or a plot
        lent |= {"torch", "nir"} if path.parent.name == "adapters" else set()  # imported when they are called
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


def test_the_engine_knows_no_network() -> None:
    """It asks the `Space` protocol, and finds the default evaluator by its reference."""
    networks = ("space.space", "space.file", "pricing", "networks", "training")
    for path in (REPOSITORY / "tsearch" / "engine").rglob("*.py"):
        for imported in imports_of(path):
            assert not imported.startswith(tuple(f"tsearch.{name}" for name in networks)), path


def test_the_engine_imports_no_torch() -> None:
    for path in (REPOSITORY / "tsearch" / "engine").rglob("*.py"):
        assert "torch" not in {name.split(".")[0] for name in imports_of(path)}, path
