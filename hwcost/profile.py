"""Profiles: tables of prices of one technology or chip, each number with unit, range and source.

A profile is a YAML file. `extends` names another one whose entries it inherits, so that a variant states only what
differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

import yaml

from hwcost.counts import ITEMS
from hwcost.errors import HwcostError, did_you_mean
from hwcost.sram import MemoryPrices, Price

FOLDER = Path(__file__).parent / "profiles"
REUSE = {"weight_read": "weight_reuse", "activation_read": "activation_reuse"}


@dataclass(frozen=True)
class Constant:
    """One number of a profile: the value used, the range it is believed to lie in, unit and source."""

    value: float
    low: float
    high: float
    unit: str
    source: str

    @property
    def price(self) -> Price:
        """The constant as a price with its range."""
        return Price(self.low, self.value, self.high)

    @property
    def is_assumed(self) -> bool:
        """True where no publication gives the number."""
        return self.source.lower().startswith("assum")


@dataclass(frozen=True)
class Semantics:
    """What the priced hardware does; every field is a choice that changes counts.

    graded: a graded event counts once per unit of its value (unary) or as one MAC per event (mac).
    neuron: convention for the arithmetic of one neuron update, see `hwcost.neurons`.
    dataflow: output-stationary (per_step) or with membrane accumulators in memory (per_event).
    addressing: addresses computed per event, or running counters (free).
    attention: products of binary matrices as every product, one row per event, or coincidences of events.
    codec: spikes as addresses (aer), as a bitmap, or as the shorter of the two (min), or one machine word per
        event (word).
    """

    graded: Literal["unary", "mac"] = "unary"
    pads_counted: bool = False
    direct_reuse: bool = True
    neuron: Literal["hwcost", "none", "lemaire", "syops"] = "hwcost"
    bias_policy: Literal["add", "threshold"] = "add"
    dataflow: Literal["per_step", "per_event"] = "per_step"
    addressing: Literal["event", "counters"] = "event"
    fan_out: Literal["exact", "textbook"] = "exact"
    weights_in: Literal["sram", "dram"] = "sram"
    codec: Literal["min", "aer", "bitmap", "word"] = "min"
    zero_check: Literal["scan", "none"] = "scan"
    skip_policy: Literal["none", "if_exact", "lazy_leak", "shut_off"] = "none"
    stateless: bool = True
    memory_map: Literal["per_layer", "shared"] = "per_layer"
    fuse_avg_pool: bool = False
    attention: Literal["dense", "row", "coincidence"] = "row"

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            allowed = (True, False) if kind is bool else get_args(kind)
            if getattr(self, name) not in allowed:
                raise HwcostError(
                    f"semantics.{name}: got {getattr(self, name)!r}, allowed are {list(allowed)}"
                )


@dataclass(frozen=True, eq=False)
class Profile:
    """Prices and habits of one hardware. `free` lists items that it does without: they are not counted."""

    name: str
    about: str
    prices: Mapping[str, Constant]
    hardware: Mapping[str, Constant]
    bits: Mapping[str, int]
    semantics: Semantics
    memory: MemoryPrices | None = None
    free: frozenset[str] = frozenset()
    limits: Mapping[str, Constant] | None = None
    assumed: Mapping[str, int] = field(default_factory=dict)

    @lru_cache(maxsize=65536)  # noqa: B019  profiles are few and live as long as the process
    def price(self, item: str, bits: int = 0, capacity: int = 0) -> Price | None:
        """pJ per count of an item; None where the profile has no price for it."""
        constant = ITEMS[item].constant
        if item in self.free:
            return None
        if constant != "memory":
            return self.prices[constant].price if constant in self.prices else None
        if self.memory is None:
            return None
        off_chip = ITEMS[item].kind in ("weights", "bias") and self.semantics.weights_in == "dram"
        price = self.memory.price_per_bit(self.memory.limit_bits + 1 if off_chip else capacity).times(bits)
        if item in REUSE and REUSE[item] in self.hardware:
            reuse = self.hardware[REUSE[item]]
            return Price(price.low / reuse.high, price.value / reuse.value, price.high / reuse.low)
        return price

    def number(self, name: str) -> Constant:
        """One of the profile's hardware numbers (clock, units per cycle ...)."""
        if name not in self.hardware:
            raise HwcostError(f"profile '{self.name}': 'hardware.{name}' is missing; latency needs it")
        return self.hardware[name]

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Names of the numbers that no publication gives."""
        numbers = {**self.prices, **self.hardware}
        return tuple(sorted(name for name, constant in numbers.items() if constant.is_assumed))

    def where(self, **semantics: Any) -> "Profile":
        """The same prices for hardware with other habits: fields of `Semantics`."""
        return replace(self, semantics=replace(self.semantics, **semantics))

    def with_bits(self, bits: Mapping[str, int]) -> "Profile":
        """The same prices for other word widths; arithmetic keeps its price."""
        return replace(self, bits={**self.bits, **bits}, assumed={**self.assumed, **bits})

    def scaled(self, factor: float) -> "Profile":
        """The same profile with every price multiplied by `factor`."""

        def scale(c: Constant) -> Constant:
            return replace(c, value=c.value * factor, low=c.low * factor, high=c.high * factor)

        memory = self.memory and replace(
            self.memory,
            points=tuple((capacity, price.times(factor)) for capacity, price in self.memory.points),
            register=self.memory.register.times(factor),
            wire=self.memory.wire.times(factor),
            dram=self.memory.dram and self.memory.dram.times(factor),
        )
        return replace(self, prices={name: scale(c) for name, c in self.prices.items()}, memory=memory)


def known_profiles() -> list[str]:
    """Names of the profiles that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_profile(name_or_path: str | Path) -> Profile:
    """The profile of that name, or of that YAML file.

    Raises: HwcostError if it does not exist (with the known ones) or is malformed (with the entry at fault).
    """
    return _load(str(name_or_path))


