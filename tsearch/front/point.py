"""A point: one complete trial as fronts, tables and pages read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tsearch.configuration import Configuration
from tsearch.front.masked import masked_to
from tsearch.space.schedules import NOTHING, parts_of
from tsearch.space.settings import flatten
from tsearch.units import counted, format_value, title

if TYPE_CHECKING:
    from tsearch.configuration import Phase, Result
    from tsearch.engine.run_folder import Run, Trial
    from tsearch.engine.trial import StoredResult

_SHOWN = 3  # metrics in the text of a point
_SAID = ("conversion", "compression", "masks")  # sections without which a title says too little
FAMILY = "backbone.name"
_HASH = "backbone.network"  # of a network of one's own; it follows from the other settings


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
        configuration: The network's configuration; None where it is no network, or unknown.
        seconds: How long its training took; None where unknown.
        replicates: The metrics of every fresh training of the same configuration, made after the search had chosen it;
            `metrics` are those of the single training that it was chosen by.
        n_groups: Number of independent groups (scans) among those samples, None where unknown.
        alternative: The name of its backbone among those of the space; '' where the space has one alone.
    """

    number: int
    key: str
    metrics: Mapping[str, float]
    timesteps: tuple[int, ...] = ()
    stages: tuple[int, ...] = ()
    origin: str = "proposed"
    n_validation: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    configuration: Configuration | None = field(default=None, repr=False, compare=False)
    seconds: float | None = field(default=None, repr=False, compare=False)
    replicates: tuple[Mapping[str, float], ...] = field(default=(), repr=False, compare=False)
    n_groups: int | None = field(default=None, repr=False, compare=False)
    alternative: str = field(default="", repr=False, compare=False)

    def __repr__(self) -> str:
        shown = [f"{title(name)} {format_value(value, name)}" for name, value in self.metrics.items()]
        more = ["..."] if len(shown) > _SHOWN else []
        return f"Point(trial {self.number}: {', '.join([self.label, *shown[:_SHOWN], *more])})"

    @property
    def is_uniform(self) -> bool:
        """Whether every stage has the same timesteps, and no layer learns to run fewer."""
        return len(set(self.timesteps)) == 1 and not self.is_masked

    @property
    def family(self) -> str:
        """The family of its backbone, or what the space calls it among several, such as 'windowed_lstm'; '' where it is
        no network."""
        return self.alternative or ("" if self.configuration is None else self.configuration.backbone.name)

    @property
    def is_masked(self) -> bool:
        """Whether its layers learn to run fewer timesteps than their stages have."""
        return self.configuration is not None and self.configuration.masks.are_learned

    @property
    def n_independent(self) -> int | None:
        """Number of independent samples behind its accuracy: recordings of one scan count once. None where unknown."""
        return self.n_groups or self.n_validation

    @property
    def samples(self) -> str:
        """'1,500 samples of 300 scans', '300 samples'; '' where their number is unknown."""
        if not self.n_validation:
            return ""
        of_groups = f" of {self.n_groups:,} scans" if self.n_independent != self.n_validation else ""
        return f"{self.n_validation:,} samples{of_groups}"

    @property
    def settings(self) -> dict[str, Any]:
        """What identifies it in a table: timesteps and stages of a network, else the parameters."""
        if self.timesteps:
            return {"timesteps": self.timesteps, "stages": self.stages}
        return dict(self.parameters)

    @property
    def schedule(self) -> "tuple[Phase, ...]":
        """The phases of its training, the searched timesteps last; () where unknown."""
        return self.configuration.schedule if self.configuration else ()

    @property
    def details(self) -> dict[str, Any]:
        """Every further setting of a network by its dotted name in space files, such as `neuron.tau`, and the
        schedule as text; empty where the configuration is no network, or unknown. Without an ANN or compressed weights
        there are 0 epochs of the one, and a sparsity of 0 and 32 bits of the other. A hash comes last, for people read
        the other settings."""
        if self.configuration is None:
            return {}
        settings = flatten(self.configuration)
        hashes = {_HASH: settings.pop(_HASH)} if _HASH in settings else {}
        absent = {name: value for name, value in NOTHING.items() if name not in settings}
        return {"schedule": schedule_text(self.configuration)} | settings | absent | hashes

    @property
    def label(self) -> str:
        """A short name: 'T=4' for a network of one stage, 'T=(4, 4)' for two, 'T=(6, 3, 1) after ANN, 8' where earlier
        phases were an ANN and had more timesteps, 'T=4 masked to 2.4', 'T=4 (8 bits)' with compressed weights, 'vgg
        T=4' where the space has several backbones, 'lr 0.01' where it is no network. Two points may share it;
        `labels_of` tells them apart."""
        if not self.timesteps:
            return ", ".join(f"{name} {setting_text(value)}" for name, value in self.parameters.items())
        final = f"({setting_text(self.timesteps)})" if len(self.timesteps) > 1 else str(self.timesteps[0])
        return f"{self._backbone}T={final}{self._masked}{self._training}"

    @property
    def undivided_label(self) -> str:
        """The same, but 'T=4' for uniform timesteps in any number of stages: for where all uniform points have the same
        stages."""
        final = timesteps_text(self.timesteps)
        return f"{self._backbone}T={final}{self._masked}{self._training}" if self.timesteps else self.label

    @property
    def _backbone(self) -> str:
        return f"{self.alternative} " if self.alternative else ""

    @property
    def _masked(self) -> str:
        """How many timesteps masks have left to its layers on average."""
        mean = masked_to(self.metrics)
        return f" masked to {mean}" if mean else ""

    @property
    def _training(self) -> str:
        """What its weights are, and which phases came before its timesteps."""
        if not self.schedule:
            return ""
        parts, weights = parts_of(self.schedule), compression_text(self.schedule[-1])
        leading = ["ANN" for _ in parts.ann] + [timesteps_text(vector) for vector in parts.path[:-1]]
        return (f" ({weights})" if weights else "") + (f" after {', '.join(leading)}" if leading else "")


