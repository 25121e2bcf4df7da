"""Search-space files: what a user may write, and the one line that follows what may not be written."""

from pathlib import Path

import pytest

from hwcost import load_profile
from tsearch.errors import TsearchError
from tsearch.space.domains import Choice, Real, Whole
from tsearch.space.file import load_space, parse_space
from tsearch.space.goals import ConfirmSettings
from tsearch.space.loading import parse_stored
from tsearch.space.schema import SpaceFile

GOOD = """\
name: small
data:
  name: digits
backbone: {widths: [4, 4], pool_after: [1]}
timesteps: [1, 2]
"""


def test_a_setting_is_a_value_a_list_or_a_range() -> None:
    space = parse_space(
        GOOD
        + "training: {learning_rate: {low: 0.001, high: 0.1, log: true}, batch_size: {low: 16, high: 64},"
        " dropout: [0.0, 0.2], weight_decay: 0.5}\n"
    )
    settings = space.settings
    assert settings["training.learning_rate"] == Real(0.001, 0.1, True, pytest.approx(0.01))
    assert settings["training.batch_size"] == Whole(16, 64, False, 40)
    assert settings["training.dropout"] == Choice((0.0, 0.2))
    assert settings["training.weight_decay"] == Choice((0.5,))


def test_lists_of_lists_are_choices_of_lists() -> None:
    space = parse_space(GOOD.replace("widths: [4, 4]", "widths: [[4, 4], [8, 8]]"))
    assert space.settings["backbone.widths"] == Choice(((4, 4), (8, 8)))
    assert space.parameters()["backbone.widths"].choices == ("[4, 4]", "[8, 8]")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("timestep: [1]", "s.yaml:6: unknown key 'timestep'. Did you mean 'timesteps'?"),
        ("neuron: {tua: 2.0}", "s.yaml:6: unknown key 'tua'. Did you mean 'tau'?"),
        (
            "training: {learning_rate: {low: 1, hihg: 2}}",
            "s.yaml:6: unknown key 'hihg'. Did you mean 'high'?",
        ),
        (
            "neuron: {tau: 0.5}",
            "s.yaml:6: 'neuron.tau': input should be greater than or equal to 1, found 0.5.",
        ),
        (
            "training: {dropout: {low: 0, high: 1.5}}",
            "s.yaml:6: 'training.dropout': input should be less than 1, found 1.5.",
        ),
        (
            "training: {dropout: {low: 0.5, high: 0.1}}",
            "s.yaml:6: 'training.dropout': low 0.5 must be below high 0.1.",
        ),
        (
            "training: {weight_decay: {low: 0, high: 1, log: true}}",
            "s.yaml:6: 'training.weight_decay': a log range starts above 0",
        ),
        ("training: {dropout: {low: 0, high: 0.5, default: 0.9}}", "default 0.9 is outside [0, 0.5]"),
        ("stages: [[2], [1, 2]]", "s.yaml:6: stages [1, 2] hold 3 blocks, but the backbone has 2."),
        ("search: {trials: 0}", "s.yaml:6: 'search.trials': input should be greater than 0, found 0."),
        ("search: {proposer: tpx}", "s.yaml:6: proposer 'tpx' not found. Did you mean 'tpe'?"),
        ("hardware: {profile: 45nm_memroy}", "s.yaml:6: "),
        ("hardware: {also: [nothing_like_it]}", "s.yaml:6: "),
        ("enqueue: [{stages: [1, 1], timesteps: [1, 2]}]", "s.yaml:6: enqueue[0]: timesteps [1, 2] increase"),
        (
            "enqueue: [{stages: [1, 2], timesteps: [2, 1]}]",
            "s.yaml:6: enqueue[0]: stages [1, 2] hold 3 blocks",
        ),
        (
            "enqueue: [{stages: [2], timesteps: [5]}]",
            "s.yaml:6: enqueue[0] is not in the space: timesteps 5 is not one of [1, 2].",
        ),
        (
            "enqueue: [{stages: [2], timesteps: [2], neuron: {tua: 3.0}}]",
            "unknown key 'neuron.tua'. Did you mean 'neuron.tau'?",
        ),
        (
            "reference: {energy: 3}",
            "s.yaml:6: reference for 'energy', which is no objective. Did you mean 'energy_pj'?",
        ),
        ("objectives: [accuracy, accuracy]", "s.yaml:6: objective 'accuracy' is given twice."),
        (
            "search: {seed: -1}",
            "s.yaml:6: 'search.seed': input should be greater than or equal to 0, found -1.",
        ),
        ("name: again", "s.yaml:6: key 'name' is given twice."),
        ("transformer: bucket", "s.yaml:6: 'transformer' is called 'temporal_transformer' now: rename it."),
        (
            "enqueue:\n  - {stages: [2], timesteps: [2]}\n  - {stages: [2], timesteps: [2], transformer: bucket}",
            "s.yaml:8: 'transformer' is called 'temporal_transformer' now: rename it.",
        ),
        ("neuron: {transformer: 1}", "s.yaml:6: unknown key 'transformer'."),
        ("stages: []", "s.yaml:6: 'stages': "),
        (
            "schedule: {leading: [[2], [1, 2]]}",
            "s.yaml:6: schedule.leading: [1, 2] grows; the timesteps of a schedule may only shrink.",
        ),
        ("objectives: [{nam: accuracy}]", "s.yaml:6: "),
        (
            "objectives: [accuracy, 3]",
            "'objectives.1': input should be a valid string, or a mapping of keys, found 3. Known keys: name",
        ),
        ("constraints: {energy: {}}", "s.yaml:6: constraints.energy: give min, max or both."),
        ("constraints: {energy: {max: 3ms}}", "s.yaml:6: constraints.energy.max: energy is measured in J"),
        ("constraints: {energy: {mx: 3}}", "s.yaml:6: unknown key 'mx'. Did you mean 'max'?"),
        ("neuron: {reset: {low: 1, high: 2}}", "s.yaml:6: 'neuron.reset': input should be 'soft' or 'hard'"),
        (
            "training: {batch_size: {low: 1.5, high: 4}}",
            "'training.batch_size': input should be a valid integer",
        ),
        (
            "confirm: {candidate: 1}",
            "s.yaml:6: unknown key 'candidate'. Did you mean 'candidates'?",
        ),
        (
            "confirm:\n  candidates: 1\n  replicates: 4",
            "s.yaml:8: 'confirm.replicates': input should be greater than or equal to 5, found 4.",
        ),
        (
            "confirm: {candidates: 4}",
            "'confirm.candidates': input should be less than or equal to 3, found 4.",
        ),
        (
            "confirm: {margin: 1ms}",
            "s.yaml:6: 'confirm.margin': '1ms': a difference of accuracies is written 1%",
        ),
        (
            "confirm: {margin: 60%}",
            "'confirm.margin': '60%': a difference of accuracies is written 1% or 0.01, from 0 to 50%.",
        ),
        (
            "confirm: true",
            "'confirm': input should be a mapping of keys, found True. Known keys: candidates, replicates, margin.",
        ),
        ("neuron: 3", "'neuron': input should be a mapping of keys, found 3. Known keys: tau, threshold"),
        (
            "search: {baselines: []}",
            "'search.baselines': input should be a list of at least 1 item, found [].",
        ),
        ("search: {baselines: [0]}", "'search.baselines.0': input should be greater than 0, found 0."),
        (
            "search: {baselines: foo}",
            "'search.baselines': input should be 'uniform' or 'none', or a list, found 'foo'.",
        ),
        ("search: {baselines: [2, 1, 1]}", "s.yaml:6: search.baselines: 1 is given twice."),
        (
            "schedule: {leading_epochs: [0]}",
            "'schedule.leading_epochs.0': input should be greater than 0, found 0.",
        ),
        (
            "schedule: {leading_epochs: []}",
            "'schedule.leading_epochs': input should be a list of at least 1 item, found [].",
        ),
        (
            "schedule: {leading_epochs: foo}",
            "unable to parse string as an integer, or a list, found 'foo'.",
        ),
        ("training: {flip: true}", "s.yaml:6: 'training.flip': input should be a number, found True."),
        ("training: {cutout: [0, true]}", "'training.cutout.1': input should be a number, found True."),
        (
            "training: {shift: 8}",
            "s.yaml:6: training.shift: 8 pixels, but a side of the frames has 8. Give at most 7.",
        ),
        ("training: {shift: {low: 0, high: 20}}", "s.yaml:6: training.shift: 20 pixels"),
        ("training: {cutout: [0, 9]}", "s.yaml:6: training.cutout: 9 pixels"),
        ("training: {crop: 0.6}", "'training.crop': input should be less than or equal to 0.5, found 0.6."),
        ("training: {mixup: 5}", "'training.mixup': input should be less than or equal to 4, found 5."),
        (
            "search: {replicates: 0}",
            "s.yaml:6: 'search.replicates': input should be greater than or equal to 1",
        ),
        ("temporal_transformer: scoremix", "s.yaml:6: 'temporal_transformer': input should be 'score_mix'"),
    ],
)
def test_a_mistake_is_one_line(change: str, message: str) -> None:
    with pytest.raises(TsearchError) as caught:
        parse_space(GOOD + change + "\n", "s.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a search space is a mapping"),
        ("name: [", "not valid YAML"),
        ("name: x\ndata: {name: digits}\n", "'timesteps' is missing"),
        (GOOD.replace("name: small", "name: ../up"), "'name': string should match pattern"),
        (GOOD.replace("name: digits", "name: digist"), "Did you mean 'digits'?"),
        (GOOD.replace("pool_after: [1]", "pool_after: [3]"), "beyond the last one"),
        (GOOD.replace("timesteps: [1, 2]", "timesteps: []"), "at least 1 item"),
        (GOOD.replace("timesteps: [1, 2]", "timesteps: [0]"), "greater than 0"),
        (
            GOOD.replace("widths: [4, 4], pool_after: [1]", "widths: [4, 4, 4, 4], pool_after: [1, 2, 3, 4]"),
            "nothing left to pool",
        ),
        (
            GOOD.replace("widths: [4, 4]", "name: vgx, widths: [4, 4]"),
            "backbone 'vgx' not found. Did you mean 'vgg'?",
        ),
        (GOOD.replace("widths: [4, 4]", "widths: [[4, 4], [4, 4, 4]]"), "different depths"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, message: str) -> None:
    with pytest.raises(TsearchError, match=r"s\.yaml") as caught:
        parse_space(text, "s.yaml")
    assert message in str(caught.value)


