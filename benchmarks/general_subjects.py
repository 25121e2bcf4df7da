"""What `general.py` trains: windowed networks at one timestep, their data and recipes.

The learning rate .01 is that of `dtss_subjects.py`; others were not tried. With it, 6 epochs on 100 images of each
class gave 58 (CNN) and 40 % (LSTM) on test images of MNIST, on 200 of each class 31 % (CNN) on those of CIFAR-10
(replicate 9, which is not in the tables).
"""

from typing import Any, NamedTuple

from tsearch.configuration import Configuration, DataSpec, Phase, Training
from tsearch.networks.backbones.windowed import PAPER_NEURON

CORES = ("cnn", "lstm")
GROUPS = (1, 2, 4)
NORMAL, DILATED = "normal", "alternating"  # the latter is what the paper's tables call dilated
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
            neuron=PAPER_NEURON,
            training=self.training,
        )


def windowed() -> dict[tuple[str, int], Variant]:
    """By kind of windows and number of groups. One group is the whole map either way."""
    kinds = (NORMAL, DILATED)
    return {
        (kind, n): BASE._replace(windows=kind if n > 1 else NORMAL, groups=n)
        for kind in kinds
        for n in GROUPS
    }


def fused() -> dict[str, Variant]:
    """By what becomes of the two membranes."""
    return {fusion: BASE._replace(fusion=fusion) for fusion in FUSIONS}


def projected() -> dict[float, Variant]:
    """By the factor of the projection function."""
    return {theta: BASE._replace(theta=theta) for theta in THETAS}


def variants() -> list[Variant]:
    """All of them, each once."""
    return list(dict.fromkeys([*windowed().values(), *fused().values(), *projected().values()]))


class Size(NamedTuple):
    """Images of each class, of MNIST and of CIFAR-10; epochs; cores of each data set."""

    digits: int
    photos: int
    epochs: int
    cores: dict[str, tuple[str, ...]]


FULL = Size(200, 150, 8, {"MNIST": CORES, "CIFAR-10": CORES})
QUICK = Size(60, 60, 4, {"MNIST": ("lstm",), "CIFAR-10": ("cnn",)})
RECIPE = Training(learning_rate=1e-2, loss="mean", shift=2)
BACKBONE = {"name": "windowed", "width": 16, "depths": (2, 2, 2)}


def subjects(size: Size) -> list[Subject]:
    """In the order of the tables."""
    photos = RECIPE.model_copy(update={"flip": 0.5})
    data = {
        "MNIST": (DataSpec(name="mnist", options={"limit": size.digits}), RECIPE),
        "CIFAR-10": (DataSpec(name="cifar10", options={"limit": size.photos}), photos),
    }
    return [
        Subject(f"{name}, {core}", data[name][0], BACKBONE | {"core": core}, data[name][1], size.epochs)
        for name, cores in size.cores.items()
        for core in cores
    ]
