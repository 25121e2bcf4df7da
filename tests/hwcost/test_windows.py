"""Windows that run one after the other: what they share, what they read again, what goes from group to group. The
counts of single layers equal the walker's (`kinds/test_walked.py`)."""

from dataclasses import replace

import pytest
from invariants import memory

import hwcost as h
from hwcost.studies.rate_account import RateAccount, rate_account, without_spikes

GROUPS = 4


def alone(layer: h.LayerSpec, timesteps: int = 1) -> h.NetworkSpec:
    return h.NetworkSpec((layer,), (h.StageSpec(timesteps),))


def convolution(**operands: int) -> h.LayerSpec:
    """Four windows of 3 channels and 6 x 6 pixels, 5 channels out."""
    given = tuple(operands.items())
    return h.conv("a", (12, 6, 6), 20, 3, padding=1, groups=GROUPS, neuron="lif", bias=True, operands=given)


def test_groups_that_share_weights_store_them_once_and_do_the_same() -> None:
    shared, own = convolution(shares_weights=1), convolution()
    assert (shared.n_parameters, shared.n_biases) == (3 * 5 * 9, 5)
    assert (own.n_parameters, own.n_biases) == (GROUPS * 3 * 5 * 9, GROUPS * 5)
    costs = [
        h.estimate(alone(x), h.SpikeRecord.full(alone(x)), memory(dataflow="none")) for x in (shared, own)
    ]
    for item in ("synapse_ac", "weight_read", "bias_add", "neuron_update"):
        assert costs[0].count(item) == costs[1].count(item) > 0
    assert costs[0].footprint["weights"] * GROUPS == costs[1].footprint["weights"]


@pytest.mark.parametrize("dataflow", ["none", "weight_stationary", "output_stationary", "tick_batched"])
def test_every_group_reads_the_weights_anew(dataflow: str) -> None:
    """As often as four layers of one window each."""
    one = h.conv("a", (3, 6, 6), 5, 3, padding=1, neuron="lif", bias=True)
    single, four = (
        h.estimate(alone(x, 3), h.SpikeRecord.full(alone(x, 3)), memory(dataflow=dataflow))
        for x in (one, convolution(shares_weights=1))
    )
    assert four.count("weight_read") == GROUPS * single.count("weight_read")
    assert four.count("bias_read") == GROUPS * single.count("bias_read")


@pytest.mark.parametrize("timesteps", [1, 2, 5])
@pytest.mark.parametrize("stateless", [True, False])
def test_membranes_of_groups_travel_within_a_timestep_and_own_ones_between(
    timesteps: int, stateless: bool
) -> None:
    """Every group but the first reads the one before; every group but the last is read by the next one."""
    window = 5 * 6 * 6
    layer = convolution(shares_weights=1, inflow=3 * window, outflow=3 * window)
    network = alone(layer, timesteps)
    cost = h.estimate(network, h.SpikeRecord.full(network), memory(stateless=stateless), "lock_step")
    between = timesteps - stateless
    assert cost.count("membrane_read") == timesteps * 3 * window + between * 4 * window
    last = 3 * window if stateless else 4 * window
    assert cost.count("membrane_write") == (timesteps - 1) * 4 * window + last


def test_membranes_that_others_wait_for_are_written_though_own_ones_stay_in_the_array() -> None:
    layer = convolution(shares_weights=1, inflow=7, outflow=9)
    network = alone(layer, 4)
    cost = h.estimate(network, h.SpikeRecord.full(network), memory(dataflow="tick_batched"))
    assert (cost.count("membrane_read"), cost.count("membrane_write")) == (4 * 7, 4 * 9)


def test_neurons_that_others_flow_into_never_skip_a_step() -> None:
    layer = replace(convolution(shares_weights=1, inflow=7, outflow=9), bias=False)
    for operands, updates in ((layer.operands, 2 * layer.n_outputs), ((("shares_weights", 1),), 0)):
        network = alone(replace(layer, operands=operands), 2)
        quiet = h.estimate(network, h.SpikeRecord.empty(network), memory(skip_policy="lazy_leak"))
        assert quiet.count("neuron_update") == updates


def test_a_sequence_stores_the_weights_of_its_cell_once() -> None:
    """As many as torch's LSTM and GRU of 6 inputs and 5 units in both directions, but for the second bias of a sum."""
    for gates, sums in ((4, 4), (3, 4), (1, 1)):
        cell = h.LayerSpec(
            "a", "sequence", 0, (12, 3, 3), (20, 3, 3), groups=2, neuron="lif", bias=True,
            operands=(("gates", gates), ("directions", 2)),
        )  # fmt: skip
        assert cell.n_parameters == 2 * gates * 5 * (6 + 5)
        assert cell.n_biases == 2 * sums * 5
        assert h.fan_in(cell) == gates * (6 + 5)
        assert h.n_synapses(cell) == 2 * 9 * 6 * gates * 10


