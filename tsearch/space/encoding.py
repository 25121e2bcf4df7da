"""From the settings of a space to what a configuration holds, and back."""

from collections.abc import Mapping
from typing import Any

from tsearch.configuration import Configuration
from tsearch.space.domains import Domain
from tsearch.space.idle import CONVERSION, MASKS, idle
from tsearch.space.recipes import RECIPE, fixed_by
from tsearch.space.schedules import LEADING_RATE, MASK_MODE, NOTHING, parts_of
from tsearch.space.settings import defaults, flatten
from tsearch.space.structures import Kind, Structure

_OF_SCHEDULES = ("schedule", "compression")  # sections of settings that become phases
_TOGETHER = (
    set(CONVERSION),
    set(MASKS) - {MASK_MODE},
)  # where all are idle, there is nothing of their section


def chosen_settings(domains: Mapping[str, Domain], settings: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """What is trained of `settings` in a structure of some kind: those that change nothing have their default, what a
    recipe fixes is as it says, and those of a conversion or of masks that there are none of are left out."""
    unused = idle(settings, kind)
    without = {name for together in _TOGETHER if unused >= together for name in together}
    without |= {MASK_MODE} if "masks.weight" in without else set()
    chosen = {
        name: domain.default if name in unused else settings[name]
        for name, domain in domains.items()
        if name not in without
    }
    return chosen | dict(fixed_by(settings))


def held(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Those settings that a configuration holds beside its schedule."""
    outside = {name for name in chosen if name == RECIPE or name.partition(".")[0] in _OF_SCHEDULES}
    return {name: value for name, value in chosen.items() if name not in outside}


def encoded_settings(
    domains: Mapping[str, Domain], configuration: Configuration, recipe: str
) -> dict[str, Any]:
    """The value of every setting that gives `configuration` under a recipe. Raises: ValueError, saying why, for one
    outside its domain."""
    known, parts = flatten(configuration), parts_of(configuration.schedule)
    flat = defaults(domains) | NOTHING | known | {RECIPE: recipe}
    if len(parts.spiking) > 1:
        flat[LEADING_RATE] = parts.spiking[0].learning_rate_scale
    if MASK_MODE in domains and not Structure(configuration.stages, parts.path).kind.has_steps:
        flat[MASK_MODE] = domains[MASK_MODE].default  # there is nothing to learn of one timestep
    fixed, values = fixed_by({RECIPE: recipe}), {}
    if configuration.masks.are_learned and MASK_MODE not in domains:
        raise ValueError(f"{MASK_MODE}: this space has no masks")
    for name, domain in domains.items():
        if name.startswith("backbone.") and name not in known:
            raise ValueError(f"{name}: the configuration has no such setting")
        try:
            values[name] = domain.encode(domain.default if name in fixed else flat[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return values
