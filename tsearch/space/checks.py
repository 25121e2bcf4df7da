"""Checks of a space file against the other rooms: names that must exist there, and backbones that must fit the
data."""

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tsearch.configuration import DataSpec, Hardware
from tsearch.errors import TsearchError
from tsearch.networks.backbones import family
from tsearch.networks.plan import Neuron
from tsearch.space.any_paths import AnyPaths
from tsearch.space.domains import Choice, Domain, holds
from tsearch.space.limits import MOST_BACKBONES, MOST_BASELINES, MOST_COLUMNS, plan_within_limits
from tsearch.space.lines import Lines
from tsearch.space.problems import explain
from tsearch.space.recipes import OWN, RECIPE, RECIPES
from tsearch.space.schema import ScheduleSpace, SpaceFile
from tsearch.space.settings import backbone_choices, common_depth, defaults, nest, read_backbone
from tsearch.space.space import SearchSpace
from tsearch.space.uniform import uniform_settings, uniform_timesteps
from tsearch.units import counted

if TYPE_CHECKING:
    from tsearch.data.dataset import Input


def check_family(lines: Lines) -> None:
    """The backbone's name must be that of one family."""
    section = lines.content.get("backbone")
    name = section.get("name", "vgg") if isinstance(section, Mapping) else "vgg"
    if not isinstance(name, str):
        raise lines.error(("backbone", "name"), f"'backbone.name': a space has one backbone, found {name}.")
    try:
        family(name)
    except (ValueError, TsearchError) as error:
        raise lines.error(("backbone", "name"), str(error)) from None


