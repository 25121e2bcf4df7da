"""The array of processing elements of a profile: how many sums it keeps, and the buffers beside it."""

from functools import lru_cache
from typing import NamedTuple

from hwcost.errors import HwcostError
from hwcost.prices.profile import Profile


class Array(NamedTuple):
    """Output positions P and output channels C that are computed at once, most timesteps of a window, and the bits of
    the buffers of weights and accumulators.
    """

    positions: int
    channels: int
    window: int
    weight_buffer_bits: int
    accumulator_buffer_bits: int


@lru_cache(maxsize=256)
def array_of(profile: Profile) -> Array:
    """The profile's array. Raises: HwcostError, naming what the profile lacks."""
    names = ("array_positions", "array_channels", "window", "weight_buffer_bits", "accumulator_buffer_bits")
    missing = [name for name in names if name not in profile.hardware]
    if missing:
        raise HwcostError(
            f"profile '{profile.name}': 'hardware' lacks {', '.join(missing)}, which an array needs; "
            "enter them, or choose semantics.dataflow: none"
        )
    return Array(*(max(1, int(profile.hardware[name].value)) for name in names))
