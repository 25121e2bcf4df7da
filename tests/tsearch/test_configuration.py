"""Configurations: what is refused, and what their hashes promise."""

from typing import Annotated

import pytest
from pydantic import ValidationError

from tsearch.configuration import Configuration, Conversion, Init, Masks, Phase, Result, Training
from tsearch.frozen import AbsentMeans, Frozen, canonical
from tsearch.networks.backbones import BACKBONES, Backbone, family
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.plan import Neuron

# What the absence of a field from a key has meant since the field was introduced. A line here is never changed, only
# added; None stands for a field that is part of every key.
ABSENT_MEANS = {
    "Vgg.name": "vgg",
    "Vgg.widths": (8, 16, 32),
    "Vgg.pool_after": (1, 2),
    "Vgg.pool": "average",
    "ResNet.width": 64,
    "ResNet.blocks": (2, 2, 2, 2),
    "ResNet.shortcut": "currents",
    "ResNet.norm": "batch",
    "Vgg.dense": (),
    "Vgg.norm": "batch",
    "Windowed.name": "vgg",
    "Windowed.core": "cnn",
    "Windowed.width": 48,
    "Windowed.depths": (2, 2, 6, 2),
    "Windowed.windows": "alternating",
    "Windowed.groups": 4,
    "Windowed.fusion": "product",
    "Windowed.theta": 0.5,
    "Windowed.routing": "code",
    "Windowed.gate": "bernoulli",
    "Windowed.condense": "or",
    "Windowed.condense_gradient": "code",
    "Windowed.head": "mean",
    "ResNet18.name": "vgg",
    "ResNet20.name": "vgg",
    "Neuron.tau": 2.0,
    "Neuron.threshold": 1.0,
    "Neuron.reset": "soft",
    "Neuron.surrogate": "rectangular",
    "Neuron.surrogate_width": 1.0,
    "Training.optimizer": "adamw",
    "Training.learning_rate": 0.01,
    "Training.weight_decay": 1e-4,
    "Training.batch_size": 64,
    "Training.dropout": 0.0,
    "Training.label_smoothing": 0.0,
    "Training.early_loss_weight": 1.0,
    "Training.warmup": 0.15,
    "Training.shift": 0,
    "Training.precision": "float32",
    "Training.learning_rate_schedule": "one_cycle",
    "Training.step_every": 0.3,
    "Training.step_factor": 0.1,
    "Training.decay_all": True,
    "Training.transformer_adam": False,
    "Training.gradient_clip": 0.0,
    "Training.block_dropout": 0.0,
    "Training.loss": "mean",
    "Training.tet_weight": 0.5,
    "Training.shift_per": "batch",
    "Training.crop": 0.0,
    "Training.flip": 0.0,
    "Training.cutout": 0,
    "Training.event_drop": 0.0,
    "Training.mixup": 0.0,
    "Training.keep": "last",
    "Phase.timesteps": None,
    "Phase.epochs": None,
    "Phase.learning_rate_scale": 1.0,
    "Configuration.backbone": {},
    "Configuration.stages": None,
    "Configuration.schedule": None,
    "Configuration.neuron": {},
    "Configuration.temporal_transformer": "score_mix",
    "Configuration.training": {},
    "Configuration.conversion": {},
    "Configuration.init": None,
    "Init.file": None,
    "Init.content": None,
    "Init.network": "snn",
    "Phase.network": "snn",
    "Phase.optimizer": None,
    "Phase.sparsity": 0.0,
    "Phase.pruning": "layer",
    "Phase.weight_bits": 32,
    "Conversion.percentile": 90.0,
    "Conversion.scale": 1.0,
    "Conversion.timesteps": 32,
    "Conversion.samples": 512,
    "Conversion.residual": True,
    "Conversion.fold_norm": False,
    "Training.early_tap": "before",
    "Training.early_head": "linear",
    "Training.rate_weight": 0.0,
    "Neuron.surrogate_scale": 1.0,
    "Neuron.learned": "none",
    "Configuration.masks": {},
    "Spikformer.name": "vgg",
    "Spikformer.width": 64,
    "Spikformer.layers": 2,
    "Spikformer.heads": 4,
    "Spikformer.pools": (3, 4),
    "Spikformer.mlp_ratio": 4,
    "Spikformer.attention_scale": 0.125,
    "Spikformer.attention_threshold": 1.0,
    "Spikformer.biases": "all",
    "Masks.mode": "none",
    "Masks.granularity": "layer",
    "Masks.types": (),
    "Masks.weight": 0.0,
    "Masks.loss": "mean",
    "Masks.target": 1,
    "Masks.initial_timesteps": None,
    "Masks.warmup": 0.1,
    "Masks.settle": 0.25,
    "Masks.learning_rate": 1.0,
    "Masks.surrogate": "rational",
    "Masks.surrogate_width": 1.0,
    "Masks.recalibrate": True,
    "Masks.readout": "all",
}


def make(**changes) -> Configuration:
    """Two stages; of what is left out, what its absence means."""
    schedule = (Phase(timesteps=(6, 3), epochs=4),)
    absent = {"training": {}, "temporal_transformer": "score_mix"}
    return Configuration(**({"stages": (1, 2), "schedule": schedule} | absent | changes))


