"""Fronts: which configurations are worth their cost, and what non-uniform timesteps save."""

from tsearch.front.front import Comparison, Front, Limits, Point, compare

__all__ = ["Comparison", "Front", "Limits", "Point", "compare"]
