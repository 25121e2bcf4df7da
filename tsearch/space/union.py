"""One search over alternative backbones, of several families or of one: each is a space of its own, with its depth,
stages and settings."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np

from tsearch.configuration import Configuration
from tsearch.errors import TsearchError
from tsearch.space.domains import Choice, Domain, holds
from tsearch.space.settings import flatten, of_backbone
from tsearch.space.shared import SharedByAlternatives
from tsearch.space.space import SearchSpace

BACKBONE = "backbone"  # the parameter that says which of the alternatives a configuration is from
_NEVER_COMMON = (
    "backbone.",
    "cut.",
    "stages",
    "timesteps.share.",
    "schedule.share.",
)  # they depend on the depth


class UnionSpace(SharedByAlternatives):
    """The union of `alternatives`; no network lies in two of them."""

    def alternative_of(self, configuration: Configuration) -> str:
        """The name of the alternative with the backbone of `configuration`. Raises: ValueError where there is none."""
        flat = flatten(configuration)
        for name, one in self.alternatives.items():
            own = of_backbone(one.settings)
            if all(field in flat and holds(domain, flat[field]) for field, domain in own.items()):
                return name
        raise ValueError(
            f"{configuration.backbone!r} is no backbone of this space ({', '.join(self.alternatives)})"
        )

    # ------------------------------------------------------------------ parameters

    def parameters(self) -> dict[str, Domain]:
        """The backbone; what all have alike, once; and what each has for itself, with its name in front."""
        named: dict[str, Domain] = {BACKBONE: Choice(tuple(self.alternatives))}
        for name, one in self.alternatives.items():
            named |= {self._named(name, each): domain for each, domain in one.parameters().items()}
        own = self.conditions()
        return dict(sorted(named.items(), key=lambda item: item[0] in own))

    def conditions(self) -> dict[str, tuple[str, Any]]:
        """The parameters that matter only where another one has some value: that one, and the value."""
        return {
            self._named(name, each): (BACKBONE, name)
            for name, one in self.alternatives.items()
            for each in one.parameters()
            if each not in self._common
        }

    def decode(self, values: Mapping[str, Any]) -> Configuration:
        """The configuration that parameter values stand for; those of other alternatives change nothing."""
        name = values.get(BACKBONE, next(iter(self.alternatives)))
        if name not in self.alternatives:
            raise ValueError(f"{name!r} is not one of {list(self.alternatives)}")
        one = self.alternatives[name]
        given = {each: self._named(name, each) for each in one.parameters()}
        return one.decode({each: values[named] for each, named in given.items() if named in values})

    def encode(self, configuration: Configuration) -> dict[str, Any]:
        """Parameter values that decode to `configuration`, those of other alternatives at their default. Raises:
        ValueError, saying why, if it lies outside the space."""
        name = self.alternative_of(configuration)
        own = {self._named(name, n): v for n, v in self.alternatives[name].encode(configuration).items()}
        values = {n: domain.encode(domain.default) for n, domain in self.parameters().items()}
        return values | own | {BACKBONE: name}

    @cached_property
    def _common(self) -> set[str]:
        """The parameters that all alternatives have alike."""
        first, *others = (one.parameters() for one in self.alternatives.values())
        return {
            name
            for name, domain in first.items()
            if not name.startswith(_NEVER_COMMON) and all(other.get(name) == domain for other in others)
        }

    def _named(self, alternative: str, parameter: str) -> str:
        """What a parameter of an alternative is called here."""
        return (
            parameter if parameter in self._common else f"{alternative}.{parameter.removeprefix('backbone.')}"
        )

    # ------------------------------------------------------------------ what there is

    @property
    def n_structures(self) -> int:
        """Number of distinct assignments of stages, timesteps and schedule, of all alternatives."""
        return sum(one.n_structures for one in self.alternatives.values())

    @property
    def size(self) -> int | None:
        """Number of configurations, or None where a setting is continuous."""
        sizes = [one.size for one in self.alternatives.values()]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def enumerate(self) -> Iterator[Configuration]:
        """Every configuration once. Raises ValueError where a setting is continuous."""
        if self.size is None:
            raise ValueError("a space with continuous settings cannot be enumerated")
        for one in self.alternatives.values():
            yield from one.enumerate()

    def random(self, rng: np.random.Generator) -> Configuration:
        """One configuration: every alternative alike, as other settings are drawn, and uniform over its structures."""
        alternatives = list(self.alternatives.values())
        return alternatives[int(rng.integers(len(alternatives)))].random(rng)

    def baselines(self) -> list[Configuration]:
        """The uniform networks of every alternative."""
        return [configuration for one in self.alternatives.values() for configuration in one.baselines()]

    def twins(self, configuration: Configuration, timesteps: int) -> tuple[Configuration, ...]:
        """The uniform networks of the same alternative to compare it with. Raises: TsearchError if there are none."""
        try:
            one = self.alternatives[self.alternative_of(configuration)]
        except ValueError as error:
            raise TsearchError(f"{self.name}: {error}.") from None
        return one.twins(configuration, timesteps)

    def reference_box(self) -> tuple[dict[str, float], dict[str, float]]:
        """The worst and the best value of every objective over all alternatives. Raises: TsearchError if unknown, or
        where the hardware runs no network of an alternative, which is named."""
        worst, best = zip(*(self._reference_box(name) for name in self.alternatives), strict=True)
        ends = {
            objective.name: (min, max) if objective.is_maximized else (max, min)
            for objective in self.objectives
        }
        return (
            {name: low(box[name] for box in worst) for name, (low, _) in ends.items()},
            {name: high(box[name] for box in best) for name, (_, high) in ends.items()},
        )

    def _reference_box(self, name: str) -> tuple[dict[str, float], dict[str, float]]:
        try:
            return self.alternatives[name].reference_box()
        except TsearchError as error:
            reason = str(error).removeprefix(f"{self.name}: ")
            raise TsearchError(f"{self.name}: {name}: {reason}") from None

    # ------------------------------------------------------------------ plain data and copies

    def with_hardware(self, profile: str | None = None, assume: Mapping[str, int] | None = None) -> Self:
        """The same space, searched for other hardware. Raises: TsearchError if unusable."""
        return self.with_alternatives(
            {name: one.with_hardware(profile, assume) for name, one in self.alternatives.items()}
        )

    def with_alternatives(self, alternatives: dict[str, SearchSpace]) -> Self:
        return type(self)(alternatives=alternatives, enqueued=self.enqueued, source_text=self.source_text)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; `from_dict` takes it back."""
        alternatives = {name: one.to_dict() for name, one in self.alternatives.items()}
        shared = {
            name: alternatives[next(iter(alternatives))][name]
            for name in ("name", "search", "constraints", "confirm")
        }
        enqueued = [self.to_plain(configuration) for configuration in self.enqueued]
        return {"kind": "union"} | shared | {"alternatives": alternatives, "enqueued": enqueued}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], source_text: str = "") -> Self:
        """Inverse of `to_dict`."""
        alternatives = {name: SearchSpace.from_dict(one) for name, one in content["alternatives"].items()}
        return cls(alternatives=alternatives, enqueued=tuple(content["enqueued"]), source_text=source_text)
