"""The YAML form of a search space, and errors that point at a line of it.

Every setting of `backbone`, `neuron`, `training` and `transformer` may be one value, a list of values to
choose from, or a range `{low: ..., high: ..., log: true}`."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, Discriminator, Field, PositiveInt, Tag, ValidationError, create_model

from tsearch.configuration import Backbone, Configuration, DataSpec, Frozen, Hardware, Neuron, Training
from tsearch.domains import Choice, Domain, Real, Whole
from tsearch.errors import TsearchError, did_you_mean
from tsearch.space import Limit, Objective, SearchSettings, SearchSpace
from tsearch.units import metric_name, parse

DIRECTIONS: dict[str, Literal["maximize", "minimize"]] = {"accuracy": "maximize"}


class Range(Frozen):
    """Numbers from `low` to `high`, both included; `log` searches orders of magnitude alike."""

    low: float
    high: float
    log: bool = False
    default: float | None = None


class ScheduleSpace(Frozen):
    """`epochs` of the last phase; each list of `leading` timesteps is one choice of earlier phases,
    `leading_epochs` each."""

    epochs: PositiveInt = 20
    leading: tuple[tuple[PositiveInt, ...], ...] = Field(default=((),), min_length=1)
    leading_epochs: PositiveInt = 5


class LimitText(Frozen):
    """What a metric must keep to: a number in the metric's unit, or text with a unit such as 50nJ."""

    min: float | str | None = None
    max: float | str | None = None


class Enqueued(Frozen):
    """A configuration to be tried first; what is left out takes its default."""

    timesteps: tuple[PositiveInt, ...]
    stages: tuple[PositiveInt, ...]
    leading: tuple[PositiveInt, ...] = ()
    transformer: str | None = None
    backbone: dict[str, Any] = Field(default_factory=dict)
    neuron: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)


def _kind(value: Any) -> str:
    if isinstance(value, dict | Range):
        return "range"
    return "choices" if isinstance(value, list | tuple) else "value"


def _kind_of_list(value: Any) -> str:
    return (
        "choices"
        if value and isinstance(value, list | tuple) and isinstance(value[0], list | tuple)
        else "value"
    )


def _setting(annotation: Any) -> Any:
    """Type of a setting whose single value has type `annotation`."""
    is_list = get_origin(annotation) is tuple or (
        get_args(annotation) and get_origin(get_args(annotation)[0]) is tuple
    )
    choices = Annotated[tuple[annotation, ...], Field(min_length=1)]
    union = Annotated[annotation, Tag("value")] | Annotated[choices, Tag("choices")]
    if is_list:
        return Annotated[union, Discriminator(_kind_of_list)]
    return Annotated[union | Annotated[Range, Tag("range")], Discriminator(_kind)]


