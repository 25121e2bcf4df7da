"""A search space: which configurations there are, how they are encoded for a sampler, and what they are
searched for.

`load_space` reads a YAML file (see `space_file.py` for its form). The space knows nothing of training: it
turns parameter values into configurations and back, counts, enumerates and draws."""

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, PositiveInt, model_validator

from tsearch.configuration import Configuration, DataSpec, Frozen, Hardware, Task, content_hash
from tsearch.errors import TsearchError
from tsearch.references import look_in
from tsearch.space.domains import Choice, Domain, Real, Whole
from tsearch.space.goals import Constraint, Objective, SearchSettings
from tsearch.space.timesteps import (
    Division,
    cuts_of_division,
    division_of_cuts,
    divisions,
    shares_of_vector,
    shrinking_vectors,
    vector_of_shares,
    vectors,
)
from tsearch.units import violation

ENUMERABLE = 1_000_000


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
    constraints: dict[str, Constraint] = Field(default_factory=dict)
    reference: dict[str, float] | None = None
    divisions: Literal["any"] | tuple[Division, ...]
    timesteps: tuple[PositiveInt, ...]
    leading: Choice
    epochs: PositiveInt
    leading_epochs: PositiveInt
    settings: dict[str, Domain]
    enqueued: tuple[Configuration, ...] = ()
    source_text: str = ""

    @model_validator(mode="after")
    def _depths_agree(self) -> Self:
        depths = {len(widths) for widths in _choices(self.settings["backbone.widths"])}
        if len(depths) > 1:
            raise ValueError(f"backbone.widths of different depths {sorted(depths)}; one space has one depth")
        for division in () if self.divisions == "any" else self.divisions:
            if sum(division) != self.depth:
                raise ValueError(
                    f"stages {list(division)} hold {sum(division)} blocks, but the backbone has {self.depth}"
                )
        return self

    @property
    def depth(self) -> int:
        """Number of blocks of the backbone."""
        return len(_choices(self.settings["backbone.widths"])[0])

    def with_profile(self, profile: str) -> Self:
        """The same space, searched for other hardware: a profile's name or YAML file. Raises: TsearchError
        if unusable."""
        from hwcost import HwcostError, load_profile

        try:
            load_profile(profile)
        except HwcostError as error:
            raise TsearchError(str(error)) from None
        path = Path(profile)
        profile = str(path.absolute()) if path.is_file() else profile
        also = tuple(name for name in self.hardware.also if name != profile)
        hardware = self.hardware.model_copy(update={"profile": profile, "also": also})
        return self.model_copy(update={"hardware": hardware})

    @property
    def all_divisions(self) -> tuple[Division, ...]:
        """The allowed stage divisions, fewest stages first."""
        allowed = divisions(self.depth) if self.divisions == "any" else self.divisions
        return tuple(sorted(allowed, key=lambda d: (len(d), tuple(-n for n in d))))

    def violation(self, metrics: Mapping[str, float]) -> float:
        """By how much metrics break the constraints at worst, relative to them; 0 where all are kept."""
        limits = self.constraints.items()
        return max(
            (violation(metrics.get(name, math.nan), limit.min, limit.max) for name, limit in limits),
            default=0.0,
        )

    @property
    def key(self) -> str:
        """Hash of everything that is searched, and how."""
        return content_hash(self.to_dict())

    def task(self, seed: int | None = None) -> Task:
        """What every trial of a run on this space shares."""
        root = None if self.data.root is None else str(Path(self.data.root).expanduser().absolute())
        data = self.data.model_copy(update={"root": root})
        return Task(data=data, hardware=self.hardware, seed=self.search.seed if seed is None else seed)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; `SearchSpace.from_dict` takes it back."""
        out = self.model_dump(mode="json", exclude={"settings", "leading", "source_text"})
        out["leading"] = _domain_to_dict(self.leading)
        out["settings"] = {name: _domain_to_dict(domain) for name, domain in self.settings.items()}
        return out

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], source_text: str = "") -> Self:
        """Inverse of `to_dict`."""
        leading = _domain_from_dict(content["leading"])
        settings = {name: _domain_from_dict(domain) for name, domain in content["settings"].items()}
        return cls(**(dict(content) | {"leading": leading, "settings": settings, "source_text": source_text}))

    # ------------------------------------------------------------------ parameters

    def parameters(self) -> dict[str, Domain]:
        """The parameters a sampler sees, by name; any combination of values decodes to a valid
        configuration."""
        found: dict[str, Domain] = {}
        if self.divisions == "any":
            found |= {f"cut.{k}": Choice((False, True)) for k in range(1, self.depth)}
        else:
            found["stages"] = Choice(self.all_divisions)
        found["timesteps.first"] = Choice(tuple(sorted(self.timesteps)))
        most = max(len(division) for division in self.all_divisions)
        found |= {f"timesteps.share.{i}": Real(0.0, 1.0, default=0.5) for i in range(2, most + 1)}
        found["schedule.leading"] = self.leading
        found |= self.settings
        return {name: domain for name, domain in found.items() if domain.size != 1}

    def decode(self, values: Mapping[str, Any]) -> Configuration:
        """The configuration that parameter values stand for; parameters left out take their default."""

        def value(name: str, domain: Domain) -> Any:
            return domain.decode(values[name]) if name in values else domain.default

        if self.divisions == "any":
            division = division_of_cuts([bool(values.get(f"cut.{k}", False)) for k in range(1, self.depth)])
        else:
            division = value("stages", Choice(self.all_divisions))
        first = value("timesteps.first", Choice(tuple(sorted(self.timesteps))))
        shares = [values.get(f"timesteps.share.{i}", 0.5) for i in range(2, len(division) + 1)]
        vector = vector_of_shares(self.timesteps, first, shares)
        settings = {name: value(name, domain) for name, domain in self.settings.items()}
        return self.assemble(division, vector, value("schedule.leading", self.leading), settings)

    def encode(self, configuration: Configuration) -> dict[str, Any]:
        """Parameter values that decode to `configuration`. Raises ValueError, saying why, if it lies
        outside the space."""
        values: dict[str, Any] = {}
        if configuration.stages not in self.all_divisions:
            raise ValueError(f"stages {list(configuration.stages)} is not a division of this space")
        if self.divisions == "any":
            values |= {f"cut.{k + 1}": cut for k, cut in enumerate(cuts_of_division(configuration.stages))}
        else:
            values["stages"] = Choice(self.all_divisions).encode(configuration.stages)
        for timesteps in configuration.timesteps:
            if timesteps not in self.timesteps:
                raise ValueError(f"timesteps {timesteps} is not one of {sorted(self.timesteps)}")
        values["timesteps.first"] = configuration.timesteps[0]
        most = max(len(division) for division in self.all_divisions)
        shares = shares_of_vector(self.timesteps, configuration.timesteps)
        values |= {
            f"timesteps.share.{i + 2}": share
            for i, share in enumerate(shares + (0.5,) * (most - 1 - len(shares)))
        }
        flat = _flatten(configuration)
        for name, domain in self.settings.items():
            try:
                values[name] = domain.encode(flat[name])
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        for leading in self.leading.values:
            if self.assemble(configuration.stages, configuration.timesteps, leading, flat) == configuration:
                values["schedule.leading"] = Choice(self.leading.values).encode(leading)
                return {name: values[name] for name in self.parameters()}
        schedule = [[list(phase.timesteps), phase.epochs] for phase in configuration.schedule]
        raise ValueError(f"schedule {schedule} is not one of this space")

    def assemble(
        self, division: Division, vector: tuple[int, ...], leading: Any, settings: Mapping[str, Any]
    ) -> Configuration:
        """The configuration made of these parts. Settings that a single stage makes meaningless
        (temporal transformer, early classifiers) take their default, so that equal networks are equal
        configurations."""
        settings = {name: settings[name] for name in self.settings}
        if len(division) == 1:
            unused = ("temporal_transformer", "training.early_loss_weight")
            settings |= {name: self.settings[name].default for name in unused if name in self.settings}
        path = shrinking_vectors(leading, vector)
        schedule = [{"timesteps": v, "epochs": self.leading_epochs} for v in path[:-1]]
        schedule.append({"timesteps": vector, "epochs": self.epochs})
        return Configuration.model_validate({"stages": division, "schedule": schedule} | _nest(settings))

    # ------------------------------------------------------------------ what there is

    @cached_property
    def _structures(self) -> tuple[tuple[Division, tuple[int, ...], Any], ...]:
        """Division, vector and leading timesteps of every distinct structure."""
        found: dict[Any, tuple[Division, tuple[int, ...], Any]] = {}
        for division in self.all_divisions:
            for vector in vectors(self.timesteps, len(division)):
                for leading in _choices(self.leading):
                    path = shrinking_vectors(leading, vector)
                    found.setdefault((division, path), (division, vector, leading))
        return tuple(found.values())

    @property
    def n_structures(self) -> int:
        """Number of distinct assignments of stages, timesteps and schedule."""
        return len(self._structures)

    @property
    def size(self) -> int | None:
        """Number of configurations, or None where a setting is continuous."""
        total = 0
        for single in (True, False):
            count = 1
            for domain in self._free_settings(single).values():
                if domain.size is None:
                    return None
                count *= domain.size
            total += count * sum((len(division) == 1) == single for division, _, _ in self._structures)
        return total

    def enumerate(self) -> Iterator[Configuration]:
        """Every configuration once; for spaces without continuous settings. Raises ValueError otherwise."""
        if self.size is None:
            raise ValueError("a space with continuous settings cannot be enumerated")
        for division, vector, leading in self._structures:
            free = self._free_settings(len(division) == 1)
            defaults = {name: domain.default for name, domain in self.settings.items()}
            for values in product(
                *(list(domain.values) for domain in free.values() if not isinstance(domain, Real))
            ):
                yield self.assemble(
                    division, vector, leading, defaults | dict(zip(free, values, strict=True))
                )

    def random(self, rng: np.random.Generator) -> Configuration:
        """One configuration, uniform over the structures and over each setting's scale."""
        division, vector, leading = self._structures[int(rng.integers(len(self._structures)))]
        return self.assemble(
            division, vector, leading, {n: domain.random(rng) for n, domain in self.settings.items()}
        )

    def baselines(self) -> list[Configuration]:
        """The uniform-T configurations: every choice of timesteps with every schedule, in the division with the fewest
        stages, defaults elsewhere. Without the schedules, a comparison would credit them to the timesteps.
        """
        division = self.all_divisions[0]
        defaults = {name: domain.default for name, domain in self.settings.items()}
        found = [
            self.assemble(division, (timesteps,) * len(division), leading, defaults)
            for leading in _choices(self.leading)
            for timesteps in sorted(self.timesteps)
        ]
        return list(dict.fromkeys(found))

    def _free_settings(self, single_stage: bool) -> dict[str, Domain]:
        idle = ("temporal_transformer", "training.early_loss_weight") if single_stage else ()
        return {name: domain for name, domain in self.settings.items() if name not in idle}


