"""The frozen objects that travel: a configuration, the task it is trained on (`task.py`), and the result it earns.

Everything here is plain data: hashable, comparable, written as JSON, and sent to workers as it is. Nothing
here imports torch."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    SerializeAsAny,
    model_validator,
)

from tsearch.frozen import AbsentMeans, Frozen, canonical, content_hash, plain_content, with_absent
from tsearch.masks import Masks
from tsearch.networks.backbones import Backbone, family
from tsearch.networks.plan import Neuron
from tsearch.phase import Conversion, Init, Phase, Training
from tsearch.task import Compute, DataSpec, Hardware, Identity, Task
from tsearch.units import counted

__all__ = [
    "RENAMED", "AnyBackbone", "Compute", "Configuration", "Conversion", "DataSpec", "Hardware", "Identity", "Init",
    "Masks", "Phase", "Result", "Task", "Training",
]  # fmt: skip

RENAMED = {
    "transformer": "temporal_transformer"
}  # fields of a configuration: their name in runs of 0.1.0, and today
_NOT_OF_AN_ANN = {"stages", "neuron", "temporal_transformer", "conversion", "masks"}
_NOT_TRAINED_IN_AN_ANN = {
    "early_loss_weight", "early_tap", "early_head", "rate_weight", "transformer_adam"
}  # fmt: skip


def _backbone(given: Any) -> Any:
    """A backbone from plain data, read by its family."""
    if not isinstance(given, Mapping):
        return given
    return family(given.get("name", "vgg")).model_validate(given)


AnyBackbone = Annotated[SerializeAsAny[Backbone], BeforeValidator(_backbone)]


def _training(given: Any) -> Any:
    """Training from plain data, which earlier versions may have written: what they do not name was trained as its
    absence means, whatever the default is today."""
    return with_absent(Training, given) if isinstance(given, Mapping) else given


class Configuration(Frozen):
    """One point of a search space.

    `stages` divides the backbone's blocks (consecutive; the numbers add up to its depth). `schedule` holds
    the phases in the order of training: each starts from the weights of the one before, no stage's
    timesteps ever grow, and the last one is what is searched, priced and exported."""

    backbone: Annotated[AnyBackbone, AbsentMeans({})] = Field(default={"name": "vgg"}, validate_default=True)
    stages: tuple[PositiveInt, ...]
    schedule: tuple[Phase, ...]
    neuron: Annotated[Neuron, AbsentMeans({})] = Neuron()
    temporal_transformer: Annotated[
        Literal["score_mix", "static_mix", "rank1_score", "bucket", "truncate"], AbsentMeans("score_mix")
    ] = "bucket"
    training: Annotated[Training, BeforeValidator(_training), AbsentMeans({})] = Training()
    conversion: Annotated[Conversion, AbsentMeans({})] = Conversion()
    init: Annotated[Init | None, AbsentMeans(None)] = None
    masks: Annotated[Masks, AbsentMeans({})] = Masks()

    @model_validator(mode="before")
    @classmethod
    def _old_names(cls, given: Any) -> Any:
        """What runs of earlier versions call otherwise."""
        if isinstance(given, Mapping) and "transformer" in given:
            return {RENAMED.get(name, name): value for name, value in given.items()}
        return given

    @property
    def timesteps(self) -> tuple[int, ...]:
        """Timesteps of every stage, of the last phase: what the finished network runs with."""
        return self.schedule[-1].timesteps

    @property
    def epochs(self) -> int:
        """Budget of the whole schedule, in epochs."""
        return sum(phase.epochs for phase in self.schedule)

    def is_ann_at(self, phase: int) -> bool:
        """Whether `phase`, counted from 0, trains an ANN; of -1, whether the initial weights are those of one."""
        if phase < 0 and self.init is not None:
            return self.init.is_ann
        return self.schedule[max(phase, 0)].is_ann

    @property
    def begins_as_ann(self) -> bool:
        """Whether an ANN comes before the spiking network."""
        return self.is_ann_at(-1) or self.is_ann_at(0)

    @property
    def key(self) -> str:
        """Hash of the content, 16 hexadecimal digits: equal configurations have equal keys, on every
        machine."""
        return content_hash(canonical(self))

    def prefix_key(self, phase: int) -> str:
        """Hash of all that shapes the training up to and with `phase` (counted from 0), and of nothing else: two
        configurations that agree so far share it, and with it every random number drawn so far.

        An ANN has neither stages nor neurons nor what stands between stages, so all configurations share its phases
        that agree in backbone, training and epochs."""
        schedule = self.schedule[: phase + 1]
        content = canonical(self) | {"schedule": plain_content(schedule)}
        if not self.begins_as_ann:
            content.pop("conversion", None)
        elif schedule[-1].is_ann:
            content = {name: value for name, value in content.items() if name not in _NOT_OF_AN_ANN}
            content["schedule"] = [entry | {"timesteps": [1]} for entry in content["schedule"]]
            training = content.get("training", {}).items()
            content["training"] = {n: value for n, value in training if n not in _NOT_TRAINED_IN_AN_ANN}
        return content_hash(content)

    @model_validator(mode="after")
    def _division_fits(self) -> Self:
        depth, division = self.backbone.depth, list(self.stages)
        if sum(division) != depth:
            raise ValueError(
                f"stages {division} hold {counted(sum(division), 'block')}, but the backbone has {depth}"
            )
        if not self.schedule:
            raise ValueError("the schedule needs at least one phase")
        for phase in self.schedule:
            if len(phase.timesteps) != len(division):
                raise ValueError(
                    f"timesteps {list(phase.timesteps)} do not fit the {len(division)} stages {division}"
                )
        return self

    @model_validator(mode="after")
    def _backbone_can_do_it(self) -> Self:
        name = self.backbone.name
        if self.begins_as_ann and not self.backbone.has_ann:
            raise ValueError(f"backbone '{name}' has no form as an ANN; begin with a spiking network")
        is_reduced = any(phase.sparsity or phase.is_quantised for phase in self.schedule)
        if is_reduced and not self.backbone.is_reducible:
            raise ValueError(
                f"weights of backbone '{name}' are neither pruned nor quantised; use sparsity 0 and weight_bits 32"
            )
        return self

    @model_validator(mode="after")
    def _schedule_goes_one_way(self) -> Self:
        """From an ANN to spiking networks, to fewer timesteps, to fewer weights."""
        for before, after in pairwise(self.schedule):
            if after.sparsity < before.sparsity:
                raise ValueError(
                    f"the sparsity falls from {before.sparsity} to {after.sparsity}; weights that were pruned stay zero"
                )
        if self.schedule[-1].is_ann:
            raise ValueError("the last phase is that of an ANN; a schedule ends with a spiking network")
        for before, after in pairwise(self.schedule):
            if before.is_ann:
                continue
            if after.is_ann:
                raise ValueError("an ANN follows a spiking network; the phases of an ANN come first")
            if any(b < a for b, a in zip(before.timesteps, after.timesteps, strict=True)):
                raise ValueError(
                    f"the schedule grows from {list(before.timesteps)} to {list(after.timesteps)}; it may only shrink"
                )
        return self


def _configuration(given: Any) -> Any:
    """A network's configuration from plain data; what else was searched stays as it is."""
    is_network = isinstance(given, Mapping) and {"stages", "schedule"} <= given.keys()
    return Configuration.model_validate(given) if is_network else given