def _searchable(model: type[BaseModel]) -> type[BaseModel]:
    """`model` with every field widened to a setting; its defaults stay."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        annotation = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        fields[name] = (_setting(annotation), field.default)
    return create_model(f"{model.__name__}Space", __base__=Frozen, __doc__=model.__doc__, **fields)


BackboneSpace, NeuronSpace, TrainingSpace = _searchable(Backbone), _searchable(Neuron), _searchable(Training)
TransformerMode = Configuration.model_fields["transformer"].annotation


class SpaceFile(Frozen):
    """A search-space file."""

    name: str
    data: DataSpec
    backbone: BackboneSpace = BackboneSpace()  # type: ignore[valid-type]
    stages: Literal["any"] | tuple[tuple[PositiveInt, ...], ...] = "any"
    timesteps: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    schedule: ScheduleSpace = ScheduleSpace()
    neuron: NeuronSpace = NeuronSpace()  # type: ignore[valid-type]
    transformer: _setting(TransformerMode) = "score_mix"  # type: ignore[valid-type]
    training: TrainingSpace = TrainingSpace()  # type: ignore[valid-type]
    objectives: Annotated[tuple[str | Objective, ...], Field(min_length=1, max_length=4)] = (
        "accuracy",
        "energy_pj",
        "latency_s",
    )
    constraints: dict[str, LimitText] = Field(default_factory=dict)
    reference: dict[str, float] | None = None
    hardware: Hardware = Hardware()
    search: SearchSettings = SearchSettings()
    enqueue: tuple[Enqueued, ...] = ()


def parse_space(text: str, source: str = "space.yaml") -> SearchSpace:
    """The search space that YAML `text` describes; `source` is the name that errors give.

    Raises: TsearchError with file, line, what was found and what is allowed.
    """
    lines = _Lines(source, text)
    try:
        file = SpaceFile.model_validate(lines.content)
    except ValidationError as error:
        raise _explain(error, lines) from None
    settings: dict[str, Domain] = {"transformer": _domain(file.transformer, "transformer", lines)}
    for section in ("backbone", "neuron", "training"):
        part = getattr(file, section)
        for field in type(part).model_fields:
            settings[f"{section}.{field}"] = _domain(getattr(part, field), f"{section}.{field}", lines)
    _check_settings(settings, lines)
    names = {_objective(o).name for o in file.objectives}
    for name in file.reference or {}:
        if name not in names:
            raise lines.error(
                ("reference", name),
                f"reference for '{name}', which is no objective.{did_you_mean(name, names)}",
            )
    try:
        space = SearchSpace(
            name=file.name,
            data=file.data,
            hardware=file.hardware,
            search=file.search,
            constraints=_constraints(file.constraints, lines),
            reference=file.reference,
            objectives=tuple(_objective(o) for o in file.objectives),
            divisions=file.stages,
            timesteps=tuple(sorted(set(file.timesteps))),
            settings=settings,
            source_text=text,
            leading=Choice(file.schedule.leading),
            epochs=file.schedule.epochs,
            leading_epochs=file.schedule.leading_epochs,
        )
    except ValidationError as error:
        raise lines.error(("stages",), _plain(error.errors()[0])) from None
    _check_names(space, lines)
    enqueued = tuple(_enqueued(space, entry, i, lines) for i, entry in enumerate(file.enqueue))
    return space.model_copy(update={"enqueued": enqueued})


def spaces_folder() -> Path:
    """Folder of the shipped search spaces: inside the package where it is installed, beside it in a
    checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "search_spaces"
    return inside if inside.is_dir() else package.parent / "search_spaces"


def known_spaces() -> list[str]:
    """Names of the shipped search spaces."""
    return sorted(path.stem for path in spaces_folder().glob("*.yaml"))


def resolve_space(source: str) -> Path:
    """Path of a space file given by path or by the name of a shipped one. Raises TsearchError if there is
    none."""
    path = Path(source)
    if path.is_file():
        return path
    if source in known_spaces():
        return spaces_folder() / f"{source}.yaml"
    known = ", ".join(known_spaces())
    hint = did_you_mean(source, known_spaces())
    raise TsearchError(
        f"search space '{source}' not found: no such file, and not a shipped one.{hint} Shipped: {known}."
    )