def test_options_of_the_data_are_told_where_they_belong() -> None:
    def message_of(data: str) -> str:
        with pytest.raises(TsearchError) as caught:
            parse_space(GOOD.replace("data:\n  name: digits\n", f"data: {data}\n"), "s.yaml")
        return str(caught.value)

    known = "s.yaml:2: unknown key 'recordings'. Known keys: name, root, options."
    told = message_of("{name: digits_dvs, recordings: 2}")
    assert told.startswith(f"{known} Options of digits_dvs stand under `options`: size, digit_size,")
    assert told.endswith("train_recordings, validation_recordings, test_recordings.")
    assert message_of("{name: digits, recordings: 2}") == f"{known} digits has no options."
    assert message_of("{recordings: 2}") == f"{known} Options of a data set stand under `options`."


def test_what_changes_nothing_may_be_given_and_what_fills_a_frame_but_for_a_pixel() -> None:
    space = parse_space(GOOD + "training: {loss: mean, tet_weight: 0.3, shift: 7, cutout: 7, crop: 0.5}\n")
    assert space.settings["training.tet_weight"] == Choice((0.3,))


def test_frames_of_one_row_move_along_it_by_less_than_their_length() -> None:
    text = """\
name: heard
data: {name: shd, options: {channels: 64}}
backbone: {name: windowed, width: 4, depths: [1, 1]}
timesteps: [1, 2]
training: {shift: 63}
"""
    assert parse_space(text).settings["training.shift"] == Choice((63,))
    with pytest.raises(TsearchError, match="64 pixels, but a side of the frames has 64"):
        parse_space(text.replace("63", "64"))


