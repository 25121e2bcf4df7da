"""The numbers of a profile that no publication gives, as far as a cost rests on them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from hwcost.counting.rows import Row
from hwcost.prices.items import ITEMS
from hwcost.prices.profile import Profile

_OF_ARRAYS = ("array_positions", "array_channels", "window", "weight_buffer_bits", "accumulator_buffer_bits")


def assumptions_used(
    profile: Profile, rows: Sequence[Row], execution: str, dataflows: Mapping[str, str]
) -> list[str]:
    """Names of assumed prices that something was paid with, and of assumed hardware that the machine has: what belongs
    to arrays, crossbars, queues and barriers counts only where there are some.

    Args:
        rows: All counts with their prices.
        dataflows: Layer name -> its dataflow or "crossbar"; empty where memory has no price.
    """
    prices, hardware = _assumed(profile)
    if not prices | hardware:
        return []
    constants = {name.partition("@")[0] for name in _paid(rows)} if prices else set[str]()
    kinds = set(dataflows.values())
    absent = set(_OF_ARRAYS) if not kinds - {"none", "crossbar"} else set()
    absent |= {"crossbar_rows", "crossbar_columns"} if "crossbar" not in kinds else set()
    absent |= {"fifo_words"} if profile.semantics.codec != "word" else set()
    absent |= {"sync_cycles"} if execution != "lock_step" else set()
    return sorted(prices & constants | hardware - absent)


def _paid(rows: Sequence[Row]) -> set[str]:
    """Names of the parts of all prices that something was paid with."""
    names, known = set[str](), set[int]()
    for _, item, steps, price, _, _ in rows:
        if price is None or id(price) in known or not any(steps):
            continue
        if price.parts:
            known.add(id(price))
            for part in price.parts:
                names.add(part[0])
        else:
            names.add(ITEMS[item].constant)
    return names


@lru_cache(maxsize=256)
def _assumed(profile: Profile) -> tuple[frozenset[str], frozenset[str]]:
    """Assumed constants that pay, and assumed hardware."""
    prices = {name for name, price in profile.prices.items() if price.is_assumed}
    memory = profile.memory
    if memory is not None:
        single = {"register": memory.register, "wire": memory.wire, "dram": memory.dram}
        prices |= {name for name, price in single.items() if price and price.is_assumed}
        prices |= {"sram"} if any(price.is_assumed for _, price in memory.points) else set()
    return frozenset(prices), frozenset(n for n, p in profile.hardware.items() if p.is_assumed)
