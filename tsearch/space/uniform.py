"""Uniform networks: the staircase that every run trains for comparison, and the twin of one configuration."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from tsearch.configuration import Configuration, Phase
from tsearch.space.domains import Choice, Domain
from tsearch.space.goals import SearchSettings
from tsearch.space.settings import defaults
from tsearch.space.timesteps import Vector

_PASSING = (
    "bucket",
    "truncate",
)  # temporal transformers that pass on as many timesteps unchanged, for no cost


def uniform_timesteps(search: SearchSettings, timesteps: Vector) -> Vector:
    """The timesteps of the baselines of a space with these `timesteps`: 1 to the largest, those named, or none."""
    if isinstance(search.baselines, str):
        return tuple(range(1, max(timesteps) + 1)) if search.baselines == "uniform" else ()
    return search.baselines


def uniform_settings(settings: Mapping[str, Domain]) -> Iterator[dict[str, Any]]:
    """The settings of the baselines: every combination of the listed settings of the backbone, defaults elsewhere.

    Without these combinations, a smaller backbone would count as saved by timesteps."""
    several = {
        name: domain.values
        for name, domain in settings.items()
        if name.startswith("backbone.") and isinstance(domain, Choice)
    }
    for values in product(*several.values()):
        yield defaults(settings) | dict(zip(several, values, strict=True))


def uniform_twins(configuration: Configuration, timesteps: int) -> tuple[Configuration, ...]:
    """The uniform networks that `configuration` is compared with: its twin, and where that one has temporal
    transformers that mix `timesteps` into as many, the plain twin without them. A uniform network needs none, but they
    may make it more accurate."""
    twin = uniform_twin(configuration, timesteps)
    mixes = len(twin.stages) > 1 and twin.temporal_transformer not in _PASSING
    return (twin, twin.model_copy(update={"temporal_transformer": "bucket"})) if mixes else (twin,)


def uniform_twin(configuration: Configuration, timesteps: int) -> Configuration:
    """The network with `timesteps` in every stage that shares all else with `configuration`.

    The same are: the backbone and its widths; the stage division, and with it the early classifiers and the places and
    kind of the temporal transformers; the settings of neurons and training; the total of epochs; the schedule. A phase
    that `configuration` led by T timesteps is led by T here, with its epochs and its learning rate; where T is at most
    `timesteps` it would not shrink anything, so it is left out and the last phase takes its epochs. What differs are
    the timesteps, and the sizes of the temporal transformers, which map `timesteps` to as many: `bucket` and `truncate`
    pass them on unchanged, the learned ones mix them and are priced for it.
    """
    leading = [phase for phase in configuration.schedule[:-1] if phase.timesteps[-1] > timesteps]
    n_epochs = configuration.epochs - sum(phase.epochs for phase in leading)
    phases = [_uniform(phase, phase.timesteps[-1], phase.epochs) for phase in leading]
    last = _uniform(configuration.schedule[-1], timesteps, n_epochs)
    return configuration.model_copy(update={"schedule": (*phases, last)})


def _uniform(phase: Phase, timesteps: int, epochs: int) -> Phase:
    """The phase with `timesteps` everywhere. A last stage has as many as the phase was led by."""
    return phase.model_copy(update={"timesteps": (timesteps,) * len(phase.timesteps), "epochs": epochs})
