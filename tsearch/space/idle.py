"""Which settings change nothing beside the others. They take their default, so that equal networks are equal
configurations, and are counted once."""

from collections.abc import Mapping
from typing import Any

from tsearch.masks import Masks
from tsearch.phase import Conversion
from tsearch.space.recipes import RECIPE, RECIPES, fixed_by
from tsearch.space.schedules import (
    ANN_EPOCHS,
    ANN_OPTIMIZER,
    ANN_RATE,
    COMPRESSION_EPOCHS,
    COMPRESSION_RATE,
    LEADING_RATE,
    MASK_MODE,
    NOTHING,
    PRUNING,
    SPARSITY,
    WEIGHT_BITS,
)
from tsearch.space.structures import Kind

CONVERSION = tuple(f"conversion.{name}" for name in Conversion.model_fields)
MASKS = tuple(f"masks.{name}" for name in Masks.model_fields)
# Without a boundary between stages there is no temporal transformer and no early classifier.
_IN_ONE_STAGE = {
    "temporal_transformer",
    "training.early_loss_weight",
    "training.early_tap",
    "training.early_head",
    "training.transformer_adam",
}
# These change nothing unless another setting has this value.
_UNLESS = {
    "training.warmup": ("training.learning_rate_schedule", "one_cycle"),
    "training.step_every": ("training.learning_rate_schedule", "step"),
    "training.step_factor": ("training.learning_rate_schedule", "step"),
    "training.transformer_adam": ("training.optimizer", "sgd"),
    "training.tet_weight": ("training.loss", "tet"),
}
_ABSENT = NOTHING | {"init.network": "snn"}  # what settings have that a space does not name
# These change nothing where all others named have these values.
_WITHOUT_ANN = {ANN_EPOCHS: NOTHING[ANN_EPOCHS]}
_UNCOMPRESSED = {SPARSITY: NOTHING[SPARSITY], WEIGHT_BITS: NOTHING[WEIGHT_BITS]}
_WITHOUT_THETA = ("sum", "mean", "relu", "tanh", "sigmoid", "m1", "m2")  # kinds of `fusion` of windows
_WHERE: tuple[tuple[Mapping[str, Any], tuple[str, ...]], ...] = (
    ({"training.early_loss_weight": 0}, ("training.early_tap", "training.early_head")),
    (_WITHOUT_ANN, (ANN_RATE, ANN_OPTIMIZER)),
    (_UNCOMPRESSED, (COMPRESSION_EPOCHS, COMPRESSION_RATE)),
    ({SPARSITY: NOTHING[SPARSITY]}, (PRUNING,)),
    (_WITHOUT_ANN | {"init.network": "snn"}, CONVERSION),
    ({"backbone.norm": "none"}, ("conversion.fold_norm",)),
    ({MASK_MODE: "none"}, tuple(name for name in MASKS if name != MASK_MODE)),
    ({"masks.weight": 0}, ("masks.types", "masks.loss", "masks.target")),
    ({"masks.loss": "mean"}, ("masks.target",)),
    ({"backbone.name": "windowed", "backbone.groups": 1}, ("backbone.windows",)),  # each is the whole map
    *(({"backbone.name": "windowed", "backbone.fusion": f}, ("backbone.theta",)) for f in _WITHOUT_THETA),
)


def idle(settings: Mapping[str, Any], kind: Kind) -> set[str]:
    """The names of what changes nothing beside the other `settings` in a structure of some kind. What a recipe fixes is
    among them."""
    fixed = fixed_by(settings)
    chosen = {**settings, **fixed}
    names = {name for name, (other, value) in _UNLESS.items() if chosen.get(other, value) != value}
    for others, unused in _WHERE:
        if all(chosen.get(other, _ABSENT.get(other)) == value for other, value in others.items()):
            names.update(unused)
    names |= set() if kind.has_stages else _IN_ONE_STAGE
    names |= set() if kind.has_steps else set(MASKS)
    return names | fixed.keys() | (set() if kind.has_leading else {LEADING_RATE})


def deciding() -> dict[str, set[Any]]:
    """The settings that decide whether others are idle, each with the values that matter."""
    values: dict[str, set[Any]] = {RECIPE: set(RECIPES)}
    for other, value in _UNLESS.values():
        values.setdefault(other, set()).add(value)
    for others, _ in _WHERE:
        for other, value in others.items():
            values.setdefault(other, set()).add(value)
    return values
