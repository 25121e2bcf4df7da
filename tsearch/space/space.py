"""A search space: which configurations there are, how they are encoded for a sampler, and what they are
searched for.

`load_space` reads a YAML file (see `file.py` for its form). The space knows nothing of training: it turns parameter
values into configurations and back, counts, enumerates and draws. It is the one for networks; what the engine asks of
any space stands in `protocol.py`."""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, PositiveInt, SkipValidation, model_validator

from tsearch.configuration import RENAMED, Configuration, DataSpec, Hardware, Task
from tsearch.errors import TsearchError
from tsearch.frozen import Frozen, content_hash
from tsearch.space.coding import decode_structure, encode_structure, structure_parameters
from tsearch.space.counting import every_configuration, n_configurations
from tsearch.space.divisions import AnyDivision, Division, Divisions, ListedDivisions
from tsearch.space.domains import Choice, Domain, domain_from_dict
from tsearch.space.goals import ConfirmSettings, Constraint, Objective, SearchSettings, worst_violation
from tsearch.space.refusals import Refusal
from tsearch.space.schedules import Schedules
from tsearch.space.settings import (
    LEADING_RATE,
    common_depth,
    defaults,
    flatten,
    idle,
    nest,
)
from tsearch.space.structures import Structure, Structures
from tsearch.space.timesteps import Vector
from tsearch.space.uniform import uniform_settings, uniform_timesteps, uniform_twins
from tsearch.units import counted