def point_of(
    trial: "Trial",
    result: "Result | StoredResult | None" = None,
    replicates: Sequence[Mapping[str, float]] = (),
    alternative: str = "",
) -> Point:
    """The point of a trial, with the metrics of its fresh trainings; without a result it has no metrics. `alternative`
    is the name of its backbone among those of the space."""
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
        configuration=chosen if is_network else None,
        seconds=result.seconds or None if result else None,
        replicates=tuple(replicates),
        n_groups=result.n_samples.get("validation_groups") if result else None,
        alternative=alternative if is_network else "",
    )


def fresh_metrics(run: "Run") -> dict[str, list[Mapping[str, float]]]:
    """The metrics of every fresh training of a run, by the key of its trial, in the order of their replicates."""
    fresh: dict[str, list[Mapping[str, float]]] = {}
    own = own_keys(run)
    for one in sorted(run.replicates, key=lambda one: one.replicate):
        if one.state == "complete" and one.replicate != run.task.replicate:
            fresh.setdefault(own.get(one.key, one.key), []).append(one.metrics)
    return fresh


def own_keys(run: "Run") -> dict[str, str]:
    """By today's keys of trials that were trained again, those that they have: earlier versions made others."""
    known = {trial.key for trial in run.trials}
    if all(one.key in known for one in run.replicates):
        return {}
    return {run.space.key(trial.configuration): trial.key for trial in run.trials}


def parameters_of(configuration: Any) -> dict[str, Any]:
    """A configuration that is no network, by name; one that has no names is called 'configuration'."""
    if isinstance(configuration, Mapping):
        return {str(name): value for name, value in configuration.items()}
    return {"configuration": configuration}


def setting_names(points: Sequence[Point]) -> list[str]:
    """Names of the settings of all `points`, in the order of their first appearance: the columns of a table."""
    return list(dict.fromkeys(name for point in points for name in point.settings))


def differing_details(points: Sequence[Point]) -> list[str]:
    """Names of the details, but for the schedule, that differ among those of `points` that have them; a hash only where
    no other one tells what it does."""
    every = [point.details for point in points]
    values: dict[str, list[Any]] = {}
    for name, value in (item for details in every for item in details.items()):
        values.setdefault(name, []).append(value)
    differing = [n for n, own in values.items() if n != "schedule" and any(one != own[0] for one in own)]
    others = [name for name in differing if name != _HASH]

    def n_different(names: Sequence[str]) -> int:
        return len({repr([details.get(name) for name in names]) for details in every})

    return others if n_different(others) == n_different(differing) else differing


def have_families(points: Sequence[Point]) -> bool:
    """Whether they are networks of several families, or of a space that has several."""
    return any(point.alternative for point in points) or len({point.family for point in points}) > 1


def setting_title(name: str) -> str:
    """A dotted name for people: 'training.learning_rate' -> 'learning rate', 'compression.epochs' -> 'compression
    epochs', 'backbone.name' -> 'backbone'."""
    if name == FAMILY:
        return "backbone"
    section, _, field = name.rpartition(".")
    title = field.replace("_", " ").replace("ann ", "ANN ")
    return f"{section} {title}" if section in _SAID else title


def timesteps_text(timesteps: Sequence[int]) -> str:
    """'4' for uniform timesteps, '(6, 3, 1)' for others."""
    return str(timesteps[0]) if len(set(timesteps)) == 1 else f"({setting_text(tuple(timesteps))})"


def schedule_text(configuration: Configuration) -> str:
    """The phases as a sentence: 'ANN for 6 epochs, then 6, 3, 1 for 20, then 6, 3, 1 for 4 (8 bits)'."""
    texts = []
    for i, phase in enumerate(configuration.schedule):
        what = "ANN" if phase.is_ann else setting_text(phase.timesteps)
        weights = compression_text(phase)
        epochs = counted(phase.epochs, "epoch") if i == 0 else str(phase.epochs)
        texts.append(f"{what} for {epochs}" + (f" ({weights})" if weights else ""))
    return ", then ".join(texts)


def compression_text(phase: "Phase") -> str:
    """What a phase does to the weights: '50 % pruned, 8 bits'; '' where nothing."""
    parts = [f"{100 * phase.sparsity:.4g} % pruned"] if phase.sparsity else []
    return ", ".join([*parts, *([f"{phase.weight_bits} bits"] if phase.is_quantised else [])])


def setting_text(value: Any, separator: str = ", ") -> str:
    """A setting for people: (6, 3, 1) -> '6, 3, 1', 0.0123456 -> '0.01235'; '' for None."""
    if isinstance(value, tuple | list):
        return separator.join(setting_text(entry, separator) for entry in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
