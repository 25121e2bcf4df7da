"""What was accepted in silence is refused by name, and what was refused wrongly is priced."""

from dataclasses import replace

import numpy as np
import pytest

import hwcost as h


def network(*layers: h.LayerSpec, timesteps: tuple[int, ...] = (2,), mode: str = "bucket") -> h.NetworkSpec:
    stages = [h.StageSpec(t, mode if i else None) for i, t in enumerate(timesteps)]
    return h.NetworkSpec(layers, tuple(stages))


def test_11_shapes_that_do_not_follow_are_refused() -> None:
    first, second = h.linear("a", 10, 32, neuron="lif"), h.linear("b", 7, 3)
    with pytest.raises(h.HwcostError, match=r"'b': in_shape is \(7,\), but 'a' gives \(32,\)"):
        network(first, second)
    image = h.conv("a", (2, 6, 6), 4, 3, neuron="lif")
    with pytest.raises(h.HwcostError, match=r"'b': in_shape is \(8, 2, 4\), but 'a' gives \(4, 4, 4\)"):
        network(image, h.conv("b", (8, 2, 4), 4, 1))
    branch = h.conv("c", (2, 4, 4), 4, 1, source="a")
    with pytest.raises(h.HwcostError, match=r"'c': in_shape is \(2, 4, 4\), but 'a' gives"):
        network(image, h.conv("b", (4, 4, 4), 2, 1, neuron="lif"), branch)


@pytest.mark.parametrize(
    "reader",
    [
        h.linear("b", (4, 4, 6), 3),
        h.LayerSpec("b", "flatten", 0, (4, 4, 6), (96,)),
        h.LayerSpec("b", "conv1d", 0, (4, 24), (4, 24), kernel=(1,)),
        h.LayerSpec("b", "concat", 0, (9, 4, 6), (9, 4, 6)),
        h.LayerSpec("b", "attention", 0, (3, 4, 24), (4, 24)),
        h.LayerSpec("b", "mask_attention", 0, (3, 4, 24), (4, 24)),
        h.LayerSpec("b", "lstm", 0, (96,), (5,)),
        h.LayerSpec("b", "recurrent", 0, (96,), (5,), neuron="if"),
    ],
    ids=lambda layer: layer.kind,
)
def test_every_way_to_read_a_map_is_accepted(reader: h.LayerSpec) -> None:
    """Flattened as a whole or behind its channels, as part of a concatenation, as the queries of an attention."""
    assert network(h.conv("a", (2, 4, 6), 4, 1, neuron="lif"), reader).layer("b") is reader


def test_one_projection_may_give_queries_keys_and_values() -> None:
    reader = h.LayerSpec("b", "attention", 0, (3, 4, 24), (4, 24))
    assert network(h.conv("a", (2, 4, 6), 12, 1, neuron="lif"), reader).layer("b") is reader
    with pytest.raises(h.HwcostError, match=r"'b': in_shape is \(3, 4, 24\), but 'a' gives \(5, 4, 6\)"):
        network(h.conv("a", (2, 4, 6), 5, 1, neuron="lif"), reader)


def test_11_numbers_do_not_arrive_as_events() -> None:
    numbers = h.conv("a", (2, 4, 4), 3, 1)
    with pytest.raises(h.HwcostError, match="'b': 'a' gives numbers, but in_class is binary"):
        network(numbers, h.conv("b", (3, 4, 4), 3, 1))
    reader = h.conv("b", (3, 4, 4), 3, 1, in_class="analog")
    assert network(numbers, reader).layer("b") is reader
    spiking = replace(numbers, neuron="lif")
    assert network(spiking, reader).layer("b") is reader  # a machine for numbers takes spikes as numbers


