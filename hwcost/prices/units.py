"""Every number of a profile: what it means, the family of its unit, and what its absence means.

A number is written in any unit of its family and converted on reading: the model computes in pJ, pJ/bit, pW, pW/bit, s,
Hz and bit. A new entry is one line in `ENTRIES`.
"""

from collections.abc import Mapping
from typing import NamedTuple

from hwcost.errors import HwcostError


class Family(NamedTuple):
    """Units that measure the same thing, and how many base units one of each is."""

    name: str
    base: str
    factors: Mapping[str, float]


class Entry(NamedTuple):
    """One number of a profile. `absent` says what happens where a profile leaves it out."""

    family: Family
    meaning: str
    absent: str


def _prefixed(symbol: str, divisors: Mapping[str, float]) -> dict[str, float]:
    """Factors of fJ ... J in pJ, for any symbol; the divisors are suffixes such as /bit."""
    prefixes = {"f": 1e-3, "p": 1.0, "n": 1e3, "u": 1e6, "m": 1e9, "": 1e12}
    return {f"{p}{symbol}{d}": factor / by for d, by in divisors.items() for p, factor in prefixes.items()}


def _number_of(one: str, several: str) -> Family:
    return Family(f"number of {several}", several, {several: 1.0, one: 1.0, "1": 1.0})


_PER_BIT = {"/bit": 1.0, "/byte": 8.0}
ENERGY = Family("energy", "pJ", _prefixed("J", {"": 1.0}))
ENERGY_PER_BIT = Family("energy per bit", "pJ/bit", _prefixed("J", _PER_BIT))
POWER = Family("power", "pW", _prefixed("W", {"": 1.0}))
POWER_PER_BIT = Family("power per bit", "pW/bit", _prefixed("W", _PER_BIT))
TIME = Family("time", "s", {"ps": 1e-12, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0})
FREQUENCY = Family("frequency", "Hz", {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9})
_BITS = {"bit": 1.0, "byte": 8.0, "kbit": 1e3, "Mbit": 1e6, "KiB": 2.0**13, "MiB": 2.0**23, "GiB": 2.0**33}
BITS = Family("bits", "bit", _BITS)
BITS_PER_CYCLE = Family("bits per cycle", "bit/cycle", {"bit/cycle": 1.0, "byte/cycle": 8.0})
PER_CYCLE = Family("rate per cycle", "1/cycle", {"1/cycle": 1.0})
CYCLES, WORDS = _number_of("cycle", "cycles"), _number_of("word", "words")
SYNAPSES, NEURONS = _number_of("synapse", "synapses"), _number_of("neuron", "neurons")
AXONS, CORES, CHIPS = _number_of("axon", "axons"), _number_of("core", "cores"), _number_of("chip", "chips")
POSITIONS, CHANNELS = _number_of("position", "positions"), _number_of("channel", "channels")
WEIGHTS = _number_of("weight", "weights")
STEPS, ROWS, COLUMNS = _number_of("step", "steps"), _number_of("row", "rows"), _number_of("column", "columns")
RATIO = Family("ratio", "1", {"1": 1.0})
DIVISORS = (FREQUENCY, BITS_PER_CYCLE, PER_CYCLE, RATIO, POSITIONS, CHANNELS, STEPS, ROWS, COLUMNS)  # above 0

_FREE = "not counted"
_REFUSED = "work that needs it is refused"
_MISSING = "an error where it is needed"
_NO_LIMIT = "no limit"
_GROWING = "as the last point: the price doubles where the size is four times as large"

