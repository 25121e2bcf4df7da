"""The settings of a space: what a configuration holds besides its structure, by dotted names such as `neuron.tau`."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from tsearch.configuration import Configuration
from tsearch.networks.backbones import Backbone, family
from tsearch.space.domains import Domain

SECTIONS = ("backbone", "neuron", "training")
# Without a boundary between stages these change nothing: no temporal transformer, no early classifier.
IDLE_IN_ONE_STAGE = ("temporal_transformer", "training.early_loss_weight", "training.transformer_adam")

# Without a phase before the last one it changes nothing.
LEADING_RATE = "schedule.leading_learning_rate"
# These change nothing unless another setting has this value.
IDLE_UNLESS = {
    "training.warmup": ("training.learning_rate_schedule", "one_cycle"),
    "training.step_every": ("training.learning_rate_schedule", "step"),
    "training.step_factor": ("training.learning_rate_schedule", "step"),
    "training.transformer_adam": ("training.optimizer", "sgd"),
    "training.tet_weight": ("training.loss", "tet"),
}


def flatten(configuration: Configuration) -> dict[str, Any]:
    """The settings of a configuration by dotted name."""
    flat: dict[str, Any] = {"temporal_transformer": configuration.temporal_transformer}
    for section in SECTIONS:
        flat |= {f"{section}.{field}": value for field, value in getattr(configuration, section)}
    scale = configuration.schedule[0].learning_rate_scale
    return flat if scale == 1 else flat | {LEADING_RATE: scale}


def nest(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by section, as a configuration takes them."""
    nested: dict[str, Any] = {}
    for name, value in settings.items():
        section, _, field = name.partition(".")
        if field:
            nested.setdefault(section, {})[field] = value
        else:
            nested[section] = value
    return nested


def idle(settings: Mapping[str, Any], *, has_stages: bool, has_phases: bool) -> set[str]:
    """The names of what changes nothing beside the other `settings`, where there are several stages or not, and several
    phases or not."""
    names = {name for name, (other, value) in IDLE_UNLESS.items() if settings.get(other, value) != value}
    return names | set(() if has_stages else IDLE_IN_ONE_STAGE) | (set() if has_phases else {LEADING_RATE})


def defaults(settings: Mapping[str, Domain]) -> dict[str, Any]:
    """The default of every setting."""
    return {name: domain.default for name, domain in settings.items()}


def backbone_choices(settings: Mapping[str, Domain]) -> Iterator[dict[str, Any]]:
    """Every choice of backbone as plain settings; of a range, both ends."""
    domains = {name: domain for name, domain in settings.items() if name.startswith("backbone.")}
    for values in product(*(domain.ends for domain in domains.values())):
        yield {name.removeprefix("backbone."): value for name, value in zip(domains, values, strict=True)}


def read_backbone(content: Mapping[str, Any]) -> Backbone:
    """The backbone of plain settings. Raises: ValueError for an unknown family or illegal settings."""
    return family(content.get("name", "vgg")).model_validate(content)


def common_depth(settings: Mapping[str, Domain]) -> int:
    """Number of blocks of every choice of backbone. Raises: ValueError where they differ."""
    depths = {read_backbone(content).depth for content in backbone_choices(settings)}
    if len(depths) > 1:
        raise ValueError(f"backbones of different depths {sorted(depths)}; one space has one depth")
    return depths.pop()
