"""What may stand in a search-space file, as pydantic models: the source of errors and of the JSON schema.

Every setting of `backbone`, `neuron`, `training` and `temporal_transformer` may be one value, a list of values to
choose from, or a range `{low: ..., high: ..., log: true}`.
"""

from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, Discriminator, Field, PositiveInt, Tag, create_model

from tsearch.configuration import Configuration, DataSpec, Frozen, Hardware, Neuron, Training
from tsearch.networks.backbones.vgg import Vgg
from tsearch.space.goals import Objective, SearchSettings


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
    temporal_transformer: str | None = None
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


BackboneSpace, NeuronSpace, TrainingSpace = _searchable(Vgg), _searchable(Neuron), _searchable(Training)
TransformerMode = Configuration.model_fields["temporal_transformer"].annotation


class SpaceFile(Frozen):
    """A search-space file."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    data: DataSpec
    backbone: BackboneSpace = BackboneSpace()  # type: ignore[valid-type]
    stages: Literal["any"] | tuple[tuple[PositiveInt, ...], ...] = "any"
    timesteps: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    schedule: ScheduleSpace = ScheduleSpace()
    neuron: NeuronSpace = NeuronSpace()  # type: ignore[valid-type]
    temporal_transformer: _setting(TransformerMode) = "score_mix"  # type: ignore[valid-type]
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


def known_keys(path: tuple[str | int, ...]) -> list[str]:
    model: Any = SpaceFile
    for part in path:
        is_model = isinstance(model, type) and issubclass(model, BaseModel)
        if is_model and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            model = {"enqueue": Enqueued, "constraints": LimitText}.get(str(part), annotation)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return list(model.model_fields)
    return list(Range.model_fields)
