"""`StageSpec`: consecutive layers that share one number of timesteps."""

from dataclasses import dataclass

from hwcost.errors import HwcostError
from hwcost.network.temporal import MODES

MOST_TIMESTEPS = 10_000  # of a stage: counts are kept for each


@dataclass(frozen=True)
class StageSpec:
    """Timesteps of a stage, and the temporal transformer that its input passes, if any."""

    timesteps: int
    transformer: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.timesteps <= MOST_TIMESTEPS:
            raise HwcostError(f"a stage has 1 to {MOST_TIMESTEPS:,} timesteps, got {self.timesteps}")
        if self.transformer is not None and self.transformer not in MODES:
            raise HwcostError(f"unknown transformer '{self.transformer}'; known are {', '.join(MODES)}")
