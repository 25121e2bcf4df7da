"""What may stand in a search-space file, as pydantic models: the source of errors and of the JSON schema.

Every setting of `backbone`, `neuron`, `training` and `temporal_transformer` may be one value, a list of values to
choose from, or a range `{low: ..., high: ..., log: true}`; it is read as the domain that it stands for.
"""

from collections.abc import Mapping
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainValidator,
    PositiveFloat,
    PositiveInt,
    TypeAdapter,
    WithJsonSchema,
    create_model,
)
from pydantic.fields import FieldInfo

from tsearch.configuration import Configuration, Conversion, DataSpec, Hardware, Phase, Training
from tsearch.errors import did_you_mean
from tsearch.frozen import Frozen
from tsearch.networks.backbones import BACKBONES, Backbone, family
from tsearch.networks.plan import Neuron
from tsearch.space.domains import Choice, Domain, Real, Whole
from tsearch.space.goals import ConfirmSettings, Objective, SearchSettings
from tsearch.space.limits import LONGEST_NAME, MOST_EPOCHS, MOST_PHASES, Epochs, Timesteps, few_choices
from tsearch.space.ranges import OPTION, Range, one_value, setting
from tsearch.space.recipes import OWN, RECIPES
from tsearch.space.settings import SECTIONS


class Section(Frozen, validate_default=True):
    """A section whose settings are read as domains; what has no default and is left out is None."""

    def domains(self) -> dict[str, Domain]:
        """The domain of every setting that is given or has a default, by name."""
        return {name: value for name, value in self if isinstance(value, Choice | Real | Whole)}


class OpenSection(Section, extra="allow"):
    """A section that takes further settings: the options of a network that is not ours."""

    __pydantic_extra__: dict[str, OPTION]


def _known_recipe(name: str) -> str:
    """The name of a recipe. Raises: ValueError for another one."""
    if name not in RECIPES:
        known = ", ".join(RECIPES)
        raise ValueError(f"recipe '{name}' not found.{did_you_mean(name, RECIPES)} Known recipes: {known}")
    return name


class NamedTraining(Training):
    """How to train, by single settings or by the name of a recipe, which replaces some of them."""

    recipe: Annotated[
        str, AfterValidator(_known_recipe), WithJsonSchema({"enum": list(RECIPES), "type": "string"})
    ] = OWN


class Compression(Frozen):
    """A further phase with the searched timesteps, in which the smallest part `sparsity` of the weights, of every layer
    alike or of the whole network, is zero and the others have `weight_bits`. It takes `epochs` of the total, with
    `learning_rate` times that of the training. There is none where no weight is pruned and all have 32 bits."""

    sparsity: Annotated[float, Field(ge=0, lt=1)] = 0.0
    pruning: Literal["layer", "network"] = "layer"
    weight_bits: Literal[32, 8, 4, 2] = 32
    epochs: Annotated[int, Field(gt=0, le=MOST_EPOCHS)] = 4
    learning_rate: PositiveFloat = 0.1


class OwnBackboneSpace(OpenSection):
    """A network of one's own, `module:function`, with its options."""

    name: Annotated[str, Field(pattern=":")]


@cache
def searchable(model: type[Frozen]) -> type[Section]:
    """`model` with every field widened to a setting; its defaults stay. One space has one family of backbones."""
    base = OpenSection if model.model_config.get("extra") == "allow" else Section
    is_backbone = issubclass(model, Backbone)
    fields: dict[str, Any] = {
        name: _widened(field, setting_type=one_value if is_backbone and name == "name" else setting)
        for name, field in model.model_fields.items()
    }
    return create_model(f"{model.__name__}Space", __base__=base, __doc__=model.__doc__, **fields)


def _widened(field: FieldInfo, setting_type: Any) -> tuple[Any, Any]:
    """Type and default of a setting for the values of `field`."""
    annotation = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    if field.annotation in (int, float):
        annotation = Annotated[annotation, BeforeValidator(_no_truth)]
    if field.is_required():
        return setting_type(annotation), Field(default=None, validate_default=False)
    return setting_type(annotation), field.get_default(call_default_factory=True)


def _no_truth(given: Any) -> Any:
    """What is given for a number. Raises: ValueError for true and false, which Python takes for 1 and 0."""
    if isinstance(given, bool):
        raise ValueError(f"input should be a number, found {given}")
    return given


def _read_backbone(given: Any) -> Section:
    """The section `backbone`, read by its family."""
    return searchable(family(_name_of_family(given))).model_validate(given)


def _name_of_family(backbone: Any) -> Any:
    return backbone.get("name", "vgg") if isinstance(backbone, Mapping) else "vgg"


NeuronSpace, TrainingSpace = searchable(Neuron), searchable(NamedTraining)
ConversionSpace, CompressionSpace = searchable(Conversion), searchable(Compression)
BackboneSpace: Any = reduce(or_, [*(searchable(family(name)) for name in BACKBONES), OwnBackboneSpace])
TransformerMode = Configuration.model_fields["temporal_transformer"].annotation


def _reads(read: Any, form: Any) -> PlainValidator:
    """Validates with `read`; the JSON schema shows `form`."""
    return PlainValidator(read, json_schema_input_type=form)


def _reads_setting(annotation: Any) -> PlainValidator:
    """Validates a setting whose single value has type `annotation`."""
    form = setting(annotation)
    return _reads(TypeAdapter(form).validate_python, form)


FinitePositive = Annotated[PositiveFloat, Field(allow_inf_nan=False)]
LeadingEpochs = Annotated[tuple[Epochs, ...], Field(min_length=1, max_length=MOST_PHASES - 1)]
Leading = Annotated[tuple[Timesteps, ...], Field(max_length=MOST_PHASES - 1)]


