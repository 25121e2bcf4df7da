"""Settings of single layers, and what is said to whoever mixes things up."""

from dataclasses import fields, replace

import numpy as np
import pytest

import hwcost as h

LAYERS = (h.conv("conv", (2, 6, 6), 4, 3, neuron="lif"), h.linear("fc", (4, 4, 4), 5))
NETWORK = h.NetworkSpec(LAYERS, (h.StageSpec(3),))


def test_a_setting_of_one_layer_took_the_whole_network_apart() -> None:
    changed = NETWORK.with_layer("fc", dataflow="none", weight_bits=4)
    assert changed.layers == (LAYERS[0], replace(LAYERS[1], dataflow="none", weight_bits=4))
    assert changed.stages == NETWORK.stages
    record = h.SpikeRecord.full(NETWORK)
    assert h.estimate(changed, record, "45nm_memory").dataflows["fc"] == "none"
    assert NETWORK.layers == LAYERS


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("cov", {"weight_bits": 4}, "no layer is called 'cov'. Did you mean 'conv'?"),
        ("fc", {"weight_bit": 4}, "layer 'fc': no field 'weight_bit'. Did you mean 'weight_bits'?"),
        ("fc", {"dataflow": "none at all"}, "layer 'fc': .*dataflow"),
        ("fc", {"out_shape": (0,)}, "layer 'fc'"),
    ],
)
def test_a_setting_that_does_not_exist_is_one_line(name: str, settings: dict, expected: str) -> None:
    with pytest.raises(h.HwcostError, match=expected.replace("?", r"\?")) as refused:
        NETWORK.with_layer(name, **settings)
    assert "\n" not in str(refused.value)


def test_help_of_a_layer_named_no_field() -> None:
    assert h.LayerSpec.__doc__ is not None
    told = h.LayerSpec.__doc__.split("Args:")[1]
    missing = [field.name for field in fields(h.LayerSpec) if field.name not in told]
    assert missing == []


def test_arguments_in_another_order_ended_in_a_type_error() -> None:
    record = h.SpikeRecord.full(NETWORK)
    with pytest.raises(h.HwcostError, match=r"estimate\(network, spikes, profile\): .* got SpikeRecord, Net"):
        h.estimate(record, NETWORK, "45nm_memory")  # type: ignore[arg-type]


def test_a_record_of_the_unpruned_network_named_no_remedy() -> None:
    mask = np.random.default_rng(0).random((4, 2, 3, 3)) < 0.3
    maps = {layer.name: np.ones((1, 3, *layer.in_shape), dtype=int) for layer in LAYERS}
    outputs = {"conv": np.ones((1, 3, 4, 4, 4), dtype=int)}
    pruned = replace(NETWORK, layers=(h.pruned(LAYERS[0], mask), LAYERS[1]))
    record = h.SpikeRecord.from_maps(NETWORK, maps, outputs)
    with pytest.raises(h.HwcostError, match=r"SpikeRecord\.from_maps\(network, .*from_torch\(.*pruned=True"):
        h.estimate(pruned, record, "45nm_memory")
    assert h.estimate(pruned, h.SpikeRecord.from_maps(pruned, maps, outputs), "45nm_memory").total_pj > 0


def test_max_pooling_on_a_chip_was_refused_without_a_way_out() -> None:
    for mode, channels in (("max", 2), ("avg", 2)):
        pool = h.pool("pool", (2, 4, 4), 2, mode=mode)
        size = {"in_class": "graded", "in_max": 4} if mode == "avg" else {}
        network = h.NetworkSpec((pool, h.linear("fc", (channels, 2, 2), 3, **size)), (h.StageSpec(2),))
        record = h.SpikeRecord.full(network)
        if mode == "avg":  # the way out
            assert h.estimate(network, record, "loihi", assume={"weight_bits": 8}).total_pj > 0
        else:
            with pytest.raises(h.HwcostError, match="an average pool or a convolution with a stride instead"):
                h.estimate(network, record, "loihi", assume={"weight_bits": 8})
