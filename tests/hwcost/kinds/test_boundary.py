"""What crosses a layer boundary is written once and read once by every reader: random networks of all kinds."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hwcost as h

HARDWARE = h.load_profile("45nm_memory").where(dataflow="output_stationary")
N_SAMPLES = 2


@dataclass(frozen=True, repr=False)
class Node:
    """A layer and what it gives: event maps [samples, T, *out_shape], or None for numbers."""

    layer: h.LayerSpec
    maps: np.ndarray | None


class Builder:
    """A random network, layer by layer, in which readers receive what was sent."""

    def __init__(self, data: st.DataObject) -> None:
        self.draw = data.draw
        self.rng = np.random.default_rng(self.draw(st.integers(0, 2**16)))
        self.steps = self.draw(st.integers(1, 3))
        self.nodes: list[Node] = []
        self.extras: dict[str, np.ndarray] = {}
        start = self.draw(st.sampled_from(("binary", "analog")))
        neuron = self.draw(st.sampled_from(("lif", None)))
        self.put(h.conv("first", (1, 4, 4), 2, 3, padding=1, neuron=neuron, in_class=start))

    def put(self, layer: h.LayerSpec, other: np.ndarray | None = None) -> None:
        network = h.NetworkSpec((*(node.layer for node in self.nodes), layer), (h.StageSpec(self.steps),))
        maps = None
        if layer.gives_events:
            shape = (N_SAMPLES, self.steps, *layer.out_shape)
            values = self.rng.integers(1, network.largest_output(layer) + 1, shape)
            maps = (self.rng.random(shape) < self.draw(st.sampled_from((0.0, 0.2, 0.9)))) * values
        if layer.kind == "flatten":
            maps = self.source(layer).maps
            maps = None if maps is None else maps.reshape(N_SAMPLES, self.steps, -1)
        if other is not None:
            self.extras[layer.name] = other
        self.nodes.append(Node(layer, maps))

    def source(self, layer: h.LayerSpec) -> Node:
        return next(node for node in self.nodes if node.layer.name == layer.source)

    def grow(self) -> None:
        """Some layer behind a random earlier one."""
        before = self.draw(st.sampled_from(self.nodes))
        shape, name = before.layer.out_shape, f"layer{len(self.nodes)}"
        more: dict[str, object] = {"source": before.layer.name, "in_class": "analog"}
        if before.maps is not None:
            largest = self.network().largest_output(before.layer)
            more |= {"in_class": "graded", "in_max": largest} if largest > 1 else {"in_class": "binary"}
        same = ["batch_norm", "concat", *(["neurons"] if before.maps is None else [])]
        partners = [n for n in self.nodes if n.layer.out_shape == shape and n is not before]
        sums = ["membrane_shortcut"] if before.maps is None else ["sew_add", "sew_and", "sew_iand"]
        fitting = [n for n in partners if before.maps is None or n.maps is not None]
        kinds = [
            *same,
            "weighted",
            "flatten",
            *(sums if fitting else []),
            *(["pool"] if len(shape) == 3 else []),
        ]
        if len(shape) == 1 and before.maps is not None:
            kinds.append("recurrent")
        kind = self.draw(st.sampled_from(kinds))
        neuron = self.draw(st.sampled_from(("if", None)))
        if kind == "weighted" and len(shape) == 3:
            self.put(h.conv(name, shape, 2, 3, padding=1, neuron=neuron, **more))
        elif kind == "weighted":
            self.put(h.linear(name, shape, 3, neuron=neuron, **more))
        elif kind == "flatten":
            self.put(h.LayerSpec(name, "flatten", 0, shape, (prod(shape),), **more))
        elif kind == "recurrent":
            self.put(h.LayerSpec(name, "recurrent", 0, shape, (3,), neuron="lif", **more))
        elif kind == "pool":
            mode = self.draw(st.sampled_from(("avg", "max")))
            kernel = self.draw(st.integers(1, min(shape[1:])))
            self.put(
                replace(
                    h.conv(name, shape, shape[0], kernel, neuron=neuron, **more),
                    kind=f"{mode}_pool2d",
                    groups=1,
                )
            )
        elif kind in sums:
            other = self.draw(st.sampled_from(fitting))
            self.put(
                h.LayerSpec(
                    name, kind, 0, shape, shape, neuron=neuron, other_source=other.layer.name, **more
                ),
                other.maps,
            )
        else:
            neuron = "if" if kind == "neurons" else neuron
            self.put(h.LayerSpec(name, kind, 0, shape, shape, neuron=neuron, **more))

    def network(self) -> h.NetworkSpec:
        return h.NetworkSpec(tuple(node.layer for node in self.nodes), (h.StageSpec(self.steps),))

    def record(self) -> h.SpikeRecord:
        arriving, leaving = {}, {}
        for node in self.nodes:
            layer = node.layer
            if not layer.is_analog:
                shape = (N_SAMPLES, self.steps, *layer.in_shape)
                maps = self.source(layer).maps if layer.source else self.rng.integers(0, 2, shape)
                arriving[layer.name] = maps.reshape(shape)
            if layer.fires:
                leaving[layer.name] = node.maps
        if not arriving and not leaving:
            return h.SpikeRecord.empty(self.network(), N_SAMPLES)
        plain = h.SpikeRecord.from_maps(self.network(), arriving, leaving)
        self.input_events = int(arriving["first"].sum()) if "first" in arriving else 0
        layers = dict(plain.layers)
        for name, maps in self.extras.items():
            per_step = tuple((maps > 0).sum(axis=(0, *range(2, maps.ndim))).tolist())
            layers[name] = replace(layers[name], extras=(("other", per_step),))
        return h.SpikeRecord(layers, N_SAMPLES)


def bits(cost: h.Cost, layer: str, item: str) -> float:
    """Words or bits moved by one layer, all samples together."""
    return sum(sum(row.steps) for row in cost.rows if (row.layer, row.item) == (layer, item))


@pytest.mark.parametrize("codec", ["aer", "bitmap", "min", "rle"])
@settings(
    max_examples=60, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(data=st.data())
def test_what_is_written_is_read_by_every_reader(codec: str, data: st.DataObject) -> None:
    builder = Builder(data)
    for _ in range(data.draw(st.integers(1, 7))):
        builder.grow()
    last = builder.nodes[-1].layer.out_shape
    builder.put(
        h.LayerSpec(
            "end", "batch_norm", 0, last, last, in_class="analog", source=builder.nodes[-1].layer.name
        )
    )
    if builder.nodes[-2].maps is not None:  # events behind the last layer would have to be read as such
        builder.nodes.pop()
    network, record = builder.network(), builder.record()
    policies = ("none", "if_exact", "lazy_leak", "shut_off") if codec in ("aer", "min") else ("none",)
    policy = data.draw(st.sampled_from(policies))
    cost = h.estimate(network, record, HARDWARE.where(codec=codec, skip_policy=policy))

    def written(layer: h.LayerSpec, item: str) -> float:
        if layer.kind == "flatten":
            return written(network.source(layer), item)
        return bits(cost, layer.name, item)

    for layer in network.layers[1:]:
        operands = [s for s in (network.source(layer), network.other_source(layer)) if s is not None]
        if layer.kind == "recurrent" and layer is not network.layers[-1]:
            continue  # its own last spikes are written, and not heard
        if layer.kind == "flatten" and layer is not network.layers[-1]:
            assert not any(row.layer == layer.name and any(row.steps) for row in cost.rows)
            continue
        for wrote, read in (("spike_write", "spike_read"), ("activation_write", "activation_read")):
            own = bits(cost, layer.name, wrote) if layer.kind == "recurrent" else 0
            arrived = sum(written(source, wrote) for source in operands) + own
            assert bits(cost, layer.name, read) == pytest.approx(arrived), (layer, read)
    for node in builder.nodes[:-1]:
        layer, readers = node.layer, network.readers(node.layer)
        if layer.kind == "flatten" or not any(network.source(reader) is layer for reader in readers):
            continue
        if node.maps is None:
            words = N_SAMPLES * builder.steps * layer.n_outputs
            assert bits(cost, layer.name, "activation_write") == words
        elif codec == "aer":
            address = max(1, (layer.n_outputs - 1).bit_length())
            assert bits(cost, layer.name, "spike_write") == address * node.maps.sum()
