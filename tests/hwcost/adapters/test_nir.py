"""NIR graphs: shapes, sums, events through pools; circles are refused."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import hwcost as h

ONES = np.ones


def lif(nir: Any, *shape: int) -> Any:
    one = ONES(shape)
    return nir.LIF(tau=one, r=one, v_leak=0 * one, v_threshold=one)


def small(nir: Any) -> dict[str, Any]:
    """2x6x6 - 3C3, stride 2 - LIF - AP or SP 2 - FC 4 - IF."""
    return {
        "input": nir.Input(input_type=np.array([2, 6, 6])),
        "conv": nir.Conv2d((6, 6), ONES((3, 2, 3, 3)), 2, 1, 1, 1, ONES(3)),
        "lif": lif(nir, 3, 3, 3),
        "pool": nir.SumPool2d(np.array([2, 2]), np.array([1, 1]), np.array([0, 0])),
        "flat": nir.Flatten(np.array([3, 2, 2]), 0),
        "fc": nir.Linear(ONES((4, 12))),
        "if": nir.IF(r=ONES(4), v_threshold=ONES(4)),
        "output": nir.Output(output_type=np.array([4])),
    }


def chain(nodes: dict[str, Any]) -> list[tuple[str, str]]:
    return list(pairwise(nodes))


def spikes_of(events: Any, **shapes: tuple[int, ...]) -> dict[str, Any]:
    return {name: events(3, 5, *shape).numpy() for name, shape in shapes.items()}


def test_a_file_is_the_network_that_torch_would_be(
    nir: Any, events: Any, tmp_path: Path, sop: Any, synapses_met: Any
) -> None:
    nodes = small(nir)
    nir.write(tmp_path / "net.nir", nir.NIRGraph(nodes, chain(nodes), type_check=False))
    sent = spikes_of(events, input=(2, 6, 6), lif=(3, 3, 3)) | {"if": events(3, 5, 4).numpy()}
    network, spikes = h.from_nir(str(tmp_path / "net.nir"), sent)
    assert network == h.NetworkSpec(
        (
            h.conv("conv", (2, 6, 6), 3, 3, stride=2, padding=1, bias=True, neuron="lif", reset="hard"),
            h.LayerSpec("pool", "avg_pool2d", 0, (3, 3, 3), (3, 2, 2), kernel=(2, 2), stride=(1, 1)),
            h.linear("fc", 12, 4, in_class="graded", in_max=4, neuron="if", reset="hard"),
        ),
        (h.StageSpec(5),),
    )
    conv, fc, pool = nn.Conv2d(2, 3, 3, 2, 1), nn.Linear(12, 4), nn.AvgPool2d(2, 1, divisor_override=1)

    def run() -> None:
        conv(torch.from_numpy(sent["input"]).flatten(0, 1))
        fc(pool(torch.from_numpy(sent["lif"]).flatten(0, 1)).flatten(1))

    hand = synapses_met(nn.ModuleDict({"conv": conv, "fc": fc}), run)
    assert sop(network, spikes) == hand
    pooled = pool(torch.from_numpy(sent["lif"]).flatten(0, 1))
    assert sum(sum(row) for row in spikes.layers["fc"].sums) == int(pooled.sum())
    assert spikes.layers["conv"].outputs == tuple(sent["lif"].sum(axis=(0, 2, 3, 4)).astype(int))


def test_a_rate_needs_no_maps(nir: Any) -> None:
    nodes = small(nir)
    network, spikes = h.from_nir(nir.NIRGraph(nodes, chain(nodes), type_check=False), 0.25, timesteps=4)
    assert network.stages == (h.StageSpec(4),)
    assert sum(spikes.layers["conv"].outputs) / spikes.n_samples == 0.25 * 27 * 4
    assert h.estimate(network, spikes, "45nm_memory").total_pj > 0
    with pytest.raises(h.HwcostError, match="a rate needs timesteps="):
        h.from_nir(nir.NIRGraph(nodes, chain(nodes), type_check=False), 0.25)


def test_edges_that_meet_are_sums(nir: Any, events: Any) -> None:
    nodes = {
        "in": nir.Input(input_type=np.array([4])),
        "a": nir.Affine(ONES((3, 4)), ONES(3)),
        "lif_a": lif(nir, 3),
        "b": nir.Linear(ONES((3, 3))),
        "lif_b": lif(nir, 3),
        "c": nir.Linear(ONES((2, 3))),
        "out": nir.Output(output_type=np.array([2])),
    }
    graph = nir.NIRGraph(nodes, [*chain(nodes), ("lif_a", "c")], type_check=False)
    sent = {"in": events(2, 3, 4).numpy()} | spikes_of(events, lif_a=(3,), lif_b=(3,))
    sent = {name: maps[:2, :3] for name, maps in sent.items()}
    network, spikes = h.from_nir(graph, sent)
    assert [(la.name, la.kind, la.other_source) for la in network.layers] == [
        ("a", "linear", ""),
        ("b", "linear", ""),
        ("c.sum", "sew_add", network.layers[2].other_source),
        ("c", "linear", ""),
    ]
    assert {network.layers[2].source or "b", network.layers[2].other_source} == {"a", "b"}
    summed = sent["lif_a"] + sent["lif_b"]
    assert [sum(row) for row in spikes.layers["c"].sums] == summed.sum(axis=(0, 2)).astype(int).tolist()
    assert h.estimate(network, spikes, "45nm_memory").total_pj > 0


def test_recurrence_and_unknown_nodes_are_refused(nir: Any, events: Any) -> None:
    nodes = small(nir)
    graph = nir.NIRGraph(nodes, [*chain(nodes), ("if", "fc")], type_check=False)
    with pytest.raises(h.HwcostError, match="is a circle; recurrence is not known"):
        h.from_nir(graph, 0.1, timesteps=2)
    nodes["if"] = nir.Delay(ONES(4))
    with pytest.raises(h.HwcostError, match=r"NIR node 'if' \(Delay\) is not known. Known: Conv1d, "):
        h.from_nir(nir.NIRGraph(nodes, chain(nodes), type_check=False), 0.1, timesteps=2)
    nodes = small(nir)
    graph = nir.NIRGraph(nodes, chain(nodes), type_check=False)
    with pytest.raises(h.HwcostError, match="node 'input' is the input and needs its events"):
        h.from_nir(graph, spikes_of(events, lif=(3, 3, 3)))
    with pytest.raises(h.HwcostError, match="node 'if' has none"):
        h.from_nir(graph, spikes_of(events, input=(2, 6, 6), lif=(3, 3, 3)))
    with pytest.raises(h.HwcostError, match=r"node 'lif' gives \(3, 3, 3\), but its maps are \(3, 3\)"):
        h.from_nir(graph, spikes_of(events, input=(2, 6, 6), lif=(3, 3)))
    nodes["input"] = nir.Input(input_type=np.array([6, 6]))
    with pytest.raises(
        h.HwcostError, match=r"'conv': a NIR Conv2d takes a channel and 2 axes, but gets the shape \(6, 6\)"
    ):
        h.from_nir(nir.NIRGraph(nodes, chain(nodes), type_check=False), 0.1, timesteps=2)
    nodes = small(nir) | {"fc": nir.Linear(ONES((4, 13)))}
    with pytest.raises(h.HwcostError, match=r"NIR node 'fc' \(Linear\) takes \(13,\), but gets \(3, 2, 2\)"):
        h.from_nir(nir.NIRGraph(nodes, chain(nodes), type_check=False), 0.1, timesteps=2)


def test_a_file_that_is_none_is_one_line(nir: Any, tmp_path: Path) -> None:
    del nir
    file = tmp_path / "net.nir"
    file.write_text("no graph")
    with pytest.raises(h.HwcostError, match=r"net\.nir: not a NIR file that can be read"):
        h.from_nir(file, 0.1, timesteps=2)


@pytest.mark.parametrize("value", [0.9, float("nan")])
def test_spikes_that_are_not_whole_are_refused(value: float, nir: Any, events: Any) -> None:
    """A spike of .9 became 0, and was lost without a word."""
    nodes = small(nir)
    sent = spikes_of(events, input=(2, 6, 6), lif=(3, 3, 3)) | {"if": events(3, 5, 4).numpy()}
    sent["lif"][0, 0, 0, 0, 0] = value
    with pytest.raises(h.HwcostError, match="node 'lif' sends whole numbers, but its maps hold others"):
        h.from_nir(nir.NIRGraph(nodes, chain(nodes), type_check=False), sent)


def test_zeros_of_a_graph_are_pruned_or_warned_of(nir: Any) -> None:
    nodes = small(nir)
    nodes["conv"].weight[:, :, 1:] = 0
    nodes["fc"].weight[0] = 0
    graph = nir.NIRGraph(nodes, chain(nodes), type_check=False)
    network, spikes = h.from_nir(graph, 0.2, timesteps=5, pruned=True)
    assert [layer.n_parameters for layer in network.layers] == [18, 0, 36]
    assert h.estimate(network, spikes, "45nm_memory").total_pj > 0
    with pytest.warns(
        UserWarning, match=r"like others in conv \(67%\); from_nir\(\.\.\., pruned=True\) leaves"
    ):
        whole, _ = h.from_nir(graph, 0.2, timesteps=5)
    assert [layer.n_parameters for layer in whole.layers] == [54, 0, 48]
