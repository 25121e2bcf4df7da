"""What may stand in a search-space file, as pydantic models: the source of errors and of the JSON schema.

Settings may be one value, a list of values to choose from, or a range `{low: ..., high: ..., log: true}`; each is read
as the domain that it stands for (see `sections.py`).
"""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    WithJsonSchema,
    create_model,
)

from tsearch.configuration import Configuration, Conversion, DataSpec, Hardware, Masks, Phase, Training
from tsearch.errors import did_you_mean
from tsearch.frozen import Frozen
from tsearch.networks.backbones import BACKBONES, family
from tsearch.networks.plan import Neuron
from tsearch.space.domains import Choice, Domain
from tsearch.space.goals import ConfirmSettings, Objective, SearchSettings
from tsearch.space.limits import LONGEST_NAME, MOST_EPOCHS, MOST_PHASES, Epochs, Timesteps, few_choices
from tsearch.space.ranges import setting
from tsearch.space.recipes import OWN, RECIPES
from tsearch.space.sections import OpenSection, Section, no_truth, reads, reads_setting, searchable


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


def backbone_space(given: Any) -> type[Section]:
    """The section `backbone` as the family that it names reads it."""
    name = given.get("name", "vgg") if isinstance(given, Mapping) else "vgg"
    return searchable(family(name))


def _read_backbone(given: Any) -> Section:
    return backbone_space(given).model_validate(given)


NeuronSpace, TrainingSpace = searchable(Neuron), searchable(NamedTraining)
ConversionSpace, CompressionSpace = searchable(Conversion), searchable(Compression)
MasksSpace = searchable(Masks)
BackboneSpace: Any = reduce(or_, [*(searchable(family(name)) for name in BACKBONES), OwnBackboneSpace])
TransformerMode = Configuration.model_fields["temporal_transformer"].annotation
Stages = Literal["any"] | Annotated[tuple[tuple[PositiveInt, ...], ...], Field(min_length=1)]
AllTimesteps = Annotated[tuple[Timesteps, ...], Field(min_length=1), AfterValidator(few_choices)]


class Alternative(BaseModel):
    """What one of several backbones may hold besides the settings of its family, in place of what the file has."""

    stages: Stages | None = None
    timesteps: AllTimesteps | None = None
    temporal_transformer: setting(TransformerMode) | None = None  # type: ignore[valid-type]
    neuron: NeuronSpace | None = None  # type: ignore[valid-type]
    training: TrainingSpace | None = None  # type: ignore[valid-type]
    masks: MasksSpace | None = None  # type: ignore[valid-type]


def _alternative(section: Any) -> Any:
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in Alternative.model_fields.items()
    }
    return create_model(section.__name__.replace("Space", "Alternative"), __base__=section, **fields)


Alternatives: Any = list[reduce(or_, map(_alternative, get_args(BackboneSpace)))]  # type: ignore[misc]

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
    leading_learning_rate: Annotated[Domain, reads_setting(FinitePositive)] = Field(
        default=1.0, validate_default=True
    )
    ann_epochs: Annotated[
        Domain, reads_setting(Annotated[int, Field(ge=0, le=MOST_EPOCHS), BeforeValidator(no_truth)])
    ] = Field(default=0, validate_default=True)
    ann_learning_rate: Annotated[Domain, reads_setting(FinitePositive)] = Field(
        default=1.0, validate_default=True
    )
    ann_optimizer: Annotated[Domain, reads_setting(Phase.model_fields["optimizer"].annotation)] = Field(
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
    masks: dict[str, Any] = Field(default_factory=dict)


class SpaceFile(Frozen):
    """A search-space file."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=LONGEST_NAME)]
    data: DataSpec
    backbone: Annotated[Section, reads(_read_backbone, BackboneSpace | Alternatives)] = Field(
        default={}, validate_default=True
    )
    stages: Stages = "any"
    timesteps: AllTimesteps
    schedule: ScheduleSpace = ScheduleSpace()
    neuron: Annotated[Section, reads(NeuronSpace.model_validate, NeuronSpace)] = Field(
        default={}, validate_default=True
    )
    temporal_transformer: Annotated[Choice, reads_setting(TransformerMode)] = Field(
        default="bucket", validate_default=True
    )
    training: Annotated[Section, reads(TrainingSpace.model_validate, TrainingSpace)] = Field(
        default={}, validate_default=True
    )
    conversion: Annotated[Section, reads(ConversionSpace.model_validate, ConversionSpace)] | None = None
    compression: Annotated[Section, reads(CompressionSpace.model_validate, CompressionSpace)] | None = None
    masks: Annotated[Section, reads(MasksSpace.model_validate, MasksSpace)] | None = None
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

    def domains(self, section: str) -> dict[str, Domain]:
        """The settings of a section by dotted name; none where the file leaves the section out."""
        given: Section | None = getattr(self, section)
        return (
            {} if given is None else {f"{section}.{name}": domain for name, domain in given.domains().items()}
        )
