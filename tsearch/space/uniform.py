"""Uniform networks: the staircase that every run trains for comparison, and the twin of one configuration."""

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby, product
from typing import Any

from tsearch.configuration import Configuration, Masks, Phase
from tsearch.space.domains import Choice, Domain
from tsearch.space.goals import SearchSettings
from tsearch.space.schedules import ANN_EPOCHS, MASK_MODE, NOTHING, SPARSITY, WEIGHT_BITS, parts_of
from tsearch.space.settings import defaults, of_backbone
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
    """The settings of the baselines: every combination of the listed settings of the backbone, of the fewest and the
    most epochs of an ANN, and of the least and the most compressed weights; no masks; defaults elsewhere.

    Without these combinations, a smaller backbone, an ANN or pruned weights would count as saved by timesteps. What
    lies between two of them has baselines on either side, and twins of its own where it is confirmed."""
    several: list[list[dict[str, Any]]] = [
        [{name: value} for value in domain.values]
        for name, domain in of_backbone(settings).items()
        if isinstance(domain, Choice)
    ]
    if ANN_EPOCHS in settings:
        several.append([{ANN_EPOCHS: n} for n in _extremes(settings[ANN_EPOCHS])])
    if SPARSITY in settings:
        sparsity, bits = _extremes(settings[SPARSITY]), _extremes(settings[WEIGHT_BITS])
        least, most = (sparsity[0], bits[-1]), (sparsity[-1], bits[0])
        several.append([{SPARSITY: s, WEIGHT_BITS: n} for s, n in dict.fromkeys((least, most))])
    unmasked = {MASK_MODE: NOTHING[MASK_MODE]} if MASK_MODE in settings else {}
    for chosen in product(*several):
        yield defaults(settings) | unmasked | {name: value for part in chosen for name, value in part.items()}


def _extremes(domain: Domain) -> tuple[Any, ...]:
    """The smallest and the largest value."""
    return tuple(dict.fromkeys((min(domain.ends), max(domain.ends))))


def uniform_twins(
    configuration: Configuration, timesteps: int, lead: Callable[[Vector], int]
) -> tuple[Configuration, ...]:
    """The uniform networks that `configuration` is compared with: its twin, and where that one has temporal
    transformers that mix `timesteps` into as many, the plain twin without them. A uniform network needs none, but they
    may make it more accurate."""
    twin = uniform_twin(configuration, timesteps, lead)
    mixes = len(twin.stages) > 1 and twin.temporal_transformer not in _PASSING
    return (twin, twin.model_copy(update={"temporal_transformer": "bucket"})) if mixes else (twin,)


def uniform_twin(
    configuration: Configuration, timesteps: int, lead: Callable[[Vector], int]
) -> Configuration:
    """The network with `timesteps` in every stage that shares all else with `configuration`.

    The same are: the backbone and its widths; the stage division, and with it the early classifiers and the places and
    kind of the temporal transformers; the settings of neurons and training; the total of epochs; the schedule: the
    phases of an ANN, and that of compressed weights with its epochs. A phase before the searched timesteps has
    `lead(vector)` timesteps in every stage here, with its epochs and its learning rate (see `Paths.uniform_lead`);
    phases that come to be alike are one, and where they have at most `timesteps` they would not shrink anything, so
    they are left out and the phase with `timesteps` takes their epochs. What differs are the timesteps, of which none
    is masked, and the sizes of the temporal transformers, which map `timesteps` to as many: `bucket` and `truncate`
    pass them on unchanged, the learned ones mix them and are priced for it.
    """
    parts = parts_of(configuration.schedule)
    *before, last = parts.spiking
    phases = [_uniform(phase, lead(phase.timesteps), phase.epochs) for phase in before]
    kept = [_joined(list(same)) for t, same in groupby(phases, lambda p: p.timesteps[0]) if t > timesteps]
    n_epochs = sum(p.epochs for p in parts.spiking) - sum(phase.epochs for phase in kept)
    final = _uniform(last, timesteps, n_epochs)
    compression = [_uniform(phase, timesteps, phase.epochs) for phase in parts.compression]
    schedule = (*parts.ann, *kept, final, *compression)
    return configuration.model_copy(update={"schedule": schedule, "masks": Masks()})


def _uniform(phase: Phase, timesteps: int, epochs: int) -> Phase:
    """The phase with `timesteps` everywhere."""
    return phase.model_copy(update={"timesteps": (timesteps,) * len(phase.timesteps), "epochs": epochs})


def _joined(phases: list[Phase]) -> Phase:
    """One phase with the epochs of all of them."""
    return phases[0].model_copy(update={"epochs": sum(phase.epochs for phase in phases)})
