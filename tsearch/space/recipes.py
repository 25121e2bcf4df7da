"""Trainings by name, to be searched beside one's own: `training: {recipe: [own, ssnn]}`.

A recipe is one entry: the settings that it fixes, by dotted name. They replace those of the file, which are idle where
the recipe is chosen; all others stay as the file gives them."""

from collections.abc import Mapping
from typing import Any

from tsearch.space.schedules import ANN_OPTIMIZER, ANN_RATE

RECIPE = "training.recipe"
OWN = "own"

_SSNN = {  # arXiv 2401.01912, as its follow-up (which trains as it does) tells: 100 epochs, a step after 30 of them
    "training.optimizer": "sgd",
    "training.learning_rate": 0.1,
    "training.learning_rate_schedule": "step",
    "training.step_every": 0.3,
    "training.step_factor": 0.1,
    "training.batch_size": 64,
    "training.loss": "mean",
}
RECIPES: dict[str, Mapping[str, Any]] = {
    OWN: {},
    "ssnn": _SSNN | {"training.weight_decay": 1e-3},  # events
    "ssnn_static": _SSNN | {"training.weight_decay": 1e-4},  # images
    # arXiv 2110.05929, released code: Adam in every phase of few timesteps, SGD of 0.01 for the ANN, dropout that is
    # shared over time, the best weights of a phase. Its steps, a fifth after 60, 80 and 90 %, are evenly spread here,
    # and its decay of the ANN's weights alone (5e-4) is left out.
    "iir": {
        "training.optimizer": "adamw",
        "training.learning_rate": 1e-4,
        "training.learning_rate_schedule": "step",
        "training.step_every": 0.3,
        "training.step_factor": 0.2,
        "training.weight_decay": 0.0,
        "training.batch_size": 64,
        "training.dropout": 0.2,
        "training.loss": "sum",
        "training.keep": "best",
        ANN_OPTIMIZER: "sgd",
        ANN_RATE: 100.0,
    },
    # Released code of arXiv 2209.15425 for CIFAR (that of DTSS is not public to us). Its learning rate rises for 20 of
    # 300 epochs and falls along a cosine; the nearest here is one cycle. Its RandAugment and random erasing are left
    # out, and its mixup does not end before the training does.
    "spikformer": {
        "training.optimizer": "adamw",
        "training.learning_rate": 5e-4,
        "training.learning_rate_schedule": "one_cycle",
        "training.warmup": 20 / 300,
        "training.weight_decay": 0.06,
        "training.batch_size": 128,
        "training.label_smoothing": 0.1,
        "training.mixup": 0.5,
        "training.loss": "mean",
    },
    # Supplement of arXiv 2401.10843 (no training is released): noise of the learning rate is left out, the nearest to
    # a cosine after 3 epochs of warm-up is one cycle, and batches, of which nothing is said, have 128.
    "general": {
        "training.optimizer": "sgd",
        "training.learning_rate": 0.05,
        "training.learning_rate_schedule": "one_cycle",
        "training.warmup": 3 / 300,
        "training.weight_decay": 2e-5,
        "training.gradient_clip": 20.0,
        "training.batch_size": 128,
        "training.dropout": 0.1,
        "training.mixup": 0.1,
        "training.loss": "mean",
    },
}


def fixed_by(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the recipe chosen among `settings` fixes."""
    return RECIPES[settings.get(RECIPE, OWN)]
