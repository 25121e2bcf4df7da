"""What `dtss.py` trains: small Spikformers, their data and recipes, and all ways to their timesteps."""

from typing import Any, NamedTuple

from tsearch.configuration import Configuration, DataSpec, Masks, Phase, Training
from tsearch.networks.plan import Neuron

MODE = "prefix_sum"
TYPES = ("patch", "qkv", "attention", "mlp")
SOME = TYPES[1:]  # which of them pay for timesteps: all but patch splitting, as we read the paper
NEURON = Neuron(reset="hard", surrogate="sigmoid", surrogate_width=0.25)


class Way(NamedTuple):
    """How a network gets its timesteps: uniform where there are no `masks`, else learned, at most `timesteps`."""

    timesteps: int
    masks: Masks = Masks()


class Subject(NamedTuple):
    """A network on a data set. `most` is T_max; the claims are about the weight `claimed` of the masks."""

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
        return Way(self.most, Masks(**({"mode": MODE, "types": SOME, "weight": weight} | masks)))

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
        """By T_init in 1, half, all, at two weights."""
        weights = (self.weights[0], self.claimed)
        starts = (1, self.most // 2, self.most)
        return {(t, w): self.learned(w, initial_timesteps=t) for t in starts for w in weights}

    def selected(self) -> dict[str, Way]:
        """By which types of layers pay for their timesteps, in words."""
        subsets = {"all": TYPES, "without patch": SOME} | {f"{name} alone": (name,) for name in TYPES}
        return {words: self.learned(self.claimed, types=types) for words, types in subsets.items()}

    def modes(self) -> dict[str, Way]:
        return {mode: self.learned(self.claimed, mode=mode) for mode in (MODE, "free")}
