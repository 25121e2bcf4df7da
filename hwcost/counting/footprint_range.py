"""The least and the most memory over all orders at temporal transformers."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import product

from hwcost.counting.footprint import footprint
from hwcost.counting.transformer import MIX_FIRST, MIX_LAST
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile

Bits = dict[str, int]


@lru_cache(maxsize=1024)
def footprint_range(network: NetworkSpec, profile: Profile, execution: str) -> tuple[Bits, Bits]:
    """The smallest and the largest footprint. Entries that read different layers do not share memory: the orders of
    those that read the same one are tried together.
    """
    entries = [layer.name for layer in network.layers if network.mixes(layer)]
    together: dict[object, list[str]] = {}
    for name in entries:
        together.setdefault(network.source(network.layer(name)), []).append(name)
    found = []
    for pick in (min, max):
        orders = dict.fromkeys(entries, MIX_LAST)

        def bits(trial: Iterable[tuple[str, str]], orders: dict[str, str] = orders) -> int:
            chosen = {**orders, **dict(trial)}
            return sum(footprint(network, profile, tuple(chosen.items()), execution).values())

        for names in together.values():
            trials = [
                tuple(zip(names, o, strict=True)) for o in product((MIX_FIRST, MIX_LAST), repeat=len(names))
            ]
            orders.update(pick(trials, key=bits))
        found.append(dict(footprint(network, profile, tuple(orders.items()), execution)))
    return found[0], found[1]
