"""A prefix has a key that holds all that determines its weights: a field that leaves the key leaves every byte."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from tiny import DATASET, trained

from tsearch.configuration import Configuration, Conversion, Masks, Phase, Training
from tsearch.networks.plan import Neuron

ANALOG = replace(
    DATASET, info=replace(DATASET.info, input_class="analog")
)  # what a static image may be priced as
BASE = {
    "backbone": {"widths": [3, 4], "pool_after": [1]},
    "stages": [1, 1],
    "neuron": {},
    "temporal_transformer": "score_mix",
    "training": {"batch_size": 16},
    "conversion": {"timesteps": 4, "samples": 20},
    "masks": {},
}
ANN = {"timesteps": [1, 1], "epochs": 2, "network": "ann"}
SPIKING = ({"timesteps": [3, 2], "epochs": 2}, {"timesteps": [2, 1], "epochs": 1, "sparsity": 0.5})
CHAIN, DIRECT = BASE | {"schedule": [ANN, *SPIKING]}, BASE | {"schedule": [*SPIKING]}

# For every field other values than those above.
OTHER: dict[type, dict[str, tuple[Any, ...]]] = {
    Neuron: {
        "tau": (3.0,), "threshold": (0.7,), "reset": ("hard",), "surrogate": ("triangular",), "surrogate_width": (2.0,),
        "surrogate_scale": (0.3,), "learned": ("leak", "threshold", "both"),
    },
    Conversion: {
        "percentile": (50.0,), "scale": (0.8,), "timesteps": (3,), "samples": (7,), "residual": (False,),
        "fold_norm": (True,),
    },
    Training: {
        "optimizer": ("sgd",), "learning_rate": (0.013,), "learning_rate_schedule": ("step", "constant"),
        "warmup": (0.3,), "step_every": (0.5,), "step_factor": (0.4,), "weight_decay": (0.02,), "decay_all": (False,),
        "transformer_adam": (True,), "gradient_clip": (0.01,), "batch_size": (8,), "dropout": (0.3,),
        "block_dropout": (0.2,), "loss": ("tet", "sum"), "tet_weight": (0.9,), "label_smoothing": (0.1,),
        "early_loss_weight": (0.3,), "early_tap": ("after",), "early_head": ("convolution",), "rate_weight": (0.5,),
        "shift": (2,), "shift_per": ("sample",), "crop": (0.4,), "flip": (0.5,), "cutout": (2,), "event_drop": (0.3,),
        "mixup": (0.5,), "keep": ("best", "average"), "precision": ("bfloat16",),
    },
    Phase: {
        "timesteps": ([2, 1], [1, 1]), "epochs": (3,), "learning_rate_scale": (0.5,), "network": (),
        "optimizer": ("sgd",), "sparsity": (0.8,), "pruning": ("network",), "weight_bits": (4,),
    },
    Masks: {
        "mode": ("prefix_sum", "free"), "granularity": ("module",), "types": (("convolution",),), "weight": (0.5,),
        "loss": ("target", "hinge"), "target": (2,), "initial_timesteps": (1,), "warmup": (0.5,),
        "settle": (0.0,), "learning_rate": (2.0,), "surrogate": ("triangular",), "surrogate_width": (2.0,),
        "recalibrate": (False,), "readout": ("active",),
    },
    Configuration: {
        "backbone": (
            {"widths": [3, 5], "pool_after": [1]}, {"widths": [3, 4], "pool_after": [2]},
            {"widths": [3, 4], "pool_after": [1], "pool": "max"}, {"widths": [3, 4], "pool_after": [1], "norm": "none"},
            {"widths": [3], "dense": [4], "pool_after": [1]},
        ),
        "stages": ([2],), "temporal_transformer": ("bucket", "static_mix", "rank1_score", "truncate"),
        "schedule": (), "neuron": (), "training": (), "conversion": (), "init": (), "masks": (),
    },
}  # fmt: skip
SECTIONS = {"neuron": Neuron, "conversion": Conversion, "training": Training, "masks": Masks}
NOT_OF_AN_ANN = {
    *(f"neuron.{name}" for name in OTHER[Neuron]),
    *(f"conversion.{name}" for name in OTHER[Conversion]),
    *(f"masks.{name}" for name in OTHER[Masks]),
    "stages", "temporal_transformer", "training.early_loss_weight", "training.early_tap", "training.early_head",
    "training.rate_weight", "training.transformer_adam",
}  # fmt: skip


def changed(plain: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field by name, and the configuration in which it has another value."""
    for name, values in OTHER[Configuration].items():
        for value in values:
            schedule = plain["schedule"]
            if name == "stages":
                schedule = [phase | {"timesteps": phase["timesteps"][:1]} for phase in schedule]
            yield name, plain | {"schedule": schedule, name: value}
    for section, model in SECTIONS.items():
        for name, values in OTHER[model].items():
            for value in values:
                yield f"{section}.{name}", plain | {section: plain[section] | {name: value}}
    for number, phase in enumerate(plain["schedule"]):
        for name, values in OTHER[Phase].items():
            for value in values:
                schedule = [*plain["schedule"]]
                schedule[number] = phase | {name: value}
                if name == "sparsity":  # which may not fall
                    schedule[number:] = [later | {name: value} for later in schedule[number:]]
                if name == "timesteps":  # which may not grow
                    schedule[number + 1 :] = [later | {name: value} for later in schedule[number + 1 :]]
                if name != "timesteps" or phase.get("network") != "ann":
                    yield f"schedule.{number}.{name}", plain | {"schedule": schedule}


@cache
def _end(text: str, phase: int) -> bytes:
    config = Configuration.model_validate_json(text)
    return trained(config, sum(entry.epochs for entry in config.schedule[: phase + 1]), dataset=ANALOG)[
        1
    ].checkpoint


def unchanged(plain: dict[str, Any], phase: int) -> set[str]:
    """The fields that leave the key of the prefix up to `phase`, after a look that they leave its weights."""
    base, same = Configuration.model_validate(plain), set()
    for name, content in changed(plain):
        config = Configuration.model_validate(content)
        if config.prefix_key(phase) == base.prefix_key(phase):
            ends = {_end(c.model_dump_json(), phase) for c in (base, config)}
            assert len(ends) == 1, f"{name} changes weights and leaves the key"
            same.add(name)
    return same


def test_every_field_has_another_value_here() -> None:
    for model, values in OTHER.items():
        assert values.keys() == model.model_fields.keys()


def test_what_an_ann_has_not_leaves_its_key_and_its_weights() -> None:
    later = {
        f"schedule.{number}.{name}" for number in (1, 2) for name, values in OTHER[Phase].items() if values
    }
    assert unchanged(CHAIN, 0) == NOT_OF_AN_ANN | later


@pytest.mark.parametrize("plain", [CHAIN, DIRECT])
def test_later_phases_leave_key_and_weights_of_a_spiking_prefix(plain) -> None:
    """The conversion too where there is no ANN."""
    phase = len(plain["schedule"]) - 2
    later = {f"schedule.{phase + 1}.{name}" for name, values in OTHER[Phase].items() if values}
    conversion = {f"conversion.{name}" for name in OTHER[Conversion]} if plain is DIRECT else set()
    assert unchanged(plain, phase) == later | conversion