class ScheduleSpace(Frozen):
    """`epochs` of the phase with the searched timesteps in the longest schedule, to which every configuration's total
    is filled up; each list of `leading` timesteps is one choice of earlier phases, or "any" stands for all paths with
    at most `most_leading` of them, with `leading_epochs` each (one number, or one for the first of them, the second,
    ...) and `leading_learning_rate` times the learning rate. An ANN is trained before them for `ann_epochs`, with
    `ann_learning_rate` times the learning rate and with `ann_optimizer` (default: that of the training)."""

    epochs: Epochs = 20
    leading: Literal["any"] | Annotated[tuple[Leading, ...], Field(min_length=1)] = ((),)
    most_leading: Annotated[int, Field(gt=0, lt=MOST_PHASES)] | None = None
    leading_epochs: Epochs | LeadingEpochs = 5
    leading_learning_rate: Annotated[Domain, _reads_setting(FinitePositive)] = Field(
        default=1.0, validate_default=True
    )
    ann_epochs: Annotated[
        Domain, _reads_setting(Annotated[int, Field(ge=0, le=MOST_EPOCHS), BeforeValidator(_no_truth)])
    ] = Field(default=0, validate_default=True)
    ann_learning_rate: Annotated[Domain, _reads_setting(FinitePositive)] = Field(
        default=1.0, validate_default=True
    )
    ann_optimizer: Annotated[Domain, _reads_setting(Phase.model_fields["optimizer"].annotation)] = Field(
        default=None, validate_default=True
    )


SCHEDULE_SETTINGS = tuple(n for n, field in ScheduleSpace.model_fields.items() if field.annotation is Domain)


class ConstraintText(Frozen):
    """What a metric must keep to: a number in the metric's unit, or text with a unit such as 50nJ."""

    min: float | str | None = None
    max: float | str | None = None


class Enqueued(Frozen):
    """A configuration to be tried first; what is left out takes its default. Phases before the last one are given by
    the timesteps that lead them, or as a path of their vectors."""

    timesteps: tuple[Timesteps, ...]
    stages: tuple[PositiveInt, ...]
    leading: Leading = ()
    path: Annotated[tuple[tuple[Timesteps, ...], ...], Field(max_length=MOST_PHASES - 1)] = ()
    leading_learning_rate: float | None = None
    ann_epochs: int | None = None
    ann_learning_rate: float | None = None
    ann_optimizer: str | None = None
    temporal_transformer: str | None = None
    backbone: dict[str, Any] = Field(default_factory=dict)
    neuron: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    conversion: dict[str, Any] = Field(default_factory=dict)
    compression: dict[str, Any] = Field(default_factory=dict)


class SpaceFile(Frozen):
    """A search-space file."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=LONGEST_NAME)]
    data: DataSpec
    backbone: Annotated[Section, _reads(_read_backbone, BackboneSpace)] = Field(
        default={}, validate_default=True
    )
    stages: Literal["any"] | Annotated[tuple[tuple[PositiveInt, ...], ...], Field(min_length=1)] = "any"
    timesteps: Annotated[tuple[Timesteps, ...], Field(min_length=1), AfterValidator(few_choices)]
    schedule: ScheduleSpace = ScheduleSpace()
    neuron: Annotated[Section, _reads(NeuronSpace.model_validate, NeuronSpace)] = Field(
        default={}, validate_default=True
    )
    temporal_transformer: Annotated[Choice, _reads_setting(TransformerMode)] = Field(
        default="bucket", validate_default=True
    )
    training: Annotated[Section, _reads(TrainingSpace.model_validate, TrainingSpace)] = Field(
        default={}, validate_default=True
    )
    conversion: Annotated[Section, _reads(ConversionSpace.model_validate, ConversionSpace)] | None = None
    compression: Annotated[Section, _reads(CompressionSpace.model_validate, CompressionSpace)] | None = None
    init: str | dict[str, Any] | None = None
    objectives: Annotated[tuple[str | Objective, ...], Field(min_length=1, max_length=4)] = (
        "accuracy",
        "energy_pj",
        "latency_s",
    )
    constraints: dict[str, ConstraintText] = Field(default_factory=dict)
    reference: dict[str, float] | None = None
    hardware: Hardware = Hardware()
    search: SearchSettings = SearchSettings()
    confirm: ConfirmSettings | None = None
    enqueue: tuple[Enqueued, ...] = ()


_MODELS: dict[str, type[BaseModel]] = {
    "data": DataSpec,
    "schedule": ScheduleSpace,
    "neuron": NeuronSpace,
    "training": TrainingSpace,
    "conversion": ConversionSpace,
    "compression": CompressionSpace,
    "objectives": Objective,
    "constraints": ConstraintText,
    "hardware": Hardware,
    "search": SearchSettings,
    "confirm": ConfirmSettings,
    "enqueue": Enqueued,
}


def known_keys(path: tuple[str | int, ...], content: Mapping[str, Any]) -> list[str]:
    """The keys that may stand at `path` of a file with `content`."""
    return list(_model_at(path, content).model_fields)


def _model_at(path: tuple[str | int, ...], content: Mapping[str, Any]) -> type[BaseModel]:
    if not path:
        return SpaceFile
    top = str(path[0])
    is_setting = top == "temporal_transformer" or (top in SECTIONS and len(path) > 1)
    is_setting = is_setting or (top == "schedule" and len(path) > 1 and path[1] in SCHEDULE_SETTINGS)
    if is_setting:
        return Range
    if top == "backbone":
        return searchable(family(_name_of_family(content["backbone"])))
    return _MODELS[top]