def test_more_events_cost_more() -> None:
    for kind, shape, more in (
        ("sequence", (12, 3, 3), {"groups": 2, "operands": (("gates", 4), ("inflow", 3))}),
        ("condense_or", (12, 4, 4), {"operands": (("overlap", 1),)}),
        ("condense_add", (12, 4, 4), {"operands": (("overlap", 4),)}),
    ):
        fires = {"neuron": "lif"} if kind == "sequence" else {}
        out = shape if kind == "sequence" else (3, 6, 6)
        network = alone(h.LayerSpec("a", kind, 0, shape, out, **more, **fires), 2)
        costs = [
            h.estimate(network, h.SpikeRecord.constant(network, rate, 1000), "45nm_memory").total_pj
            for rate in (0, 0.1, 0.5, 1)
        ]
        assert costs == sorted(set(costs))


def gate(shape: tuple[int, ...] = (8, 3, 3), **more: object) -> h.LayerSpec:
    return h.LayerSpec("a", "gate", 0, (2, 4, 4), shape, **{"in_class": "analog", **more})


def test_the_twin_of_a_gate_copies_the_windows_and_compares_nothing() -> None:
    network = h.NetworkSpec(
        (gate(operands=(("draws", 1),)), h.conv("b", (8, 3, 3), 8, 3, padding=1, groups=4)), (h.StageSpec(3),)
    )
    twin = h.dense_twin(network)
    assert twin.layers[0].gives_events is False
    cost = h.estimate(twin, h.SpikeRecord.empty(twin), "45nm_memory")
    assert cost.count("gate_compare") == cost.count("gate_logic") == 0
    copied = sum(sum(r.steps) for r in cost.rows if (r.layer, r.item) == ("a", "activation_write"))
    assert copied == 8 * 9
    assert cost.count("synapse_mac") == h.n_synapses(twin.layers[1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gate(in_class="binary"), "a gate makes spikes of numbers"),
        (lambda: gate((8, 5, 3)), r"windows \(8, 5, 3\) do not cover a map \(2, 4, 4\)"),
        (lambda: gate((4, 2, 2)), r"windows \(4, 2, 2\) do not cover a map"),
        (lambda: gate((7, 3, 3)), r"windows \(7, 3, 3\) do not cover a map"),
        (lambda: h.LayerSpec("a", "condense_or", 0, (8, 3, 3), (2, 4, 4), in_class="analog"), "takes what is binary"),
        (lambda: convolution(shares_weights=2), "shares_weights is 1 for a convolution"),
        (lambda: h.linear("a", 4, 4, operands=(("shares_weights", 1),)), "shares_weights is 1 for a convolution"),
        (lambda: replace(convolution(inflow=1), neuron=None), "it has no neurons"),
        (lambda: convolution(outflow=721), "outflow is at most its 720 membranes, got 721"),
        (lambda: h.LayerSpec("a", "sequence", 0, (4, 3, 3), (4, 3, 3), operands=(("gates", 2),)), "gates 4"),
        (lambda: h.LayerSpec("a", "sequence", 0, (4, 3, 3), (4, 3, 2)), "a sequence keeps its positions"),
    ],
)  # fmt: skip
def test_windows_that_do_not_fit_are_refused(make, message: str) -> None:
    with pytest.raises(h.HwcostError, match=f"layer 'a': .*{message}"):
        make()


@pytest.mark.parametrize("profile", ["loihi", "truenorth", "spinnaker2"])
def test_cores_of_chips_refuse_windows(profile: str) -> None:
    layer = replace(convolution(shares_weights=1), bias=False)
    network = alone(layer, 2)
    with pytest.raises(h.HwcostError, match=r"layer 'a': .* no windows that run one after the other"):
        h.estimate(network, h.SpikeRecord.full(network), profile, "lock_step", {"weight_bits": 8})


# the accounting that papers print


@pytest.mark.parametrize(
    ("account", "microjoule"),
    [
        (RateAccount(132e6, 2.14e6), 128.6),
        (RateAccount(79e6, 5.31e6), 95.5),
        (without_spikes(247e6), 1358.5),
        (without_spikes(2285e6), 12567.5),
        (RateAccount(142e6, 8.80e6), 168.3),
        (RateAccount(360e6, 6.80e6), 355.3),
    ],
)  # fmt: skip
def test_table_2_of_arxiv_2401_10843_is_adds_and_multiplies(account: RateAccount, microjoule: float) -> None:
    """Its energies follow, in microjoule and millijoule where it prints thousand times as much."""
    assert account.energy_pj / 1e6 == pytest.approx(microjoule, abs=0.05)


def test_operations_of_a_mean_rate() -> None:
    """By hand: two layers fire 1 and 5 of 4 + 2 neurons in 3 timesteps and 2 samples, of 36 times that they could."""
    layers = (
        h.linear("a", 5, 4, neuron="lif", in_class="analog"),
        h.linear("b", 4, 2, neuron="lif"),
        h.linear("c", 2, 3),
        h.linear("d", 3, 2, in_class="analog"),
    )
    network = h.NetworkSpec(layers, (h.StageSpec(3),))
    empty = h.SpikeRecord.empty(network, 2)
    fired = {"a": (0, 1, 0), "b": (2, 1, 2)}
    spikes = {name: replace(s, outputs=fired.get(name, s.outputs)) for name, s in empty.layers.items()}
    account = rate_account(network, h.SpikeRecord(spikes, 2))
    assert account.adds == pytest.approx(6 / 36 * 3 * (20 + 8 + 6 + 6))
    assert account.multiplies == 20
    assert account.numbers_macs == 3 * 6