class SearchSpace(Frozen):
    """A validated search space. Build it with `load_space` or `parse_space`."""

    model_config = Frozen.model_config | {
        "arbitrary_types_allowed": True,
        "ignored_types": (cached_property,),
    }

    name: str
    data: DataSpec
    hardware: Hardware
    objectives: tuple[Objective, ...]
    search: SearchSettings
    confirm: ConfirmSettings | None = None
    constraints: dict[str, Constraint] = Field(default_factory=dict)
    reference: dict[str, float] | None = None
    divisions: Literal["any"] | tuple[Division, ...]
    timesteps: tuple[PositiveInt, ...]
    leading: Choice
    last_epochs: PositiveInt = Field(alias="epochs")
    leading_epochs: PositiveInt | tuple[PositiveInt, ...]
    has_one_total: bool = False  # as in runs of earlier versions, whose baselines are those of `timesteps`
    settings: dict[str, Annotated[Domain, SkipValidation]]
    enqueued: tuple[Configuration, ...] = ()
    source_text: str = ""

    @model_validator(mode="after")
    def _divisions_fit(self) -> Self:
        if self.divisions == "any":
            return self
        try:
            depth = self.depth
        except (
            TsearchError
        ):  # a network of the user's that is not to be found: its runs are shown all the same
            return self
        for division in self.divisions:
            if sum(division) != depth:
                raise ValueError(
                    f"stages {list(division)} hold {counted(sum(division), 'block')}, but the backbone has {depth}"
                )
        return self

    @cached_property
    def depth(self) -> int:
        """Number of blocks of the backbone. Raises: ValueError where its choices differ."""
        return common_depth(self.settings)

    @property
    def all_divisions(self) -> Divisions:
        """The allowed stage divisions, fewest stages first; never listed as a whole."""
        return AnyDivision(self.depth) if self.divisions == "any" else ListedDivisions(self.divisions)

    @cached_property
    def structures(self) -> Structures:
        """Every distinct combination of stages, timesteps and schedule; never listed as a whole."""
        return Structures(self.all_divisions, self.timesteps, self.schedules.leading)

    @cached_property
    def schedules(self) -> Schedules:
        """How long the phases of a training are."""
        leading: tuple[Any, ...] = self.leading.values
        return Schedules(leading, self.leading_epochs, self.last_epochs, self.has_one_total)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other fields; what was worked out from the old ones is forgotten."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("depth", "structures", "schedules", "_refusals"):
            copied.__dict__.pop(name, None)
        return copied

    def with_hardware(self, profile: str | None = None, assume: Mapping[str, int] | None = None) -> Self:
        """The same space, searched for other hardware: a profile's name or YAML file, and word widths to assume
        besides the space's own. Raises: TsearchError if unusable."""
        from hwcost import HwcostError, assuming, known_profiles, load_profile

        profile = profile or self.hardware.profile
        widths = {**self.hardware.assume, **(assume or {})}
        try:
            assuming(load_profile(profile), tuple(sorted(widths.items())))
        except HwcostError as error:
            raise TsearchError(str(error)) from None
        known = known_profiles()
        names = (profile, *(name for name in self.hardware.also if name != profile))
        profile, *also = (name if name in known else str(Path(name).absolute()) for name in names)
        update = {"profile": profile, "also": tuple(also), "assume": widths}
        hardware = self.hardware.model_copy(update=update)
        return self.model_copy(update={"hardware": hardware})

    def task(self, seed: int | None = None) -> Task:
        """What every trial of a run on this space shares."""
        root = None if self.data.root is None else str(Path(self.data.root).expanduser().absolute())
        data = self.data.model_copy(update={"root": root})
        return Task(data=data, hardware=self.hardware, seed=self.search.seed if seed is None else seed)

    # ------------------------------------------------------------------ plain data

    @property
    def space_key(self) -> str:
        """Hash of everything that is searched, and how."""
        return content_hash(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; `SearchSpace.from_dict` takes it back."""
        fields = self.model_dump(mode="json", by_alias=True, exclude={"settings", "leading", "source_text"})
        settings = {name: domain.to_dict() for name, domain in self.settings.items()}
        return {"kind": "network"} | fields | {"leading": self.leading.to_dict(), "settings": settings}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], source_text: str = "") -> Self:
        """Inverse of `to_dict`, also for what earlier versions wrote."""
        fields = {name: value for name, value in content.items() if name != "kind"}
        fields["leading"] = domain_from_dict(content["leading"])
        fields["settings"] = {
            RENAMED.get(name, name): domain_from_dict(domain) for name, domain in content["settings"].items()
        }
        return cls(**(fields | {"source_text": source_text}))

    def to_plain(self, configuration: Configuration) -> dict[str, Any]:
        """A configuration as JSON data."""
        return configuration.model_dump(mode="json")

    def from_plain(self, content: Mapping[str, Any]) -> Configuration:
        """Inverse of `to_plain`, also for what earlier versions wrote."""
        return Configuration.model_validate(content)

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
        if configuration.schedule[n_phases - 1].network == "ann":
            return None
        return configuration.model_copy(update={"schedule": configuration.schedule[:n_phases]})

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

    @cached_property
    def _refusals(self) -> dict[Hashable, Refusal | None]:
        """What was worked out before, since thousands of draws share few prices."""
        return {}

    def reference_box(self) -> tuple[dict[str, float], dict[str, float]]:
        """The worst and the best value of every objective before any training. Raises: TsearchError if unknown."""
        from tsearch.pricing.bounds import reference_box

        return reference_box(self)

    # ------------------------------------------------------------------ parameters

    def parameters(self) -> dict[str, Domain]:
        """The parameters a sampler sees, by name; any combination of values decodes to a valid
        configuration."""
        every = structure_parameters(self.structures) | self.settings
        return {name: domain for name, domain in every.items() if domain.size != 1}

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
        values = encode_structure(self.structures, configuration.stages, configuration.timesteps)
        flat = flatten(configuration) | {LEADING_RATE: self._leading_rate_of(configuration)}
        for name, domain in self.settings.items():
            if name not in flat:
                raise ValueError(f"{name}: the configuration has no such setting")
            try:
                values[name] = domain.encode(flat[name])
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        values["schedule.leading"] = self.leading.encode(self._leading_of(configuration, flat))
        return {name: values[name] for name in self.parameters()}

    def _leading_rate_of(self, configuration: Configuration) -> Any:
        """The scale of the learning rate in the phases before the last one; the default where there are none."""
        if len(configuration.schedule) > 1 or LEADING_RATE not in self.settings:
            return configuration.schedule[0].learning_rate_scale
        return self.settings[LEADING_RATE].default

    def _leading_of(self, configuration: Configuration, settings: Mapping[str, Any]) -> Any:
        """The leading timesteps that give the schedule of `configuration`. Raises: ValueError if there are none."""
        for leading in self.leading.values:
            if (
                self.assemble(configuration.stages, configuration.timesteps, leading, settings)
                == configuration
            ):
                return leading
        schedule = [[list(phase.timesteps), phase.epochs] for phase in configuration.schedule]
        raise ValueError(f"schedule {schedule} is not one of this space")

    def assemble(
        self, division: Division, vector: Vector, leading: Any, settings: Mapping[str, Any]
    ) -> Configuration:
        """The configuration made of these parts. Settings that change nothing beside the others (a temporal transformer
        in a single stage, the weight of a loss that is not chosen) take their default, so that equal networks are equal
        configurations."""
        unused = idle(settings, has_stages=len(division) > 1, has_phases=True)
        chosen = {
            name: domain.default if name in unused else settings[name]
            for name, domain in self.settings.items()
        }
        schedule = self.schedules.phases(leading, vector, chosen.pop(LEADING_RATE, 1.0))
        return Configuration.model_validate({"stages": division, "schedule": schedule} | nest(chosen))

    # ------------------------------------------------------------------ what there is

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """One line: the source text and every domain would bury what is looked for."""
        yield "name", self.name
        yield "data", self.data.name
        with suppress(TsearchError, ValueError):  # a network of the user's that is not to be found
            yield "size", self.size
        yield "objectives", {objective.name: objective.direction for objective in self.objectives}

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
        structure: Structure = self.structures.random(rng)
        return self.assemble(*structure, {name: domain.random(rng) for name, domain in self.settings.items()})

    @property
    def uniform_timesteps(self) -> Vector:
        """The timesteps of the baselines; they need not be among those that are searched."""
        if self.search.baselines == "uniform" and not self.has_one_total:
            return tuple(sorted(self.timesteps))
        return uniform_timesteps(self.search, self.timesteps)

    def baselines(self) -> list[Configuration]:
        """The uniform networks that every run trains for comparison, in the division with the fewest stages.

        There is one for every number of timesteps up to the largest, with every schedule and every backbone, defaults
        elsewhere: a comparison with less would credit schedules, or smaller backbones, to the timesteps. Not all of
        them lie in the space."""
        division = self.all_divisions.first
        backbones = uniform_settings(self.settings) if self.has_one_total else [defaults(self.settings)]
        uniform = [
            self.assemble(division, (timesteps,) * len(division), leading, settings)
            for settings in backbones
            for leading in self.schedules.leading
            for timesteps in self.uniform_timesteps
        ]
        return list(dict.fromkeys(uniform))

    def twins(self, configuration: Configuration, timesteps: int) -> tuple[Configuration, ...]:
        """The uniform networks that it is fair to compare with, see `uniform_twins`; they need not lie in the space.

        Raises: TsearchError unless `timesteps` is from 1 to the largest of the space."""
        if not 1 <= timesteps <= max(self.timesteps):
            raise TsearchError(
                f"{self.name}: a uniform twin has 1 to {max(self.timesteps)} timesteps, asked for {timesteps}."
            )
        return uniform_twins(configuration, timesteps)
