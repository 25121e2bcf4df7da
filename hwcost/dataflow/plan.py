"""How a layer runs on the hardware: all about its dataflow that does not depend on activity."""

from functools import lru_cache
from math import prod
from typing import NamedTuple

from hwcost.dataflow.array import array_of
from hwcost.dataflow.choice import dataflow_of
from hwcost.dataflow.on_chip import input_reads
from hwcost.dataflow.tiles import channel_passes, n_tiles, tiles, window_length
from hwcost.network.kinds import WEIGHTED
from hwcost.network.layer import LayerSpec
from hwcost.prices.profile import Profile

OWN_SPIKES = ("recurrent", "lstm")


class Plan(NamedTuple):
    """A layer on an array.

    Args:
        dataflow: One of `hwcost.network.kinds.DATAFLOWS`.
        window: Most timesteps that are processed together.
        input_reads: How often every input is read.
        positions: Output positions of a channel; 1 without a geometry.
        tiles: (output positions in a tile, such tiles); empty without an array, as is the number of tiles.
        weight_buffer_bits: Weights beside the array; 0 without one.
    """

    dataflow: str
    window: int = 1
    input_reads: int = 1
    positions: int = 1
    tiles: tuple[tuple[int, int], ...] = ()
    n_tiles: int = 0
    weight_buffer_bits: int = 0


@lru_cache(maxsize=65536)
def plan_of(layer: LayerSpec, profile: Profile, execution: str, *, streams: bool = False) -> Plan:
    """The plan of a layer.

    Args:
        profile: At the layer's own word widths.
        streams: True where the weights do not stay on the chip.
    """
    dataflow = dataflow_of(layer, profile, execution)
    positions = prod(layer.out_shape[1:]) if layer.kernel else 1
    if dataflow == "none":
        return Plan(dataflow, 1, _input_reads(layer, profile, 1, streams=streams), positions)
    array = array_of(profile)
    gates = 4 if layer.kind == "lstm" else 1
    passes = channel_passes(gates * layer.out_shape[0], layer.groups, array.channels)
    return Plan(
        dataflow,
        _window(layer, profile, dataflow) if execution == "layer_serial" else 1,
        _input_reads(layer, profile, passes, streams=streams),
        positions,
        tiles(positions, array.positions),
        n_tiles(positions, array.positions),
        array.weight_buffer_bits,
    )


def _window(layer: LayerSpec, profile: Profile, dataflow: str) -> int:
    """As many timesteps as there is room for their sums, where no step waits for what the layer itself gave before."""
    if dataflow == "output_stationary" or layer.kind in OWN_SPIKES:
        return 1
    array, bits = array_of(profile), profile.bits["membrane"]
    if dataflow == "tick_batched":
        sums = array.positions * array.channels
        return window_length(array.window, array.accumulator_buffer_bits, sums, bits)
    room = profile.memory.limit_bits if profile.memory else layer.n_outputs * bits * array.window
    return window_length(array.window, room, layer.n_outputs, bits)


def _input_reads(layer: LayerSpec, profile: Profile, passes: int, *, streams: bool) -> int:
    if layer.kind not in WEIGHTED:
        return 1
    if not streams or profile.memory is None:
        return passes
    return input_reads(
        passes, layer.n_parameters * (profile.bits["weight"] + layer.index_bits), profile.memory.limit_bits
    )
