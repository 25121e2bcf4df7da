"""A search space: which configurations there are, how they are encoded for a sampler, and what they are
searched for.

`load_space` reads a YAML file (see `file.py` for its form). The space knows nothing of training: it turns parameter
values into configurations and back, counts, enumerates and draws. It is the one for networks; what the engine asks of
any space stands in `protocol.py`, what a space consists of in `description.py`."""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any, Self

import numpy as np

from tsearch.configuration import Configuration
from tsearch.errors import TsearchError
from tsearch.space.coding import decode_structure, encode_structure, structure_parameters
from tsearch.space.counting import every_configuration, n_configurations
from tsearch.space.description import SpaceDescription
from tsearch.space.divisions import Division
from tsearch.space.domains import Domain
from tsearch.space.encoding import chosen_settings, encoded_settings, held
from tsearch.space.goals import worst_violation
from tsearch.space.paths import Path
from tsearch.space.recipes import OWN, RECIPE
from tsearch.space.refusals import Refusal
from tsearch.space.schedules import parts_of
from tsearch.space.settings import defaults, nest
from tsearch.space.structures import Structure
from tsearch.space.timesteps import Vector, shrinking_vectors
from tsearch.space.uniform import uniform_settings, uniform_timesteps, uniform_twins


class SearchSpace(SpaceDescription):
    """A validated search space. Build it with `load_space` or `parse_space`."""

    # ------------------------------------------------------------------ configurations

    def key(self, configuration: Configuration) -> str:
        """Hash of its content, 16 hexadecimal digits."""
        return configuration.key

    def prefix_key(self, configuration: Configuration, epoch: int) -> str:
        """Hash of all that shapes its training up to `epoch`, from 0 to its epochs: the phases begun by then."""
        phase, begun = 0, configuration.schedule[0].epochs
        while begun < epoch:
            phase += 1
            begun += configuration.schedule[phase].epochs
        return configuration.prefix_key(phase)

    def epochs(self, configuration: Configuration) -> int:
        """The whole budget of its training, in epochs."""
        return configuration.epochs

    def stops(self, configuration: Configuration) -> tuple[int, ...]:
        """Epochs at which the phases before the last one end."""
        return tuple(accumulate(phase.epochs for phase in configuration.schedule[:-1]))

    def at_stop(self, configuration: Configuration, epoch: int) -> Configuration | None:
        """The configuration whose schedule ends at that stop; None after an ANN, which is no configuration."""
        n_phases = self.stops(configuration).index(epoch) + 1
        if configuration.schedule[n_phases - 1].is_ann:
            return None
        return configuration.model_copy(update={"schedule": configuration.schedule[:n_phases]})

    def to_plain(self, configuration: Configuration) -> dict[str, Any]:
        """A configuration as JSON data."""
        return configuration.model_dump(mode="json")

    def from_plain(self, content: Mapping[str, Any]) -> Configuration:
        """Inverse of `to_plain`, also for what earlier versions wrote."""
        return Configuration.model_validate(content)

    def violation(self, metrics: Mapping[str, float]) -> float:
        """By how much metrics break the constraints at worst, relative to them; 0 where all are kept."""
        return worst_violation(self.constraints, metrics)

    def refuse(self, configuration: Configuration) -> Refusal | None:
        """Why no training can make it meet the constraints or fit the hardware; None if one may."""
        from tsearch.pricing.bounds import priced_part, rejection

        priced = priced_part(configuration)
        if priced not in self._refusals:
            self._refusals[priced] = rejection(self, configuration)
        return self._refusals[priced]

    def reference_box(self) -> tuple[dict[str, float], dict[str, float]]:
        """The worst and the best value of every objective before any training. Raises: TsearchError if unknown."""
        from tsearch.pricing.extremes import reference_box

        return reference_box(self)

    # ------------------------------------------------------------------ parameters

    def parameters(self) -> dict[str, Domain]:
        """The parameters a sampler sees, by name; any combination of values decodes to a valid
        configuration."""
        every = structure_parameters(self.structures) | self.settings
        return {name: domain for name, domain in every.items() if domain.size != 1}

    def conditions(self) -> dict[str, tuple[str, Any]]:
        """Nothing: settings that change nothing beside the others take their default (see `assemble`)."""
        return {}

    def decode(self, values: Mapping[str, Any]) -> Configuration:
        """The configuration that parameter values stand for; parameters left out take their default."""
        settings = {
            name: domain.decode(values[name]) if name in values else domain.default
            for name, domain in self.settings.items()
        }
        return self.assemble(*decode_structure(self.structures, values), settings)

    def encode(self, configuration: Configuration) -> dict[str, Any]:
        """Parameter values that decode to `configuration`. Raises ValueError, saying why, if it lies
        outside the space."""
        path = parts_of(configuration.schedule).path
        structure = encode_structure(self.structures, Structure(configuration.stages, path))
        recipes = self.settings[RECIPE].values if RECIPE in self.settings else (OWN,)
        problem = ValueError("no recipe")
        for recipe in recipes:
            try:
                values = structure | encoded_settings(self.settings, configuration, recipe)
            except ValueError as error:
                problem = error
                continue
            if self.decode(values) == configuration:
                return {name: values[name] for name in self.parameters()}
            schedule = [[list(phase.timesteps), phase.epochs] for phase in configuration.schedule]
            problem = ValueError(f"schedule {schedule} is not one of this space")
        raise problem

    def assemble(self, division: Division, path: Path, settings: Mapping[str, Any]) -> Configuration:
        """The configuration made of these parts. Settings that change nothing beside the others (a temporal transformer
        in a single stage, the weight of a loss that is not chosen) take their default, so that equal networks are equal
        configurations; those of a conversion or of masks that there are none of stay out."""
        chosen = chosen_settings(self.settings, settings, Structure(division, path).kind)
        schedule = self.schedules.phases(path, chosen)
        return Configuration.model_validate({"stages": division, "schedule": schedule} | nest(held(chosen)))

    # ------------------------------------------------------------------ what there is

    @property
    def alternatives(self) -> dict[str, Self]:
        """Itself, by the name of its family, as `UnionSpace` has several."""
        return {self.settings["backbone.name"].default: self}

    def alternative_of(self, configuration: Configuration) -> str:  # noqa: ARG002
        """The name of its only alternative."""
        return next(iter(self.alternatives))

    @property
    def n_structures(self) -> int:
        """Number of distinct assignments of stages, timesteps and schedule."""
        return self.structures.n

    @property
    def size(self) -> int | None:
        """Number of configurations, or None where a setting is continuous."""
        return n_configurations(self.structures, self.settings)

    def enumerate(self) -> Iterator[Configuration]:
        """Every configuration once; for spaces without continuous settings. Raises ValueError otherwise."""
        if self.size is None:
            raise ValueError("a space with continuous settings cannot be enumerated")
        for structure, settings in every_configuration(self.structures, self.settings):
            yield self.assemble(*structure, settings)

    def random(self, rng: np.random.Generator) -> Configuration:
        """One configuration, uniform over the structures and over each setting's scale."""
        structure = self.structures.random(rng)
        return self.assemble(*structure, {name: domain.random(rng) for name, domain in self.settings.items()})

    @property
    def uniform_timesteps(self) -> Vector:
        """The timesteps of the baselines; they need not be among those that are searched."""
        if self.search.baselines == "uniform" and not self.has_one_total:
            return tuple(sorted(self.timesteps))
        return uniform_timesteps(self.search, self.timesteps)

    def baselines(self) -> list[Configuration]:
        """The uniform networks that every run trains for comparison, in the division with the fewest stages.

        There is one for every number of timesteps up to the largest, with every schedule and every backbone, without
        masks, defaults elsewhere: a comparison with less would credit schedules, or smaller backbones, to the
        timesteps. Not all of them lie in the space."""
        division = self.all_divisions.first
        every = uniform_settings(self.settings) if self.has_one_total else [defaults(self.settings)]
        leads = dict.fromkeys(lead for t in self.uniform_timesteps for lead in self.paths.uniform_leads(t))
        uniform = [
            self.assemble(division, shrinking_vectors(lead, (timesteps,) * len(division)), settings)
            for settings in every
            for lead in leads
            for timesteps in self.uniform_timesteps
            if lead in self.paths.uniform_leads(timesteps)
        ]
        return list(dict.fromkeys(uniform))

    def twins(self, configuration: Configuration, timesteps: int) -> tuple[Configuration, ...]:
        """The uniform networks that it is fair to compare with, see `uniform_twins`; they need not lie in the space.

        Raises: TsearchError unless `timesteps` is from 1 to the largest of the space."""
        if not 1 <= timesteps <= max(self.timesteps):
            raise TsearchError(
                f"{self.name}: a uniform twin has 1 to {max(self.timesteps)} timesteps, asked for {timesteps}."
            )
        return uniform_twins(configuration, timesteps, self.paths.uniform_lead)
