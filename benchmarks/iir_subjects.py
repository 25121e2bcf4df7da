"""What `iir.py` trains: the networks, their data and recipes, in full and quick."""

from typing import Any, NamedTuple

from iir_chains import DIRECT, JUMP, LONG, NO_LEAK, SHORT, VGG6, VGG16, Path, Subject, vgg

from tsearch.configuration import Conversion, DataSpec, Training
from tsearch.networks.plan import Neuron

SHARE = 8  # one in so many channels and hidden neurons
SAMPLES = 256  # of a conversion
SHIFTED = Training(learning_rate=1e-3, loss="mean", shift=2)
PHOTOS = SHIFTED.model_copy(update={"flip": 0.5})
FAST = {"learning_rate": 1e-2}  # with BatchNorm
IF = Neuron(tau=NO_LEAK, surrogate="triangular", surrogate_scale=0.3, learned="both")
LIF = Neuron(tau=2.0, surrogate="triangular")
ALL_PATHS: tuple[Path, ...] = (LONG, SHORT, JUMP, DIRECT)
PLAIN = f"CIFAR-10, VGG16/{SHARE}, no BatchNorm, IF"
FOLDED = f"CIFAR-10, VGG16/{SHARE}, folded BatchNorm, IF"
LEAKY = f"CIFAR-10, VGG16/{SHARE}, BatchNorm, LIF"
SHALLOW = f"CIFAR-10, VGG6/{SHARE}, no BatchNorm, IF"
DEEP_DIGITS = f"MNIST, VGG16/{SHARE}, folded BatchNorm, IF"
DIGITS = f"MNIST, VGG6/{SHARE}, no BatchNorm, IF"


class Size(NamedTuple):
    """Epochs of the ANN, of every phase before the last one, and of all spiking phases; images of each class, 0 for
    all, of CIFAR-10 and of MNIST."""

    ann_epochs: int
    epochs: int
    total: int
    photos: int
    digits: int


FULL = Size(20, 2, 10, 300, 200)
QUICK = Size(20, 1, 5, 200, 100)


def subjects(size: Size) -> list[Subject]:
    """What is trained in full, in the order of the tables."""
    photos = DataSpec(name="cifar10", options={"limit": size.photos})
    digits = DataSpec(name="mnist", options={"limit": size.digits})

    def chain(name: str, data: DataSpec, shape: dict[str, Any], training: Training) -> Subject:
        """Without BatchNorm, along all paths."""
        backbone, how = vgg(shape, SHARE, "none"), Conversion(samples=SAMPLES)
        return Subject(name, data, backbone, IF, ALL_PATHS, size.ann_epochs, training, how)

    fast, fast_digits = (training.model_copy(update=FAST) for training in (PHOTOS, SHIFTED))
    normed, fold = vgg(VGG16, SHARE, "batch"), Conversion(samples=SAMPLES, fold_norm=True)
    return [
        chain(PLAIN, photos, VGG16, PHOTOS),
        Subject(FOLDED, photos, normed, IF, ALL_PATHS, size.ann_epochs, fast, fold, 0.1),
        Subject(LEAKY, photos, normed, LIF, (JUMP,), 0, fast),
        chain(SHALLOW, photos, VGG6, PHOTOS),
        Subject(DEEP_DIGITS, digits, normed, IF, ALL_PATHS, size.ann_epochs, fast_digits, fold, 0.1),
        chain(DIGITS, digits, VGG6, SHIFTED),
    ]


def quick_subjects() -> list[Subject]:
    """Those of them, and their paths, that five minutes are enough for."""
    paths = {PLAIN: (JUMP, DIRECT), FOLDED: ALL_PATHS, LEAKY: (JUMP,), DIGITS: ALL_PATHS}
    return [s._replace(paths=paths[s.name]) for s in subjects(QUICK) if s.name in paths]
