"""What the engine asks of a space: any that offers this is searched, whether its configurations are networks or not.

`SearchSpace` (spiking networks, from a YAML file), `UnionSpace` (several of these) and `ParameterSpace` (a plain
dictionary) are such spaces.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, Self

import numpy as np

from tsearch.configuration import Task
from tsearch.space.domains import Domain
from tsearch.space.goals import ConfirmSettings, Constraint, Objective, SearchSettings
from tsearch.space.refusals import Refusal

Configuration = Any  # what `decode` gives: compared by key, written as plain data


class Space(Protocol):
    """Parameters, and what their values stand for."""

    @property
    def name(self) -> str: ...
    @property
    def objectives(self) -> tuple[Objective, ...]: ...
    @property
    def constraints(self) -> Mapping[str, Constraint]: ...
    @property
    def search(self) -> SearchSettings: ...
    @property
    def confirm(self) -> ConfirmSettings | None:
        """How the end of a search is confirmed; None where that is left to the user."""

    @property
    def enqueued(self) -> tuple[Configuration, ...]:
        """Configurations that are tried right after the baselines."""

    @property
    def reference(self) -> Mapping[str, float] | None:
        """The worst values that count, by objective, where the user gave any."""

    @property
    def source_text(self) -> str:
        """The file that it was read from; "" where there is none."""

    @property
    def size(self) -> int | None:
        """Number of configurations; None where a parameter is continuous."""

    def parameters(self) -> dict[str, Domain]:
        """The parameters by name; any combination of values decodes to a valid configuration."""

    def conditions(self) -> Mapping[str, tuple[str, Any]]:
        """The parameters that matter only where another one has some value: that one, and the value."""

    def decode(self, values: Mapping[str, Any]) -> Configuration:
        """The configuration that values stand for; parameters left out take their default."""

    def encode(self, configuration: Configuration) -> dict[str, Any]:
        """Values that decode to `configuration`. Raises: ValueError, saying why, if it lies outside the space."""

    def key(self, configuration: Configuration) -> str:
        """Hash of its content, 16 hexadecimal digits: equal configurations have equal keys, on every machine."""

    def prefix_key(self, configuration: Configuration, epoch: int) -> str:
        """Hash of all that shapes its training up to `epoch`; at the end of the training, its key."""

    def epochs(self, configuration: Configuration) -> int:
        """The whole budget of its training."""

    def stops(self, configuration: Configuration) -> tuple[int, ...]:
        """Epochs at which the phases of its training before the last one end; () where there is one phase."""

    def at_stop(self, configuration: Configuration, epoch: int) -> Configuration | None:
        """What its training is worth at one of its stops: the configuration whose whole training ends there, with the
        same key as the prefix; None where there is none, as after an ANN."""

    def baselines(self) -> list[Configuration]:
        """Configurations that are tried first, for comparison, as `search.baselines` asks for; they may lie outside."""

    def twins(self, configuration: Configuration, timesteps: int) -> tuple[Configuration, ...]:
        """Uniform configurations to compare it with: first the one that differs in timesteps alone, then a plain one
        where there is one. Raises: TsearchError if there is none."""

    def refuse(self, configuration: Configuration) -> Refusal | None:
        """Why no training can make it meet the constraints, or None if one may."""

    def violation(self, metrics: Mapping[str, float]) -> float:
        """By how much metrics break the constraints at worst, relative to them; 0 where all are kept."""

    def random(self, rng: np.random.Generator) -> Configuration:
        """One configuration, drawn uniformly."""

    def enumerate(self) -> Iterator[Configuration]:
        """Every configuration once. Raises: ValueError where `size` is None."""

    def with_hardware(self, profile: str | None = None, assume: Mapping[str, int] | None = None) -> Self:
        """The same space, searched for other hardware. Raises: TsearchError if unusable, or if it is priced on none."""

    def task(self, seed: int | None = None) -> Task:
        """What every trial of a run shares."""

    def reference_box(self) -> tuple[dict[str, float], dict[str, float]]:
        """The worst and the best value of the objectives for which they are known without any training. Raises:
        TsearchError where one should be known and is not."""

    def to_plain(self, configuration: Configuration) -> dict[str, Any]:
        """A configuration as JSON data."""

    def from_plain(self, content: Mapping[str, Any]) -> Configuration:
        """Inverse of `to_plain`, also for what earlier versions wrote."""

    def to_dict(self) -> dict[str, Any]:
        """The space as JSON data, with its `kind`; `space_from_dict` takes it back."""
