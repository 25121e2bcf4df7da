"""What `general.py` trains: windowed networks at one timestep, their data and recipes.

Settings were chosen on validation data of replicate 9, which is not in the tables. Three sizes of maps matter most: the
readout has nothing but the mean over the last one, and with two sizes the CNN was right on 65 % of MNIST after 6 epochs
of 200 images of each class, with three on 76 % after as many of 100 (the LSTM on 66 %), at a learning rate of .02; at
.05 training breaks down. On CIFAR-10 (150 of each class, 8 epochs), .01 gave 29 % without the leaps of the loss of .02.
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


FULL = Size(400, 400, 8, {"MNIST": CORES, "CIFAR-10": CORES})
QUICK = Size(100, 100, 6, {"MNIST": ("lstm",), "CIFAR-10": ("cnn",)})
BACKBONE = {"name": "windowed", "width": 8, "depths": (1, 1, 1)}
RECIPE = Training(learning_rate=2e-2, batch_size=32, loss="mean", shift=2)
PHOTOS = RECIPE.model_copy(update={"learning_rate": 1e-2, "flip": 0.5})


def subjects(size: Size) -> list[Subject]:
    """In the order of the tables."""
    sets = {
        "MNIST": (DataSpec(name="mnist", options={"limit": size.digits}), BACKBONE, RECIPE),
        "CIFAR-10": (
            DataSpec(name="cifar10", options={"limit": size.photos}),
            BACKBONE | {"width": 16},
            PHOTOS,
        ),
    }
    return [
        Subject(f"{name}, {core}", data, backbone | {"core": core}, training, size.epochs)
        for name, (data, backbone, training) in sets.items()
        for core in size.cores[name]
    ]
