"""What `general.py` trains: windowed networks at one timestep, their data and recipes."""

from typing import Any, NamedTuple

from tsearch.configuration import Configuration, DataSpec, Phase, Training
from tsearch.networks.plan import Neuron

NEURON = Neuron(tau=1 / 0.6, threshold=0.5, reset="hard", surrogate="rectangular", surrogate_width=2.0)
GROUPS = (1, 2, 4)
NORMAL, DILATED = "normal", "alternating"  # the latter is what the paper calls dilated: every second block, but the last stage
FUSIONS = ("m1", "m2", "sum", "product")
THETAS = (0.3, 0.5, 0.7)


class Variant(NamedTuple):
    """What the ablations change; the defaults are the paper's network."""

    windows: str = DILATED
    groups: int = 4
    fusion: str = "product"
    theta: float = 0.5


BASE = Variant()


class Subject(NamedTuple):
    """A core on a data set."""

    name: str
    data: DataSpec
    backbone: dict[str, Any]
    training: Training
    epochs: int

    def configuration(self, variant: Variant) -> Configuration:
        backbone = self.backbone | variant._asdict()
        return Configuration(
            backbone=backbone,
            stages=(sum(self.backbone["depths"]),),
            schedule=(Phase(timesteps=(1,), epochs=self.epochs),),
            neuron=NEURON,
            training=self.training,
        )


def windowed() -> dict[tuple[str, int], Variant]:
    """By kind of windows and number of groups. One group is the whole map either way."""
    kinds = (NORMAL, DILATED)
    return {(kind, n): BASE._replace(windows=kind if n > 1 else NORMAL, groups=n) for kind in kinds for n in GROUPS}


def fused() -> dict[str, Variant]:
    """By what becomes of the two membranes."""
    return {fusion: BASE._replace(fusion=fusion) for fusion in FUSIONS}


def projected() -> dict[float, Variant]:
    """By the factor of the projection function."""
    return {theta: BASE._replace(theta=theta) for theta in THETAS}


def variants() -> list[Variant]:
    """All of them, each once."""
    return list(dict.fromkeys([*windowed().values(), *fused().values(), *projected().values()]))
