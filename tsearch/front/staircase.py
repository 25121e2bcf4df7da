"""The staircase of accuracy over cost, and the metric that is taken as the cost."""

import math
from collections.abc import Sequence

from tsearch.front.front import Front
from tsearch.front.point import Point


def cost_metric(front: Front) -> str | None:
    """The first cost among the objectives that is an energy, else the first cost, else None."""
    costs = [objective.name for objective in front.objectives if objective.direction == "minimize"]
    return next((name for name in costs if "energy" in name), costs[0] if costs else None)


def staircase(points: Sequence[Point], cost: str) -> list[Point]:
    """The points that no other one beats in accuracy and cost together, cheapest first."""
    stairs: list[Point] = []
    for point in sorted(points, key=lambda p: (p.metrics[cost], -p.metrics["accuracy"], p.number)):
        if not stairs or point.metrics["accuracy"] > stairs[-1].metrics["accuracy"]:
            stairs.append(point)
    return stairs


def has_place(point: Point, cost: str) -> bool:
    """Whether accuracy and cost of a point are numbers, the cost above 0, so that its logarithm is one too."""
    accuracy, price = (point.metrics.get(name, math.nan) for name in ("accuracy", cost))
    return math.isfinite(accuracy) and 0 < price < math.inf
