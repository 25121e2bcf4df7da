"""Reading profiles: one YAML file per technology or chip, in `hwcost/profiles` or anywhere else.

`extends` names another profile whose entries a file inherits, so that a variant states only what differs; `null`
removes an entry.
"""

import os
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from hwcost.errors import ChoiceError, HwcostError, did_you_mean
from hwcost.plain_yaml import MOST_CHARACTERS, parse_yaml
from hwcost.prices.items import ITEMS
from hwcost.prices.price import Price
from hwcost.prices.profile import Profile, Semantics
from hwcost.prices.sram import MemoryPrices
from hwcost.prices.units import DIVISORS, ENTRIES, base_units

FOLDER = Path(__file__).parent.parent / "profiles"
MOST_EXTENDED = 10  # profiles that extend each other
LARGEST = 1e15  # of any number in a profile, so that no product of a few overflows
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
    return _load(path, path.stat().st_mtime_ns)


def profile_content(name_or_path: str | Path) -> dict[str, Any]:
    """What a profile's file says, with the entries that it inherits, as plain data. Raises as `load_profile`."""
    return _read(_path(str(name_or_path)), ())


@lru_cache(maxsize=64)
def _load(path: Path, changed_ns: int) -> Profile:  # noqa: ARG001  a file that changed is read again
    plain, where = _read(path, ()), f"profile '{path.stem}'"
    _check_words(plain, where)
    bits = {name: int(constant.value) for name, constant in _constants(plain, "bits", where).items()}
    missing = {"weight", "bias", "membrane", "activation"} - bits.keys()
    if missing:
        raise HwcostError(
            f"{where}: 'bits' lacks {', '.join(sorted(missing))}; extend a profile that has them"
        )
    if min(bits.values()) < 1:
        raise HwcostError(f"{where}: 'bits' are at least 1")
    return Profile(
        name=plain.get("name") or path.stem,
        about=plain.get("about") or "",
        prices=_constants(plain, "prices", where),
        hardware=_hardware(plain, where),
        bits=bits,
        semantics=Semantics(**(plain.get("semantics") or {})),
        memory=_memory(plain["memory"], where) if plain.get("memory") else None,
        free=frozenset(plain.get("free") or ()),
        capacity=_constants(plain, "capacity", where),
    )


def _check_words(plain: Mapping[str, Any], where: str) -> None:
    """Refuse keys that do not exist, with the nearest that does."""
    if "limits" in plain:
        raise HwcostError(f"{where}: the key 'limits' is called 'capacity' now; rename it")
    sections = ("name", "about", "prices", "memory", "hardware", "bits", "semantics", "free", "capacity")
    named = {
        "key": (plain, sections),
        "price": (plain.get("prices") or {}, ENTRIES["prices"]),
        "memory entry": (plain.get("memory") or {}, (*ENTRIES["memory"], "curve")),
        **{
            f"{part} entry": (plain.get(part) or {}, ENTRIES[part])
            for part in ("hardware", "bits", "capacity")
        },
        "key of semantics": (plain.get("semantics") or {}, [field.name for field in fields(Semantics)]),
        "item in 'free'": (plain.get("free") or (), list(ITEMS)),
    }
    for what, (words, known) in named.items():
        for word in words:
            if word not in known:
                word = str(word)[:100]
                raise HwcostError(f"{where}: unknown {what} '{word}'.{did_you_mean(word, known)}")


def _path(name: str, beside: Path | None = None) -> Path:
    """The file of a known profile, or of a path, which in `extends` may be relative to the file it stands in."""
    candidates = [Path(name)] if beside is None else [beside / name, Path(name)]
    if name in known_profiles():
        return FOLDER / f"{name}.yaml"
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
    plain = parse_yaml(_text(path), f"profile '{path.stem}'").content
    if not isinstance(plain, dict):
        raise HwcostError(f"profile '{path.stem}': expected a mapping with prices, hardware, bits, semantics")
    _check_forms(plain, f"profile '{path.stem}'")
    base = plain.pop("extends", None)
    return _overlay(_read(_path(base, path.parent), (*below, path)), plain) if base else plain


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MOST_CHARACTERS + 1)
    except UnicodeDecodeError:
        raise HwcostError(f"profile '{path.stem}': not valid YAML: no text in UTF-8") from None
    except OSError as error:
        raise HwcostError(f"profile '{path.stem}': cannot be read ({error.strerror})") from None


