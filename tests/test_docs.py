"""The pages of docs/ agree with the code; the map in docs/architecture.md has a line for every file, and no other."""

import ast
import re
from pathlib import Path
from types import NoneType
from typing import get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tsearch.configuration import Conversion, DataSpec, Hardware, Masks, Training
from tsearch.data import DATASETS, describe_dataset
from tsearch.engine.executors import EXECUTORS
from tsearch.errors import TsearchError
from tsearch.networks.backbones.resnet import ResNet18
from tsearch.networks.backbones.spikformer import Spikformer
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.backbones.windowed import Windowed
from tsearch.networks.plan import Neuron
from tsearch.space.file import load_space
from tsearch.space.goals import ConfirmSettings, SearchSettings
from tsearch.space.recipes import RECIPES
from tsearch.space.schema import Compression, ConstraintText, ScheduleSpace, SpaceFile

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
    assert len(read) == 4


def test_every_executor_is_told() -> None:
    assert set(re.findall(r"^\| `(\w+)`", page("where_it_runs.md").split("##")[0], re.MULTILINE)) == set(
        EXECUTORS
    )


def test_parts_of_the_papers_name_code_and_tests_that_exist() -> None:
    tables = page("papers.md").split("## Measured")[0]
    rows = [line.split("|") for line in tables.splitlines() if line.count("|") == 7]
    named = [(re.findall(r"`(.+?)`", row[5]), re.findall(r"`(.+?)`", row[6])) for row in rows]
    heads_and_rules = 2 * tables.count("|---|---|---|---|---|---|")
    assert sum(bool(code and tests) for code, tests in named) == len(rows) - heads_and_rules
    for code, tests in named:
        missing = [n for n in code if not any((REPOSITORY / r / n).exists() for r in ("tsearch", "."))]
        missing += [
            n for n in tests if not any((REPOSITORY / r / n).is_file() for r in ("tests/tsearch", "tests"))
        ]
        assert missing == []


@pytest.mark.parametrize("model", [SpaceFile, ScheduleSpace, SearchSettings, Hardware, ConstraintText])
def test_every_key_of_a_space_file_is_told(model: type[BaseModel]) -> None:
    readme = (REPOSITORY / "README.md").read_text()
    words = set(re.findall(r"\w+", readme.split("```yaml")[1].split("```")[0] + page("search_spaces.md")))
    assert sorted(model.model_fields.keys() - words) == []


SAME_OPTIONS = (
    "digits",
    "nmnist_playback",
    "cifar10",
    "cifar100",
    "fashion_mnist",
)  # as another one, or none
TABLES = {
    "setting of `vgg`": Vgg,
    "setting of `resnet18`": ResNet18,
    "setting of `spikformer`": Spikformer,
    "setting of `windowed`": Windowed,
    "setting": Training,
    "setting of `neuron`": Neuron,
    "setting of `conversion`": Conversion,
    "setting of `compression`": Compression,
    "setting of `masks`": Masks,
    "key of `confirm`": ConfirmSettings,
} | {f"option of `{name}`": DATASETS[name].options for name in DATASETS if name not in SAME_OPTIONS}


@pytest.mark.parametrize("head", TABLES)
def test_every_setting_is_told_with_its_default_and_its_bounds(head: str) -> None:
    table = page("search_spaces.md").split(f"\n| {head} | default | values | meaning |\n")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[1:]]
    fields = TABLES[head].model_fields
    assert [(name, default, values) for name, default, values, _ in rows] == [
        (f"`{name}`", in_yaml(field.default), values_of(field))
        for name, field in fields.items()
        if name != "name"
    ]
    assert all(meaning for *_, meaning in rows)


def test_every_recipe_is_told() -> None:
    table = page("search_spaces.md").split("| recipe | what it fixes |\n")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(RECIPES)


def in_yaml(value: object) -> str:
    """A default as a space file writes it."""
    if value is None or isinstance(value, tuple):
        return "null" if value is None else str(list(value))
    return str(value).lower().removesuffix(".0") if value != 1e-4 else "0.0001"


def values_of(field: FieldInfo) -> str:
    """'0 to below 1': what may be given, by the type of a field and its bounds."""
    if get_origin(field.annotation) is tuple:
        return "a list"
    if field.annotation is str:
        return "a name"
    listed = (True, False) if field.annotation is bool else get_args(field.annotation)
    if NoneType in listed:
        [number] = (part for part in listed if part is not NoneType)
        return f"{values_of(FieldInfo.from_annotation(number))}, `null`"
    if listed:
        return ", ".join(f"`{in_yaml(value)}`" for value in listed)
    bounds = {name: getattr(mark, name) for mark in field.metadata for name in vars_of(mark)}
    low = f"above {bounds['gt']}" if "gt" in bounds else f"{bounds['ge']:g}"
    if "lt" in bounds:
        return f"{low} to below {bounds['lt']}"
    if "le" in bounds:
        return f"{low} to {bounds['le']:g}"
    return low if "gt" in bounds else f"{low} or more"


def vars_of(mark: object) -> list[str]:
    return [name for name in ("gt", "ge", "lt", "le") if hasattr(mark, name)]


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_data_set_reads_the_options_that_are_told_of_it(name: str) -> None:
    """What `DATASETS` says of options is what reading them accepts."""
    for option, field in DATASETS[name].options.model_fields.items():
        given = True if option == "playback" else field.default
        describe_dataset(DataSpec(name=name, options={option: given}))
    with pytest.raises(TsearchError, match="unknown option 'colour'"):
        describe_dataset(DataSpec(name=name, options={"colour": 1}))


def test_the_example_of_a_schedule_is_the_shipped_one() -> None:
    space = load_space("digits_dvs")
    text = " ".join(page("search_spaces.md").split())
    epochs, leading = space.last_epochs, space.leading_epochs
    total = space.schedules.total_epochs
    assert f"With `epochs: {epochs}`, `leading: [[], [8]]` and `leading_epochs: {leading}`" in text
    assert f"T=4 trains for {total} epochs, or for {leading} led by 8 and then {epochs}; T=8" in text
    assert f"for {total} epochs in all" in space.source_text
