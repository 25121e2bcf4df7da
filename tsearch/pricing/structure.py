"""What training has made of a network's structure, read from the network that is priced."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hwcost.network.pruning import packed

if TYPE_CHECKING:
    from tsearch.networks.build import Network


@dataclass(frozen=True)
class Structure:
    """By the name of a node: `masks`, at which timesteps of its stage it runs (see `Network.masks`), and of a pruned
    network, as `hwcost.LayerSpec.kept` has it, which weights are `kept`. `weight_bits` is their precision, 32 for that
    of the profile."""

    masks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    weight_bits: int = 32


def structure_of(network: "Network", timesteps: tuple[int, ...]) -> Structure:
    """Of a network as it is now. Kept are the weights that products multiply and that are not zero: of a pruned network
    that is quantised, no weight either that was rounded to zero. The readout is never pruned."""
    weighted = network.weighted()
    bits = next(iter(weighted.values())).weight_bits
    hidden = {name: layer for name, layer in weighted.items() if name != network.plan.readout.name}
    kept = {
        name: (layer.multiplied != 0).numpy(force=True) for name, layer in hidden.items() if network.is_pruned
    }
    return Structure(
        network.masks(timesteps), {name: packed(mask) for name, mask in kept.items() if not mask.all()}, bits
    )
