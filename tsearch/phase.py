"""A phase of a schedule, and how it is trained: plain data, imports no torch."""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from tsearch.frozen import AbsentMeans, Frozen, OutsideKey

Rate = Annotated[float, Field(ge=0, lt=1)]
MOST_CROP = 0.5  # so that half of each side remains
UNREDUCED = 32  # `weight_bits` of weights that are as they are
MOST_MIXUP = 4.0  # shares lie near one half there


class Phase(Frozen):
    """One entry of a schedule: the timesteps of every stage, the epochs trained with them, and the learning rate as a
    multiple of the training's.

    `network` "ann" trains the same layers with ReLU in place of neurons, in one pass and without boundaries; the next
    phase begins with the spiking network that `Conversion` makes of it. `optimizer` replaces the training's, in this
    phase alone. `sparsity` is the part of the weights, those of the smallest magnitude, that are zero from the
    beginning of this phase on, of every "layer" alike or wherever in the "network" they are: `pruning`. `weight_bits`
    is the precision of weights in products, 32 for none that is reduced."""

    timesteps: tuple[PositiveInt, ...]
    epochs: PositiveInt
    learning_rate_scale: Annotated[PositiveFloat, AbsentMeans(1.0)] = 1.0
    network: Annotated[Literal["snn", "ann"], AbsentMeans("snn")] = "snn"
    optimizer: Annotated[Literal["adamw", "sgd"] | None, AbsentMeans(None)] = None
    sparsity: Annotated[Rate, AbsentMeans(0.0)] = 0.0
    pruning: Annotated[Literal["layer", "network"], AbsentMeans("layer")] = "layer"
    weight_bits: Annotated[Literal[32, 8, 4, 2], AbsentMeans(32)] = 32

    @property
    def is_ann(self) -> bool:
        """Whether what is trained has ReLU in place of neurons."""
        return self.network == "ann"

    @property
    def is_quantised(self) -> bool:
        """Whether weights have fewer bits in products than where they are kept."""
        return self.weight_bits != UNREDUCED

    @model_validator(mode="after")
    def _never_increases(self) -> Self:
        if list(self.timesteps) != sorted(self.timesteps, reverse=True):
            raise ValueError(
                f"timesteps {list(self.timesteps)} increase; a later stage may not have more than an earlier one"
            )
        return self


class Conversion(Frozen):
    """How a trained ANN becomes a spiking network. Source: A3 of IIR-SNN, arXiv 2110.05929, and its released code.

    Layer by layer, the threshold becomes `scale` times the percentile of the currents that arrive at its neurons, at
    the timestep where that is largest, over `timesteps` timesteps of `samples` training samples; of events, whose
    frames depend on timesteps, over those of the phase. `residual` says whether the neurons of residual blocks are
    calibrated too; else their threshold is 0.4, as in the released code. `fold_norm` makes BatchNorm part of weights
    and biases, so that the spiking network has none."""

    percentile: Annotated[float, Field(gt=0, le=100), AbsentMeans(90.0)] = 90.0
    scale: Annotated[PositiveFloat, AbsentMeans(1.0)] = 1.0
    timesteps: Annotated[PositiveInt, AbsentMeans(32)] = 32
    samples: Annotated[PositiveInt, AbsentMeans(512)] = 512
    residual: Annotated[bool, AbsentMeans(True)] = True
    fold_norm: Annotated[bool, AbsentMeans(False)] = False


class Init(Frozen):
    """Weights from which every training starts: a safetensors `file`, whose `content` (see `files/initial.py`) is part
    of keys while the place where it lies is not; and the `network` that they were trained in. Weights of an "ann" go
    through `Conversion` before a first phase that is spiking."""

    file: Annotated[str, OutsideKey()]
    content: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    network: Annotated[Literal["snn", "ann"], AbsentMeans("snn")] = "snn"

    @property
    def is_ann(self) -> bool:
        """Whether the weights are those of an ANN."""
        return self.network == "ann"