def described(data: DataSpec, lines: Lines) -> "Input":
    """What the network will see of the data set, which must exist."""
    from tsearch.data import describe_dataset

    try:
        return describe_dataset(data)
    except TsearchError as error:
        raise lines.error(("data", "name"), str(error)) from None


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
    largest `timesteps`."""
    neuron = Neuron(**nest(defaults(settings))["neuron"])
    try:
        for content in backbone_choices(settings):
            plan_within_limits(read_backbone(content), info.shape, info.n_classes, neuron, timesteps)
        common_depth(settings)
    except ValidationError as error:
        raise explain(error, lines, ("backbone",)) from None
    except ValueError as error:
        raise _misfit(error, lines) from None


def check_augmentation(settings: Mapping[str, Domain], info: "Input", lines: Lines) -> None:
    """Frames are neither moved nor covered by a whole side, where nothing of them may be left."""
    side = min(info.shape[-2:])
    for name in ("shift", "cutout"):
        largest = max(settings[f"training.{name}"].ends)
        if largest >= side:
            raise lines.error(
                ("training", name),
                f"training.{name}: {largest} pixels, but a side of the frames has {side}. Give at most {side - 1}.",
            )


def check_hardware(hardware: Hardware, lines: Lines) -> None:
    """Every profile must exist, and have the word widths that are assumed."""
    from hwcost import assuming, load_profile

    places = [("hardware", "profile"), *(("hardware", "also", i) for i in range(len(hardware.also)))]
    for place, profile in zip(places, (hardware.profile, *hardware.also), strict=True):
        try:
            load_profile(profile)
        except ValueError as error:
            raise lines.error(place, str(error)) from None
    try:
        assuming(load_profile(hardware.profile), tuple(sorted(hardware.assume.items())))
    except ValueError as error:
        raise lines.error(("hardware", "assume"), f"hardware.assume: {error}.") from None


def check_proposer(proposer: str, lines: Lines) -> None:
    """The proposer must exist."""
    from tsearch.engine.proposers import find_proposer

    try:
        find_proposer(proposer)
    except TsearchError as error:
        raise lines.error(("search", "proposer"), str(error)) from None


def check_schedule(schedule: ScheduleSpace, lines: Lines) -> None:
    """No schedule may grow."""
    if schedule.leading == "any":
        return
    if schedule.most_leading is not None:
        raise lines.error(
            ("schedule", "most_leading"),
            "schedule.most_leading: it goes with `leading: any`; lists of leading timesteps say themselves how many "
            "phases there are.",
        )
    for i, timesteps in enumerate(schedule.leading):
        if list(timesteps) != sorted(timesteps, reverse=True):
            raise lines.error(
                ("schedule", "leading", i),
                f"schedule.leading: {list(timesteps)} grows; the timesteps of a schedule may only shrink.",
            )


def check_phases(space: SearchSpace, lines: Lines) -> None:
    """Any path can be drawn in no time, and epochs are given for every phase."""
    n_stages, paths = space.all_divisions.most_stages, space.paths
    if isinstance(paths, AnyPaths):
        n_columns = n_stages * paths.n_columns(n_stages)
        if n_columns > MOST_COLUMNS:
            raise lines.error(
                ("schedule", "most_leading"),
                f"schedule: any path of up to {counted(space.schedules.most_leading + 1, 'phase')} over "
                f"{counted(len(space.timesteps), 'choice')} of timesteps in up to {counted(n_stages, 'stage')} takes "
                f"a table of {n_columns:,} entries, at most {MOST_COLUMNS:,} are allowed. Lower `most_leading`, or "
                "list fewer `timesteps` or coarser `stages`.",
            )
    epochs, most = space.leading_epochs, space.schedules.most_leading
    if not isinstance(epochs, int) and len(epochs) != most:
        raise lines.error(
            ("schedule", "leading_epochs"),
            f"schedule.leading_epochs: {counted(len(epochs), 'number')} for up to {counted(most, 'phase')} before the "
            "last one. Give one for each of them, or a single number for all.",
        )


def check_recipes(settings: Mapping[str, Domain], lines: Lines) -> None:
    """No recipe may be among what the own settings hold, or it would be searched twice."""
    recipes = settings[RECIPE].values if RECIPE in settings else ()
    for recipe in recipes if OWN in recipes else ():
        fixed = {n: value for n, value in RECIPES[recipe].items() if n.startswith("training.")}
        if fixed and all(holds(settings[name], value) for name, value in fixed.items()):
            raise lines.error(
                ("training", "recipe"),
                f"training.recipe: the own settings of `training` hold those of '{recipe}' already. Leave '{recipe}' "
                f"or '{OWN}' out.",
            )


def check_baselines(file: SpaceFile, settings: Mapping[str, Domain], lines: Lines) -> None:
    """The timesteps of baselines are distinct and not beyond the largest, and there are not too many baselines."""
    largest = max(file.timesteps)
    timesteps = uniform_timesteps(file.search, file.timesteps)
    place = ("search", "baselines")
    twice = next((t for i, t in enumerate(timesteps) if t in timesteps[:i]), None)
    if twice is not None:
        raise lines.error(
            place, f"search.baselines: {twice} is given twice. Name every number of timesteps once."
        )
    beyond = next((t for t in timesteps if t > largest), None)
    if beyond is not None:
        raise lines.error(
            place,
            f"search.baselines: {beyond} timesteps, but the largest of `timesteps` is {largest}.",
        )
    leading = file.schedule.leading
    n_leading = 2 if leading == "any" else len(set(leading))
    n_backbones = sum(1 for _ in uniform_settings(_of_backbone(settings)))
    n_schedules = n_leading * sum(1 for _ in uniform_settings(settings)) // n_backbones
    n = len(timesteps) * n_schedules * n_backbones
    if n > MOST_BASELINES:
        raise lines.error(
            place if place in lines.lines else ("timesteps",),
            f"uniform networks with {counted(len(timesteps), 'number')} of timesteps, "
            f"{counted(n_schedules, 'schedule')} and {counted(n_backbones, 'backbone')} are up to {n:,} baselines, "
            f"at most {MOST_BASELINES:,} are allowed. Name fewer timesteps: `search: {{baselines: [1, 2, 4, 8]}}`.",
        )


def _check_few(settings: Mapping[str, Domain], lines: Lines) -> None:
    """Every backbone is planned and checked, so there may not be too many."""
    n = prod(len(domain.ends) for domain in _of_backbone(settings).values())
    if n > MOST_BACKBONES:
        raise lines.error(
            ("backbone",),
            f"'backbone': its settings give {n:,} networks, at most {MOST_BACKBONES:,} are read.",
        )


def _of_backbone(settings: Mapping[str, Domain]) -> dict[str, Domain]:
    return {name: domain for name, domain in settings.items() if name.startswith("backbone.")}


def _misfit(error: ValueError, lines: Lines) -> TsearchError:
    """A problem with the backbone at its line; one that is for people already stays as it is."""
    if isinstance(error, TsearchError):
        return lines.error(("backbone", "name"), str(error))
    return lines.error(("backbone",), f"'backbone': {str(error).removesuffix('.')}.")
