"""Why configurations are refused before any training, and how many for which reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why no training can make a configuration meet the constraints or fit the hardware.

    Args:
        text: For people, with the numbers of this configuration.
        kind: What it has in common with the others that are refused for this reason.
        least: What the configuration takes at least of a cost that is limited; 0 where it is no cost that refuses it.
    """

    text: str
    kind: str
    least: float = 0.0


def reasons(refusals: Iterable[Refusal]) -> dict[str, int]:
    """Every reason and how many are refused for it, the most frequent first. It is told by its cheapest configuration,
    so that 'at least 3 nJ' holds for all of them, and where it is no cost by the first one."""
    kinds: dict[str, list[Refusal]] = {}
    for refusal in refusals:
        kinds.setdefault(refusal.kind, []).append(refusal)
    groups = sorted(kinds.values(), key=len, reverse=True)
    return {min(group, key=lambda refusal: refusal.least).text: len(group) for group in groups}


def reasons_text(counts: Mapping[str, int]) -> str:
    """'energy is at least 3.00 nJ, the limit is 1.00 pJ (12); 300 neurons, profile 'odin' has 256 (3)'."""
    return "; ".join(f"{reason} ({n:,})" for reason, n in counts.items())
