"""Spaces by file or name, for rooms that do not care which kind of space it is."""

import re
from pathlib import Path

from tsearch.configuration import RENAMED
from tsearch.space.protocol import Configuration, Space

_AS_WRITTEN = {  # what the file calls it
    "divisions": "stages",
    "epochs": "schedule.epochs",
    "leading": "schedule.leading",
    "most_leading": "schedule.most_leading",
    "has_one_total": "schedule.epochs",
    "leading_epochs": "schedule.leading_epochs",
    "enqueued": "enqueue",
}


def load(source: str | Path) -> Space:
    """The space in a YAML file, or the shipped one of that name. Raises: TsearchError."""
    from tsearch.space.file import load_space

    return load_space(source)


def parse_stored(text: str, source: str, folder: Path) -> Space:
    """The space that the YAML `text` of a run describes, also one of an earlier version; `source` is the name that
    errors give, `folder` the one of the space file. Raises: TsearchError."""
    from tsearch.space.file import parse_space

    for old, new in RENAMED.items():
        text = re.sub(rf"(?<!\w){old}:", f"{new}:", text)
    return parse_space(text, source, folder)


def path_of(source: str | Path) -> Path:
    """The file of a space given by file or by the name of a shipped one. Raises: TsearchError if there is none."""
    from tsearch.space.file import resolve_space

    return resolve_space(str(source)).resolve()


def is_shipped(path: str | Path) -> bool:
    """Whether a space file is one of those that come with tsearch."""
    from tsearch.space.file import spaces_folder

    return Path(path).parent == spaces_folder()


def as_written(name: str) -> str:
    """A dotted name in `Space.to_dict` as a space file calls it."""
    if name.startswith("alternatives."):
        _, alternative, name = (*name.split(".", 2), "")[:3]
        return f"{alternative}: {as_written(name)}"
    name = name.removeprefix("settings.").removesuffix(".values")
    return _AS_WRITTEN.get(name, name)


def refuse_other_code(configuration: Configuration) -> None:
    """Raise TsearchError if a stored configuration names a function of the user's that has changed or is missing."""
    from tsearch.networks.backbones.custom import refuse_other_network

    refuse_other_network(configuration)
