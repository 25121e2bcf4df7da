"""Search-space files: where they are, and how their YAML becomes a search space."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from tsearch.configuration import Hardware
from tsearch.errors import TsearchError, did_you_mean
from tsearch.files.initial import find_init
from tsearch.files.reading import YAML_BYTES, read_text
from tsearch.references import look_in
from tsearch.space import backbone_checks, checks
from tsearch.space.alternatives import alternatives, joined
from tsearch.space.domains import Choice, Domain
from tsearch.space.enqueued import enqueued_configuration, enqueued_in_union
from tsearch.space.goal_texts import check_reference, read_constraints, read_objectives
from tsearch.space.limits import MOST_LEADING
from tsearch.space.lines import Lines
from tsearch.space.problems import explain, plain
from tsearch.space.recipes import RECIPE, RECIPES
from tsearch.space.schedules import ANN_EPOCHS, ANN_OPTIMIZER, ANN_RATE, LEADING_RATE
from tsearch.space.schema import ScheduleSpace, SpaceFile
from tsearch.space.settings import SECTIONS
from tsearch.space.space import SearchSpace
from tsearch.space.union import UnionSpace

LoadedSpace = SearchSpace | UnionSpace  # what a file gives


def load_space(source: str | Path) -> LoadedSpace:
    """The search space in a YAML file, or the shipped one of that name.

    Raises: TsearchError with file, line, what was found and what is allowed.
    """
    path = resolve_space(str(source))
    look_in(path.parent)
    text = read_text(path, YAML_BYTES, "Give a search-space file, or the name of a shipped space.")
    return parse_space(text, str(source) if Path(source) == path else path.name, path.parent)


def parse_space(text: str, source: str = "space.yaml", folder: Path | None = None) -> LoadedSpace:
    """The search space that YAML `text` describes; `source` is the name that errors give, and hardware profiles by
    file are looked for in `folder` first, then from the working directory.

    Raises: TsearchError with file, line, what was found and what is allowed.
    """
    lines = Lines(source, text)
    first, *_ = seen = alternatives(lines)
    (file, space), *others = [_read(one, folder) for one in seen]
    entries = enumerate(file.enqueue)
    if not others:
        enqueued = tuple(enqueued_configuration(space, entry, i, first) for i, entry in entries)
        return space.model_copy(update={"enqueued": enqueued})
    union = joined([space, *(other for _, other in others)], lines)
    chosen = tuple(enqueued_in_union(union, entry, i, lines) for i, entry in entries)
    return union.model_copy(update={"enqueued": chosen})


def spaces_folder() -> Path:
    """Folder of the shipped search spaces: inside the package where it is installed, beside it in a
    checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "search_spaces"
    return inside if inside.is_dir() else package.parent / "search_spaces"


def known_spaces() -> list[str]:
    """Names of the shipped search spaces."""
    return sorted(path.stem for path in spaces_folder().glob("*.yaml"))


def resolve_space(source: str) -> Path:
    """Path of a space file given by path or by the name of a shipped one. Raises TsearchError if there is
    none."""
    path = Path(source)
    if os.path.isfile(source):  # unlike a `Path`, it knows an answer for names that cannot be
        return path
    if os.path.exists(source):
        raise TsearchError(
            f"{source} is not a file. Give a search-space file, or the name of a shipped space."
        )
    if source in known_spaces():
        return spaces_folder() / f"{source}.yaml"
    known = ", ".join(known_spaces())
    hint = did_you_mean(source, known_spaces())
    raise TsearchError(
        f"search space '{source}' not found: no such file, and not a shipped one.{hint} Shipped: {known}."
    )


def _read(lines: Lines, folder: Path | None) -> tuple[SpaceFile, SearchSpace]:
    """A file with one backbone and its space, but for what is enqueued."""
    backbone_checks.check_family(lines)
    try:
        file = SpaceFile.model_validate(lines.content)
    except ValidationError as error:
        raise explain(error, lines) from None
    if folder is not None:
        file = file.model_copy(update={"hardware": _beside(file.hardware, folder)})
    return file, _space(file, _settings(file, lines, folder), lines)


