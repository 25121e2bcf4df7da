"""Configurations: what is refused, and what their hashes promise."""

import pytest
from pydantic import ValidationError

from tsearch.configuration import Configuration, Phase, Result, Training
from tsearch.networks.backbones.vgg import Vgg


def make(**changes) -> Configuration:
    return Configuration(**({"stages": (1, 2), "schedule": (Phase(timesteps=(6, 3), epochs=4),)} | changes))


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


def test_key_depends_on_content_alone() -> None:
    assert make().key == make().key
    assert make().key != make(training=Training(learning_rate=0.02)).key


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