ENTRIES: Mapping[str, Mapping[str, Entry]] = {
    "prices": {
        "mac": Entry(ENERGY, "multiply-accumulate on numbers", _REFUSED),
        "ac": Entry(ENERGY, "accumulate because of an event", _REFUSED),
        "sop": Entry(ENERGY, "synaptic operation of a chip, all that it takes", _FREE),
        "multiply": Entry(ENERGY, "multiplication in a neuron or a gate", _FREE),
        "add": Entry(ENERGY, "addition in a neuron or a gate", _FREE),
        "compare": Entry(ENERGY, "comparison of a membrane with its threshold", _FREE),
        "logic": Entry(ENERGY, "operation on one bit", _FREE),
        "lookup": Entry(ENERGY, "look-up in a table", _FREE),
        "neuron_update": Entry(ENERGY, "update of a neuron that got input, all that it takes", _FREE),
        "neuron_idle": Entry(ENERGY, "timestep of a mapped neuron without input", "as neuron_update"),
        "address_multiply": Entry(ENERGY, "multiplication in an address", _FREE),
        "address_add": Entry(ENERGY, "addition in an address", _FREE),
        "zero_check": Entry(ENERGY, "test of one input for an event", _FREE),
        "spike": Entry(ENERGY, "spike of a neuron, however many cores it is sent to", _FREE),
        "message": Entry(ENERGY, "spike sent to one destination core", _FREE),
        "hop": Entry(ENERGY, "one message over one link of the mesh", _FREE),
        "core_tick": Entry(ENERGY, "timestep of a used core", _FREE),
        "chip_tick": Entry(ENERGY, "timestep of a used chip", _FREE),
        "crossbar_access": Entry(ENERGY, "one use of a crossbar with its converters and buffers", _REFUSED),
        "crossbar_read": Entry(
            ENERGY, "the cells of a crossbar read, once per position of the kernel", _REFUSED
        ),
        "core_static": Entry(POWER, "static power of a used core", _FREE),
        "chip_static": Entry(POWER, "static power of a used chip", _FREE),
        "leakage": Entry(POWER_PER_BIT, "leakage of a stored bit", _FREE),
    },
    "memory": {
        "points": Entry(ENERGY_PER_BIT, "one bit moved, by the memory's capacity_bits", "required"),
        "register": Entry(ENERGY_PER_BIT, "one bit moved, in the smallest memory", "required"),
        "wire": Entry(ENERGY_PER_BIT, "extra of a bank four times as large as the last point", _GROWING),
        "limit_bits": Entry(BITS, "largest on-chip memory", "required"),
        "dram": Entry(ENERGY_PER_BIT, "one bit moved to or from DRAM", "larger memories are refused"),
    },
    "hardware": {
        "clock_hz": Entry(FREQUENCY, "clock", _MISSING),
        "ac_per_cycle": Entry(PER_CYCLE, "accumulates per cycle", _MISSING),
        "mac_per_cycle": Entry(PER_CYCLE, "multiply-accumulates per cycle", _MISSING),
        "updates_per_cycle": Entry(PER_CYCLE, "neuron updates per cycle", _MISSING),
        "scan_per_cycle": Entry(PER_CYCLE, "inputs tested for an event per cycle", _MISSING),
        "events_per_cycle": Entry(PER_CYCLE, "spikes sent per cycle", _MISSING),
        "bits_per_cycle": Entry(BITS_PER_CYCLE, "memory bandwidth", _MISSING),
        "sync_cycles": Entry(CYCLES, "barrier at the end of a lock-step tick", _MISSING),
        "fifo_words": Entry(WORDS, "words of a layer's event queue, with codec: word", "a whole frame"),
        "array_positions": Entry(POSITIONS, "output positions that the array works on at once", _MISSING),
        "array_channels": Entry(CHANNELS, "output channels that the array works on at once", _MISSING),
        "window": Entry(STEPS, "most timesteps that are processed together", _MISSING),
        "weight_buffer_bits": Entry(BITS, "buffer of weights beside the array", _MISSING),
        "accumulator_buffer_bits": Entry(BITS, "buffer of sums beside the array", _MISSING),
        "crossbar_rows": Entry(ROWS, "inputs of a crossbar", _MISSING),
        "crossbar_columns": Entry(COLUMNS, "outputs of a crossbar", _MISSING),
        "mesh_columns": Entry(COLUMNS, "tiles of a chip's mesh along x", _MISSING),
        "mesh_rows": Entry(ROWS, "tiles of a chip's mesh along y", _MISSING),
        "cores_per_tile": Entry(CORES, "cores that share a router", "1"),
        "sop_s": Entry(TIME, "synaptic operation in a core", "0"),
        "update_s": Entry(TIME, "update of a neuron that got input", "0"),
        "idle_s": Entry(TIME, "timestep of a mapped neuron without input", "0"),
        "spike_s": Entry(TIME, "spike of a neuron", "0"),
        "message_s": Entry(TIME, "spike sent to one destination core", "0"),
        "hop_s": Entry(TIME, "one message over one link", "0"),
        "barrier_s": Entry(TIME, "barrier at the end of a timestep", "0"),
        "tile_barrier_s": Entry(TIME, "what each further used tile adds to the barrier", "0"),
        "tick_s": Entry(TIME, "least duration of a timestep", "0"),
    },
    "bits": {
        "weight": Entry(BITS, "weight", "required"),
        "bias": Entry(BITS, "bias", "required"),
        "membrane": Entry(BITS, "membrane or accumulator", "required"),
        "activation": Entry(BITS, "analog activation", "required"),
        "event": Entry(BITS, "machine word that carries an event, with codec: word", _MISSING),
    },
    "capacity": {
        "weight_bits": Entry(BITS, "widest weight", _NO_LIMIT),
        "fan_in": Entry(SYNAPSES, "most synapses of a neuron", _NO_LIMIT),
        "weights_per_neuron": Entry(
            WEIGHTS, "different weights of a neuron: named in notes, not checked", _NO_LIMIT
        ),
        "neurons": Entry(NEURONS, "neurons of the whole system", _NO_LIMIT),
        "neurons_per_core": Entry(NEURONS, "neurons of a core; makes the profile a chip of cores", _NO_LIMIT),
        "axons_per_core": Entry(AXONS, "inputs of a core", _NO_LIMIT),
        "synapse_bits_per_core": Entry(BITS, "synaptic memory of a core", _NO_LIMIT),
        "shared_kernels": Entry(RATIO, "1: a core stores a kernel once", "it stores every synapse"),
        "cores_per_chip": Entry(CORES, "cores of a chip", _NO_LIMIT),
        "chips": Entry(CHIPS, "chips of the system", _NO_LIMIT),
    },
}


def base_units(section: str, name: str, unit: str, where: str) -> tuple[float, str]:
    """How many base units of an entry's family one `unit` is, and the base unit.

    Raises: HwcostError, after `where`, for a unit of another family.
    """
    family = ENTRIES[section][name].family
    factor = family.factors.get(unit.replace("µ", "u").replace("μ", "u"))
    if factor is None:
        raise HwcostError(
            f"{where}: unit '{unit[:40]}' is no {family.name}; allowed are {', '.join(family.factors)}"
        )
    return factor, family.base
