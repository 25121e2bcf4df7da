"""Chips of cores for tests, and a brute force that walks every synapse of a layer on its cores."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest
from oracle import connections

import hwcost as h

Synapse = tuple[tuple[int, int], tuple[int, int]]  # (channel, position) of input and output neuron


def synapses(layer: h.LayerSpec) -> Iterator[Synapse]:
    """Every existing synapse, one output neuron and one kernel tap at a time."""
    if not layer.kernel:
        for i, o in itertools.product(range(layer.n_inputs), range(layer.n_outputs)):
            yield (i, 0), (o, 0)
        return
    group_in, group_out = layer.in_shape[0] // layer.groups, layer.out_shape[0] // layer.groups
    for inside, outside, _ in connections(layer):
        ends = _flat(inside, layer.in_shape[1:]), _flat(outside, layer.out_shape[1:])
        for out, channel in itertools.product(range(layer.out_shape[0]), range(group_in)):
            yield (out // group_out * group_in + channel, ends[0]), (out, ends[1])


def _flat(place: object, shape: tuple[int, ...]) -> int:
    return int(np.ravel_multi_index(tuple(place), shape)) if shape else 0


def cut(n: int, parts: int) -> list[int]:
    """The part of each of `n` things in order, in `parts` parts that differ by at most one."""
    ends = [-(-n * (i + 1) // parts) for i in range(parts)]
    return [next(i for i, end in enumerate(ends) if at < end) for at in range(n)]


@pytest.fixture(scope="session")
def reached() -> Callable[[h.LayerSpec, int], Mapping[tuple[int, int], Counter[int]]]:
    """For every input neuron of a layer on so many cores: core -> synapses. Positions come before channels."""

    def walk(layer: h.LayerSpec, n_cores: int) -> Mapping[tuple[int, int], Counter[int]]:
        core, channels = cut(layer.n_outputs, n_cores), layer.out_shape[0]
        found: dict[tuple[int, int], Counter[int]] = {}
        for source, (channel, position) in synapses(layer):
            at = position * channels + channel if layer.kernel else channel
            found.setdefault(source, Counter())[core[at]] += 1
        return found

    return walk


@pytest.fixture(scope="session")
def chip() -> Callable[..., h.Profile]:
    """A profile like `base` with other entries: capacity, prices and hardware by name; None removes one."""

    def build(base: str = "loihi", **entries: float | None) -> h.Profile:
        profile = h.load_profile(base)
        sections = {"capacity": {}, "prices": {}, "hardware": {}}
        for name, value in entries.items():
            ends = name.endswith("_s") or name.startswith(
                ("mesh_", "cores_per_tile", "crossbar_rows", "crossbar_col")
            )
            section = "hardware" if ends else "capacity" if name in CAPACITY else "prices"
            sections[section][name] = value
        changed = {}
        for section, values in sections.items():
            kept = {n: p for n, p in getattr(profile, section).items() if values.get(n, p) is not None}
            new = {n: h.Price(v, v, v, "", "test") for n, v in values.items() if v is not None}
            changed[section] = {**kept, **new}
        return replace(profile, **changed)

    return build


CAPACITY = (
    "weight_bits",
    "fan_in",
    "neurons",
    "neurons_per_core",
    "axons_per_core",
    "synapse_bits_per_core",
    "shared_kernels",
    "cores_per_chip",
    "chips",
)
