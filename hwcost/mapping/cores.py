"""`map_network` places a network on the cores of a chip, or says why it cannot run there."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

from hwcost.errors import HwcostError
from hwcost.mapping.layer_cores import fit_one_core, place
from hwcost.mapping.mesh import PLACEMENT, n_tiles
from hwcost.mapping.traffic import Traffic, traffic
from hwcost.mapping.unpruned import unpruned
from hwcost.network.kinds import MIXABLE, WEIGHTED
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.network.windows import IN_WINDOWS
from hwcost.prices.profile import Profile

MOST_CORES = 1_000_000  # where a profile names no number of cores
# Sums, which hand events on to the synapses behind them, and pools that become a part of those synapses.
FOLDED = ("avg_pool1d", "avg_pool2d", "avg_pool3d", "sew_add", "concat", "flatten")
RUNS = (*MIXABLE, "recurrent", *FOLDED)
_INSTEAD = ". Train the network with an average pool or a convolution with a stride instead"


@dataclass(frozen=True, eq=False)
class Mapping:
    """A network on a chip of cores.

    Attributes:
        cores: Layer name -> cores of every weighted layer; the others need none.
        traffic: Layer name -> messages, hops and load of the cores, per event.
        n_chips, n_tiles: Chips and tiles (cores that share a router) with a used core.
        shared: True where one core holds the whole network; otherwise every layer has cores of its own.
        placement: How layers lie on the cores, one sentence.
    """

    cores: dict[str, int]
    traffic: dict[str, Traffic]
    n_chips: int
    n_tiles: int
    shared: bool
    placement: str = PLACEMENT

    @cached_property
    def n_cores(self) -> int:
        """All used cores."""
        return 1 if self.shared else sum(self.cores.values())


def is_chip(profile: Profile) -> bool:
    """True where the profile describes cores that hold neurons."""
    return "neurons_per_core" in profile.capacity


@lru_cache(maxsize=256)
def map_network(network: NetworkSpec, profile: Profile) -> Mapping:
    """The network on the fewest cores that the chip's limits allow, layer after layer.

    Raises: HwcostError, naming the layer or the limit, for kinds that a chip of cores cannot run, and for networks that
        need more cores than there are.
    """
    network = unpruned(network)
    for layer in network.layers:
        _check_kind(layer, profile)
    per_chip = _limit(profile, "cores_per_chip")
    most = min(MOST_CORES, per_chip * _limit(profile, "chips"))
    weighted = [layer for layer in network.layers if layer.kind in WEIGHTED]
    if not weighted:
        raise HwcostError(f"the cores of profile '{profile.name}' hold synapses, and no layer has any")
    placed = {layer.name: place(layer, profile, most) for layer in weighted}
    cores = {name: p.n_cores for name, p in placed.items()}
    shared = fit_one_core(weighted, profile, placed)
    n_cores = 1 if shared else sum(cores.values())
    if n_cores > most:
        raise HwcostError(_too_many(profile, cores, most, per_chip))
    starts = accumulate((0, *cores.values()))
    first = {name: 0 if shared else start for name, start in zip(cores, starts, strict=False)}
    loads = {layer.name: traffic(network, layer, profile, placed, first) for layer in weighted}
    return Mapping(cores, loads, -(-n_cores // per_chip), n_tiles(profile, n_cores), shared)


def _check_kind(layer: LayerSpec, profile: Profile) -> None:
    if any(layer.operand(name) for name in IN_WINDOWS):
        raise HwcostError(
            f"layer '{layer.name}': the cores of profile '{profile.name}' know no windows that run one after the other"
        )
    neurons_alone = layer.kind in FOLDED and layer.neuron is not None
    if layer.kind not in RUNS or neurons_alone:
        kind = f"{'an' if layer.kind[0] in 'aeiou' else 'a'} {layer.kind}"
        what = f"the neurons of {kind}" if neurons_alone else kind
        raise HwcostError(
            f"layer '{layer.name}': the cores of profile '{profile.name}' have no synapses for {what}; "
            f"they run {', '.join(RUNS)}{_INSTEAD if layer.kind.startswith('max_pool') else ''}"
        )


def _limit(profile: Profile, name: str) -> int:
    return int(profile.capacity[name].value) if name in profile.capacity else MOST_CORES


def _too_many(profile: Profile, cores: dict[str, int], most: int, per_chip: int) -> str:
    n_cores, largest = sum(cores.values()), max(cores, key=lambda name: cores[name])
    chips = f"; a profile that extends it with {-(-n_cores // per_chip)} chips would hold it"
    return (
        f"the network needs {n_cores} cores ({cores[largest]} of them for layer '{largest}'), "
        f"profile '{profile.name}' has {most}{chips if 'cores_per_chip' in profile.capacity else ''}"
    )
