"""A number and how far it may be off."""

from tsearch.frozen import Frozen


class Interval(Frozen):
    """A number and its interval of 95 %, not adjusted for the number of candidates."""

    value: float
    low: float
    high: float