def load_space(source: str | Path) -> SearchSpace:
    """The search space in a YAML file, or the shipped one of that name.

    Raises: TsearchError with file, line, what was found and what is allowed.
    """
    from tsearch.space.file import parse_space, resolve_space

    path = resolve_space(str(source))
    look_in(path.parent)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise TsearchError(f"{source}: not a text file in UTF-8, so not a search space.") from None
    return parse_space(text, str(source) if Path(source) == path else path.name)


def _choices(domain: Domain) -> tuple[Any, ...]:
    """The values of a setting that is a choice."""
    assert isinstance(domain, Choice)
    return domain.values


def _flatten(configuration: Configuration) -> dict[str, Any]:
    flat: dict[str, Any] = {"temporal_transformer": configuration.temporal_transformer}
    for section in ("backbone", "neuron", "training"):
        part = getattr(configuration, section)
        flat |= {f"{section}.{field}": getattr(part, field) for field in type(part).model_fields}
    return flat


def _nest(settings: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in settings.items():
        section, _, field = name.partition(".")
        if field:
            nested.setdefault(section, {})[field] = value
        else:
            nested[section] = value
    return nested


def _domain_to_dict(domain: Domain) -> dict[str, Any]:
    if isinstance(domain, Choice):
        return {"values": [list(v) if isinstance(v, tuple) else v for v in domain.values]}
    kind = "real" if isinstance(domain, Real) else "whole"
    return {
        "kind": kind,
        "low": domain.low,
        "high": domain.high,
        "log": domain.log,
        "default": domain.default,
    }


def _domain_from_dict(content: Mapping[str, Any]) -> Domain:
    if "values" in content:
        return Choice(tuple(tuple(v) if isinstance(v, list) else v for v in content["values"]))
    numbers = {name: value for name, value in content.items() if name != "kind"}
    return Real(**numbers) if content["kind"] == "real" else Whole(**numbers)
