"""From the plain data of a profile's file to a profile: known keys, and numbers with value, range, unit and source."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal

from hwcost.errors import HwcostError, did_you_mean
from hwcost.prices.items import ITEMS
from hwcost.prices.price import Price
from hwcost.prices.profile import Profile, Semantics
from hwcost.prices.sram import MemoryPrices
from hwcost.prices.units import BITS, DIVISORS, ENTRIES, base_units

LARGEST = 1e15  # of any number in a profile, so that no product of a few overflows


def profile_of(plain: Mapping[str, Any], stem: str) -> Profile:
    """The profile that a file's content says, inherited entries included; `stem` is its name where it says none.

    Raises: HwcostError, with the entry at fault, for unknown keys and malformed numbers.
    """
    where = f"profile '{stem}'"
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
        name=plain.get("name") or stem,
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


def _constants(plain: Mapping[str, Any], section: str, where: str) -> dict[str, Price]:
    entries = plain.get(section) or {}
    return {
        name: _constant(entry, section, name, where) for name, entry in entries.items() if entry is not None
    }


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
            f"{where} needs value, range, unit and source, also over an inherited entry; "
            f"missing: {', '.join(sorted(missing))}"
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
    missing = {"points", "register", "limit_bits"} - {name for name in entry if entry[name]}
    if missing or not isinstance(entry.get("points"), list):
        raise HwcostError(f"{where}: 'memory' lacks {', '.join(sorted(missing)) or 'a list of points'}")
    points = [_point(point, where) for point in entry["points"]]
    if len({size for size, _ in points}) < len(points):
        raise HwcostError(f"{where}: 'memory.points' has two of the same capacity_bits")
    single = {
        name: _constant(entry[name], "memory", name, where)
        for name in ("register", "wire", "limit_bits", "dram")
        if entry.get(name) is not None
    }
    points.sort(key=lambda point: point[0])
    return MemoryPrices(
        points=tuple(points),
        register=single["register"],
        wire=single.get("wire", points[-1][1]),
        limit_bits=int(single["limit_bits"].value),
        dram=single.get("dram"),
        curve=_curve(entry.get("curve", "log"), where),
    )


def _point(entry: Any, where: str) -> tuple[int, Price]:
    """Size of a memory in bits, and the price of one of them."""
    price = _constant(entry, "memory", "points", where)
    size = _size(entry.get("capacity_bits"))
    if type(size) is not int or not 1 <= size <= LARGEST:
        raise HwcostError(
            f"{where}: 'memory.points': capacity_bits is a whole number of bits of at least 1, or such "
            f"as 8 KiB, got {str(entry.get('capacity_bits'))[:100]}"
        )
    if not price.low:
        raise HwcostError(f"{where}: 'memory.points': a price above 0 is needed, got a range from 0")
    return size, price


def _size(written: Any) -> Any:
    """Bits of `8 KiB` or `{value: 8, unit: KiB}`; anything else as it is written."""
    parts = f"{written.get('value')} {written.get('unit')}" if isinstance(written, dict) else str(written)
    number, _, unit = parts.partition(" ")
    try:
        bits = float(number) * BITS.factors.get(unit, 0)
    except ValueError:
        return written
    return int(bits) if bits and bits.is_integer() else written


def _curve(name: Any, where: str) -> Literal["log", "linear"]:
    curves: dict[str, Literal["log", "linear"]] = {"log": "log", "linear": "linear"}
    if isinstance(name, str) and name in curves:
        return curves[name]
    raise HwcostError(f"{where}: 'memory.curve' is log or linear, got '{str(name)[:100]}'")
