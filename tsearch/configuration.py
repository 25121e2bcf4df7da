"""The frozen objects that travel: a configuration, the task it is trained on, and the result it earns.

Everything here is plain data: hashable, comparable, written as JSON, and sent to workers as it is. Nothing
here imports torch."""

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

Fraction = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0, lt=1)]


class Frozen(BaseModel):
    """Base of every configuration object: immutable, hashable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Backbone(Frozen):
    """The network without its time: one block per entry of `widths`.

    A block is convolution 3x3, BatchNorm, neuron and, for the blocks named in `pool_after` (counted from
    1), a 2x2 pool."""

    name: str = "vgg"
    widths: tuple[PositiveInt, ...] = (8, 16, 32)
    pool_after: tuple[PositiveInt, ...] = (1, 2)
    pool: Literal["average", "max"] = "average"

    @property
    def depth(self) -> int:
        """Number of blocks, which the stage division has to share out."""
        return len(self.widths)

    @model_validator(mode="after")
    def _pools_exist(self) -> Self:
        if not self.widths:
            raise ValueError("a backbone needs at least one block")
        if any(block > self.depth for block in self.pool_after):
            raise ValueError(
                f"pool_after {list(self.pool_after)} names a block beyond the last one, {self.depth}"
            )
        return self


class Neuron(Frozen):
    """Leaky integrate-and-fire: v' = (1 - 1/tau) v + current, a spike where v' >= threshold, then the reset.

    `tau` in timesteps, at least 1 (infinite leak) ; `threshold` in units of the input current;
    `surrogate_width` is the width of the surrogate gradient in units of the threshold."""

    tau: Annotated[float, Field(ge=1)] = 2.0
    threshold: PositiveFloat = 1.0
    reset: Literal["soft", "hard"] = "soft"
    surrogate: Literal["rectangular", "triangular", "sigmoid", "atan"] = "rectangular"
    surrogate_width: PositiveFloat = 1.0


class Training(Frozen):
    """How one phase is trained. `shift` is the largest random roll, in pixels; `dropout` acts before the
    last layer. `precision` is that of weights and gradients in products, 16 bits where it is "bfloat16": spikes are
    exact in it, membranes, sums and the weights that are kept stay float32."""

    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: PositiveFloat = 0.01
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    batch_size: PositiveInt = 64
    dropout: Rate = 0.0
    label_smoothing: Rate = 0.0
    early_loss_weight: Annotated[float, Field(ge=0)] = 1.0
    warmup: Rate = 0.15
    shift: Annotated[int, Field(ge=0)] = 0
    precision: Literal["float32", "bfloat16"] = "float32"


class Phase(Frozen):
    """One entry of a schedule: the timesteps of every stage and the epochs trained with them."""

    timesteps: tuple[PositiveInt, ...]
    epochs: PositiveInt

    @model_validator(mode="after")
    def _never_increases(self) -> Self:
        if list(self.timesteps) != sorted(self.timesteps, reverse=True):
            raise ValueError(
                f"timesteps {list(self.timesteps)} increase; a later stage may not have more than an earlier one"
            )
        return self


class Configuration(Frozen):
    """One point of a search space.

    `stages` divides the backbone's blocks (consecutive; the numbers add up to its depth). `schedule` holds
    the phases in the order of training: each starts from the weights of the one before, no stage's
    timesteps ever grow, and the last one is what is searched, priced and exported."""

    backbone: Backbone = Backbone()
    stages: tuple[PositiveInt, ...]
    schedule: tuple[Phase, ...]
    neuron: Neuron = Neuron()
    transformer: Literal["score_mix", "static_mix", "rank1_score", "bucket", "truncate"] = "score_mix"
    training: Training = Training()

    @property
    def timesteps(self) -> tuple[int, ...]:
        """Timesteps of every stage, of the last phase: what the finished network runs with."""
        return self.schedule[-1].timesteps

    @property
    def epochs(self) -> int:
        """Budget of the whole schedule, in epochs."""
        return sum(phase.epochs for phase in self.schedule)

    @property
    def key(self) -> str:
        """Hash of the content, 16 hexadecimal digits: equal configurations have equal keys, on every
        machine."""
        return content_hash(self.model_dump(mode="json"))

    def prefix_key(self, phase: int) -> str:
        """Hash of all that shapes the training up to and with `phase` (counted from 0): two configurations
        that agree so far share it, and with it every random number drawn so far."""
        return content_hash(
            self.model_dump(mode="json")
            | {"schedule": [p.model_dump(mode="json") for p in self.schedule[: phase + 1]]}
        )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        depth, division = self.backbone.depth, list(self.stages)
        if sum(division) != depth:
            raise ValueError(f"stages {division} hold {sum(division)} blocks, but the backbone has {depth}")
        if not self.schedule:
            raise ValueError("the schedule needs at least one phase")
        for phase in self.schedule:
            if len(phase.timesteps) != len(division):
                raise ValueError(
                    f"timesteps {list(phase.timesteps)} do not fit the {len(division)} stages {division}"
                )
        for before, after in zip(self.schedule, self.schedule[1:], strict=False):
            if any(b < a for b, a in zip(before.timesteps, after.timesteps, strict=True)):
                raise ValueError(
                    f"the schedule grows from {list(before.timesteps)} to {list(after.timesteps)}; it may only shrink"
                )
        return self


class DataSpec(Frozen):
    """Which data: a name in `tsearch.data.DATASETS`, the folder that holds the files (None: `TSEARCH_DATA`,
    else not needed), and the options of that data set."""

    name: str
    root: str | None = None
    options: dict[str, Any] = {}


class Hardware(Frozen):
    """What a configuration is priced on.

    `profile` is what the objectives read; those in `also` are shown beside it. `execution` says how the hardware
    orders the work, `assume` prices a what-if of other word widths, such as `weight_bits: 8`.
    """

    profile: str = "45nm_memory"
    also: tuple[str, ...] = ("45nm_paper_simple",)
    execution: Literal["layer_serial", "lock_step", "pipelined", "event_driven"] = "layer_serial"
    assume: dict[str, PositiveInt] = {}


class Task(Frozen):
    """All that a segment needs besides the configuration: the same for every trial of a run."""

    data: DataSpec
    hardware: Hardware = Hardware()
    seed: int = 0
    replicate: Annotated[int, Field(ge=0)] = 0


class Result(Frozen):
    """What one segment gives back: plain data, on disk before it is used.

    `metrics` holds every number that may serve as an objective (accuracy in [0, 1], energy_pj, latency_s,
    mean_timesteps, footprint_bits ...). `costs` maps a profile's name to the priced breakdown, `spikes` is
    the spike record, `curve` one entry per epoch, `probe` the hash of the logits on the first 64 validation
    samples. `checkpoint` (safetensors bytes) travels beside the JSON, not in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=True)

    configuration: Configuration
    budget: int
    metrics: dict[str, float]
    costs: dict[str, Any] = {}
    spikes: dict[str, Any] = {}
    curve: tuple[dict[str, float], ...] = ()
    n_samples: dict[str, int] = {}
    probe: str = ""
    seconds: float = 0.0
    versions: dict[str, str] = {}
    checkpoint: bytes | None = Field(default=None, exclude=True, repr=False)


def content_hash(content: Any) -> str:
    """16 hexadecimal digits of SHA-256 over canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
