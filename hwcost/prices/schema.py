"""The fields of a profile as a page of Markdown: `python -m hwcost --schema`, and docs/hwcost_profiles.md."""

from collections.abc import Sequence
from dataclasses import fields
from typing import get_args, get_type_hints

from hwcost.prices.items import ITEMS
from hwcost.prices.profile import Semantics
from hwcost.prices.units import ENTRIES

_HEAD = """\
# Hardware profiles

A profile is a YAML file with the prices of one technology or chip. `python -m hwcost --profiles` lists those that come
with the package; any other is given by the path of its file. This page is what `python -m hwcost --schema` prints.

```yaml
extends: 45nm_memory          # inherit its entries; a number is replaced whole, `null` removes one
about: 45 nm with a wide multiplier.
prices:
  mac: {value: 3.5, range: [3, 4], unit: pJ, source: "where the number is from, or assumed"}
```

Every number has a `value`, the `range` in which it is believed to lie, a `unit` and a `source`, which begins with
"assumed" where nobody published it. A unit is converted on reading to the one of its family in which the model
computes, the one in the tables; a number of things has their name as its unit, or `1`. Other keys: `name` (the file's
by default), `about` (a sentence), `extends` (a profile's name, or a path relative to the file), `free` (a list of items
that the hardware does without) and `semantics` (how the hardware works)."""

_SECTIONS = {
    "prices": "What one operation costs, or what is drawn all the time.",
    "memory": "What moving a bit costs. `points` is a list, each with a `capacity_bits` (bits, or such as `8 KiB`); "
    "between them the logarithm of the price is linear in the logarithm of the size, or with `curve: linear` the price "
    "in the size. `memory: null` prices no memory.",
    "hardware": "What latency, arrays, crossbars and meshes are made of.",
    "bits": "Word widths, for which the prices of arithmetic hold. Layers and what-ifs may have others: adders are "
    "then scaled with the width, multipliers with both widths.",
    "capacity": "What the hardware can hold; a network beyond it is refused.",
}

_SEMANTICS = {
    "graded": "an event of value v counts as v events, or as one MAC",
    "pads_counted": "whether taps on zero padding count in dense work",
    "direct_reuse": "whether a constant frame is computed once and read back at every step",
    "neuron": "convention for the arithmetic of a neuron update",
    "bias_policy": "biases added at every step, or merged into the thresholds",
    "dataflow": "which operand stays in the array; auto: what is usual under the execution model",
    "addressing": "addresses computed per event, or running counters",
    "fan_out": "existing synapses, or the textbook's ceil(k / s) outputs per axis",
    "weights_in": "where weights lie",
    "codec": "spikes as addresses, a bitmap, the shorter of both, machine words, run lengths or sparse rows",
    "zero_check": "whether every input is tested for an event",
    "skip_policy": "which neurons are not updated at a step without input",
    "stateless": "whether samples are independent: no first read and no last write of a membrane",
    "memory_map": "one memory per layer and purpose, or one for all layers",
    "fuse_avg_pool": "whether an average pool is part of the convolution behind it",
    "attention": "products of binary matrices: every product, one row per event, or coincidences",
}


def schema() -> str:
    """Every field of a profile: section, name, units, meaning, and what holds where it is left out."""
    parts = [_HEAD]
    for section, words in _SECTIONS.items():
        rows = [(f"`{n}`", e.family.base, e.meaning, e.absent) for n, e in ENTRIES[section].items()]
        parts += [f"## {section}\n\n{words}", _table(("entry", "unit", "meaning", "left out"), rows)]
    parts += ["## semantics\n\nHow the hardware works; every one changes counts.", _semantics()]
    parts += ["## free\n\nItems that may be listed: " + ", ".join(f"`{item}`" for item in ITEMS) + "."]
    parts += ["## Units\n\nWhat may be written for the unit of a table.", _units()]
    return "\n\n".join(parts)


def _units() -> str:
    families = {entry.family.name: entry.family for section in ENTRIES.values() for entry in section.values()}
    rows = [(f.name, f.base, ", ".join(f.factors)) for f in families.values() if "1" not in f.factors]
    return _table(("measures", "unit", "may be written"), rows)


def _semantics() -> str:
    kinds = get_type_hints(Semantics)
    rows = [
        (f"`{field.name}`", _words(kinds[field.name]), _SEMANTICS[field.name], _word(field.default))
        for field in fields(Semantics)
    ]
    return _table(("key", "values", "meaning", "default"), rows)


def _words(kind: object) -> str:
    return ", ".join(map(_word, (True, False) if kind is bool else get_args(kind)))


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
