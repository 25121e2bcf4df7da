"""Networks with windows as the cost model sees them: what runs is what is counted. A second count walks the values of a
real network, and the way of membranes is taken from the module that carries it out."""

from collections.abc import Iterator
from math import prod
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from hwcost import Cost, NetworkSpec, bound, dense_twin, estimate, load_profile, n_padded_synapses, n_synapses
from hwcost.studies.rate_account import n_macs, rate_account
from tsearch.configuration import Configuration, Phase
from tsearch.data.dataset import DatasetInfo
from tsearch.errors import TsearchError
from tsearch.networks.backbones.windowed import PAPER_NEURON, Windowed
from tsearch.networks.build import build
from tsearch.networks.network import Network
from tsearch.networks.window_modules import membranes as module_of_membranes
from tsearch.networks.window_modules.currents import WindowSequenceModule
from tsearch.networks.window_modules.fusion import FUSIONS
from tsearch.networks.windows.nodes import Condense, Gate, GroupMembranes, GroupSpikes
from tsearch.pricing.describe import describe_network
from tsearch.pricing.membrane_flow import flow_operands
from tsearch.pricing.record import Recorder

IMAGE = DatasetInfo("toy", (3, 16, 16), 10, is_static=True, input_class="analog")
EVENTS = DatasetInfo("toy", (2, 16, 16), 10, is_static=False, input_class="graded")
CORES = ("cnn", "lstm", "gru", "rnn", "birnn", "mlp")
PER_SYNAPSE = load_profile("45nm_memory").where(dataflow="none")


def configuration(stages=(4,), timesteps=(1,), **settings: Any) -> Configuration:
    """Four blocks: normal, dilated, normal, normal windows."""
    backbone = Windowed(**{"width": 4, "depths": (2, 2)} | settings)
    phases = (Phase(timesteps=timesteps, epochs=1),)
    return Configuration(backbone=backbone, neuron=PAPER_NEURON, stages=stages, schedule=phases)


def measured(
    config: Configuration, info: DatasetInfo = IMAGE, n_samples: int = 3
) -> tuple[Network, NetworkSpec, Recorder, dict[str, Tensor]]:
    """A network with random weights, its layers, the recorder that saw it run, and the values of its nodes."""
    torch.manual_seed(0)
    network = build(config, info.shape, info.n_classes, is_static=info.is_static).eval()
    for weights in network.parameters():
        weights.data.mul_(2)  # enough for spikes in every layer
    spec, values = describe_network(config, info), dict[str, Tensor]()
    recorder = Recorder(spec, network.plan)

    def observe(name: str, value: Tensor) -> None:
        values[name] = value
        recorder(name, value)

    n_frames = 1 if info.is_static else config.timesteps[0]
    frames = torch.randint(0, 3, (n_frames, n_samples, *info.shape)).float()
    with torch.no_grad():
        network.run(frames, config.timesteps, observe)
    recorder.add_samples(n_samples)
    return network, spec, recorder, values


def count(cost: Cost, layer: str, item: str) -> int:
    return sum(sum(row.steps) for row in cost.rows if (row.layer, row.item) == (layer, item))


# what runs is what is counted


@pytest.mark.parametrize("condense", ["or", "fractional"])
@pytest.mark.parametrize(("core", "layer"), [("cnn", "first"), ("cnn", "second"), ("lstm", "first")])
@pytest.mark.parametrize("timesteps", [1, 2])
def test_spikes_meet_as_many_weights_as_products_with_ones(
    core: str, layer: str, timesteps: int, condense: str
) -> None:
    _, spec, recorder, values = measured(configuration(timesteps=(timesteps,), core=core, condense=condense))
    cost = estimate(spec, recorder.record(), PER_SYNAPSE)
    for block in (1, 2, 3, 4):
        name = f"block{block}.{layer}"
        source = values[f"block{block}.first" if layer == "second" else f"block{block}.gate"]
        assert set(source.unique().tolist()) == {0.0, 1.0}
        n_channels = spec.layer(name).in_shape[0] // 4
        windows = source.reshape(-1, n_channels, *source.shape[3:])
        if core == "cnn":
            met = nn.functional.conv2d(windows, torch.ones(n_channels, n_channels, 3, 3), padding=1).sum()
        else:
            met = windows.sum() * 2 * 4 * n_channels  # both directions, four gates
        n_met, own = count(cost, name, "synapse_ac"), count(cost, name, "synapse_mac")
        assert n_met == met.item()
        assert count(cost, name, "weight_read") == n_met + own
        assert sum(recorder.record().layers[name].outputs) == values[name].sum().item()
        assert count(cost, f"block{block}.gate", "gate_compare") == values[f"block{block}.gate"].numel()


