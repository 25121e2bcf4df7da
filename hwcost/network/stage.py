"""`StageSpec`: consecutive layers that share one number of timesteps."""

from dataclasses import dataclass

from hwcost.errors import HwcostError
from hwcost.network.temporal import MODES


@dataclass(frozen=True)
class StageSpec:
    """Timesteps of a stage, and the temporal transformer that its input passes, if any."""

    timesteps: int
    transformer: str | None = None

    def __post_init__(self) -> None:
        if self.timesteps < 1:
            raise HwcostError(f"a stage needs at least one timestep, got {self.timesteps}")
        if self.transformer is not None and self.transformer not in MODES:
            raise HwcostError(f"unknown transformer '{self.transformer}'; known are {', '.join(MODES)}")
