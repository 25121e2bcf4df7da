"""Tables of networks, of plain parameters, and of fronts without a box."""

import json
from typing import Any

from tsearch.cli.comparison_tables import comparison_content, comparison_text
from tsearch.cli.tables import front_content, front_text, point_content
from tsearch.configuration import Configuration, Phase, Training
from tsearch.front import Front, Point, compare
from tsearch.space.goals import Objective

LOSS = Objective(name="loss", direction="minimize")
SIZE = Objective(name="size", direction="minimize")


def plain(number: int, parameters: dict[str, Any], loss: float, size: float) -> Point:
    return Point(number, f"{number:016x}", {"loss": loss, "size": size}, parameters=parameters)


POINTS = (
    plain(0, {"lr": 0.012345, "act": "relu"}, 0.5, 2.0),
    plain(1, {"lr": 0.1, "act": "gelu", "layers": (2, 3)}, 0.25, 4.0),
)
FRONT = Front(POINTS, (LOSS, SIZE), {}, {}, "plain")


def test_a_column_per_parameter_and_neither_hypervolume_nor_saving() -> None:
    assert front_text(FRONT, FRONT.points).splitlines() == [
        "   trial  lr       act   layers  origin    loss   size",
        "-" * 54,
        "*  1      0.1      gelu  2,3     proposed  0.250  4.00",
        "*  0      0.01235  relu          proposed  0.500  2.00",
        "front: 2 of 2 complete trials",
    ]


def test_a_column_for_timesteps_and_one_for_stages() -> None:
    network = Point(0, "0" * 16, {"loss": 0.5, "size": 2.0}, (3, 1), (1, 2))
    front = Front((network,), (LOSS, SIZE), {"loss": 1.0, "size": 4.0}, {"loss": 0.5, "size": 2.0}, "nets")
    head, _, row, summary, _ = front_text(front, front.points).splitlines()
    assert head.split() == ["trial", "timesteps", "stages", "origin", "loss", "size"]
    assert row.split() == ["*", "0", "3,1", "1,2", "proposed", "0.500", "2.00"]
    assert summary == "front: 1 of 1 complete trials, hypervolume 1.0000"


def test_json_has_the_parameters() -> None:
    content = json.loads(json.dumps(front_content(FRONT)))
    assert content["hypervolume"] is None
    assert (content["answers"], content["candidates"], content["verdicts"]) == ([], [], [])
    assert content["points"][1]["parameters"] == {"lr": 0.012345, "act": "relu"}
    assert "parameters" not in point_content(FRONT, Point(0, "", {}, (1,), (1,)))


def test_two_fronts_without_a_box() -> None:
    comparison = compare(FRONT, FRONT)
    text = comparison_text(FRONT, FRONT, comparison)
    assert "unknown" in text
    assert "common reference" not in text
    assert comparison_content(FRONT, FRONT, comparison)["runs"][0]["covered"] == 1.0


def test_a_point_that_breaks_a_constraint_is_marked() -> None:
    front = Front(POINTS, (LOSS, SIZE), {}, {}, "plain", {"size": (None, 3.0)})
    assert front_text(front, front.complete).splitlines()[3].startswith("breaks a constraint  1")


def network(number: int, leading: tuple[int, ...], rate: float) -> Point:
    phases = (*(Phase(timesteps=(t,), epochs=2) for t in leading), Phase(timesteps=(1,), epochs=4))
    chosen = Configuration(stages=(3,), schedule=phases, training=Training(learning_rate=rate))
    metrics = {"loss": 0.5 - number / 10, "size": 2.0 + number}
    return Point(number, f"{number:016x}", metrics, (1,), (3,), configuration=chosen)


def test_lines_that_look_alike_are_told_apart_by_what_differs() -> None:
    def columns(*points: Point) -> list[str]:
        front = Front(points, (LOSS, SIZE), {}, {}, "nets")
        return (
            front_text(front, front.complete)
            .splitlines()[0]
            .replace("learning rate", "learning_rate")
            .split()
        )

    always = ["trial", "timesteps", "stages", "origin", "loss", "size"]
    assert columns(network(0, (), 0.01)) == always
    assert columns(network(0, (), 0.01), network(1, (8,), 0.02)) == [*always[:3], "schedule", *always[3:]]
    assert columns(network(0, (), 0.01), network(1, (), 0.02)) == [*always[:3], "learning_rate", *always[3:]]
    front = Front((network(0, (), 0.01), network(1, (8,), 0.01)), (LOSS, SIZE), {}, {}, "nets")
    assert "8 for 2 epochs, then 1 for 4" in front_text(front, front.complete)
    assert "8 for 2 epochs, then 1 for 4" in comparison_text(front, front, compare(front, front))