@pytest.mark.parametrize("core", ["lstm", "gru", "rnn", "birnn"])
def test_a_cells_own_numbers_are_those_that_torch_multiplies(core: str) -> None:
    """Weights from hidden to hidden, once for each position of a window but the first, window and sample."""
    network, spec, recorder, values = measured(configuration(core=core))
    cost = estimate(spec, recorder.record(), PER_SYNAPSE)
    for block in (1, 2):
        module = network.blocks[str(block)]["first_current"]
        assert isinstance(module, WindowSequenceModule)
        own = sum(w.numel() for name, w in module.core.named_parameters() if name.startswith("weight_hh"))
        windows = values[f"block{block}.gate"]
        positions = prod(windows.shape[3:]) - 1
        assert count(cost, f"block{block}.first", "synapse_mac") == own * positions * 4 * 3


def test_windows_that_overlap_are_joined_event_by_event() -> None:
    _, spec, recorder, values = measured(configuration(core="cnn"))
    cost = estimate(spec, recorder.record(), PER_SYNAPSE)
    assert spec.layer("block1.condense").kind == "flatten"  # normal windows: nothing is done
    assert count(cost, "block2.condense", "pool_or") == values["block2.second"].sum().item()
    read = count(cost, "block2.gate", "activation_read")
    assert read == values["block2.gate"].numel() > values["block1.output"].numel()


@pytest.mark.parametrize("condense", ["or", "fractional"])
def test_the_linear_layer_behind_reads_binary_or_graded_events(condense: str) -> None:
    _, spec, recorder, values = measured(configuration(condense=condense))
    record = recorder.record()
    fc = spec.layer("block2.fc")
    assert (fc.in_class, fc.in_max) == (("binary", 1) if condense == "or" else ("graded", 4))
    given = values["block2.condense"]
    assert sum(map(sum, record.layers["block2.fc"].events)) == given.count_nonzero().item()
    assert sum(map(sum, record.layers["block2.fc"].sums)) == given.sum().item() * fc.in_max


def test_a_flat_head_multiplies_every_number_of_the_last_map() -> None:
    _, spec, recorder, values = measured(configuration(head="flatten"))
    cost = estimate(spec, recorder.record(), PER_SYNAPSE)
    assert count(cost, "head", "synapse_mac") == values["block4.output"].numel() * 10
    assert values["block4.output"].shape[3:] != (1, 1)


def test_a_gate_with_a_threshold_sends_an_image_at_every_timestep() -> None:
    _, spec, recorder, values = measured(configuration((4,), (3,), gate="threshold"))
    once = int(values["block1.gate"][0].sum())
    assert recorder.record().layers["block1.gate"].outputs == (once,) * 3
    assert not spec.layer("block1.gate").operand("draws")


# membranes


