"""From the settings of a space to what a configuration holds, and back."""

from collections.abc import Mapping
from typing import Any

from tsearch.configuration import Configuration
from tsearch.space.domains import Domain
from tsearch.space.idle import CONVERSION, idle
from tsearch.space.recipes import RECIPE, fixed_by
from tsearch.space.schedules import LEADING_RATE, NOTHING, parts_of
from tsearch.space.settings import defaults, flatten

_OF_SCHEDULES = ("schedule", "compression")  # sections of settings that become phases


def chosen_settings(
    domains: Mapping[str, Domain], settings: Mapping[str, Any], *, has_stages: bool, has_leading: bool
) -> dict[str, Any]:
    """What is trained of `settings`: those that change nothing have their default, what a recipe fixes is as it says,
    and those of a conversion that does not take place are left out."""
    unused = idle(settings, has_stages=has_stages, has_leading=has_leading)
    without = set(CONVERSION) if unused.issuperset(CONVERSION) else set()
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
    fixed, values = fixed_by({RECIPE: recipe}), {}
    for name, domain in domains.items():
        if name.startswith("backbone.") and name not in known:
            raise ValueError(f"{name}: the configuration has no such setting")
        try:
            values[name] = domain.encode(domain.default if name in fixed else flat[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return values
