"""How a layer runs on the hardware: all about its dataflow that does not depend on activity."""

from functools import lru_cache
from math import prod
from typing import NamedTuple

from hwcost.dataflow.array import array_of
from hwcost.dataflow.choice import dataflow_of
from hwcost.dataflow.on_chip import input_reads
from hwcost.dataflow.tiles import channel_passes, n_tiles, tiles, used_tiles, window_length
from hwcost.network.fan_out import n_padded_synapses
from hwcost.network.kinds import WEIGHTED
from hwcost.network.layer import LayerSpec
from hwcost.prices.profile import Profile


class Plan(NamedTuple):
    """A layer on an array.

    Args:
        dataflow: One of `hwcost.network.kinds.DATAFLOWS`.
        window: Most timesteps that are processed together.
        input_reads: How often every input is read.
        n_pairs: Pairs of a weight and an output position that uses it, those that fall on padding included.
        tiles: (output positions in a tile that use a weight, such tiles); empty without an array.
        n_tiles: Tiles of output positions; 0 without an array.
        weight_buffer_bits: Weights beside the array; 0 without one.
    """

    dataflow: str
    window: int = 1
    input_reads: int = 1
    n_pairs: int = 0
    tiles: tuple[tuple[float, float], ...] = ()
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
    if dataflow == "none" or layer.kind not in WEIGHTED:
        window = 1 if dataflow == "none" else _window(layer, profile, dataflow, execution)
        return Plan(dataflow, window, _input_reads(layer, profile, 1, streams=streams))
    array = array_of(profile)
    positions = prod(layer.out_shape[1:]) if layer.kernel else 1
    n_pairs = n_padded_synapses(layer)
    passes = channel_passes(layer.sums_per_output * layer.out_shape[0], layer.groups, array.channels)
    return Plan(
        dataflow,
        _window(layer, profile, dataflow, execution),
        _input_reads(layer, profile, passes, streams=streams),
        n_pairs,
        used_tiles(
            tiles(positions, array.positions),
            n_pairs / (layer.n_parameters * layer.weight_passes * positions),
        ),
        n_tiles(positions, array.positions),
        array.weight_buffer_bits,
    )


def _window(layer: LayerSpec, profile: Profile, dataflow: str, execution: str) -> int:
    """As many timesteps as there is room for their sums, where no step waits for what the layer itself gave before."""
    is_stepwise = dataflow == "output_stationary" or layer.feeds_back
    if is_stepwise or execution != "layer_serial":
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
