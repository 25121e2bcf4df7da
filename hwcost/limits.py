"""What a hardware cannot run is refused, with the reason, instead of being priced."""

from collections.abc import Iterable
from functools import lru_cache

from hwcost.cost import Row
from hwcost.counts import ITEMS
from hwcost.errors import HwcostError, did_you_mean
from hwcost.fan_out import n_padded_synapses
from hwcost.network import NetworkSpec
from hwcost.profile import Profile
from hwcost.shapes import CONVOLUTIONS, WEIGHTED, n_parameters


@lru_cache(maxsize=1024)
def check_limits(network: NetworkSpec, profile: Profile) -> None:
    """Refuse a network whose weights, fan-in or neurons exceed what the profile's hardware has."""
    limits = {name: int(limit.value) for name, limit in (profile.limits or {}).items()}
    bits = profile.bits["weight"]
    if bits > limits.get("weight_bits", bits):
        raise HwcostError(
            f"profile '{profile.name}': weights have {bits} bits, the hardware at most {limits['weight_bits']}; "
            f"assume weight_bits: {limits['weight_bits']} to price the quantised what-if"
        )
    for layer in network.layers:
        if layer.kind not in WEIGHTED:
            continue
        window = n_parameters(layer) // layer.out_shape[0] if layer.kind in CONVOLUTIONS else 0
        fan_in = window or n_padded_synapses(layer) // layer.n_outputs
        if fan_in > limits.get("fan_in", fan_in):
            raise HwcostError(
                f"layer '{layer.name}': {fan_in} synapses per neuron, "
                f"profile '{profile.name}' allows {limits['fan_in']}"
            )
    neurons = sum(layer.n_outputs for layer in network.layers if layer.neuron)
    if neurons > limits.get("neurons", neurons):
        raise HwcostError(f"{neurons} neurons, profile '{profile.name}' has {limits['neurons']}")


def check_priced(rows: Iterable[Row], profile: Profile) -> None:
    """Refuse synaptic work that the profile has no price for: it would look free."""
    for row in rows:
        operation = ITEMS[row.item].operation
        covered = operation == "ac" and "sop" in profile.prices
        if operation and row.price is None and not covered and any(row.steps):
            raise HwcostError(
                f"layer '{row.layer}': profile '{profile.name}' has no price for '{row.item}'; "
                f"its hardware cannot run this {'analog' if operation == 'mac' else 'event-driven'} work"
            )


@lru_cache(maxsize=256)
def assuming(profile: Profile, assume: tuple[tuple[str, int], ...]) -> Profile:
    """The profile for the what-if of other word widths, `weight_bits: 8` for example; named in every note."""
    known = {f"{name}_bits": name for name in profile.bits}
    for name, bits in assume:
        if name not in known or bits < 1:
            hint = did_you_mean(name, known)
            raise HwcostError(
                f"cannot assume {name}: {bits}.{hint} Known: {', '.join(known)}, each at least 1"
            )
    return profile.with_bits({known[name]: bits for name, bits in assume})
