"""What there is to choose from, by name, each with one sentence about it: for `tsearch list`."""

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType


def listing() -> dict[str, dict[str, str]]:
    """Names and sentences of the shipped spaces, models, data sets, proposers and hardware profiles."""
    from hwcost import known_profiles, load_profile
    from tsearch.data import DATASETS
    from tsearch.engine.proposers import PROPOSERS
    from tsearch.networks.backbones import BACKBONES, family
    from tsearch.space.file import known_spaces, spaces_folder

    return {
        "spaces": {name: _first_comment(spaces_folder() / f"{name}.yaml") for name in known_spaces()},
        "models": {name: _first_sentence(family(name).__doc__ or "") for name in BACKBONES},
        "data": {name: source.about or _summary(_home(source.load)) for name, source in DATASETS.items()},
        "proposers": {name: _summary(_home(make)) for name, make in PROPOSERS.items()},
        "profiles": {name: _first_sentence(load_profile(name).about) for name in known_profiles()},
    }


def _home(function: object) -> ModuleType:
    return import_module(function.__module__)


def _summary(module: ModuleType) -> str:
    return _first_sentence(module.__doc__ or "")


def _first_comment(path: Path) -> str:
    comments = [
        line.removeprefix("#").strip() for line in path.read_text().splitlines() if line.startswith("#")
    ]
    return _first_sentence(" ".join(comments))


def _first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence, on one line."""
    return re.split(r"(?<! al\.)(?<=\.) ", " ".join(text.split()))[0]
