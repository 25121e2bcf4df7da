"""Settings of the training, one by one: a training with it repeats itself, may be cut anywhere, and is another one."""

import pytest
from tiny import configuration, trained

from tsearch.configuration import Configuration
from tsearch.errors import TsearchError
from tsearch.frozen import canonical
from tsearch.space.schema import TrainingSpace

SETTINGS = [
    {"loss": "sum"},
    {"loss": "tet"},
    {"loss": "tet", "tet_weight": 0.9, "dropout": 0.2},
    {"shift": 1, "shift_per": "sample"},
    {"crop": 0.4},
    {"flip": 0.5},
    {"cutout": 2},
    {"event_drop": 0.5},
    {"mixup": 0.4},
    {"keep": "best"},
    {"keep": "average"},
    {"gradient_clip": 0.1},
    {"learning_rate_schedule": "step"},
    {"learning_rate_schedule": "constant"},
    {"decay_all": False},
    {"block_dropout": 0.2},
    {"optimizer": "sgd", "transformer_adam": True},
]
PLAIN = trained(configuration())[1].checkpoint


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_a_training_with_a_setting_may_be_cut_anywhere(setting) -> None:
    config = configuration(**setting)
    _, whole = trained(config)
    assert whole.checkpoint != PLAIN
    checkpoint, curve = None, ()
    for start, stop in ((0, 1), (1, 4), (4, 4), (4, 5)):
        _, part = trained(config, start=start, stop=stop, checkpoint=checkpoint)
        checkpoint, curve = part.checkpoint, curve + part.curve
    assert curve == whole.curve
    assert checkpoint == whole.checkpoint


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_a_setting_can_be_searched_and_enters_the_key(setting) -> None:
    for name, value in setting.items():
        assert TrainingSpace.model_validate({name: [value]}).domains()[name].default == value
    assert configuration(**setting).key != configuration().key


def test_what_plain_data_do_not_name_was_trained_as_its_absence_means() -> None:
    """Configurations that earlier versions wrote have fewer fields, whatever the defaults are today."""
    config = configuration()
    stored = config.model_dump(mode="json")
    stored["training"] = {"batch_size": 16}
    assert Configuration.model_validate(stored) == config
    assert canonical(config.training) == {"batch_size": 16}


def test_a_segment_of_no_further_epochs_keeps_the_optimizer() -> None:
    config = configuration()
    _, whole = trained(config)
    _, cut = trained(config, stop=4)
    _, nothing = trained(config, start=4, stop=4, checkpoint=cut.checkpoint)
    assert nothing.curve == ()
    _, rest = trained(config, start=4, checkpoint=nothing.checkpoint)
    assert rest.checkpoint == whole.checkpoint


def test_a_budget_below_the_epochs_of_the_checkpoint_is_refused() -> None:
    _, done = trained(configuration(), stop=4)
    with pytest.raises(TsearchError, match="trained for 4 epochs, which cannot become 3"):
        trained(configuration(), start=4, stop=3, checkpoint=done.checkpoint)
