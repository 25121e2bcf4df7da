"""Checks of a space file against the other rooms, where names must exist, and of its parts against each other. Those
of backbones are in `backbone_checks.py`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tsearch.configuration import DataSpec, Hardware
from tsearch.errors import TsearchError
from tsearch.space.any_paths import AnyPaths
from tsearch.space.domains import Domain, holds
from tsearch.space.limits import MOST_BASELINES, MOST_COLUMNS
from tsearch.space.lines import Lines
from tsearch.space.recipes import OWN, RECIPE, RECIPES
from tsearch.space.schema import ScheduleSpace, SpaceFile
from tsearch.space.settings import of_backbone
from tsearch.space.space import SearchSpace
from tsearch.space.uniform import uniform_settings, uniform_timesteps
from tsearch.units import counted

if TYPE_CHECKING:
    from tsearch.data.dataset import Input


def described(data: DataSpec, lines: Lines) -> "Input":
    """What the network will see of the data set, which must exist."""
    from tsearch.data import describe_dataset

    try:
        return describe_dataset(data)
    except TsearchError as error:
        raise lines.error(("data", "name"), str(error)) from None


def check_augmentation(settings: Mapping[str, Domain], info: "Input", lines: Lines) -> None:
    """Frames are neither moved nor covered by a whole side, where nothing of them may be left; those of one row move
    along it alone."""
    side = min((side for side in info.shape[-2:] if side > 1), default=1)
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
    n_backbones = sum(1 for _ in uniform_settings(of_backbone(settings)))
    n_schedules = n_leading * sum(1 for _ in uniform_settings(settings)) // n_backbones
    n = len(timesteps) * n_schedules * n_backbones
    if n > MOST_BASELINES:
        raise lines.error(
            place if place in lines.lines else ("timesteps",),
            f"uniform networks with {counted(len(timesteps), 'number')} of timesteps, "
            f"{counted(n_schedules, 'schedule')} and {counted(n_backbones, 'backbone')} are up to {n:,} baselines, "
            f"at most {MOST_BASELINES:,} are allowed. Name fewer timesteps: `search: {{baselines: [1, 2, 4, 8]}}`.",
        )
