"""Reading profiles: one YAML file per technology or chip, in `hwcost/profiles` or anywhere else.

`extends` names another profile whose entries a file inherits, so that a variant states only what differs. A number
is replaced whole, since its value belongs to its unit and source; `null` removes an entry.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from hwcost.errors import ChoiceError, HwcostError, did_you_mean
from hwcost.plain_yaml import parse_yaml, read_text
from hwcost.prices.profile import Profile
from hwcost.prices.profile_entries import profile_of

FOLDER = Path(__file__).parent.parent / "profiles"
MOST_EXTENDED = 10  # profiles that extend each other
_FORMS: Mapping[str, tuple[type, str]] = {
    "name": (str, "a text"),
    "about": (str, "a text"),
    "extends": (str, "the name of a profile"),
    "free": (list, "a list of items"),
} | dict.fromkeys(("prices", "memory", "hardware", "bits", "semantics", "capacity"), (dict, "a mapping"))


def known_profiles() -> list[str]:
    """Names of the profiles that come with the package."""
    return list(_known())


def load_profile(name_or_path: str | Path) -> Profile:
    """The profile of that name, or of that YAML file.

    Raises: HwcostError if it does not exist (with the known ones) or is malformed (with the entry at fault).
    """
    path = _path(str(name_or_path))
    return _load(path, os.stat(path).st_mtime_ns)


def profile_content(name_or_path: str | Path) -> dict[str, Any]:
    """What a profile's file says, with the entries that it inherits, as plain data. Raises as `load_profile`."""
    return _read(_path(str(name_or_path)), ())


@lru_cache(maxsize=64)
def _load(path: Path, changed_ns: int) -> Profile:  # noqa: ARG001  a file that changed is read again
    return profile_of(_read(path, ()), path.stem)


def _path(name: str, beside: Path | None = None) -> Path:
    """The file of a known profile, or of a path, which in `extends` may be relative to the file it stands in."""
    if name in _known():
        return _known()[name]
    candidates = [Path(name)] if beside is None else [beside / name, Path(name)]
    for path in candidates:
        if os.path.isfile(path):  # unlike a `Path`, it knows an answer for any name
            return path
    known = known_profiles()
    raise ChoiceError(
        f"profile '{name}' not found.{did_you_mean(name, known)} Known profiles: {', '.join(known)}, "
        "or the path of a YAML file"
    )


def _read(path: Path, below: tuple[Path, ...]) -> dict[str, Any]:
    """The YAML file, laid over the one that it extends."""
    if path in below:
        raise HwcostError(f"profile '{path.stem}' extends itself")
    if len(below) > MOST_EXTENDED:
        raise HwcostError(f"profile '{path.stem}': at most {MOST_EXTENDED} profiles extend each other")
    where = f"profile '{path.stem}'"
    plain = parse_yaml(read_text(path, where), where).content
    if not isinstance(plain, dict):
        raise HwcostError(f"{where}: expected a mapping with prices, hardware, bits, semantics")
    _check_forms(plain, where)
    base = plain.pop("extends", None)
    return _overlay(_read(_path(base, path.parent), (*below, path)), plain) if base else plain


def _check_forms(plain: Mapping[str, Any], where: str) -> None:
    """Refuse a section that is not of its form; null is one that is left out."""
    for key, (form, words) in _FORMS.items():
        value = plain.get(key)
        if value is not None and not isinstance(value, form):
            raise HwcostError(f"{where}: '{key}' is {words}, got {str(value)[:80]!r}")


def _overlay(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        under = base.get(key)
        if isinstance(value, dict) and isinstance(under, dict) and "value" not in {*value, *under}:
            value = _overlay(under, value)
        merged[key] = value
    return merged


@lru_cache(maxsize=1)
def _known() -> Mapping[str, Path]:
    """Name -> file, in order of the names."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"), key=lambda path: path.stem)}
