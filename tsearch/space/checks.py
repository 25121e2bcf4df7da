"""Checks of a search space against the other rooms: names that must exist there, and backbones that must
fit the data."""

from collections.abc import Mapping
from itertools import product

from pydantic import ValidationError

from tsearch.configuration import Frozen, Neuron, Training
from tsearch.errors import TsearchError, did_you_mean
from tsearch.networks.backbones.vgg import Vgg
from tsearch.space.domains import Choice, Domain
from tsearch.space.lines import Lines
from tsearch.space.problems import plain
from tsearch.space.space import SearchSpace


def check_settings(settings: Mapping[str, Domain], lines: Lines) -> None:
    """Every end of a range must be a legal value."""
    for name, domain in settings.items():
        section, _, field = name.partition(".")
        if isinstance(domain, Choice) or not field:
            continue
        models: dict[str, type[Frozen]] = {"neuron": Neuron, "training": Training, "backbone": Vgg}
        for end in (domain.low, domain.high):
            try:
                models[section].model_validate({field: end})
            except ValidationError as error:
                raise lines.error((section, field), f"'{name}': {plain(error.errors()[0])}") from None


def check_names(space: SearchSpace, lines: Lines) -> None:
    """Names that point into other rooms: data, profiles, backbone, proposer."""
    from hwcost import load_profile
    from tsearch.data import describe_dataset
    from tsearch.engine.proposers import PROPOSERS
    from tsearch.networks.backbones import BACKBONES

    try:
        info = describe_dataset(space.data)
    except TsearchError as error:
        raise lines.error(("data", "name"), str(error)) from None
    for i, profile in enumerate((space.hardware.profile, *space.hardware.also)):
        try:
            load_profile(profile)
        except ValueError as error:
            raise lines.error(
                ("hardware", "profile") if i == 0 else ("hardware", "also", i - 1), str(error)
            ) from None
    if space.search.proposer not in PROPOSERS:
        hint = did_you_mean(space.search.proposer, PROPOSERS)
        raise lines.error(
            ("search", "proposer"),
            f"proposer '{space.search.proposer}' not found.{hint} Known proposers: {', '.join(PROPOSERS)}.",
        )
    backbones = space.settings["backbone.name"]
    for name in backbones.values if isinstance(backbones, Choice) else ():
        if name not in BACKBONES:
            hint = did_you_mean(str(name), BACKBONES)
            raise lines.error(
                ("backbone", "name"),
                f"backbone '{name}' not found.{hint} Known backbones: {', '.join(BACKBONES)}.",
            )
    _check_backbones(space, info.shape, lines)


def _check_backbones(space: SearchSpace, shape: tuple[int, int, int], lines: Lines) -> None:
    """Every choice of backbone must fit the data's frames."""

    fields = {name: domain for name, domain in space.settings.items() if name.startswith("backbone.")}
    choices = [domain.values for domain in fields.values() if isinstance(domain, Choice)]
    for values in product(*choices):
        content = {name.removeprefix("backbone."): value for name, value in zip(fields, values, strict=True)}
        try:
            Vgg.model_validate(content).plan(shape, 1, Neuron())
        except ValidationError as error:
            raise lines.error(("backbone",), f"'backbone': {plain(error.errors()[0])}") from None
        except ValueError as error:
            raise lines.error(("backbone",), f"'backbone': {error}") from None
