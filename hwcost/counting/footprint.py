"""Memory that a network occupies, in bits: independent of samples and, but for what waits under `layer_serial` and at
temporal transformers, of timesteps.
"""

from collections.abc import Mapping
from functools import lru_cache

from hwcost.counting.kinds.attention import score_store
from hwcost.counting.kinds.windows import n_cell_states
from hwcost.counting.memory_sizes import other_bits, value_bits
from hwcost.counting.transformer import MIX_FIRST, buffer_bits
from hwcost.network.kinds import SEQUENCE
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile


@lru_cache(maxsize=1024)
def footprint(
    network: NetworkSpec, profile: Profile, orders: tuple[tuple[str, str], ...], execution: str
) -> dict[str, int]:
    """Bits by purpose. Incoming events are buffered twice, one step arriving while the other is read; under
    `layer_serial` those of all timesteps are kept until the layer before is done.

    Args:
        orders: Layers behind a temporal transformer, with the order taken there.
    """
    layers, by_name = network.layers, dict(orders)
    bits = {layer.name: profile.for_layer(layer).bits for layer in layers}
    reused = [layer for layer in layers if layer.constant_input and profile.semantics.direct_reuse]
    waiting = [waiting_bits(network, layer, profile, execution, by_name) for layer in layers]
    spikes, frames, mixed = map(sum, zip(*waiting, strict=True))
    return {
        "weights": sum(
            layer.n_parameters * (bits[layer.name]["weight"] + layer.index_bits) for layer in layers
        ),
        "biases": sum(layer.n_biases * bits[layer.name]["bias"] for layer in layers),
        "membranes": sum(_n_states(network, layer) * bits[layer.name]["membrane"] for layer in layers),
        "scores": sum(
            score_store(layer, bits[layer.name]["activation"])[2]
            for layer in layers
            if layer.kind == "attention"
        ),
        "spikes": spikes,
        "frames": frames,
        "direct_encoding": sum(layer.n_outputs * bits[layer.name]["activation"] for layer in reused),
        "transformers": mixed,
        "masks": sum(len(layer.mask) for layer in layers),
    }


def waiting_bits(
    network: NetworkSpec, layer: LayerSpec, profile: Profile, execution: str, orders: Mapping[str, str]
) -> tuple[int, int, int]:
    """Bits that wait in front of a layer: spikes, frames of numbers, and what waits at its temporal transformer."""
    events, numbers = _beside(network, layer, profile.for_layer(layer))
    is_serial, steps = execution == "layer_serial", network.input_timesteps(layer)
    own = network.timesteps(layer) if is_serial else 1
    if layer.is_analog:
        frame, first = layer.n_inputs * profile.for_layer(layer).bits["activation"], 0
        numbers = numbers * own + frame * (1 if not is_serial or layer.constant_input else steps)
    else:
        first, numbers = layer.n_inputs * value_bits(layer), numbers * own
    is_mixed_first = orders.get(layer.name) == MIX_FIRST  # its spikes are part of the transformer's buffer
    copies = 2 if not is_serial else 0 if is_mixed_first else steps
    mixed = buffer_bits(network, layer, profile, orders) if layer.name in orders else 0
    return first * copies + events * (own if is_serial else 2), numbers, mixed


def _n_states(network: NetworkSpec, layer: LayerSpec) -> int:
    """Numbers that a layer keeps from one step to the next: membranes, cell and hidden state, those of a sequence
    from one position to the next, or the sums over time of a last layer that does not fire.
    """
    adds_up = layer is network.layers[-1] and not layer.fires
    if layer.kind == SEQUENCE:  # of one window at a time
        states = layer.out_shape[0] // layer.groups * n_cell_states(layer)
        return states + layer.n_outputs * (layer.neuron is not None or adds_up) * layer.n_states
    return layer.n_outputs * (
        2 * (layer.kind == "lstm") + (layer.neuron is not None or adds_up) * layer.n_states
    )


def _beside(network: NetworkSpec, layer: LayerSpec, profile: Profile) -> tuple[int, int]:
    """Bits, per timestep, of the events and of the numbers that are the second summand of a residual sum."""
    other = network.other_source(layer)
    if other is None:
        return 0, 0
    bits = layer.n_inputs * other_bits(network, layer, profile)
    return (bits, 0) if other.gives_events else (0, bits)
