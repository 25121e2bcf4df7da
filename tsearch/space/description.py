"""What a space of networks holds: its fields, what follows from them, and its form as plain data."""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, SkipValidation, model_validator

from tsearch.configuration import RENAMED, Configuration, DataSpec, Hardware, Init, Task
from tsearch.errors import TsearchError
from tsearch.frozen import Frozen, content_hash
from tsearch.space.any_paths import AnyPaths
from tsearch.space.divisions import AnyDivision, Division, Divisions, ListedDivisions
from tsearch.space.domains import Choice, Domain, domain_from_dict
from tsearch.space.goals import ConfirmSettings, Constraint, Objective, SearchSettings
from tsearch.space.led_paths import LedPaths
from tsearch.space.paths import Paths
from tsearch.space.refusals import Refusal
from tsearch.space.schedules import Schedules, most_ann_epochs, most_compression_epochs
from tsearch.space.settings import common_depth
from tsearch.space.structures import Structures
from tsearch.units import counted

_WORKED_OUT = ("depth", "paths", "structures", "schedules", "_refusals")


class SpaceDescription(Frozen):
    """The fields of a validated search space. `leading` lists timesteps that lead earlier phases, unless `most_leading`
    says that any path with so many of them is searched."""

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
    most_leading: PositiveInt | None = None
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

    # ------------------------------------------------------------------ what follows

    @cached_property
    def depth(self) -> int:
        """Number of blocks of the backbone. Raises: ValueError where its choices differ."""
        return common_depth(self.settings)

    @property
    def all_divisions(self) -> Divisions:
        """The allowed stage divisions, fewest stages first; never listed as a whole."""
        return AnyDivision(self.depth) if self.divisions == "any" else ListedDivisions(self.divisions)

    @cached_property
    def paths(self) -> Paths:
        """The allowed paths of timestep vectors."""
        if self.most_leading is not None:
            return AnyPaths(self.timesteps, self.most_leading)
        leading: tuple[Any, ...] = self.leading.values
        return LedPaths(self.timesteps, leading)

    @cached_property
    def structures(self) -> Structures:
        """Every distinct combination of stages and path; never listed as a whole."""
        return Structures(self.all_divisions, self.paths)

    @cached_property
    def schedules(self) -> Schedules:
        """How long the phases of a training are."""
        most_stages = 1 if self.most_leading is None else self.all_divisions.most_stages
        return Schedules(
            self.paths.most_leading(most_stages),
            self.leading_epochs,
            self.last_epochs,
            self.has_one_total,
            most_ann_epochs(self.settings),
            most_compression_epochs(self.settings),
        )

    @cached_property
    def _refusals(self) -> dict[Hashable, Refusal | None]:
        """What was worked out before, since thousands of draws share few prices."""
        return {}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other fields; what was worked out from the old ones is forgotten."""
        copied = super().model_copy(update=update, deep=deep)
        for name in _WORKED_OUT:
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
        of_init = {
            name: self.settings[f"init.{name}"]
            for name in Init.model_fields
            if f"init.{name}" in self.settings
        }
        init = Init(**{name: domain.default for name, domain in of_init.items()}) if of_init else None
        seed = self.search.seed if seed is None else seed
        return Task(data=data, hardware=self.hardware, init=init, seed=seed)

    # ------------------------------------------------------------------ plain data

    @property
    def space_key(self) -> str:
        """Hash of everything that is searched, and how."""
        return content_hash(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; `from_dict` takes it back."""
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

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """One line: the source text and every domain would bury what is looked for."""
        yield "name", self.name
        yield "data", self.data.name
        with suppress(TsearchError, ValueError):  # a network of the user's that is not to be found
            yield "size", getattr(self, "size", None)
        yield "objectives", {objective.name: objective.direction for objective in self.objectives}
