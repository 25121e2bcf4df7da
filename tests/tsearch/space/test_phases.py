"""Schedules with an ANN, any path and compressed weights, and trainings by name: counted, encoded, equally long."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsearch.configuration import Configuration, Conversion, Phase, Training
from tsearch.errors import TsearchError
from tsearch.space.domains import Choice
from tsearch.space.file import parse_space
from tsearch.space.recipes import OWN, RECIPES
from tsearch.space.schema import SpaceFile
from tsearch.space.space import SearchSpace

BASE = """\
name: small
data: {name: digits}
backbone: {widths: [4, 4], pool_after: []}
timesteps: [1, 2, 4]
"""
PATHS = "schedule: {epochs: 4, leading: any, most_leading: 2, leading_epochs: [3, 2]}\n"
FULL = """\
schedule:
  {epochs: 4, leading: any, most_leading: 1, leading_epochs: 3, leading_learning_rate: [0.5, 1.0],
   ann_epochs: [5, 0], ann_learning_rate: [2.0, 1.0], ann_optimizer: [null, sgd]}
conversion: {percentile: [99.7, 90], fold_norm: [true, false]}
compression: {sparsity: [0.5, 0], pruning: [network, layer], weight_bits: [8, 32], epochs: [2, 1], learning_rate: 0.2}
"""


def summary(configuration: Configuration) -> list:
    return [
        (p.network, p.timesteps, p.epochs, p.learning_rate_scale, p.sparsity, p.weight_bits)
        for p in configuration.schedule
    ]


@pytest.fixture(scope="module")
def full() -> SearchSpace:
    return parse_space(BASE.replace("[1, 2, 4]", "[1, 4]") + FULL)


def test_every_configuration_is_counted_once_encoded_and_trains_equally_long(full: SearchSpace) -> None:
    every = list(full.enumerate())
    assert len(every) == len(set(every)) == full.size
    assert {c.epochs for c in (*every, *full.baselines())} == {5 + 3 + 4 + 2} == {full.schedules.total_epochs}
    assert len({c.key for c in every}) == len(every)
    for configuration in every[::29]:
        assert full.decode(full.encode(configuration)) == configuration


def test_the_size_by_hand(full: SearchSpace) -> None:
    # In one stage 2 vectors and 1 path of two, in two stages 3 vectors and 3 paths. Leading phases have 2 rates. An ANN
    # has 2 rates, 2 optimizers and 2 * 2 conversions. Pruned: 2 ways, 2 widths, 2 lengths; quantised alone: 2 lengths.
    structures = (2 + 1 * 2) + (3 + 3 * 2)
    assert full.size == structures * (2 * 2 * 2 * 2 + 1) * (2 * 2 * 2 + 2 + 1)


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_draws_lie_in_the_space(seed: int) -> None:
    space = parse_space(BASE + FULL)
    configuration = space.random(np.random.default_rng(seed))
    assert space.decode(space.encode(configuration)) == configuration
    assert SearchSpace.from_dict(json.loads(json.dumps(space.to_dict())), space.source_text) == space


def test_the_phases_of_a_whole_schedule() -> None:
    entry = (
        "enqueue:\n  - {stages: [1, 1], timesteps: [2, 1], path: [[4, 4]], leading_learning_rate: 0.5, ann_epochs: 5,\n"
        "     ann_optimizer: sgd, ann_learning_rate: 2.0, conversion: {percentile: 90},\n"
        "     compression: {sparsity: 0.5, weight_bits: 8, epochs: 1}}\n"
    )
    [configuration] = parse_space(BASE + FULL + entry).enqueued
    assert summary(configuration) == [
        ("ann", (1, 1), 5, 2.0, 0, 32),
        ("snn", (4, 4), 3, 0.5, 0, 32),
        ("snn", (2, 1), 5, 1.0, 0, 32),
        ("snn", (2, 1), 1, 0.2, 0.5, 8),
    ]
    assert configuration.schedule[0].optimizer == "sgd"
    assert configuration.schedule[-1].pruning == "network"
    assert configuration.conversion == Conversion(percentile=90, fold_norm=True)


def test_what_has_no_ann_has_no_conversion_and_what_is_not_pruned_no_kind_of_pruning(
    full: SearchSpace,
) -> None:
    direct = [full.decode({"schedule.ann_epochs": 0, "conversion.percentile": p}) for p in (99.7, 90.0)]
    assert direct[0] == direct[1]
    assert direct[0].conversion == Conversion()
    kinds = [
        full.decode({"compression.sparsity": 0.0, "compression.pruning": p}) for p in ("layer", "network")
    ]
    assert kinds[0] == kinds[1]
    assert kinds[0].schedule[-1].pruning == "layer"


def test_baselines_take_both_ends_of_ann_and_compression_and_two_paths() -> None:
    space = parse_space(BASE + FULL.replace("[8, 32]", "[32, 8, 4]").replace("[5, 0]", "[0, 3, 5]"))
    found = [
        (
            c.schedule[0].epochs if c.schedule[0].network == "ann" else 0,
            len(c.timesteps),
            summary(c)[-1][4:],
            c,
        )
        for c in space.baselines()
    ]
    assert {ann for ann, *_ in found} == {0, 5}
    assert {compression for *_, compression, _ in found} == {(0, 32), (0.5, 4)}
    timesteps = [c.timesteps[0] for *_, c in found]
    assert [timesteps.count(t) for t in (1, 2, 3, 4)] == [8, 8, 8, 4]  # nothing shrinks towards the largest
    assert len(set(space.baselines())) == len(found) == 28


# ---------------------------------------------------------------------- twins


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_twins_share_ann_compression_and_epochs(seed: int, timesteps: int) -> None:
    space = parse_space(BASE + FULL)
    configuration = space.random(np.random.default_rng(seed))
    twin = space.twins(configuration, timesteps)[0]
    assert Configuration.model_validate(twin.model_dump()) == twin
    assert twin.epochs == configuration.epochs
    assert set(twin.timesteps) == {timesteps}
    assert twin.model_copy(update={"schedule": configuration.schedule}) == configuration

    def shared(phases: tuple[Phase, ...]) -> list:
        special = [p for p in phases if p.network == "ann" or p.sparsity or p.weight_bits != 32]
        return [p.model_dump(exclude={"timesteps"}) for p in special]

    assert shared(twin.schedule) == shared(configuration.schedule)
    spiking = [p.timesteps for p in twin.schedule if p.network == "snn"]
    assert spiking == sorted(spiking, reverse=True)


@pytest.mark.parametrize(
    ("timesteps", "expected"),
    [
        (1, [((4, 4), 3), ((2, 2), 2), ((1, 1), 4)]),  # means 4 and 1.5, rounded up
        (2, [((4, 4), 3), ((2, 2), 6)]),  # a phase of 2 would shrink nothing
        (4, [((4, 4), 9)]),
    ],
)
def test_the_twin_of_any_path_is_led_by_its_means(timesteps: int, expected: list) -> None:
    entry = "enqueue: [{stages: [1, 1], timesteps: [1, 1], path: [[4, 4], [2, 1]]}]\n"
    space = parse_space(BASE + PATHS + entry)
    twin = space.twins(space.enqueued[0], timesteps)[0]
    assert [(p.timesteps, p.epochs) for p in twin.schedule] == expected


def test_phases_of_a_twin_that_come_to_be_alike_are_one() -> None:
    entry = "enqueue: [{stages: [1, 1], timesteps: [1, 1], path: [[4, 4], [4, 2]]}]\n"
    space = parse_space(BASE.replace("4]\n", "4]\n").replace("[1, 2, 4]", "[1, 2, 3, 4]") + PATHS + entry)
    near = space.enqueued[0].model_copy(
        update={
            "schedule": (
                Phase(timesteps=(4, 3), epochs=3),
                Phase(timesteps=(4, 2), epochs=2),
                Phase(timesteps=(1, 1), epochs=4),
            )
        }
    )
    assert [(p.timesteps, p.epochs) for p in space.twins(near, 1)[0].schedule] == [
        ((4, 4), 3),
        ((3, 3), 2),
        ((1, 1), 4),
    ]
    alike = near.model_copy(
        update={
            "schedule": (
                near.schedule[0].model_copy(update={"timesteps": (4, 4)}),
                *near.schedule[:1],
                near.schedule[2],
            )
        }
    )
    assert [(p.timesteps, p.epochs) for p in space.twins(alike, 1)[0].schedule] == [((4, 4), 6), ((1, 1), 4)]


# ---------------------------------------------------------------------- trainings by name


def test_a_recipe_replaces_what_it_fixes_and_nothing_else() -> None:
    space = parse_space(
        BASE
        + "training: {recipe: [own, ssnn, ssnn_static], learning_rate: [0.01, 0.02], weight_decay: [0.0, 0.5], "
        "dropout: [0.0, 0.2]}\n"
    )
    every = list(space.enumerate())
    assert len(every) == len(set(every)) == space.size == space.n_structures * (2 * 2 + 1 + 1) * 2
    assert [space.decode(space.encode(c)) for c in every] == every
    paper = space.decode({"training.recipe": "ssnn", "training.dropout": 0.2, "training.learning_rate": 0.01})
    assert paper.training == Training(
        optimizer="sgd", learning_rate=0.1, learning_rate_schedule="step", step_every=0.3, step_factor=0.1,
        weight_decay=1e-3, batch_size=64, loss="mean", dropout=0.2,
    )  # fmt: skip
    assert {c.training.weight_decay for c in every} == {0.0, 0.5, 1e-3, 1e-4}


def test_settings_that_a_recipe_makes_idle_count_once() -> None:
    training = (
        "training: {recipe: [own, ssnn], optimizer: [adamw, sgd], transformer_adam: [true, false], loss: [tet, mean], "
        "tet_weight: [0.2, 0.5], learning_rate_schedule: [one_cycle, constant], warmup: [0.1, 0.2], "
        "early_loss_weight: [1, 0], early_head: [linear, convolution]}\n"
    )
    space = parse_space(BASE + "stages: [[2], [1, 1]]\n" + training)
    every = list(space.enumerate())
    # One stage: 2 optimizers, 2 + 1 losses, 2 + 1 rates, or the recipe; two: SGD with 2 transformer_adam, 2 + 1 heads
    assert len(every) == len(set(every)) == space.size == 3 * (2 * 3 * 3 + 1) + 6 * 3 * ((1 + 2) * 3 * 3 + 2)
    assert [space.decode(space.encode(c)) for c in every] == every


def test_a_recipe_alone_is_the_base_of_what_is_given_beside_it() -> None:
    space = parse_space(BASE + "training: {recipe: ssnn, learning_rate: [0.05, 0.1]}\n")
    assert "training.recipe" not in space.settings
    assert space.settings["training.learning_rate"] == Choice((0.05, 0.1))
    assert space.settings["training.weight_decay"] == Choice((1e-3,))
    iir = parse_space(BASE + "schedule: {ann_epochs: 3}\ntraining: {recipe: iir}\n").decode({})
    assert (iir.schedule[0].optimizer, iir.schedule[0].learning_rate_scale) == ("sgd", 100.0)
    assert iir.training.loss == "sum"


def test_the_schema_lists_the_recipes() -> None:
    recipe = SpaceFile.model_json_schema()["$defs"]["NamedTrainingSpace"]["properties"]["recipe"]
    assert {"enum": list(RECIPES), "type": "string"} in recipe["oneOf"]


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains(name: str) -> None:
    space = parse_space(BASE + f"schedule: {{ann_epochs: 2}}\ntraining: {{recipe: [{name}]}}\n")
    configuration = space.decode({})
    named = {n.removeprefix("training."): v for n, v in RECIPES[name].items() if n.startswith("training.")}
    assert configuration.training == Training(**named)
    assert bool(named) == (name != OWN)


# ---------------------------------------------------------------------- weights of a file


def test_weights_of_an_ann_make_conversion_matter(tmp_path: Path) -> None:
    (tmp_path / "ann.safetensors").write_bytes(b"some weights")
    conversion = "conversion: {percentile: [90, 99.7]}\n"
    spaces = [
        parse_space(BASE + conversion + f"init: {init}\n", "s.yaml", tmp_path)
        for init in ("ann.safetensors", "{file: ann.safetensors, network: ann}")
    ]
    assert [s.size // s.n_structures for s in spaces] == [1, 2]
    for space in spaces:
        every = list(space.enumerate())
        assert [space.decode(space.encode(c)) for c in every] == every
        assert {c.init.file for c in (*every, *space.baselines())} == {str(tmp_path / "ann.safetensors")}


# ---------------------------------------------------------------------- one line


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("schedule: {leading: all}", "s.yaml:5: 'schedule.leading': input should be 'any', or a list, found 'all'."),
        ("schedule: {most_leading: 2}", "s.yaml:5: schedule.most_leading: it goes with `leading: any`"),
        ("schedule: {leading: any, most_leading: 0}", "'schedule.most_leading': input should be greater than 0"),
        (
            "schedule: {leading: any, most_leading: 2, leading_epochs: [3]}",
            "s.yaml:5: schedule.leading_epochs: 1 number for up to 2 phases before the last one.",
        ),
        ("schedule: {ann_epochs: -1}", "'schedule.ann_epochs': input should be greater than or equal to 0, found -1."),
        ("schedule: {ann_epochs: true}", "'schedule.ann_epochs': input should be a number, found True."),
        ("schedule: {ann_epochs: {low: 1, hihg: 2}}", "unknown key 'hihg'. Did you mean 'high'?"),
        ("schedule: {ann_optimizer: adam}", "s.yaml:5: 'schedule.ann_optimizer': input should be 'adamw' or 'sgd'"),
        ("conversion: {percentil: 90}", "s.yaml:5: unknown key 'percentil'. Did you mean 'percentile'?"),
        ("conversion: {percentile: 101}", "'conversion.percentile': input should be less than or equal to 100"),
        ("compression: {sparsity: 1}", "s.yaml:5: 'compression.sparsity': input should be less than 1, found 1."),
        ("compression: {weight_bits: 3}", "'compression.weight_bits': input should be 32, 8, 4 or 2, found 3."),
        ("compression: {weight_bits: {low: 2, high: 32}}", "a range is for numbers only; give a list of values."),
        ("compression: 3", "'compression': input should be a mapping of keys, found 3. Known keys: sparsity, pruning"),
        (
            "training: {recipe: snn}",
            "s.yaml:5: 'training.recipe': recipe 'snn' not found. Did you mean 'ssnn'? Known recipes: own, ssnn",
        ),
        (
            "training: {recipe: [own, ssnn], optimizer: [sgd, adamw], learning_rate: {low: 0.01, high: 0.1}, "
            "loss: mean, learning_rate_schedule: step, weight_decay: [0.001, 0.0001]}",
            "s.yaml:5: training.recipe: the own settings of `training` hold those of 'ssnn' already.",
        ),
        ("init: nothing.safetensors", "s.yaml:5: init: "),
        (
            "schedule: {leading: any}\nenqueue: [{stages: [2], timesteps: [1], path: [[2]], leading: [4]}]",
            "s.yaml:6: enqueue[0]: give `path` or `leading`, not both.",
        ),
        (
            "schedule: {leading: any}\nenqueue: [{stages: [1, 1], timesteps: [2, 1], path: [[4, 4], [1, 1]]}]",
            "s.yaml:6: enqueue[0]: the schedule grows from [1, 1] to [2, 1]; it may only shrink.",
        ),
        (
            "schedule: {leading: any}\nenqueue: [{stages: [2], timesteps: [1], path: [[3]]}]",
            "s.yaml:6: enqueue[0] is not in the space: schedule [[3], [1]]: timesteps 3 is not one of [1, 2, 4].",
        ),
        (
            "enqueue: [{stages: [2], timesteps: [1], ann_epochs: 3}]",
            "s.yaml:5: enqueue[0]: 'schedule.ann_epochs' is not set in this space. Give it there, ",
        ),
        (
            "schedule: {ann_epochs: [5, 0]}\nenqueue: [{stages: [2], timesteps: [1], ann_epochs: 50}]",
            "s.yaml:6: enqueue[0] is not in the space: schedule.ann_epochs: 50 is not one of [5, 0].",
        ),
        (
            "training: {dropout: {low: 0, high: 0.5}}\n"
            "enqueue: [{stages: [2], timesteps: [1], training: {dropout: a}}]",
            "s.yaml:6: enqueue[0] is not in the space: training.dropout: ",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(change: str, message: str) -> None:
    with pytest.raises(TsearchError) as caught:
        parse_space(BASE + change + "\n", "s.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_too_large_says_what_to_reduce() -> None:
    text = BASE.replace("[1, 2, 4]", str(list(range(1, 60)))) + "schedule: {leading: any, most_leading: 3}\n"
    with pytest.raises(TsearchError) as caught:
        parse_space(text, "s.yaml")
    assert str(caught.value) == (
        "s.yaml:5: schedule: any path of up to 4 phases over 59 choices of timesteps in up to 2 stages takes a table "
        "of 1,115,690 entries, at most 50,000 are allowed. Lower `most_leading`, or list fewer `timesteps` or coarser "
        "`stages`."
    )
