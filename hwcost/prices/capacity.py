"""A network that a chip cannot hold is refused, with the reason, instead of being priced."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from hwcost.errors import ChoiceError, HwcostError, TooWideError, did_you_mean
from hwcost.network.checks import MOST_BITS
from hwcost.network.fan_out import fan_in
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile
from hwcost.prices.profile_file import load_profile


@lru_cache(maxsize=1024)
def check_capacity(network: NetworkSpec, profile: Profile) -> None:
    """Refuse a network whose fan-in, neurons or weights exceed what the profile's hardware has; weights come last,
    because a what-if helps against nothing else."""
    most = {name: int(number.value) for name, number in profile.capacity.items()}
    for layer in network.layers:
        synapses = fan_in(layer)
        if synapses > most.get("fan_in", synapses):
            raise HwcostError(
                f"layer '{layer.name}': {synapses} synapses per neuron, "
                f"profile '{profile.name}' allows {most['fan_in']}"
            )
    neurons = sum(layer.n_outputs for layer in network.layers if layer.neuron)
    if neurons > most.get("neurons", neurons):
        raise HwcostError(f"{neurons} neurons, profile '{profile.name}' has {most['neurons']}")
    if "weight_bits" not in most:
        return
    for layer in network.layers:
        if layer.weight_bits > most["weight_bits"]:
            raise HwcostError(
                f"layer '{layer.name}': weights of {layer.weight_bits} bits, "
                f"profile '{profile.name}' holds at most {most['weight_bits']}"
            )
    bits = profile.bits["weight"]
    at_profile = any(layer.n_parameters and not layer.weight_bits for layer in network.layers)
    if at_profile and bits > most["weight_bits"]:
        raise TooWideError(
            f"profile '{profile.name}': weights have {bits} bits, the hardware at most {most['weight_bits']}; "
            f"assume weight_bits: {most['weight_bits']} to price the quantised what-if",
            {"weight_bits": most["weight_bits"]},
        )


def profile_for(profile: Profile | str, assume: Mapping[str, int] | None = None) -> Profile:
    """The profile, by name or file where it is not one yet, with the word widths of a what-if."""
    profile = profile if isinstance(profile, Profile) else load_profile(profile)
    return assuming(profile, tuple(sorted(assume.items()))) if assume else profile


@lru_cache(maxsize=256)
def assuming(profile: Profile, assume: tuple[tuple[str, int], ...]) -> Profile:
    """The profile for the what-if of other word widths, `weight_bits: 8` for example; named in every note. Arithmetic
    is scaled to them; a layer that names widths of its own keeps those."""
    known = {f"{name}_bits": name for name in profile.bits}
    for name, bits in assume:
        if name not in known or not 1 <= bits <= MOST_BITS:
            hint = "" if name in known else did_you_mean(name, known)
            raise ChoiceError(
                f"cannot assume {name}: {bits}.{hint} Known: {', '.join(known)}, each from 1 to {MOST_BITS}"
            )
    widths = {known[name]: width for name, width in assume}
    return replace(profile.with_bits(widths), assumed={**profile.assumed, **widths})
