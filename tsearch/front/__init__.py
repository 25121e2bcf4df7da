"""Fronts: which configurations are worth their cost, and what non-uniform timesteps save."""

from tsearch.front.comparison import Comparison, compare
from tsearch.front.front import Front
from tsearch.front.growing import GrowingFront
from tsearch.front.labels import labels_of
from tsearch.front.point import Point

__all__ = ["Comparison", "Front", "GrowingFront", "Point", "compare", "labels_of"]