def _check_forms(plain: Mapping[str, Any], where: str) -> None:
    """Refuse a section that is not of its form; null is one that is left out."""
    for key, (form, words) in _FORMS.items():
        value = plain.get(key)
        if value is not None and not isinstance(value, form):
            raise HwcostError(f"{where}: '{key}' is {words}, got {str(value)[:80]!r}")


def _overlay(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        deep = isinstance(value, dict) and isinstance(base.get(key), dict) and "value" not in value
        merged[key] = _overlay(base[key], value) if deep else value
    return merged


def _constants(plain: Mapping[str, Any], section: str, where: str) -> dict[str, Price]:
    entries = plain.get(section) or {}
    return {name: _constant(entry, section, name, where) for name, entry in entries.items() if entry}


def _hardware(plain: Mapping[str, Any], where: str) -> dict[str, Price]:
    """The numbers that latency needs; what is divided by is above 0."""
    numbers = _constants(plain, "hardware", where)
    for name, number in numbers.items():
        if ENTRIES["hardware"][name].family in DIVISORS and not number.low:
            raise HwcostError(f"{where}: 'hardware.{name}' is above 0, got a range from {number.low:g}")
    return numbers


def _constant(entry: Any, section: str, name: str, profile: str) -> Price:
    """The number of one entry, in the base unit of its family."""
    where = f"{profile}: '{section}.{name}'"
    missing = {"value", "range", "unit", "source"} - set(entry if isinstance(entry, dict) else ())
    if missing:
        raise HwcostError(
            f"{where} needs value, range, unit and source; missing: {', '.join(sorted(missing))}"
        )
    try:
        value, (low, high) = float(entry["value"]), (float(end) for end in entry["range"])
    except (TypeError, ValueError, OverflowError):
        got = f"{entry['value']}, {entry['range']}"[:100]
        raise HwcostError(f"{where}: value is one number and range two, got {got}") from None
    if not 0 <= low <= value <= high:
        raise HwcostError(f"{where}: {value:g} lies outside its range [{low:g}, {high:g}]")
    factor, unit = base_units(section, name, str(entry["unit"]), where)
    value, low, high = value * factor, low * factor, high * factor
    if high > LARGEST or 0 < low < 1 / LARGEST:
        raise HwcostError(f"{where}: [{low:g}, {high:g}] {unit} is outside [{1 / LARGEST:g}, {LARGEST:g}]")
    return Price(value, low, high, unit, str(entry["source"]))


def _memory(entry: Mapping[str, Any], where: str) -> MemoryPrices:
    missing = {"points", "register", "wire", "limit_bits"} - {name for name in entry if entry[name]}
    if missing or not isinstance(entry.get("points"), list):
        raise HwcostError(f"{where}: 'memory' lacks {', '.join(sorted(missing)) or 'a list of points'}")
    points = [_point(point, where) for point in entry["points"]]
    if len({size for size, _ in points}) < len(points):
        raise HwcostError(f"{where}: 'memory.points' has two of the same capacity_bits")
    single = {
        name: _constant(entry[name], "memory", name, where)
        for name in ("register", "wire", "limit_bits", "dram")
        if entry.get(name)
    }
    return MemoryPrices(
        points=tuple(sorted(points, key=lambda point: point[0])),
        register=single["register"],
        wire=single["wire"],
        limit_bits=int(single["limit_bits"].value),
        dram=single.get("dram"),
        curve=_curve(entry.get("curve", "log"), where),
    )


def _point(entry: Any, where: str) -> tuple[int, Price]:
    """Size of a memory in bits, and the price of one of them."""
    price = _constant(entry, "memory", "points", where)
    size = entry.get("capacity_bits")
    if type(size) is not int or not 1 <= size <= LARGEST:
        raise HwcostError(
            f"{where}: 'memory.points': capacity_bits is a whole number of at least 1, got {str(size)[:100]}"
        )
    if not price.low:
        raise HwcostError(f"{where}: 'memory.points': a price above 0 is needed, got a range from 0")
    return size, price


def _curve(name: Any, where: str) -> Literal["log", "linear"]:
    curves: dict[str, Literal["log", "linear"]] = {"log": "log", "linear": "linear"}
    if isinstance(name, str) and name in curves:
        return curves[name]
    raise HwcostError(f"{where}: 'memory.curve' is log or linear, got '{str(name)[:100]}'")


@lru_cache(maxsize=1)
def _known() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))
