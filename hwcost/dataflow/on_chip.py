"""What stays on the chip: weights share its memory, and what does not fit is brought from DRAM.

Weights are resident only where those of all layers fit together. Where they do not, every pass through a layer brings
that layer's weights once: one pass under `layer_serial`, which runs all timesteps of a layer before the next, and one
per timestep otherwise, since the other layers run in between. A layer that does not fit by itself is computed in
portions of output channels.
"""

from functools import lru_cache


@lru_cache(maxsize=4096)
def layer_passes(runs: tuple[int, ...], *, is_serial: bool) -> tuple[int, ...]:
    """0 or 1 per timestep: whether a pass through the layer begins at it."""
    if not is_serial:
        return runs
    first = next((t for t, step in enumerate(runs) if step), None)
    return tuple(int(t == first) for t in range(len(runs)))


def input_reads(passes: int, weight_bits: int, on_chip_bits: int) -> int:
    """How often a layer's input is read: once per pass over output channels, and at least once per portion of weights
    that fits on the chip; a portion is a whole number of passes, so the two do not multiply."""
    return max(passes, -(-weight_bits // on_chip_bits))