class Result(Frozen):
    """What one segment gives back: plain data, on disk before it is used.

    `metrics` holds every number that may serve as an objective (accuracy in [0, 1], energy_pj, latency_s,
    mean_timesteps, footprint_bits ...). `right` says of every sample of a split ("validation") whether it was answered
    right, as `tsearch.flags.pack` writes it. `costs` maps a profile's name to the priced breakdown, `spikes` is
    the spike record, `curve` one entry per epoch, `probe` the hash of the logits on the first 64 validation
    samples. `unpriced` says why the searched hardware cannot run the network, which then has no price; "" where there
    is one, or none is due. `notes` are sentences for people, such as what became of initial weights. `neurons` has
    threshold and leak of every layer, by its name, where they are learned or were found by a conversion;
    `layer_timesteps`, by name too, up to which timestep of its stage a layer of neurons runs, where masks are learned.
    `checkpoint` (safetensors bytes) travels beside the JSON, not in it. `configuration` is what the space decodes
    values to: a `Configuration`, or plain data where something else is searched."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=True)

    configuration: Annotated[Any, BeforeValidator(_configuration)]
    budget: int
    metrics: dict[str, float]
    costs: dict[str, Any] = Field(default_factory=dict)
    spikes: dict[str, Any] = Field(default_factory=dict)
    curve: tuple[dict[str, float], ...] = ()
    n_samples: dict[str, int] = Field(default_factory=dict)
    right: dict[str, str] = Field(default_factory=dict)
    probe: str = ""
    unpriced: str = ""
    notes: tuple[str, ...] = ()
    neurons: dict[str, dict[str, float]] = Field(default_factory=dict)
    layer_timesteps: dict[str, int] = Field(default_factory=dict)
    seconds: float = 0.0
    versions: dict[str, str] = Field(default_factory=dict)
    checkpoint: bytes | None = Field(default=None, exclude=True, repr=False)

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """One line: records and curves would bury what is looked for."""
        return iter([("budget", self.budget), ("metrics", self.metrics), ("seconds", self.seconds)])