def membranes_of(**settings: Any) -> Iterator[tuple[Any, GroupMembranes]]:
    plan = Windowed(**{"width": 4, "depths": (2, 2)} | settings).plan((3, 16, 16), 10, PAPER_NEURON)
    return ((plan, node) for node in plan.nodes if isinstance(node, GroupMembranes))


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("routing", ["code", "paper"])
@pytest.mark.parametrize("core", ["cnn", "lstm"])
def test_membranes_flow_as_the_module_takes_them(
    core: str, routing: str, groups: int, fusion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module itself names its operands, for names in place of numbers."""
    takes_one = {"m1": lambda a, b, _: {a}, "m2": lambda a, b, _: {b}}  # noqa: ARG005
    monkeypatch.setitem(FUSIONS, fusion, takes_one.get(fusion, lambda a, b, _: {a, b}))
    read_of: dict[str, set[tuple[str, int]]] = {}
    nodes = list(membranes_of(core=core, routing=routing, groups=groups, fusion=fusion))
    for plan, node in nodes:
        module = module_of_membranes.GroupMembranesModule(node)
        lower = node.sources[1] if len(node.sources) > 1 else "zeros"
        n_groups, inflow, flowing = node.windows.groups, 0, 0
        for p in range(n_groups):
            own, below = [(node.name, i) for i in range(p)], [(lower, i) for i in range(n_groups)]
            given = module._inflow(p, own, below)
            taken = {given} if isinstance(given, tuple) else given or set()
            real = {pair for pair in taken if pair[0] != "zeros"}
            inflow, flowing = inflow + len(real), flowing + bool(real)
            for name, group in real:
                read_of.setdefault(name, set()).add((name, group))
        size = prod(node.shape) // n_groups
        operands = dict(flow_operands(plan, node))
        assert operands.get("inflow", 0) == inflow * size
        fused = operands.get("adds", 0) - flowing * size
        assert fused >= 0
    for plan, node in nodes:
        others = {group for _, group in read_of.get(node.name, ())}
        if any(isinstance(x, Condense) and node.name in x.sources for x in plan.nodes):
            others = set(range(node.windows.groups))  # they become a map
        size = prod(node.shape) // node.windows.groups
        assert dict(flow_operands(plan, node)).get("outflow", 0) == len(others) * size


@pytest.mark.parametrize(
    ("fusion", "each"),
    [
        ("product", {"lookups": 2, "multiplies": 1}),
        ("nested", {"lookups": 2, "multiplies": 1}),
        ("sum", {"adds": 1}),
        ("mean", {"multiplies": 1, "adds": 1}),
        ("relu", {"adds": 1, "compares": 1}),
        ("tanh", {"lookups": 1, "adds": 1}),
        ("sigmoid", {"lookups": 1, "adds": 1}),
        ("m1", {}),
        ("m2", {}),
    ],
)
def test_three_projections_of_four_groups_in_the_second_layer(fusion: str, each: dict[str, int]) -> None:
    """sin and cos are lookups; and what flows into a neuron is added."""
    plan, node = next(x for x in membranes_of(fusion=fusion) if x[1].name == "block1.second.membrane")
    size = prod(node.shape) // 4
    operands = dict(flow_operands(plan, node))
    assert operands.pop("inflow") == 3 * size * (1 if fusion in ("m1", "m2") else 2)
    assert operands.pop("outflow", 0) == (0 if fusion == "m1" else 3 * size)
    assert operands == {item: 3 * size * n for item, n in ({"adds": 0} | each).items() if n} | {
        "adds": 3 * size * (1 + each.get("adds", 0))
    }


def test_at_one_timestep_membranes_travel_between_groups_alone() -> None:
    """Of four groups, three are read by the next one; and the second layer reads three of the first."""
    _, spec, recorder, _ = measured(configuration())
    cost = estimate(spec, recorder.record(), "45nm_memory")
    for block in (1, 2, 3, 4):
        size = spec.layer(f"block{block}.first").n_outputs // 4
        counts = {
            (layer, item): count(cost, f"block{block}.{layer}", f"membrane_{item}")
            for layer in ("first", "second")
            for item in ("read", "write")
        }
        assert counts == {
            ("first", "read"): 3 * size * 3,
            ("first", "write"): 3 * size * 3,
            ("second", "read"): 6 * size * 3,
            ("second", "write"): 3 * size * 3,
        }


def test_one_group_of_a_core_without_a_map_has_no_state_at_one_timestep() -> None:
    _, spec, recorder, _ = measured(configuration(groups=1))
    cost = estimate(spec, recorder.record(), "45nm_memory")
    assert cost.count("membrane_read") == cost.count("membrane_write") == 0


# bounds, twins, stages


def test_cells_are_not_quantised() -> None:
    network = build(configuration(core="lstm"), IMAGE.shape, 10)
    with pytest.raises(TsearchError, match=r"weights of LSTM.* cannot be quantised"):
        network.set_weight_bits(8)


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("routing", ["code", "paper"])
def test_a_measured_cost_lies_between_silence_and_all_spikes(core: str, routing: str) -> None:
    for info in (IMAGE, EVENTS):
        _, spec, recorder, _ = measured(configuration((1, 3), (3, 2), core=core, routing=routing), info)
        ends, cost = bound(spec, "45nm_memory"), estimate(spec, recorder.record(), "45nm_memory")
        assert ends.low.total_pj < cost.total_pj < ends.high.total_pj
        assert ends.low.latency_cycles <= cost.latency_cycles <= ends.high.latency_cycles
        assert ends.low.footprint_bits == cost.footprint_bits


@pytest.mark.parametrize("core", ["cnn", "lstm"])
@pytest.mark.parametrize("stages", [(1, 3), (2, 2), (3, 1), (1, 1, 1, 1)])
@pytest.mark.parametrize("mode", ["bucket", "score_mix"])
def test_a_stage_may_end_behind_any_block(core: str, stages: tuple[int, ...], mode: str) -> None:
    """Numbers, and the map of membranes, cross its end through the temporal transformer."""
    timesteps = tuple(range(len(stages), 0, -1))
    config = configuration(stages, timesteps, core=core).model_copy(update={"temporal_transformer": mode})
    _, spec, recorder, _ = measured(config)
    cost = estimate(spec, recorder.record(), "45nm_memory")
    entering = [x for x in spec.layers if spec.mixes(x)]
    assert {x.stage for x in entering} == set(range(1, len(stages)))
    assert cost.total_pj > 0


def test_a_second_timestep_costs_more_but_no_weights_are_stored_twice() -> None:
    for core in ("cnn", "lstm"):
        one, two = (
            bound(describe_network(configuration((4,), (t,), core=core), IMAGE), "45nm_memory")
            for t in (1, 2)
        )
        assert one.low.total_pj < two.low.total_pj
        assert one.low.footprint["weights"] == two.low.footprint["weights"]


@pytest.mark.parametrize("core", CORES)
def test_stored_weights_are_those_of_the_plan(core: str) -> None:
    """But for the second bias of a sum in torch's cells, which the first one takes up."""
    config = configuration(core=core)
    spec = describe_network(config, IMAGE)
    plan = config.backbone.plan(IMAGE.shape, 10, PAPER_NEURON)
    stored = sum(layer.n_parameters + layer.n_biases for layer in spec.layers)
    second = {"lstm": 8, "gru": 4, "rnn": 1, "birnn": 2}.get(core, 0)  # per channel of a block
    gates = [node for node in plan.nodes if isinstance(node, Gate)]
    assert stored == plan.n_parameters - second * sum(gate.in_shape[0] for gate in gates)


def papers(core: str) -> NetworkSpec:
    backbone = Windowed(core=core)
    phases = (Phase(timesteps=(1,), epochs=1),)
    config = Configuration(backbone=backbone, neuron=PAPER_NEURON, stages=(12,), schedule=phases)
    info = DatasetInfo("cifar10", (3, 32, 32), 10, is_static=True, input_class="analog")
    return describe_network(config, info)


def test_the_twin_of_the_papers_cnn_has_its_247_million_macs() -> None:
    """Per block, in units of 16 x 16 x 48 x 48: convolutions 18 or, dilated, 40.5, a linear layer 1, a perceptron 6."""
    unit, merging = 16 * 16 * 48 * 48, 8 * 8 * 4 * 48 * 96
    exact = round((7 * 25 + 5 * 47.5) * unit) + 3 * merging + 16 * 16 * 4 * 3 * 48 + 384 * 10
    spec = papers("cnn")
    weighted = [layer for layer in spec.layers if layer.kind in ("conv2d", "linear")]
    assert sum(map(n_padded_synapses, weighted)) == exact == pytest.approx(247.0e6, abs=0.1e6)
    twin = dense_twin(spec)
    assert all(layer.is_analog and layer.neuron is None for layer in twin.layers)
    read = sum(map(n_synapses, weighted))  # without taps on padding, which small maps have many of
    assert bound(twin, "45nm_memory").low.mac == read == pytest.approx(169.6e6, abs=0.1e6)


def test_the_papers_accounting_leaves_its_perceptrons_out() -> None:
    """42.5 million MACs per image of numbers, and those that merge pixels."""
    spec, unit = papers("cnn"), 16 * 16 * 48 * 48
    mlps = sum(n_macs(layer) for layer in spec.layers if ".mlp." in layer.name)
    assert mlps == 12 * 6 * unit == pytest.approx(42.5e6, abs=0.05e6)
    network, small, recorder, values = measured(configuration())
    account = rate_account(small, recorder.record())
    fired = [values[node.name] for node in network.plan.nodes if isinstance(node, GroupSpikes)]
    rate = sum(v.sum().item() for v in fired) / sum(v.numel() for v in fired)
    macs = sum(n_macs(layer) for layer in small.layers if layer.kind in ("conv2d", "linear"))
    assert account.adds == pytest.approx(rate * macs)
    assert account.multiplies == n_macs(small.layer("block1.stem"))
    named = (".mlp.", ".merge", "head")
    assert account.numbers_macs == sum(n_macs(x) for x in small.layers if any(n in x.name for n in named))
