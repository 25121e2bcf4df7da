"""What points are called where several are shown together."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tsearch.configuration import Configuration, Phase
from tsearch.engine.run_folder import Trial
from tsearch.front import Point, labels_of
from tsearch.front.point import differing_details, have_families, point_of, setting_title
from tsearch.networks.backbones.resnet import ResNet18


def network(number: int, *phases: tuple[int, ...], epochs: int = 20, **settings: Any) -> Point:
    schedule = tuple(Phase(timesteps=timesteps, epochs=epochs) for timesteps in phases)
    stages = settings.pop("stages", (1,) * (len(phases[-1]) - 1) + (4 - len(phases[-1]),))
    configuration = Configuration(stages=stages, schedule=schedule, **settings)
    return point_of(Trial(number, configuration.key, "complete", "proposed", configuration))


def test_points_that_differ_by_schedule_have_different_labels() -> None:
    points = [
        network(0, (6,)),
        network(1, (8,), (6,)),
        network(2, (8, 8, 8), (6, 3, 1)),
        network(3, (8, 8), (8, 4), (6, 1)),
    ]
    assert labels_of(points) == {
        0: "T=6",
        1: "T=6 after 8",
        2: "T=(6, 3, 1) after 8",
        3: "T=(6, 1) after 8, (8, 4)",
    }


def test_fault_a_divided_uniform_network_was_called_like_an_undivided_one() -> None:
    points = [network(0, (4,), (1,)), network(1, (4, 4), (1, 1))]
    assert [point.label for point in points] == ["T=1 after 4", "T=(1, 1) after 4"]
    assert labels_of(points) == {0: "T=1 after 4", 1: "T=(1, 1) after 4"}
    assert labels_of(points[1:]) == {1: "T=1 after 4"}, "where all are divided alike, as in a fixed division"


def test_one_setting_tells_the_rest_apart_or_else_the_trial_does() -> None:
    stages = [network(0, (6, 6), stages=(1, 2)), network(1, (6, 6), stages=(2, 1)), network(2, (4,))]
    assert labels_of(stages) == {0: "T=(6, 6), stages (1, 2)", 1: "T=(6, 6), stages (2, 1)", 2: "T=4"}
    rates = [network(k, (6,), training={"learning_rate": 10.0**-k}) for k in (1, 2)]
    assert labels_of(rates) == {1: "T=6, learning rate 0.1", 2: "T=6, learning rate 0.01"}
    alike = [network(k, (6,), training={"learning_rate": 0.01 + k * 1e-9}) for k in (1, 2)]
    assert labels_of(alike) == {1: "T=6, trial 1", 2: "T=6, trial 2"}


def network_of_ones_own(number: int, width: int, function: str) -> Point:
    made = {"n_blocks": 3, "input_shape": (1, 8, 8), "n_classes": 4, "network": function}
    return network(number, (4,), backbone={"name": "mine:network", **made, "width": width})


def test_a_network_of_ones_own_is_told_apart_by_its_option_not_by_its_hash() -> None:
    points = [network_of_ones_own(0, 4, "11c6be75"), network_of_ones_own(1, 8, "b22be57f")]
    assert labels_of(points) == {0: "T=4, width 4", 1: "T=4, width 8"}
    assert differing_details(points) == ["backbone.width"]
    changed = [network_of_ones_own(0, 4, "11c6be75"), network_of_ones_own(1, 4, "b22be57f")]
    assert labels_of(changed) == {0: "T=4, network 11c6be75", 1: "T=4, network b22be57f"}
    assert differing_details(changed) == ["backbone.network"]


def test_what_is_no_network_is_called_by_its_parameters_while_they_are_short() -> None:
    short = Point(0, "", {}, parameters={"lr": 0.012345, "act": "relu"})
    long = Point(1, "", {}, parameters={f"parameter_{k}": k for k in range(9)})
    assert labels_of([short, long, Point(2, "", {})]) == {
        0: "lr 0.01235, act relu",
        1: "trial 1",
        2: "trial 2",
    }


@given(
    st.lists(st.tuples(st.sampled_from([(1,), (4,), (2, 1)]), st.booleans(), st.sampled_from([1e-3, 1e-2])))
)
def test_no_two_labels_are_alike_and_none_is_long(rows: list[tuple[tuple[int, ...], bool, float]]) -> None:
    points = [
        network(number, *([(8,) * len(vector)] if leads else []), vector, training={"learning_rate": rate})
        for number, (vector, leads, rate) in enumerate(rows)
    ]
    labels = labels_of(points)
    assert list(labels) == list(range(len(rows)))
    assert len(set(labels.values())) == len(rows)
    assert all(len(label) <= 50 for label in labels.values())


def test_a_network_knows_every_setting_by_its_name_in_space_files() -> None:
    point = network(0, (8,), (6,), epochs=1, neuron={"tau": 3.0})
    assert point.details["schedule"] == "8 for 1 epoch, then 6 for 1"
    assert point.details["neuron.tau"] == 3.0
    assert {"backbone.widths", "training.learning_rate", "temporal_transformer"} <= point.details.keys()


def compressed(number: int, *, ann_epochs: int = 0, **compression: Any) -> Point:
    """A network with timesteps (2, 1) behind (4, 4), an ANN before them and compressed weights behind them."""
    phases = [Phase(timesteps=(4, 4), epochs=1), Phase(timesteps=(2, 1), epochs=3)]
    ann = [Phase(timesteps=(1, 1), epochs=ann_epochs, network="ann")] if ann_epochs else []
    last = [Phase(timesteps=(2, 1), epochs=1, learning_rate_scale=0.1, **compression)] if compression else []
    configuration = Configuration(stages=(1, 2), schedule=(*ann, *phases, *last))
    return point_of(Trial(number, configuration.key, "complete", "proposed", configuration))


def test_fault_an_ann_was_told_as_one_timestep_and_compressed_weights_not_at_all() -> None:
    point = compressed(0, ann_epochs=2, sparsity=0.125, weight_bits=8)
    assert point.label == "T=(2, 1) (12.5 % pruned, 8 bits) after ANN, 4"
    assert point.details["schedule"] == (
        "ANN for 2 epochs, then 4, 4 for 1, then 2, 1 for 3, then 2, 1 for 1 (12.5 % pruned, 8 bits)"
    )
    assert compressed(0).label == "T=(2, 1) after 4"


def test_fault_what_compression_alone_has_was_told_as_a_difference_and_called_epochs() -> None:
    points = [
        compressed(0),
        compressed(1, sparsity=0.5),
        compressed(2, weight_bits=4),
        compressed(3, ann_epochs=2),
    ]
    assert differing_details(points) == [
        "schedule.ann_epochs",
        "compression.sparsity",
        "compression.weight_bits",
    ]
    assert [point.details["compression.weight_bits"] for point in points] == [32, 32, 4, 32]
    titles = ("schedule.ann_epochs", "compression.epochs", "conversion.timesteps", "training.learning_rate")
    assert [setting_title(name) for name in titles] == [
        "ANN epochs",
        "compression epochs",
        "conversion timesteps",
        "learning rate",
    ]


def test_networks_of_several_families_are_called_by_them() -> None:
    vgg, resnet = network(0, (4,), stages=(3,)), network(1, (4,), stages=(3,), backbone=ResNet18(blocks=(2,)))
    assert labels_of([vgg, resnet]) == {0: "vgg T=4", 1: "resnet18 T=4"}
    assert labels_of([vgg]) == {0: "T=4"}
    assert labels_of([vgg], among=[vgg, resnet]) == {0: "vgg T=4"}


def test_networks_of_a_space_of_several_backbones_are_called_as_it_calls_them() -> None:
    one, other = (
        replace(network(i, (4,), stages=(3,)), alternative=name) for i, name in enumerate(("vgg_1", "vgg_2"))
    )
    assert (one.family, one.label) == ("vgg_1", "vgg_1 T=4")
    assert labels_of([one, other]) == {0: "vgg_1 T=4", 1: "vgg_2 T=4"}
    assert have_families([one])  # the others of the space are not shown
