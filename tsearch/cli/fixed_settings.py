"""What a space does not search: its fixed settings and the options of its data, and which of them are nobody's choice;
for `tsearch check`."""

import json
from collections.abc import Mapping
from typing import Any

from tsearch.cli.tables import grid
from tsearch.data import options_of
from tsearch.space.domains import Domain
from tsearch.space.schema import SCHEDULE_SETTINGS, SpaceFile
from tsearch.space.settings import SECTIONS
from tsearch.space.space import SearchSpace
from tsearch.units import counted

_ALWAYS_TOLD = "backbone.name"


def fixed_content(space: SearchSpace) -> dict[str, Any]:
    """`fixed`, the settings of a space that are not searched, with `data.options`; `at_default`, the names of those
    with the value that they have in a file that does not give them."""
    searched, usual = space.parameters(), _usual(space)
    fixed = {name: domain for name, domain in space.settings.items() if name not in searched}
    at_default = [
        name for name, domain in fixed.items() if domain == usual.get(name) and name != _ALWAYS_TOLD
    ]
    options = {f"data.options.{name}": value for name, value in options_of(space.data).items()}
    at_default += [name for name in options if name.rpartition(".")[2] not in space.data.options]
    return {
        "fixed": {name: domain.default for name, domain in fixed.items()} | options,
        "at_default": at_default,
    }


def fixed_text(content: Mapping[str, Any], *, everything: bool = False) -> str:
    """What `fixed_content` gives: a table of all, or a line of those that are not at their default, for people."""
    fixed, hidden = content["fixed"], set(content["at_default"])
    if everything:
        return grid([["fixed", "value"], *([name, _text(value)] for name, value in fixed.items())])
    told = [f"{name}={_text(value)}" for name, value in fixed.items() if name not in hidden]
    rest = f"{counted(len(hidden), 'further setting')} at the default (--all lists them)"
    return f"fixed: {', '.join(told)}" + (f"; {rest}" if hidden else "")


def _usual(space: SearchSpace) -> dict[str, Domain]:
    """The settings of a file that gives none but the family of its backbone."""
    backbone = {"name": space.settings["backbone.name"].default}
    content = {"name": "usual", "data": space.data, "timesteps": space.timesteps, "backbone": backbone}
    file = SpaceFile.model_validate(content | {"conversion": {}, "compression": {}, "masks": {}})
    usual: dict[str, Domain] = {"temporal_transformer": file.temporal_transformer}
    for section in SECTIONS:
        usual |= file.domains(section)
    return usual | {f"schedule.{name}": getattr(file.schedule, name) for name in SCHEDULE_SETTINGS}


def _text(value: Any) -> str:
    """A value as a space file has it."""
    return value if isinstance(value, str) else json.dumps(value)
