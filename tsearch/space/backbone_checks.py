"""Checks of the backbones of a space file: every choice has to exist, to fit the data, and to be small enough."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tsearch.errors import TsearchError, did_you_mean
from tsearch.networks.backbones import family
from tsearch.networks.plan import Neuron, Plan
from tsearch.space.domains import Choice, Domain
from tsearch.space.limits import MOST_BACKBONES, plan_within_limits
from tsearch.space.lines import Lines
from tsearch.space.problems import explain
from tsearch.space.schedules import most_ann_epochs, most_compression_epochs
from tsearch.space.settings import (
    backbone_choices,
    common_depth,
    defaults,
    nest,
    of_backbone,
    read_backbone,
)

if TYPE_CHECKING:
    from tsearch.data.dataset import Input


def check_family(lines: Lines) -> None:
    """The backbone's name must be that of one family."""
    section = lines.content.get("backbone")
    name = section.get("name", "vgg") if isinstance(section, Mapping) else "vgg"
    if not isinstance(name, str):
        raise lines.error(
            ("backbone", "name"),
            f"'backbone.name': one name, found {name}. List families: `backbone: [{{name: vgg}}, ...]`.",
        )
    try:
        family(name)
    except (ValueError, TsearchError) as error:
        raise lines.error(("backbone", "name"), str(error)) from None


def derived_settings(settings: Mapping[str, Domain], info: "Input", lines: Lines) -> dict[str, Domain]:
    """The settings of the backbone that follow from its other ones and the data, the same for every choice."""
    _check_few(settings, lines)
    derived: dict[str, Any] | None = None
    for content in backbone_choices(settings):
        try:
            found = family(content["name"]).derived(content, info.shape, info.n_classes)
        except ValueError as error:
            raise _misfit(error, lines) from None
        if derived is not None and found != derived:
            raise lines.error(
                ("backbone",),
                f"'backbone': its choices give {derived} and {found}; one space has one of each.",
            )
        derived = found
    return {
        name: Choice((value,))
        for field, value in (derived or {}).items()
        if (name := f"backbone.{field}") not in settings
    }


def check_backbones(settings: Mapping[str, Domain], info: "Input", timesteps: int, lines: Lines) -> None:
    """Every choice of backbone must be legal, fit the data's frames, have the same depth, and be small enough for the
    largest `timesteps`; masks are learned of types of layers that all of them have."""
    neuron = Neuron(**nest(defaults(settings))["neuron"])
    types: tuple[str, ...] | None = None
    try:
        for content in backbone_choices(settings):
            plan = plan_within_limits(read_backbone(content), info.shape, info.n_classes, neuron, timesteps)
            others = (
                plan.layer_types if isinstance(plan, Plan) else ()
            )  # a user's family may give something else
            types = others if types is None else tuple(name for name in types if name in others)
        common_depth(settings)
    except ValidationError as error:
        raise explain(error, lines, ("backbone",)) from None
    except ValueError as error:
        raise _misfit(error, lines) from None
    if "masks.types" in settings:
        _check_types(settings, types or (), lines)


def _check_types(settings: Mapping[str, Domain], known: Sequence[str], lines: Lines) -> None:
    """All that are named are `known`, and no two choices name the same ones."""
    place, every = ("masks", "types"), settings["masks.types"].values
    family_name = settings["backbone.name"].default
    for i, types in enumerate(every):
        unknown = next((name for name in types if name not in known), None)
        if unknown is not None:
            raise lines.error(
                place,
                f"masks.types: '{unknown}' is no type of layer of every {family_name} here."
                f"{did_you_mean(unknown, known)} Types: {', '.join(known)}.",
            )
        twice = next((other for other in every[:i] if set(other) == set(types)), None)
        if twice is not None:
            raise lines.error(
                place, f"masks.types: {list(twice)} and {list(types)} are the same layers. Give one of them."
            )


def check_phases(settings: Mapping[str, Domain], lines: Lines) -> None:
    """No phase may ask a family for what its networks cannot be."""
    name = settings["backbone.name"].default
    found = family(name)
    begins_as_ann = settings.get("init.network", Choice(("snn",))).default == "ann"
    if not found.has_ann and (most_ann_epochs(settings) or begins_as_ann):
        place = ("init",) if begins_as_ann else ("schedule", "ann_epochs")
        raise lines.error(place, f"'{place[-1]}': backbone '{name}' has no form as an ANN. Leave it out.")
    if not found.is_reducible and most_compression_epochs(settings):
        raise lines.error(
            ("compression",),
            f"'compression': weights of backbone '{name}' are neither pruned nor quantised. Leave it out.",
        )


def _check_few(settings: Mapping[str, Domain], lines: Lines) -> None:
    """Every backbone is planned and checked, so there may not be too many."""
    n = prod(len(domain.ends) for domain in of_backbone(settings).values())
    if n > MOST_BACKBONES:
        raise lines.error(
            ("backbone",),
            f"'backbone': its settings give {n:,} networks, at most {MOST_BACKBONES:,} are read.",
        )


def _misfit(error: ValueError, lines: Lines) -> TsearchError:
    """A problem with the backbone at its line; one that is for people already stays as it is."""
    if isinstance(error, TsearchError):
        return lines.error(("backbone", "name"), str(error))
    return lines.error(("backbone",), f"'backbone': {str(error).removesuffix('.')}.")