def test_increasing_timesteps_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"timesteps \[1, 3\] increase"):
        Phase(timesteps=(1, 3), epochs=1)


def test_stages_must_hold_every_block() -> None:
    with pytest.raises(ValidationError, match=r"stages \[1, 1\] hold 2 blocks, but the backbone has 3"):
        make(stages=(1, 1))


def test_timesteps_must_fit_the_stages() -> None:
    with pytest.raises(ValidationError, match=r"do not fit the 1 stages"):
        make(stages=(3,))


def test_a_schedule_may_only_shrink() -> None:
    grown = (Phase(timesteps=(2, 2), epochs=1), Phase(timesteps=(4, 1), epochs=1))
    with pytest.raises(ValidationError, match=r"grows from \[2, 2\] to \[4, 1\]"):
        make(schedule=grown)


def test_a_pool_after_a_block_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError, match="beyond the last one"):
        Vgg(widths=(8,), pool_after=(2,))


def test_what_absence_means_is_fixed_for_ever() -> None:
    found = {}
    for model in (*map(family, BACKBONES), Neuron, Training, Phase, Conversion, Init, Masks, Configuration):
        for name, field in model.model_fields.items():
            marks = [mark.value for mark in field.metadata if isinstance(mark, AbsentMeans)]
            home = next(
                part for part in reversed(model.__mro__) if name in vars(part).get("__annotations__", {})
            )
            written = model if home is Backbone else home
            found[f"{written.__name__}.{name}"] = marks[0] if marks else None
    assert found == ABSENT_MEANS


def test_a_key_names_only_what_differs_from_what_absence_means() -> None:
    schedule = [{"timesteps": [6, 3], "epochs": 4}]
    assert canonical(make()) == {"stages": [1, 2], "schedule": schedule}
    assert canonical(make(neuron=Neuron(tau=3), backbone=Vgg(widths=(2, 2, 2)))) == {
        "backbone": {"widths": [2, 2, 2]},
        "stages": [1, 2],
        "schedule": schedule,
        "neuron": {"tau": 3.0},
    }


def test_keys_stay_when_a_field_is_added_and_when_a_default_changes() -> None:
    class Before(Frozen):
        tau: Annotated[float, AbsentMeans(2.0)] = 2.0

    class After(Frozen):
        tau: Annotated[float, AbsentMeans(2.0)] = 4.0
        delay: Annotated[int, AbsentMeans(0)] = 0

    assert canonical(After(tau=2.0)) == canonical(Before()) == {}
    assert canonical(After()) == canonical(Before(tau=4.0)) == {"tau": 4.0}
    assert canonical(After(delay=1)) != canonical(Before())


@pytest.mark.parametrize("whole", [2, 2.0])
def test_whole_numbers_have_one_key_however_they_are_written(whole) -> None:
    assert make(neuron=Neuron(tau=3, threshold=whole)).key == make(neuron=Neuron(tau=3.0, threshold=2)).key


def test_the_keys_of_today_stay_what_they_are() -> None:
    """Frozen when keys became canonical: another value here would orphan every run since."""
    assert make().key == "7cbcd6ccf35bd426"
    assert make(training={"learning_rate": 0.02}, temporal_transformer="bucket").key == "017214ea1ea0bab9"


def test_the_names_of_earlier_versions_are_understood() -> None:
    plain = make(temporal_transformer="bucket").model_dump(mode="json")
    plain["transformer"] = plain.pop("temporal_transformer")
    assert Configuration.model_validate(plain) == make(temporal_transformer="bucket")


def test_key_depends_on_content_alone() -> None:
    assert make().key == make().key
    assert make().key != make(training={"learning_rate": 0.02}).key


def test_configurations_that_share_their_first_phases_share_the_prefix_key() -> None:
    first = Phase(timesteps=(8, 8), epochs=2)
    one = make(schedule=(first, Phase(timesteps=(6, 3), epochs=4)))
    two = make(schedule=(first, Phase(timesteps=(2, 1), epochs=9)))
    assert one.prefix_key(0) == two.prefix_key(0)
    assert one.prefix_key(1) != two.prefix_key(1)
    assert one.prefix_key(1) == one.key
    assert one.epochs == 6
    assert one.timesteps == (6, 3)


def test_a_result_survives_json_exactly_and_leaves_the_checkpoint_out() -> None:
    result = Result(configuration=make(), budget=4, metrics={"accuracy": 1 / 3}, checkpoint=b"weights")
    back = Result.model_validate_json(result.model_dump_json())
    assert back.metrics == result.metrics
    assert back.configuration == result.configuration
    assert back.checkpoint is None


def test_keys_know_the_content_of_initial_weights_and_not_where_they_lie() -> None:
    def of(**init: str) -> Configuration:
        return Configuration(stages=(3,), schedule=({"timesteps": (2,), "epochs": 1},), init=init)

    here, there = of(file="a", content="0" * 16), of(file="b", content="0" * 16)
    other, ann = of(file="a", content="1" * 16), of(file="a", content="0" * 16, network="ann")
    assert here.key == there.key
    assert here.prefix_key(0) == there.prefix_key(0)
    assert len({here.key, other.key, ann.key, here.model_copy(update={"init": None}).key}) == 4
