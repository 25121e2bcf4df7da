"""Memory that a network occupies, in bits: independent of samples and, but for transformers' buffers, of timesteps."""

from functools import lru_cache

from hwcost.job import value_bits
from hwcost.kinds import score_store
from hwcost.network import LayerSpec, NetworkSpec
from hwcost.profile import Profile
from hwcost.shapes import n_biases, n_parameters
from hwcost.transformer import buffer_bits


@lru_cache(maxsize=1024)
def footprint(network: NetworkSpec, profile: Profile, orders: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """Bits by purpose.

    Args:
        orders: Layers behind a temporal transformer, with the order taken there.
    """
    bits, layers = profile.bits, network.layers
    reused = [layer for layer in layers if layer.constant_input and profile.semantics.direct_reuse]
    return {
        "weights": sum(n_parameters(layer) for layer in layers) * bits["weight"],
        "biases": sum(n_biases(layer) for layer in layers) * bits["bias"],
        "membranes": sum(_n_states(layer) for layer in layers) * bits["membrane"],
        "scores": sum(score_store(layer)[2] for layer in layers if layer.kind == "attention"),
        "spikes": sum(2 * layer.n_inputs * value_bits(layer) for layer in layers if not layer.is_analog),
        "frames": sum(layer.n_inputs for layer in layers if layer.is_analog) * bits["activation"],
        "direct_encoding": sum(layer.n_outputs for layer in reused) * bits["activation"],
        "transformers": sum(buffer_bits(network, network.layer(name), profile, how) for name, how in orders),
        "masks": sum(len(layer.mask) for layer in layers),
    }


def _n_states(layer: LayerSpec) -> int:
    """Numbers that a layer keeps from one step to the next: membranes, or cell and hidden state."""
    return layer.n_outputs * (2 if layer.kind == "lstm" else 1 if layer.neuron else 0)
