"""Memory that a network occupies, in bits: independent of samples and, but for transformers' buffers, of timesteps."""

from functools import lru_cache

from hwcost.counting.job import other_bits, value_bits
from hwcost.counting.kinds.attention import score_store
from hwcost.counting.transformer import buffer_bits
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile


@lru_cache(maxsize=1024)
def footprint(network: NetworkSpec, profile: Profile, orders: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """Bits by purpose. Incoming events are buffered twice, one step arriving while the other is read.

    Args:
        orders: Layers behind a temporal transformer, with the order taken there.
    """
    layers, by_name = network.layers, dict(orders)
    bits = {layer.name: profile.for_layer(layer).bits for layer in layers}
    reused = [layer for layer in layers if layer.constant_input and profile.semantics.direct_reuse]
    events_beside, frames_beside = _second_summands(network, profile)
    return {
        "weights": sum(layer.n_parameters * bits[layer.name]["weight"] for layer in layers),
        "biases": sum(layer.n_biases * bits[layer.name]["bias"] for layer in layers),
        "membranes": sum(_n_states(network, layer) * bits[layer.name]["membrane"] for layer in layers),
        "scores": sum(score_store(layer)[2] for layer in layers if layer.kind == "attention"),
        "spikes": sum(2 * layer.n_inputs * value_bits(layer) for layer in layers if not layer.is_analog)
        + 2 * events_beside,
        "frames": sum(layer.n_inputs * bits[layer.name]["activation"] for layer in layers if layer.is_analog)
        + frames_beside,
        "direct_encoding": sum(layer.n_outputs * bits[layer.name]["activation"] for layer in reused),
        "transformers": sum(buffer_bits(network, network.layer(name), profile, by_name) for name in by_name),
        "masks": sum(len(layer.mask) for layer in layers),
    }


def _n_states(network: NetworkSpec, layer: LayerSpec) -> int:
    """Numbers that a layer keeps from one step to the next: membranes, cell and hidden state, or the sums over time of
    a last layer that does not fire.
    """
    adds_up = layer is network.layers[-1] and not layer.fires
    return layer.n_outputs * (
        2 * (layer.kind == "lstm") + (layer.neuron is not None or adds_up) * layer.n_states
    )


def _second_summands(network: NetworkSpec, profile: Profile) -> tuple[int, int]:
    """Bits of the events and of the frames that are the second summand of a residual sum."""
    events = frames = 0
    for layer in network.layers:
        other = network.other_source(layer)
        if other is not None:
            bits = layer.n_inputs * other_bits(network, layer, profile.for_layer(layer))
            events, frames = (events + bits, frames) if other.gives_events else (events, frames + bits)
    return events, frames