def test_a_confirmation_is_asked_for_by_its_section() -> None:
    assert parse_space(GOOD).confirm is None
    assert parse_space(GOOD + "confirm: {}\n").confirm == ConfirmSettings(
        candidates=3, replicates=5, margin=0.01
    )
    asked = parse_space(GOOD + "confirm: {candidates: 1, replicates: 7, margin: 2.5%}\n").confirm
    assert asked == ConfirmSettings(candidates=1, replicates=7, margin=0.025)


def test_an_unknown_space_lists_the_shipped_ones() -> None:
    with pytest.raises(TsearchError, match=r"Did you mean 'digits_dvs'\?"):
        load_space("digits_dv")


def test_objectives_know_their_direction() -> None:
    space = parse_space(GOOD + "objectives: [accuracy, latency_s, {name: my_score, direction: maximize}]\n")
    assert [(o.name, o.direction) for o in space.objectives] == [
        ("accuracy", "maximize"),
        ("latency_s", "minimize"),
        ("my_score", "maximize"),
    ]


def test_the_schema_knows_every_section() -> None:
    assert set(SpaceFile.model_json_schema()["properties"]) == set(SpaceFile.model_fields)


def test_a_file_that_is_no_text_and_a_folder_are_refused(tmp_path) -> None:
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    with pytest.raises(TsearchError, match="not a text file in UTF-8"):
        load_space(tmp_path / "binary.yaml")
    with pytest.raises(TsearchError, match="is not a file"):
        load_space(tmp_path)


def test_a_profile_in_a_space_file_is_relative_to_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From whatever folder it is read, also when a run reads its stored copy again."""
    folder, elsewhere = tmp_path / "spaces", tmp_path / "elsewhere"
    for place, about in ((folder, "mine"), (elsewhere, "another")):
        place.mkdir()
        (place / "mine.yaml").write_text(f"extends: 45nm_memory\nabout: {about}\n")
    text = GOOD + "hardware: {profile: mine.yaml, also: [loihi, ../spaces/mine.yaml]}\n"
    (folder / "s.yaml").write_text(text)
    monkeypatch.chdir(elsewhere)
    space = load_space("../spaces/s.yaml")
    assert load_profile(space.hardware.profile).about == "mine"
    assert [load_profile(name).about[:7] for name in space.hardware.also] == ["Loihi 1", "mine"]
    assert parse_stored(text, "run/space.yaml", folder) == space
    monkeypatch.chdir(tmp_path)
    assert load_profile(space.hardware.profile).about == "mine"


def test_a_profile_that_no_folder_has_is_called_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(GOOD + "hardware: {profile: mine.yaml}\n")
    with pytest.raises(TsearchError, match=r"s.yaml:6: profile 'mine.yaml' not found"):
        load_space(tmp_path / "s.yaml")
