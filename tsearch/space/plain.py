"""A space of plain parameters: its configurations are dictionaries, and only the evaluator knows what they mean.

parameter_space({"lr": (1e-4, 1e-1, "log"), "width": [8, 16, 32], "depth": (1, 6)}, {"loss": "minimize"})
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, PositiveInt, SkipValidation, ValidationError

from tsearch.configuration import DataSpec, Frozen, Task, content_hash
from tsearch.errors import TsearchError, did_you_mean
from tsearch.space.domains import Choice, Domain, Real, Whole, domain_from_dict
from tsearch.space.goals import Constraint, Objective, SearchSettings
from tsearch.units import violation

Plain = dict[str, Any]
Goals = Mapping[str, str] | Sequence[Objective]
_FORMS = (
    "Write [8, 16] for choices, (1, 6) or (0.1, 0.5) for a range, (1e-4, 1e-1, 'log') for a logarithmic one."
)


class ParameterSpace(Frozen):
    """Parameters by name, and what is searched for among them. Build it with `parameter_space`."""

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

    @property
    def size(self) -> int | None:
        """Number of configurations; None where a parameter is a real number."""
        sizes = [domain.size for domain in self.domains.values()]
        return None if None in sizes else math.prod(size or 0 for size in sizes)

    def parameters(self) -> dict[str, Domain]:
        """The parameters that have more than one value."""
        return {name: domain for name, domain in self.domains.items() if domain.size != 1}

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

    def baselines(self) -> list[Plain]:
        """None."""
        return []

    def refuse(self, configuration: Plain) -> str | None:  # noqa: ARG002
        """Nothing is refused: what a configuration can reach is not known before it is tried."""
        return None

    def violation(self, metrics: Mapping[str, float]) -> float:
        """By how much metrics break the constraints at worst, relative to them; 0 where all are kept."""
        constraints = self.constraints.items()
        broken = (violation(metrics.get(name, math.nan), one.min, one.max) for name, one in constraints)
        return max(broken, default=0.0)

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


def parameter_space(
    parameters: Mapping[str, Any],
    objectives: Goals,
    *,
    name: str = "search",
    constraints: Mapping[str, Constraint] | None = None,
    reference: Mapping[str, float] | None = None,
    ideal: Mapping[str, float] | None = None,
    search: SearchSettings | None = None,
    epochs: int = 1,
    enqueue: Sequence[Mapping[str, Any]] = (),
) -> ParameterSpace:
    """A space of plain parameters.

    Args:
        parameters: A list is a choice; (low, high) of whole numbers is a range of whole numbers, of others a range of
            real ones, both ends included; "log" as a third entry searches orders of magnitude alike.
        objectives: Metric and direction, {"loss": "minimize"}.
        reference, ideal: The worst values that count and the best ones, by objective: the box in which a hypervolume
            is measured. Without them no hypervolume is told, and no knee.
        epochs: The budget that the evaluator is given.
        enqueue: Configurations to try first; parameters left out take their default.

    Raises: TsearchError naming the entry that cannot be searched.
    """
    if not parameters:
        raise TsearchError(f"parameters: none given, so there is nothing to search. {_FORMS}")
    domains = {str(parameter): _domain(str(parameter), given) for parameter, given in parameters.items()}
    space = ParameterSpace(
        name=name,
        domains=domains,
        objectives=_objectives(objectives),
        constraints=dict(constraints or {}),
        reference=_of_objectives("reference", reference, objectives),
        ideal=_of_objectives("ideal", ideal, objectives),
        search=search or SearchSettings(),
        n_epochs=epochs,
    )
    return space.model_copy(update={"enqueued": tuple(_enqueued(space, entry) for entry in enqueue)})


def _domain(name: str, given: Any) -> Domain:
    """The domain that an entry stands for."""
    if isinstance(given, Choice | Real | Whole):
        return given
    if isinstance(given, list):
        return _choice(name, given)
    if isinstance(given, tuple):
        return _range(name, given)
    raise TsearchError(f"parameter '{name}': {given!r} is neither choices nor a range. {_FORMS}")


def _choice(name: str, given: list[Any]) -> Domain:
    values = tuple(tuple(value) if isinstance(value, list) else value for value in given)
    parts = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    bad = next((part for part in parts if not isinstance(part, str | int | float | bool | None)), None)
    if bad is not None or not values:
        what = f"{bad!r} is not text, a number, true, false or a list of these" if values else "no choices"
        raise TsearchError(f"parameter '{name}': {what}. {_FORMS}")
    return Choice(tuple(dict.fromkeys(values)))


def _range(name: str, given: tuple[Any, ...]) -> Domain:
    ends, log = given[:2], given[2:]
    is_number = [isinstance(end, int | float) and not isinstance(end, bool) for end in ends]
    if is_number != [True, True] or log not in ((), ("log",)):
        raise TsearchError(f"parameter '{name}': {given!r} is not a range. {_FORMS}")
    low, high = ends
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise TsearchError(f"parameter '{name}': low {low:g} must be below high {high:g}, both finite.")
    if log and low <= 0:
        raise TsearchError(f"parameter '{name}': a logarithmic range starts above 0, found low {low:g}.")
    middle = math.sqrt(low * high) if log else (low + high) / 2
    if isinstance(low, int) and isinstance(high, int):
        return Whole(low, high, bool(log), round(middle))
    return Real(float(low), float(high), bool(log), middle)


def _objectives(given: Goals) -> tuple[Objective, ...]:
    if not given:
        raise TsearchError("objectives: none given. Say what is better: objectives={'loss': 'minimize'}.")
    if not isinstance(given, Mapping):
        return tuple(given)
    for name, direction in given.items():
        if direction not in ("minimize", "maximize"):
            raise TsearchError(
                f"objectives: '{name}' is to '{direction}'.{did_you_mean(str(direction), ('minimize', 'maximize'))} "
                "Known directions: minimize, maximize."
            )
    return tuple(Objective.model_validate({"name": n, "direction": d}) for n, d in given.items())


def _of_objectives(
    what: str, given: Mapping[str, float] | None, objectives: Goals
) -> dict[str, float] | None:
    """`given` values by objective. Raises: TsearchError for a name that is no objective."""
    names = {objective.name for objective in _objectives(objectives)}
    for name in given or {}:
        if name not in names:
            raise TsearchError(f"{what}: '{name}' is no objective.{did_you_mean(name, names)}")
    return None if given is None else dict(given)


def _enqueued(space: ParameterSpace, entry: Mapping[str, Any]) -> Plain:
    configuration = space.from_plain(space.decode({}) | dict(entry))
    try:
        space.encode(configuration)
    except (ValueError, ValidationError) as error:
        raise TsearchError(f"enqueue: {dict(entry)} is not in the space: {error}.") from None
    return configuration