@lru_cache(maxsize=64)
def _load(name_or_path: str) -> Profile:
    plain = _read(name_or_path)
    where = f"profile '{name_or_path}'"
    known = {"name", "about", "prices", "memory", "hardware", "bits", "semantics", "free", "limits"}
    for key in plain.keys() - known:
        raise HwcostError(
            f"{where}: unknown key '{key}'.{did_you_mean(key, known)} Allowed: {', '.join(sorted(known))}"
        )
    constants = {item.constant for item in ITEMS.values()}
    for key in plain.get("prices", {}).keys() - constants:
        raise HwcostError(f"{where}: unknown price '{key}'.{did_you_mean(key, constants)}")
    try:
        semantics = Semantics(**plain.get("semantics", {}))
    except TypeError:
        names = [entry.name for entry in fields(Semantics)]
        wrong = next(key for key in plain["semantics"] if key not in names)
        raise HwcostError(f"{where}: unknown key 'semantics.{wrong}'.{did_you_mean(wrong, names)}") from None
    return Profile(
        name=plain.get("name", Path(name_or_path).stem),
        about=plain.get("about", ""),
        prices=_constants(plain, "prices", where),
        hardware=_constants(plain, "hardware", where),
        bits={name: int(constant.value) for name, constant in _constants(plain, "bits", where).items()},
        semantics=semantics,
        memory=_memory(plain["memory"], where) if plain.get("memory") else None,
        free=frozenset(plain.get("free") or ()),
        limits=_constants(plain, "limits", where),
    )


def _read(name_or_path: str) -> dict[str, Any]:
    """The YAML file, laid over the one that it extends."""
    path = FOLDER / f"{name_or_path}.yaml"
    if name_or_path not in known_profiles():
        path = Path(name_or_path)
        if not path.is_file():
            hint = did_you_mean(name_or_path, known_profiles())
            raise HwcostError(
                f"profile '{name_or_path}' not found.{hint} Known profiles: {', '.join(known_profiles())}, "
                "or the path of a YAML file"
            )
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise HwcostError(
            f"profile '{name_or_path}': not valid YAML: {' '.join(str(error).split())}"
        ) from None
    if not isinstance(plain, dict):
        raise HwcostError(
            f"profile '{name_or_path}': expected a mapping with prices, hardware, bits, semantics"
        )
    base = plain.pop("extends", None)
    return _overlay(_read(base), plain) if base else plain


def _overlay(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        deep = isinstance(value, dict) and isinstance(base.get(key), dict) and "value" not in value
        merged[key] = _overlay(base[key], value) if deep else value
    return merged


def _constants(plain: Mapping[str, Any], section: str, where: str) -> dict[str, Constant]:
    entries = plain.get(section) or {}
    return {
        name: _constant(entry, f"{where}: '{section}.{name}'") for name, entry in entries.items() if entry
    }


def _constant(entry: Any, where: str) -> Constant:
    missing = {"value", "range", "unit", "source"} - set(entry if isinstance(entry, dict) else ())
    if missing:
        raise HwcostError(
            f"{where} needs value, range, unit and source; missing: {', '.join(sorted(missing))}"
        )
    try:
        value, (low, high) = float(entry["value"]), (float(end) for end in entry["range"])
    except (TypeError, ValueError):
        raise HwcostError(
            f"{where}: value is one number and range two, got {entry['value']}, {entry['range']}"
        ) from None
    if not 0 <= low <= value <= high:
        raise HwcostError(f"{where}: {value:g} lies outside its range [{low:g}, {high:g}]")
    return Constant(value, low, high, str(entry["unit"]), str(entry["source"]))


def _memory(entry: Mapping[str, Any], where: str) -> MemoryPrices:
    points = [
        (int(p["capacity_bits"]), _constant(p, f"{where}: 'memory.points'").price) for p in entry["points"]
    ]
    one = {
        k: _constant(entry[k], f"{where}: 'memory.{k}'") for k in ("register", "wire", "dram") if entry.get(k)
    }
    return MemoryPrices(
        points=tuple(sorted(points)),
        register=one["register"].price,
        wire=one["wire"].price,
        limit_bits=int(_constant(entry["limit_bits"], f"{where}: 'memory.limit_bits'").value),
        dram=one["dram"].price if "dram" in one else None,
        curve=_curve(entry.get("curve", "log"), where),
    )


def _curve(name: str, where: str) -> Literal["log", "linear"]:
    if name in ("log", "linear"):
        return name  # type: ignore[return-value]
    raise HwcostError(f"{where}: 'memory.curve' is log or linear, got '{name}'")
