"""What all alternatives of a union have alike: data, hardware, objectives, limits, the search, and what follows from a
configuration alone. It is asked of the first one."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from tsearch.configuration import Configuration, DataSpec, Hardware, Task
from tsearch.frozen import Frozen
from tsearch.space.goals import ConfirmSettings, Constraint, Objective, SearchSettings
from tsearch.space.refusals import Refusal
from tsearch.space.space import SearchSpace


class SharedByAlternatives(Frozen):
    """Spaces by name, of one kind of data, hardware and goal."""

    model_config = Frozen.model_config | {
        "arbitrary_types_allowed": True,
        "ignored_types": (cached_property,),
    }

    alternatives: dict[str, SearchSpace]
    enqueued: tuple[Configuration, ...] = ()
    source_text: str = ""

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """One line, as of a space with one backbone; the alternatives by their names."""
        first = dict(self._any.__repr_args__())
        yield from (
            first | {"size": getattr(self, "size", None), "alternatives": list(self.alternatives)}
        ).items()

    @property
    def _any(self) -> SearchSpace:
        return next(iter(self.alternatives.values()))

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
