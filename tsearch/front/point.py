"""A point: one complete trial as fronts, tables and pages read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tsearch.configuration import Configuration

if TYPE_CHECKING:
    from tsearch.configuration import Result
    from tsearch.engine.run_folder import Trial
    from tsearch.engine.trial import StoredResult


@dataclass(frozen=True)
class Point:
    """What was tried and what it reached.

    Args:
        number: Number of the trial.
        key: Key of its configuration.
        metrics: Every number that was measured, by name.
        timesteps: Timesteps of every stage; () where the configuration is no network.
        stages: Blocks of every stage; () where the configuration is no network.
        origin: Who chose it: baseline, enqueued or proposed.
        n_validation: Number of samples behind its accuracy, None where unknown.
        parameters: The configuration by name, where it is no network.
    """

    number: int
    key: str
    metrics: Mapping[str, float]
    timesteps: tuple[int, ...] = ()
    stages: tuple[int, ...] = ()
    origin: str = "proposed"
    n_validation: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_uniform(self) -> bool:
        """Whether every stage has the same timesteps."""
        return len(set(self.timesteps)) == 1

    @property
    def settings(self) -> dict[str, Any]:
        """What identifies it in a table: timesteps and stages of a network, else the parameters."""
        if self.timesteps:
            return {"timesteps": self.timesteps, "stages": self.stages}
        return dict(self.parameters)


def point_of(trial: "Trial", result: "Result | StoredResult | None" = None) -> Point:
    """The point of a trial; without a result it has no metrics."""
    chosen = trial.configuration
    is_network = isinstance(chosen, Configuration)
    return Point(
        number=trial.number,
        key=trial.key,
        metrics=result.metrics if result else {},
        timesteps=chosen.timesteps if is_network else (),
        stages=chosen.stages if is_network else (),
        origin=trial.origin,
        n_validation=result.n_samples.get("validation") if result else None,
        parameters={} if is_network else parameters_of(chosen),
    )


def parameters_of(configuration: Any) -> dict[str, Any]:
    """A configuration that is no network, by name; one that has no names is called 'configuration'."""
    if isinstance(configuration, Mapping):
        return {str(name): value for name, value in configuration.items()}
    return {"configuration": configuration}


def setting_names(points: Sequence[Point]) -> list[str]:
    """Names of the settings of all `points`, in the order of their first appearance: the columns of a table."""
    return list(dict.fromkeys(name for point in points for name in point.settings))


def setting_text(value: Any, separator: str = ", ") -> str:
    """A setting for people: (6, 3, 1) -> '6, 3, 1', 0.0123456 -> '0.01235'; '' for None."""
    if isinstance(value, tuple | list):
        return separator.join(setting_text(entry, separator) for entry in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
