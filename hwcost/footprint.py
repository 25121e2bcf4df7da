"""Memory that a network occupies, in bits: independent of samples and, but for transformers' buffers, of timesteps."""

from collections.abc import Mapping

from hwcost.job import value_bits
from hwcost.network import NetworkSpec
from hwcost.profile import Profile
from hwcost.shapes import n_biases, n_parameters
from hwcost.transformer import buffer_bits


def footprint(network: NetworkSpec, profile: Profile, orders: Mapping[str, str]) -> dict[str, int]:
    """Bits by purpose.

    Args:
        orders: Layer name -> order taken at its temporal transformer.
    """
    bits, layers = profile.bits, network.layers
    reused = [layer for layer in layers if layer.constant_input and profile.semantics.direct_reuse]
    return {
        "weights": sum(n_parameters(layer) for layer in layers) * bits["weight"],
        "biases": sum(n_biases(layer) for layer in layers) * bits["bias"],
        "membranes": sum(layer.n_outputs for layer in layers if layer.neuron) * bits["membrane"],
        "spikes": sum(2 * layer.n_inputs * value_bits(layer) for layer in layers if not layer.is_analog),
        "frames": sum(layer.n_inputs for layer in layers if layer.is_analog) * bits["activation"],
        "direct_encoding": sum(layer.n_outputs for layer in reused) * bits["activation"],
        "transformers": sum(
            buffer_bits(network, network.layer(name), profile, how) for name, how in orders.items()
        ),
        "masks": sum(len(layer.mask) for layer in layers),
    }
