"""A space of plain parameters: its configurations are dictionaries, and only the evaluator knows what they mean.

parameter_space({"lr": (1e-4, 1e-1, "log"), "width": [8, 16, 32], "depth": (1, 6)}, {"loss": "minimize"})
"""

import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, Any, ClassVar, Never, Self

import numpy as np
from pydantic import Field, PositiveInt, SkipValidation

from tsearch.configuration import DataSpec, Task
from tsearch.errors import TsearchError
from tsearch.frozen import Frozen, content_hash
from tsearch.space.domains import Domain, Real, domain_from_dict
from tsearch.space.goals import Constraint, Objective, SearchSettings, worst_violation

Plain = dict[str, Any]


class ParameterSpace(Frozen):
    """Parameters by name, and what is searched for among them. Build it with `entries.parameter_space`."""

    model_config = Frozen.model_config | {"arbitrary_types_allowed": True}

    name: str = "search"
    domains: dict[str, Annotated[Domain, SkipValidation]]
    objectives: tuple[Objective, ...]
    constraints: dict[str, Constraint] = Field(default_factory=dict)
    reference: dict[str, float] | None = None
    ideal: dict[str, float] | None = None
    search: SearchSettings = SearchSettings()
    n_epochs: PositiveInt = 1
    enqueued: tuple[Plain, ...] = ()
    source_text: str = ""
    confirm: ClassVar[None] = None  # there are no twins to compare with

    @property
    def size(self) -> int | None:
        """Number of configurations; None where a parameter is a real number."""
        sizes = [domain.size for domain in self.domains.values()]
        return None if None in sizes else math.prod(size or 0 for size in sizes)

    def parameters(self) -> dict[str, Domain]:
        """The parameters that have more than one value."""
        return {name: domain for name, domain in self.domains.items() if domain.size != 1}

    def conditions(self) -> dict[str, tuple[str, Any]]:
        """Nothing: all parameters matter, as far as is known."""
        return {}

    def with_hardware(self, profile: str | None = None, assume: Mapping[str, int] | None = None) -> Self:
        """Itself, where nothing is asked for. Raises: TsearchError, since nothing is priced here."""
        if profile is None and not assume:
            return self
        what = f"assume {dict(assume or {})}" if profile is None else f"profile '{profile}'"
        raise TsearchError(f"{what}: this search space is priced on no hardware. Leave it out.")

    def decode(self, values: Mapping[str, Any]) -> Plain:
        """The value of every parameter; those left out take their default."""
        return {
            name: domain.decode(values[name]) if name in values else domain.default
            for name, domain in self.domains.items()
        }

    def encode(self, configuration: Plain) -> dict[str, Any]:
        """Inverse of `decode`. Raises: ValueError, saying why, if it lies outside the space."""
        if configuration.keys() != self.domains.keys():
            raise ValueError(f"{sorted(configuration)} are not the parameters {sorted(self.domains)}")
        encoded = {}
        for name, domain in self.domains.items():
            try:
                encoded[name] = domain.encode(configuration[name])
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return {name: encoded[name] for name in self.parameters()}

    def key(self, configuration: Plain) -> str:
        """Hash of the values by name."""
        return content_hash(configuration)

    def prefix_key(self, configuration: Plain, epoch: int) -> str:  # noqa: ARG002
        """The key: a training is shaped by all of its parameters from the beginning."""
        return self.key(configuration)

    def epochs(self, configuration: Plain) -> int:  # noqa: ARG002
        """The budget that the evaluator is given."""
        return self.n_epochs

    def stops(self, configuration: Plain) -> tuple[int, ...]:  # noqa: ARG002
        """None: a training has one phase."""
        return ()

    def at_stop(self, configuration: Plain, epoch: int) -> None:
        """None: there are no stops."""

    def baselines(self) -> list[Plain]:
        """None."""
        return []

    def twins(self, configuration: Plain, timesteps: int) -> Never:  # noqa: ARG002
        """Raises: TsearchError: only networks have twins."""
        raise TsearchError(
            f"{self.name}: only networks have uniform twins, and this is a search of parameters."
        )

    def refuse(self, configuration: Plain) -> None:
        """Nothing is refused: what a configuration can reach is not known before it is tried."""

    def violation(self, metrics: Mapping[str, float]) -> float:
        """By how much metrics break the constraints at worst, relative to them; 0 where all are kept."""
        return worst_violation(self.constraints, metrics)

    def random(self, rng: np.random.Generator) -> Plain:
        """One value of every parameter, drawn uniformly on its scale."""
        return {name: domain.random(rng) for name, domain in self.domains.items()}

    def enumerate(self) -> Iterator[Plain]:
        """Every combination once. Raises: ValueError where a parameter is a real number."""
        if self.size is None:
            raise ValueError("a space with real parameters cannot be enumerated")
        values = [domain.values for domain in self.domains.values() if not isinstance(domain, Real)]
        return (dict(zip(self.domains, chosen, strict=True)) for chosen in product(*values))

    def task(self, seed: int | None = None) -> Task:
        """The seed; there are no data."""
        return Task(data=DataSpec(name="none"), seed=self.search.seed if seed is None else seed)

    def reference_box(self) -> tuple[dict[str, float], dict[str, float]]:
        """What the user gave: nothing else is known before any configuration is tried."""
        return dict(self.reference or {}), dict(self.ideal or {})

    def to_plain(self, configuration: Plain) -> Plain:
        """A configuration as JSON data."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in configuration.items()}

    def from_plain(self, content: Mapping[str, Any]) -> Plain:
        """Inverse of `to_plain`."""
        return {name: tuple(v) if isinstance(v, list) else v for name, v in content.items()}

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; `ParameterSpace.from_dict` takes it back."""
        fields = self.model_dump(mode="json", exclude={"domains", "source_text"})
        domains = {name: domain.to_dict() for name, domain in self.domains.items()}
        return {"kind": "parameters"} | fields | {"domains": domains}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], source_text: str = "") -> Self:
        """Inverse of `to_dict`."""
        fields = {name: value for name, value in content.items() if name != "kind"}
        fields["domains"] = {name: domain_from_dict(domain) for name, domain in content["domains"].items()}
        space = cls(**fields, source_text=source_text)
        return space.model_copy(update={"enqueued": tuple(map(space.from_plain, space.enqueued))})