def _beside(hardware: Hardware, folder: Path) -> Hardware:
    """The hardware with the absolute paths of profiles that lie beside the space file."""
    from hwcost import known_profiles

    def found(name: str) -> str:
        path = os.path.join(folder, name)
        is_beside = name not in known_profiles() and os.path.isfile(path)
        return os.path.abspath(path) if is_beside else name

    also = tuple(map(found, hardware.also))
    return hardware.model_copy(update={"profile": found(hardware.profile), "also": also})


def _settings(file: SpaceFile, lines: Lines, folder: Path | None) -> dict[str, Domain]:
    """Every setting of a file by its dotted name, with those that follow from the data; its backbones fit them. Those
    of a conversion or of compression, of phases before the last one and of recipes are there where a file gives any."""
    info = checks.described(file.data, lines)
    settings: dict[str, Domain] = {"temporal_transformer": file.temporal_transformer}
    for section in SECTIONS:
        settings |= file.domains(section)
        if section == "backbone":
            settings |= backbone_checks.derived_settings(settings, info, lines)
    settings |= _schedule_settings(file.schedule) | _init_settings(file, lines, folder)
    if settings[RECIPE].size == 1:  # what the file gives beside it goes before what it fixes
        recipe = RECIPES[settings.pop(RECIPE).default]
        free = {name: value for name, value in recipe.items() if tuple(name.split(".")) not in lines.lines}
        settings |= {name: Choice((value,)) for name, value in free.items() if name in settings}
    backbone_checks.check_backbones(settings, info, max(file.timesteps), lines)
    backbone_checks.check_phases(settings, lines)
    checks.check_augmentation(settings, info, lines)
    checks.check_recipes(settings, lines)
    return settings


def _schedule_settings(schedule: ScheduleSpace) -> dict[str, Domain]:
    """The settings of phases before the last one: those that any of them reads."""
    settings = {}
    if schedule.leading_learning_rate != Choice((1.0,)):
        settings[LEADING_RATE] = schedule.leading_learning_rate
    if schedule.ann_epochs != Choice((0,)):
        names = (ANN_EPOCHS, ANN_RATE, ANN_OPTIMIZER)
        settings |= {name: getattr(schedule, name.removeprefix("schedule.")) for name in names}
    return settings


def _init_settings(file: SpaceFile, lines: Lines, folder: Path | None) -> dict[str, Domain]:
    """The weights from which every training starts, where a file names any."""
    if file.init is None:
        return {}
    try:
        init = find_init(file.init, folder)
    except TsearchError as error:
        raise lines.error(("init",), str(error)) from None
    return {f"init.{name}": Choice((value,)) for name, value in init}


def _space(file: SpaceFile, settings: Mapping[str, Domain], lines: Lines) -> SearchSpace:
    """The space of a file, but for what is enqueued."""
    checks.check_schedule(file.schedule, lines)
    checks.check_baselines(file, settings, lines)
    objectives = read_objectives(file, lines)
    check_reference(file.reference, objectives, lines)
    is_any = file.schedule.leading == "any"
    try:
        space = SearchSpace(
            name=file.name,
            data=file.data,
            hardware=file.hardware,
            search=file.search,
            confirm=file.confirm,
            constraints=read_constraints(file.constraints, objectives, lines),
            reference=file.reference,
            objectives=objectives,
            divisions=file.stages,
            timesteps=tuple(sorted(set(file.timesteps))),
            settings=dict(settings),
            source_text=lines.text,
            leading=Choice(((),) if is_any else tuple(dict.fromkeys(file.schedule.leading))),
            most_leading=(file.schedule.most_leading or MOST_LEADING) if is_any else None,
            epochs=file.schedule.epochs,
            leading_epochs=file.schedule.leading_epochs,
            has_one_total=True,
        )
    except ValidationError as error:
        raise lines.error(("stages",), plain(error.errors()[0])) from None
    checks.check_phases(space, lines)
    checks.check_hardware(file.hardware, lines)
    checks.check_proposer(file.search.proposer, lines)
    return space