class _Lines:
    """YAML content together with the line of every key."""

    def __init__(self, source: str, text: str) -> None:
        self.source = source
        self.lines: dict[tuple[str | int, ...], int] = {}
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            self.content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f":{mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or "cannot be read"
            raise TsearchError(f"{source}{where}: not valid YAML: {problem}.") from None
        if not isinstance(self.content, dict):
            raise TsearchError(
                f"{source}: a search space is a mapping of keys, at least name, data and timesteps."
            )
        self._walk(node, ())

    def _walk(self, node: Any, path: tuple[str | int, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                name = (*path, str(key.value))
                if name in self.lines:
                    raise TsearchError(
                        f"{self.source}:{key.start_mark.line + 1}: key '{key.value}' is given twice."
                    )
                self.lines[name] = key.start_mark.line + 1
                self._walk(value, name)
        elif isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                self.lines[(*path, i)] = value.start_mark.line + 1
                self._walk(value, (*path, i))

    def known(self, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """`path` without the parts that are no keys of the file (pydantic's names for the members of a
        union)."""
        kept: tuple[str | int, ...] = ()
        for part in path:
            if (*kept, part) in self.lines:
                kept = (*kept, part)
        return kept

    def error(self, path: tuple[str | int, ...], message: str) -> TsearchError:
        line = self.lines.get(self.known(path))
        return TsearchError(f"{self.source}{f':{line}' if line else ''}: {message}")


def _explain(error: ValidationError, lines: _Lines) -> TsearchError:
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")  # a typo explains the rest
    path = lines.known(tuple(first["loc"]))
    if first["type"] == "extra_forbidden":
        known = _known_keys(path[:-1])
        key = str(first["loc"][-1])
        hint = did_you_mean(key, known) or f" Known keys: {', '.join(known)}."
        return lines.error(path, f"unknown key '{key}'.{hint}")
    if first["type"] == "missing":
        return TsearchError(f"{lines.source}: '{_dotted(tuple(first['loc']))}' is missing.")
    return lines.error(path, f"'{_dotted(path)}': {_plain(first)}")


def _plain(first: Any) -> str:
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "value_error":
        return message + "."
    return f"{message[0].lower()}{message[1:]}, found {first['input']!r}."


def _known_keys(path: tuple[str | int, ...]) -> list[str]:
    model: Any = SpaceFile
    for part in path:
        is_model = isinstance(model, type) and issubclass(model, BaseModel)
        if is_model and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            model = {"enqueue": Enqueued, "constraints": LimitText}.get(str(part), annotation)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return list(model.model_fields)
    return list(Range.model_fields)


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in path) or "file"


def _objective(given: str | Objective) -> Objective:
    return (
        given
        if isinstance(given, Objective)
        else Objective(name=given, direction=DIRECTIONS.get(given, "minimize"))
    )


def _constraints(given: Mapping[str, LimitText], lines: _Lines) -> dict[str, Limit]:
    found = {}
    for name, limit in given.items():
        metric, ends = metric_name(name), {}
        for end in ("min", "max"):
            value = getattr(limit, end)
            where = (
                f"{lines.source}:{lines.lines[('constraints', name, end)]}: constraints.{name}.{end}"
                if value is not None
                else ""
            )
            ends[end] = parse(value, metric, where) if isinstance(value, str) else value
        if ends["min"] is None and ends["max"] is None:
            raise lines.error(("constraints", name), f"constraints.{name}: give min, max or both.")
        found[metric] = Limit(**ends)
    return found


def _domain(value: Any, name: str, lines: _Lines) -> Domain:
    """The domain that a setting stands for."""
    path = tuple(name.split("."))
    if isinstance(value, Range):
        if value.low >= value.high:
            raise lines.error(path, f"'{name}': low {value.low:g} must be below high {value.high:g}.")
        if value.log and value.low <= 0:
            raise lines.error(path, f"'{name}': a log range starts above 0, found low {value.low:g}.")
        middle = (value.low * value.high) ** 0.5 if value.log else (value.low + value.high) / 2
        default = middle if value.default is None else value.default
        if not value.low <= default <= value.high:
            raise lines.error(
                path, f"'{name}': default {default:g} is outside [{value.low:g}, {value.high:g}]."
            )
        if _is_whole(name):
            return Whole(int(value.low), int(value.high), value.log, round(default))
        return Real(value.low, value.high, value.log, default)
    is_choice = isinstance(value, tuple) and (
        not _is_list(name) or (bool(value) and isinstance(value[0], tuple))
    )
    return Choice(tuple(dict.fromkeys(value)) if is_choice else (value,))


def _is_whole(name: str) -> bool:
    return name in ("training.batch_size", "training.shift")


def _is_list(name: str) -> bool:
    return name in ("backbone.widths", "backbone.pool_after")


def _check_settings(settings: Mapping[str, Domain], lines: _Lines) -> None:
    """Every end of a range must be a legal value."""
    for name, domain in settings.items():
        section, _, field = name.partition(".")
        if isinstance(domain, Choice) or not field:
            continue
        models: dict[str, type[Frozen]] = {"neuron": Neuron, "training": Training, "backbone": Backbone}
        for end in (domain.low, domain.high):
            try:
                models[section].model_validate({field: end})
            except ValidationError as error:
                raise lines.error((section, field), f"'{name}': {_plain(error.errors()[0])}") from None


def _check_names(space: SearchSpace, lines: _Lines) -> None:
    """Names that point into other rooms: data, profiles, backbone, proposer."""
    from hwcost import load_profile
    from tsearch.data import describe_dataset
    from tsearch.engine.proposers import PROPOSERS
    from tsearch.models import BACKBONES

    try:
        info = describe_dataset(space.data)
    except TsearchError as error:
        raise lines.error(("data", "name"), str(error)) from None
    for i, profile in enumerate((space.hardware.profile, *space.hardware.also)):
        try:
            load_profile(profile)
        except ValueError as error:
            raise lines.error(
                ("hardware", "profile") if i == 0 else ("hardware", "also", i - 1), str(error)
            ) from None
    if space.search.proposer not in PROPOSERS:
        hint = did_you_mean(space.search.proposer, PROPOSERS)
        raise lines.error(
            ("search", "proposer"),
            f"proposer '{space.search.proposer}' not found.{hint} Known proposers: {', '.join(PROPOSERS)}.",
        )
    backbones = space.settings["backbone.name"]
    for name in backbones.values if isinstance(backbones, Choice) else ():
        if name not in BACKBONES:
            hint = did_you_mean(str(name), BACKBONES)
            raise lines.error(
                ("backbone", "name"),
                f"backbone '{name}' not found.{hint} Known backbones: {', '.join(BACKBONES)}.",
            )
    _check_backbones(space, info.shape, lines)


def _check_backbones(space: SearchSpace, shape: tuple[int, int, int], lines: _Lines) -> None:
    """Every choice of backbone must fit the data's frames."""
    from tsearch.models.vgg import check_fits

    fields = {name: domain for name, domain in space.settings.items() if name.startswith("backbone.")}
    choices = [domain.values for domain in fields.values() if isinstance(domain, Choice)]
    for values in product(*choices):
        content = {name.removeprefix("backbone."): value for name, value in zip(fields, values, strict=True)}
        try:
            check_fits(Backbone.model_validate(content), shape)
        except ValidationError as error:
            raise lines.error(("backbone",), f"'backbone': {_plain(error.errors()[0])}") from None
        except ValueError as error:
            raise lines.error(("backbone",), f"'backbone': {error}") from None


def _enqueued(space: SearchSpace, entry: Enqueued, i: int, lines: _Lines) -> Configuration:
    values = {name: domain.default for name, domain in space.settings.items()}
    given: dict[str, Any] = {"transformer": entry.transformer} if entry.transformer else {}
    for section in ("backbone", "neuron", "training"):
        given |= {f"{section}.{field}": value for field, value in getattr(entry, section).items()}
    for name, value in given.items():
        if name not in values:
            raise lines.error(
                ("enqueue", i, *name.split(".")), f"unknown key '{name}'.{did_you_mean(name, values)}"
            )
        values[name] = tuple(value) if isinstance(value, list) else value
    try:
        configuration = space.assemble(entry.stages, entry.timesteps, entry.leading, values)
        space.encode(configuration)
    except ValidationError as error:
        raise lines.error(("enqueue", i), f"enqueue[{i}]: {_plain(error.errors()[0])}") from None
    except ValueError as error:
        raise lines.error(("enqueue", i), f"enqueue[{i}] is not in the space: {error}.") from None
    return configuration
