"""The settings of a space: what a configuration holds besides its structure, by dotted names such as `neuron.tau`."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from tsearch.configuration import Configuration
from tsearch.frozen import Frozen
from tsearch.networks.backbones import Backbone, family
from tsearch.space.domains import Domain
from tsearch.space.schedules import parts_of

SECTIONS = ("backbone", "neuron", "training", "conversion", "compression", "masks")
_HELD = ("backbone", "neuron", "training")  # of a configuration, whatever its schedule is


def flatten(configuration: Configuration) -> dict[str, Any]:
    """The settings of a configuration by dotted name; of phases and of what goes with them, those that there are."""
    flat: dict[str, Any] = {"temporal_transformer": configuration.temporal_transformer}
    for section in _HELD:
        flat |= _named(section, getattr(configuration, section))
    parts = parts_of(configuration.schedule)
    init = {} if configuration.init is None else _named("init", configuration.init)
    if configuration.begins_as_ann:
        flat |= _named("conversion", configuration.conversion)
    if configuration.masks.are_learned:
        flat |= _named("masks", configuration.masks)
    return flat | parts.settings | init


def _named(section: str, model: Frozen) -> dict[str, Any]:
    return {f"{section}.{field}": value for field, value in model}


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


def defaults(settings: Mapping[str, Domain]) -> dict[str, Any]:
    """The default of every setting."""
    return {name: domain.default for name, domain in settings.items()}


def of_backbone(settings: Mapping[str, Domain]) -> dict[str, Domain]:
    """Those settings that are the backbone's."""
    return {name: domain for name, domain in settings.items() if name.startswith("backbone.")}


def backbone_choices(settings: Mapping[str, Domain]) -> Iterator[dict[str, Any]]:
    """Every choice of backbone as plain settings; of a range, both ends."""
    domains = of_backbone(settings)
    for values in product(*(domain.ends for domain in domains.values())):
        yield {name.removeprefix("backbone."): value for name, value in zip(domains, values, strict=True)}


def read_backbone(content: Mapping[str, Any]) -> Backbone:
    """The backbone of plain settings. Raises: ValueError for an unknown family or illegal settings."""
    return family(content.get("name", "vgg")).model_validate(content)


def common_depth(settings: Mapping[str, Domain]) -> int:
    """Number of blocks of every choice of backbone. Raises: ValueError where they differ."""
    depths = {read_backbone(content).depth for content in backbone_choices(settings)}
    if len(depths) > 1:
        raise ValueError(
            f"backbones of different depths {sorted(depths)}; one space has one depth. "
            "List a backbone of each depth: `backbone: [{...}, {...}]`"
        )
    return depths.pop()