class Training(Frozen):
    """How one phase is trained. Sizes are in pixels. Defaults are those that benchmarks/recipe.py measures.

    `precision` is that of weights and gradients in products, 16 bits where it is "bfloat16": spikes are exact in it,
    membranes, sums and the weights that are kept stay float32.

    Learning rate, over a phase (see `training/schedule.py`): "one_cycle" rises over the first `warmup`; "step" is
    multiplied by `step_factor` after every part `step_every` of the phase. `gradient_clip` is the largest norm of all
    gradients together, 0 for none. `decay_all` decays BatchNorm and biases too. `transformer_adam` trains temporal
    transformers with AdamW whatever the optimizer of the others is.

    Loss (see `training/losses.py`): of the "mean" or the "sum" of the logits over time, or "tet", that of the mean and,
    with weight `tet_weight`, the mean of those of all timesteps. `early_loss_weight` is that of early classifiers,
    which read a stage `early_tap` its temporal transformer, with a linear or a convolutional head; `rate_weight` that
    of the synaptic operations a sample takes, as a part of those at one spike per neuron and timestep.

    Augmentation (see `training/augment.py`): `shift` is the largest way that frames move, all of a batch alike and
    around the edge, or every "sample" by itself with zeros coming in, as in a random crop with padding; `crop` is the
    largest part of each side that is cut away, the rest being enlarged; `flip` is the probability of a mirror image;
    `cutout` is the side of a square of zeros; `event_drop` is the largest part of the events that is dropped, of pixels
    where there are no events; `mixup` is the parameter of the Beta distribution of mixing shares, 0 for none.

    `dropout` acts before the last layer, `block_dropout` behind every block but the last. `keep` says which weights a
    phase ends with (see `training/keeping.py`): those of the "last" epoch, of the "best" one on validation data, or an
    "average" over the last epochs."""

    optimizer: Annotated[Literal["adamw", "sgd"], AbsentMeans("adamw")] = "adamw"
    learning_rate: Annotated[PositiveFloat, AbsentMeans(0.01)] = 0.02
    learning_rate_schedule: Annotated[Literal["one_cycle", "step", "constant"], AbsentMeans("one_cycle")] = (
        "one_cycle"
    )
    warmup: Annotated[Rate, AbsentMeans(0.15)] = 0.15
    step_every: Annotated[float, Field(gt=0, le=1), AbsentMeans(0.3)] = 0.3
    step_factor: Annotated[float, Field(gt=0, lt=1), AbsentMeans(0.1)] = 0.1
    weight_decay: Annotated[float, Field(ge=0), AbsentMeans(1e-4)] = 1e-4
    decay_all: Annotated[bool, AbsentMeans(True)] = False
    transformer_adam: Annotated[bool, AbsentMeans(False)] = True
    gradient_clip: Annotated[float, Field(ge=0), AbsentMeans(0.0)] = 0.0
    batch_size: Annotated[PositiveInt, AbsentMeans(64)] = 64
    dropout: Annotated[Rate, AbsentMeans(0.0)] = 0.0
    block_dropout: Annotated[Rate, AbsentMeans(0.0)] = 0.0
    loss: Annotated[Literal["mean", "sum", "tet"], AbsentMeans("mean")] = "tet"
    tet_weight: Annotated[float, Field(ge=0, le=1), AbsentMeans(0.5)] = 0.5
    label_smoothing: Annotated[Rate, AbsentMeans(0.0)] = 0.0
    early_loss_weight: Annotated[float, Field(ge=0), AbsentMeans(1.0)] = 1.0
    early_tap: Annotated[Literal["before", "after"], AbsentMeans("before")] = "before"
    early_head: Annotated[Literal["linear", "convolution"], AbsentMeans("linear")] = "linear"
    rate_weight: Annotated[float, Field(ge=0), AbsentMeans(0.0)] = 0.0
    shift: Annotated[int, Field(ge=0), AbsentMeans(0)] = 0
    shift_per: Annotated[Literal["batch", "sample"], AbsentMeans("batch")] = "sample"
    crop: Annotated[float, Field(ge=0, le=MOST_CROP), AbsentMeans(0.0)] = 0.0
    flip: Annotated[Rate, AbsentMeans(0.0)] = 0.0
    cutout: Annotated[int, Field(ge=0), AbsentMeans(0)] = 0
    event_drop: Annotated[Rate, AbsentMeans(0.0)] = 0.0
    mixup: Annotated[float, Field(ge=0, le=MOST_MIXUP), AbsentMeans(0.0)] = 0.0
    keep: Annotated[Literal["last", "best", "average"], AbsentMeans("last")] = "last"
    precision: Annotated[Literal["float32", "bfloat16"], AbsentMeans("float32")] = "float32"