def test_11_events_are_of_the_declared_class() -> None:
    first = h.conv("a", (2, 4, 4), 3, 1, neuron="lif")
    pooled = h.pool("p", (3, 4, 4), 2)
    with pytest.raises(h.HwcostError, match="'b': 'p' gives events up to 4, but in_max is 1"):
        network(first, pooled, h.conv("b", (3, 2, 2), 3, 1))
    graded = replace(pooled, in_class="graded", in_max=3)
    with pytest.raises(h.HwcostError, match="'b': 'p' gives graded events, but in_class is ternary"):
        network(first, graded, h.conv("b", (3, 2, 2), 3, 1, in_class="ternary"))
    signed = h.LayerSpec("p", "max_pool2d", 0, (3, 4, 4), (3, 2, 2), kernel=(2, 2), in_class="ternary")
    with pytest.raises(h.HwcostError, match="'b': 'p' gives ternary events, but in_class is binary"):
        network(signed, h.conv("b", (3, 2, 2), 3, 1))


def test_11_a_source_across_a_transformer_needs_a_layer_that_can_mix() -> None:
    """A pool or a sum reads T steps: it cannot take those of a stage with another T. Dropping steps is no work."""
    first = h.conv("a", (2, 4, 4), 3, 1, neuron="lif")
    second = h.conv("b", (3, 4, 4), 3, 1, neuron="lif", stage=1)
    pooled = h.pool("p", (3, 4, 4), 2, stage=1, source="a")
    with pytest.raises(
        h.HwcostError, match=r"'p': a temporal transformer must be followed by .* not by avg_pool2d"
    ):
        network(first, second, pooled, timesteps=(4, 2))
    with pytest.raises(h.HwcostError, match=r"'p': source 'a' lies in stage 0, more than one before"):
        network(first, second, replace(pooled, stage=2), timesteps=(4, 2, 1))
    assert network(first, second, pooled, timesteps=(4, 2), mode="truncate").input_timesteps(pooled) == 4


def attention(kind: str, **counts: int) -> tuple[h.NetworkSpec, h.SpikeRecord]:
    """Two heads of 4 channels and 6 tokens: 48 neurons; one sample of one timestep."""
    layer = h.LayerSpec("a", kind, 0, (3, 8, 6), (8, 6), operands=(("heads", 2),))
    most = {"q": 48, "k": 48, "v": 48, "qk": 288, "av": 288, "kv": 192 if kind == "attention" else 48}
    extras = tuple((name, (counts.get(name, n),)) for name, n in most.items())
    return network(layer, timesteps=(1,)), h.SpikeRecord({"a": h.LayerSpikes([[144]], extras=extras)}, 1)


@pytest.mark.parametrize("kind", ["attention", "mask_attention"])
@pytest.mark.parametrize("name", ["q", "k", "v", "qk", "av", "kv"])
def test_11_an_attention_has_no_more_events_than_its_neurons_allow(kind: str, name: str) -> None:
    full = np.ones((1, 1, 2, 6, 4), int)
    net, record = attention(kind)
    if kind == "attention":
        counts = {n: row[0] for n, row in h.attention_counts(full, full, full).items()}
        assert counts == {n: row[0] for n, row in record.layers["a"].extras}
    h.estimate(net, record, "45nm_memory")
    one_more = dict(record.layers["a"].extras)[name][0] + 1
    with pytest.raises(h.HwcostError, match=f"'a': the count '{name}' is {one_more} in one timestep"):
        h.estimate(*attention(kind, **{name: one_more}), "45nm_memory")


def test_11_an_lstm_behind_a_mask_goes_on_from_its_own_state() -> None:
    """Its input ends, its cell does not: spikes that it sends later were refused at the layer behind."""
    net = network(
        h.linear("a", 4, 6, neuron="lif", mask=(1, 0, 0)),
        h.LayerSpec("l", "lstm", 0, (6,), (5,)),
        h.linear("b", 5, 2),
        timesteps=(3,),
    )
    assert net.input_mask(net.layer("l")) == (1, 0, 0)
    assert net.input_mask(net.layer("b")) == (1, 1, 1)
    record = h.SpikeRecord(
        {
            "a": h.LayerSpikes([[2], [3], [0]], outputs=(4, 0, 0)),
            "l": h.LayerSpikes([[4], [0], [0]], outputs=(1, 3, 2)),
            "b": h.LayerSpikes([[1], [3], [2]]),
        },
        1,
    )
    cost = h.estimate(net, record, "45nm_memory")
    assert cost.count("synaptic_operation", "b") == 6 * 2
    assert cost.count("synaptic_operation", "l") == 4 * 4 * 5 + (1 + 3) * 4 * 5
