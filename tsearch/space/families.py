"""One search over several families of backbones, or several spaces of one family: each is a space of its own, with its
depth, stages and settings, and all share data, hardware, objectives and the total of epochs."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np

from tsearch.configuration import Configuration, DataSpec, Hardware, Task
from tsearch.errors import TsearchError
from tsearch.frozen import Frozen
from tsearch.space.domains import Choice, Domain, holds
from tsearch.space.goals import ConfirmSettings, Constraint, Objective, SearchSettings
from tsearch.space.refusals import Refusal
from tsearch.space.settings import flatten, of_backbone
from tsearch.space.space import SearchSpace

FAMILY = "backbone"  # the parameter that says which of the spaces a configuration is from
_OWN = (
    "backbone.",
    "cut.",
    "stages",
    "timesteps.share.",
    "schedule.share.",
)  # never one for several families


class FamilySpace(Frozen):
    """The union of `members`, spaces by the name of their family; no network lies in two of them."""

    model_config = Frozen.model_config | {
        "arbitrary_types_allowed": True,
        "ignored_types": (cached_property,),
    }

    members: dict[str, SearchSpace]
    enqueued: tuple[Configuration, ...] = ()
    source_text: str = ""

    def member_of(self, configuration: Configuration) -> str:
        """The name of the member with the backbone of `configuration`. Raises: ValueError where there is none."""
        flat = flatten(configuration)
        for name, member in self.members.items():
            own = of_backbone(member.settings)
            if all(field in flat and holds(domain, flat[field]) for field, domain in own.items()):
                return name
        raise ValueError(
            f"{configuration.backbone!r} is no backbone of this space ({', '.join(self.members)})"
        )

    # ------------------------------------------------------------------ parameters

    def parameters(self) -> dict[str, Domain]:
        """The family; what all have alike, once; and what each has for itself, with its name in front."""
        named: dict[str, Domain] = {FAMILY: Choice(tuple(self.members))}
        for name, member in self.members.items():
            named |= {self._named(name, each): domain for each, domain in member.parameters().items()}
        own = self.conditions()
        return dict(sorted(named.items(), key=lambda item: item[0] in own))

    def conditions(self) -> dict[str, tuple[str, Any]]:
        """The parameters that matter only where another one has some value: that one, and the value."""
        return {
            self._named(name, each): (FAMILY, name)
            for name, member in self.members.items()
            for each in member.parameters()
            if each not in self._common
        }

    def decode(self, values: Mapping[str, Any]) -> Configuration:
        """The configuration that parameter values stand for; those of other families change nothing."""
        name = values.get(FAMILY, next(iter(self.members)))
        if name not in self.members:
            raise ValueError(f"{name!r} is not one of {list(self.members)}")
        member = self.members[name]
        given = {each: self._named(name, each) for each in member.parameters()}
        return member.decode({each: values[named] for each, named in given.items() if named in values})

    def encode(self, configuration: Configuration) -> dict[str, Any]:
        """Parameter values that decode to `configuration`, those of other families at their default. Raises ValueError,
        saying why, if it lies outside the space."""
        name = self.member_of(configuration)
        own = {self._named(name, n): v for n, v in self.members[name].encode(configuration).items()}
        values = {n: domain.encode(domain.default) for n, domain in self.parameters().items()}
        return values | own | {FAMILY: name}

    @cached_property
    def _common(self) -> set[str]:
        """The parameters that all members have alike."""
        first, *others = (member.parameters() for member in self.members.values())
        return {
            name
            for name, domain in first.items()
            if not name.startswith(_OWN) and all(other.get(name) == domain for other in others)
        }

    def _named(self, member: str, parameter: str) -> str:
        """What a parameter of a member is called here."""
        return parameter if parameter in self._common else f"{member}.{parameter.removeprefix('backbone.')}"

    # ------------------------------------------------------------------ what there is

    @property
    def n_structures(self) -> int:
        """Number of distinct assignments of stages, timesteps and schedule, of all members."""
        return sum(member.n_structures for member in self.members.values())

    @property
    def size(self) -> int | None:
        """Number of configurations, or None where a setting is continuous."""
        sizes = [member.size for member in self.members.values()]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def enumerate(self) -> Iterator[Configuration]:
        """Every configuration once. Raises ValueError where a setting is continuous."""
        if self.size is None:
            raise ValueError("a space with continuous settings cannot be enumerated")
        for member in self.members.values():
            yield from member.enumerate()

    def random(self, rng: np.random.Generator) -> Configuration:
        """One configuration: every family alike, as other settings are drawn, and uniform over its structures."""
        members = list(self.members.values())
        return members[int(rng.integers(len(members)))].random(rng)

    def baselines(self) -> list[Configuration]:
        """The uniform networks of every member."""
        return [configuration for member in self.members.values() for configuration in member.baselines()]

    def twins(self, configuration: Configuration, timesteps: int) -> tuple[Configuration, ...]:
        """The uniform networks of the same member to compare it with. Raises: TsearchError if there are none."""
        try:
            member = self.members[self.member_of(configuration)]
        except ValueError as error:
            raise TsearchError(f"{self.name}: {error}.") from None
        return member.twins(configuration, timesteps)

    def reference_box(self) -> tuple[dict[str, float], dict[str, float]]:
        """The worst and the best value of every objective over all members. Raises: TsearchError if unknown."""
        worst, best = zip(*(member.reference_box() for member in self.members.values()), strict=True)
        ends = {
            objective.name: (min, max) if objective.is_maximized else (max, min)
            for objective in self.objectives
        }
        return (
            {name: low(box[name] for box in worst) for name, (low, _) in ends.items()},
            {name: high(box[name] for box in best) for name, (_, high) in ends.items()},
        )

    # ------------------------------------------------------------------ what all members share

    @property
    def _any(self) -> SearchSpace:
        return next(iter(self.members.values()))

    @property
    def name(self) -> str:
        return self._any.name

    @property
    def data(self) -> DataSpec:
        return self._any.data

    @property
    def hardware(self) -> Hardware:
        return self._any.hardware

    @property
    def objectives(self) -> tuple[Objective, ...]:
        return self._any.objectives

    @property
    def constraints(self) -> Mapping[str, Constraint]:
        return self._any.constraints

    @property
    def search(self) -> SearchSettings:
        return self._any.search

    @property
    def confirm(self) -> ConfirmSettings | None:
        return self._any.confirm

    @property
    def reference(self) -> Mapping[str, float] | None:
        return self._any.reference

    def key(self, configuration: Configuration) -> str:
        return self._any.key(configuration)

    def prefix_key(self, configuration: Configuration, epoch: int) -> str:
        return self._any.prefix_key(configuration, epoch)

    def epochs(self, configuration: Configuration) -> int:
        return self._any.epochs(configuration)

    def stops(self, configuration: Configuration) -> tuple[int, ...]:
        return self._any.stops(configuration)

    def at_stop(self, configuration: Configuration, epoch: int) -> Configuration | None:
        return self._any.at_stop(configuration, epoch)

    def to_plain(self, configuration: Configuration) -> dict[str, Any]:
        return self._any.to_plain(configuration)

    def from_plain(self, content: Mapping[str, Any]) -> Configuration:
        return self._any.from_plain(content)

    def violation(self, metrics: Mapping[str, float]) -> float:
        return self._any.violation(metrics)

    def refuse(self, configuration: Configuration) -> Refusal | None:
        return self._any.refuse(configuration)

    def task(self, seed: int | None = None) -> Task:
        return self._any.task(seed)

    def with_hardware(self, profile: str | None = None, assume: Mapping[str, int] | None = None) -> Self:
        """The same space, searched for other hardware. Raises: TsearchError if unusable."""
        return self.with_members(
            {name: member.with_hardware(profile, assume) for name, member in self.members.items()}
        )

    def with_members(self, members: dict[str, SearchSpace]) -> Self:
        return type(self)(members=members, enqueued=self.enqueued, source_text=self.source_text)

    # ------------------------------------------------------------------ plain data

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; `from_dict` takes it back."""
        members = {name: member.to_dict() for name, member in self.members.items()}
        shared = {
            name: members[next(iter(members))][name] for name in ("name", "search", "constraints", "confirm")
        }
        enqueued = [self.to_plain(configuration) for configuration in self.enqueued]
        return {"kind": "families"} | shared | {"members": members, "enqueued": enqueued}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], source_text: str = "") -> Self:
        """Inverse of `to_dict`."""
        members = {name: SearchSpace.from_dict(member) for name, member in content["members"].items()}
        return cls(members=members, enqueued=tuple(content["enqueued"]), source_text=source_text)
