"""Profiles of arrays of any size."""

from collections.abc import Callable
from dataclasses import replace

import pytest

import hwcost as h


@pytest.fixture(scope="session")
def array() -> Callable[..., h.Profile]:
    """The memory-aware profile with another array; `window` timesteps fit beside it."""

    def build(dataflow: str, positions: int = 4, channels: int = 4, window: int = 16) -> h.Profile:
        profile = h.load_profile("45nm_memory").where(dataflow=dataflow, codec="aer")
        sizes = {"array_positions": positions, "array_channels": channels, "window": window}
        sizes["accumulator_buffer_bits"] = positions * channels * 32 * window
        numbers = {name: h.Price(size, size, size) for name, size in sizes.items()}
        return replace(profile, hardware={**profile.hardware, **numbers})

    return build
