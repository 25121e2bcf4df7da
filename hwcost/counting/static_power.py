"""What the static power of a profile is drawn by, and how much of a cost on a chip it is."""

from collections.abc import Iterable
from math import fsum

from hwcost.counting.rows import Row
from hwcost.mapping.cores import Mapping
from hwcost.prices.profile import Profile


def static_covers(profile: Profile) -> str:
    """What is charged for the time that an inference takes, in words. Profiles in which this differs do not stand side
    by side where networks use few cores."""
    covered = {
        "leakage": "stored bits (leakage)",
        "core_static": "used cores",
        "chip_static": "used chips, whole",
    }
    drawn = [words for name, words in covered.items() if name in profile.prices]
    return f"static power of {' and of '.join(drawn)}" if drawn else "no static power"


def static_notes(profile: Profile, mapping: Mapping, rows: Iterable[Row]) -> list[str]:
    """How much of the energy is static power, and of how many cores; nothing where the profile has none.

    Args:
        rows: All priced counts of the network.
    """
    energies = [(row.kind, sum(row.steps) * row.price.value) for row in rows if row.price]
    total = fsum(energy for _, energy in energies)
    static = fsum(energy for kind, energy in energies if kind == "leakage")
    if not static or "cores_per_chip" not in profile.capacity:
        return []
    per_chip = int(profile.capacity["cores_per_chip"].value)
    n_chips = f"the {mapping.n_chips} whole chips" if mapping.n_chips > 1 else "the whole chip"
    whose = n_chips if "chip_static" in profile.prices else "the used cores alone"
    used = f"{mapping.n_cores:,} of {mapping.n_chips * per_chip:,} cores used"
    return [f"static power of {whose}; {used}, {static / total:.1%} of the energy".replace("%", " %")]
