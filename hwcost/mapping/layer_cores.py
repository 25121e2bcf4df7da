"""The fewest cores that hold a layer: enough neurons, axons and synaptic memory on each of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hwcost.errors import HwcostError
from hwcost.mapping.reach import Reach, Whole, cores_of_outputs, in_form, reach
from hwcost.network.kinds import CONVOLUTIONS, TRANSPOSED
from hwcost.network.layer import LayerSpec
from hwcost.prices.profile import Profile


class Placed(NamedTuple):
    """A layer on its cores, numbered from 0: the core of every output neuron [channels, positions], and what reaches
    them.
    """

    cores: Whole
    reach: Reach

    @property
    def n_cores(self) -> int:
        """Cores of the layer."""
        return int(self.cores.max()) + 1


def place(layer: LayerSpec, profile: Profile, most_cores: int) -> Placed:
    """The layer in slabs, or by channel where the memory of a core does not hold a whole shared kernel.

    Raises: HwcostError, naming the layer and the limit, if `most_cores` do not hold it.
    """
    shares = _shares(layer, profile)
    per_core = _limits(profile).get("neurons_per_core", layer.n_outputs)
    asked = {"neurons_per_core": -(-layer.n_outputs // per_core)}
    ways = (False, True) if shares else (False,)
    for by_channel in ways if asked["neurons_per_core"] <= most_cores else ():
        n_cores = 1
        while n_cores <= min(most_cores, layer.n_outputs):
            cores = cores_of_outputs(layer, n_cores, by_channel=by_channel)
            placed = Placed(cores, reach(layer, cores))
            asked = _asked(layer, profile, placed, shares=shares)
            most = max(asked.values(), default=1)
            if most <= n_cores:
                return placed
            # What a core must hold falls at most as one over the cores, so fewer than this never do.
            n_cores = most
    limit = max(asked, key=lambda name: asked[name])
    raise HwcostError(
        f"layer '{layer.name}' with {layer.n_outputs} neurons needs at least {asked[limit]} cores, since {limit} of "
        f"profile '{profile.name}' is {profile.capacity[limit].value:g}, and the profile has {most_cores}; "
        "use a smaller layer, fewer weight bits, or a profile with more chips"
    )


def fit_one_core(layers: Sequence[LayerSpec], profile: Profile, placed: Mapping[str, Placed]) -> bool:
    """True where one core holds all layers together."""
    if any(placed[layer.name].n_cores > 1 for layer in layers):
        return False
    needs = [_needed(layer, profile, placed[layer.name], shares=_shares(layer, profile)) for layer in layers]
    return all(sum(need[name] for need in needs) <= most for name, most in _limits(profile).items())


def _shares(layer: LayerSpec, profile: Profile) -> bool:
    """True where a core stores the layer's kernel once for all positions."""
    return "shared_kernels" in profile.capacity and layer.kind in (*CONVOLUTIONS, *TRANSPOSED)


def _asked(layer: LayerSpec, profile: Profile, placed: Placed, *, shares: bool) -> dict[str, int]:
    """Cores that each limit asks for, at this placement."""
    n, needed = placed.n_cores, _needed(layer, profile, placed, shares=shares)
    return {
        name: n if needed[name] <= most else max(n + 1, -(-n * needed[name] // most))
        for name, most in _limits(profile).items()
    }


def _needed(layer: LayerSpec, profile: Profile, placed: Placed, *, shares: bool) -> dict[str, int]:
    """What the fullest core of a layer must hold, by limit."""
    weights = int(_synapses(layer, placed, shares=shares).max())
    return {
        "neurons_per_core": int(np.bincount(placed.cores.ravel()).max()),
        "axons_per_core": int(_axons(layer, placed).max()),
        "synapse_bits_per_core": weights * (layer.weight_bits or profile.bits["weight"]),
    }


def _limits(profile: Profile) -> dict[str, int]:
    names = ("neurons_per_core", "axons_per_core", "synapse_bits_per_core")
    return {name: int(profile.capacity[name].value) for name in names if name in profile.capacity}


def _axons(layer: LayerSpec, placed: Placed) -> Whole:
    """Input neurons that reach each core; of a recurrent layer also all its own."""
    own = layer.n_outputs if layer.kind == "recurrent" else 0
    axons: Whole = np.bincount(placed.reach.core, minlength=placed.n_cores) * placed.reach.channels + own
    return axons


def _synapses(layer: LayerSpec, placed: Placed, *, shares: bool) -> Whole:
    """Weights that each core stores: of all its synapses, or of one kernel for each of its channels."""
    if shares:
        held = np.unique(placed.cores + placed.n_cores * np.arange(len(placed.cores))[:, None])
        kernel = int(np.prod(layer.kernel)) * in_form(layer)[0] // layer.groups
        weights: Whole = np.bincount(held % placed.n_cores, minlength=placed.n_cores) * kernel
        return weights
    own = np.bincount(placed.cores.ravel()) * (layer.n_outputs if layer.kind == "recurrent" else 0)
    stored = np.bincount(placed.reach.core, placed.reach.synapses, placed.n_cores) * placed.reach.channels
    synapses: Whole = stored.astype(np.int64) + own
    return synapses
