"""What a space asks for in vain, a sentence each; for `tsearch check`."""

from tsearch.cli.held import masks_of
from tsearch.configuration import Masks
from tsearch.space.domains import Choice
from tsearch.space.file import LoadedSpace
from tsearch.space.idle import CONVERSION
from tsearch.space.schedules import MASK_MODE
from tsearch.space.space import SearchSpace


def asked_in_vain(space: LoadedSpace) -> list[str]:
    """What a space asks for in vain; of several alternatives, what all of them do, and frozen masks of each."""
    first, *others = (
        [_unconfirmable(one), _without_ann(one), _without_masks(one)] for one in space.alternatives.values()
    )
    of_all = [text for text in first if all(text in other for other in others)]
    return [*of_all, *dict.fromkeys(_frozen_masks(one) for one in space.alternatives.values())]


def _without_ann(space: SearchSpace) -> str:
    """What a section `conversion` changes nothing for; "" where it does."""
    is_given = any(name in space.settings for name in CONVERSION)
    if not is_given or space.schedules.ann_epochs or "init.network" in space.settings:
        return ""
    return "`conversion` changes nothing, since no schedule begins with an ANN: set `schedule: {ann_epochs: ...}`"


def _without_masks(space: SearchSpace) -> str:
    """That other settings of masks change nothing where none is learned; "" where they do, or none is given."""
    usual = {f"masks.{name}": value for name, value in Masks()}
    given = (n for n in usual if n in space.settings and n != MASK_MODE)
    if masks_of(space) is not None or all(space.settings[name] == Choice((usual[name],)) for name in given):
        return ""
    return "`masks` changes nothing, since its `mode` is none: set `masks: {mode: prefix_sum}`"


def _frozen_masks(space: SearchSpace) -> str:
    """Which masks never change because scores are frozen all the time; "" where there are none."""
    if masks_of(space) is None:
        return ""
    usual = Masks()
    warmups, settles = (
        space.settings[f"masks.{name}"].ends if f"masks.{name}" in space.settings else (getattr(usual, name),)
        for name in ("warmup", "settle")
    )
    if max(warmups) + max(settles) < 1:
        return ""
    return (
        "masks stay as they begin where `masks.warmup` and `masks.settle` take a whole phase, such as "
        f"{max(warmups):g} and {max(settles):g} of it: give less of both than 1"
    )


def _unconfirmable(space: SearchSpace) -> str:
    """Why the end of the search finds no candidate to confirm; "" where it may find some, or none is asked for."""
    if space.confirm is None:
        return ""
    names = [objective.name for objective in space.objectives]
    if all(objective.is_maximized for objective in space.objectives):
        return f"`confirm` finds no candidate, since no cost is among the objectives ({', '.join(names)})"
    is_uniform = space.all_divisions.most_stages == 1 or len(space.timesteps) == 1
    if is_uniform and masks_of(space) is None:
        return "`confirm` finds no candidate, since every network has the same timesteps in all stages"
    first = (*space.baselines(), *space.enqueued)
    if len({c.timesteps[0] for c in first if len(set(c.timesteps)) == 1}) < 2:
        return (
            "`confirm` may find no candidate, since a candidate lies between uniform networks of two numbers of "
            "timesteps, and search.baselines names fewer"
        )
    return ""
