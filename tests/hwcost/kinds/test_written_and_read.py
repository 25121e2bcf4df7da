"""Values that were never written or read, each by hand: 45nm_memory, spikes as addresses, no dataflow."""

import pytest

import hwcost as h

PROFILE = h.load_profile("45nm_memory").where(codec="aer", dataflow="none")
SHAPE = (2, 4, 4)  # 32 places: addresses of five bits


def conv(name: str, **more: object) -> h.LayerSpec:
    return h.conv(name, SHAPE, 2, 3, padding=1, **more)


def cost_of(layers: tuple[h.LayerSpec, ...], record: dict[str, h.LayerSpikes], timesteps: int = 2) -> h.Cost:
    network = h.NetworkSpec(layers, (h.StageSpec(timesteps),))
    quiet = h.SpikeRecord.empty(network)
    known = h.SpikeRecord({**quiet.layers, **record}, 1)
    return h.estimate(network, known, PROFILE)


def sums(*values: int, classes: int = 1) -> tuple[tuple[int, ...], ...]:
    return tuple((value, *(0,) * (classes - 1)) for value in values)


def test_outputs_of_pools_are_written() -> None:
    """Five sums, worth seven spikes, leave the pool at the first step: seven addresses of three bits."""
    layers = (
        conv("conv", neuron="lif"),
        h.pool("pool", SHAPE, 2),
        h.linear("head", 8, 2, in_class="graded", in_max=4),
    )
    record = {
        "conv": h.LayerSpikes([[0], [0]], outputs=[7, 0]),
        "pool": h.LayerSpikes([[7], [0]]),
        "head": h.LayerSpikes([[5], [0]], [[7], [0]]),
    }
    cost = cost_of(layers, record)
    assert cost.count("spike_write", "pool") == cost.count("spike_read", "head") == 7 * 3
    assert cost.count("spike_write", "conv") == cost.count("spike_read", "pool") == 7 * 5


def test_outputs_of_sums_are_written_and_second_operands_read_beside_other_readers() -> None:
    """The stem's nine spikes are written once and read by the branch and the sum; the twelve of the sum once each."""
    layers = (
        conv("stem", neuron="lif"),
        conv("branch", neuron="lif"),
        h.LayerSpec("sum", "sew_add", 0, SHAPE, SHAPE, other_source="stem"),
        h.linear("head", 32, 2, in_class="graded", in_max=2),
    )
    record = {
        "stem": h.LayerSpikes([[0], [0]], outputs=[9, 0]),
        "branch": h.LayerSpikes([[9], [0]], outputs=[3, 0]),
        "sum": h.LayerSpikes([[3], [0]]),
        "head": h.LayerSpikes([[10], [0]], [[12], [0]]),
    }
    cost = cost_of(layers, record)
    assert cost.count("spike_write", "stem") == cost.count("spike_read", "branch") == 9 * 5
    assert cost.count("spike_read", "sum") == 3 * 5 + 9 * 5
    assert cost.count("spike_write", "sum") == cost.count("spike_read", "head") == 12 * 5


def test_second_operands_of_undescribed_sums_are_read() -> None:
    """Without a second source the record's count `other` tells its events; of numbers, a frame is read."""
    for kind in ("sew_add", "sew_and", "sew_iand"):
        layers = (
            h.LayerSpec("sum", kind, 0, SHAPE, SHAPE),
            h.linear("head", 32, 2, in_class="graded", in_max=2),
        )
        record = {"sum": h.LayerSpikes([[3], [0]], extras=(("other", (4, 1)),))}
        cost = cost_of(layers, record)
        assert cost.count("spike_read", "sum") == (3 + 4 + 1) * 5
        assert cost.count("zero_check", "sum") == 2 * 2 * 32
        with pytest.raises(h.HwcostError, match=f"'sum': a {kind} needs the count 'other'"):
            cost_of(layers, {"sum": h.LayerSpikes([[3], [0]])})
    numbers = h.LayerSpec("sum", "membrane_shortcut", 0, SHAPE, SHAPE, in_class="analog", neuron="lif")
    cost = cost_of((conv("conv"), numbers, h.linear("head", 32, 2)), {})
    assert cost.count("activation_read", "sum") == 2 * 2 * 32
    assert cost.count("activation_write", "sum") == 0


def test_numbers_of_norms_and_attention_are_written_and_read() -> None:
    """Two steps of 32 numbers into the norm and out of it; 3 x 8 events of an attention give 8 numbers per step."""
    norm = h.LayerSpec("norm", "batch_norm", 0, SHAPE, SHAPE, in_class="analog")
    drive = h.LayerSpec("drive", "neurons", 0, SHAPE, SHAPE, in_class="analog", neuron="if")
    cost = cost_of((conv("conv"), norm, drive, h.linear("head", 32, 2)), {})
    for layer in ("norm", "drive"):
        assert cost.count("activation_read", layer) == 2 * 32
    assert cost.count("activation_write", "conv") == cost.count("activation_write", "norm") == 2 * 32
    assert cost.count("norm_mac") == 2 * 32
    attention = h.LayerSpec("attention", "attention", 0, (3, 4, 2), (4, 2))
    after = h.LayerSpec("drive", "neurons", 0, (4, 2), (4, 2), in_class="analog", neuron="if")
    cost = cost_of((attention, after), {"attention": h.SpikeRecord.full(
        h.NetworkSpec((attention,), (h.StageSpec(2),))).layers["attention"]})  # fmt: skip
    assert cost.count("activation_write", "attention") == cost.count("activation_read", "drive") == 2 * 8


@pytest.mark.parametrize("kind", ["linear", "avg_pool2d", "batch_norm", "neurons"])
def test_outputs_that_are_added_up_have_accumulators(kind: str) -> None:
    """Four outputs over three steps: read and written twice, 32 bits each; spikes of a last layer are the answer."""
    shape = (4, 1, 1) if kind == "avg_pool2d" else (4,)
    more = {"kernel": (1, 1)} if kind == "avg_pool2d" else {}
    fires = kind == "neurons"
    analog = {"in_class": "analog"} if kind in ("batch_norm", "neurons") else {}
    last = h.LayerSpec("last", kind, 0, shape, shape, neuron="if" if fires else None, **more, **analog)
    cost = cost_of((last,), {}, timesteps=3)
    assert cost.count("membrane_read") == cost.count("membrane_write") == 2 * 4
    assert cost.count("neuron_add") == 3 * 4
    assert cost.footprint["membranes"] == 4 * 32
    assert cost.count("activation_write") == cost.count("spike_write") == 0


def test_a_flattening_moves_nothing_and_a_concatenation_copies() -> None:
    spikes = h.LayerSpikes([[6], [0]])
    layers = [
        conv("conv", neuron="lif"),
        h.LayerSpec("flat", "flatten", 0, SHAPE, (32,)),
        h.linear("head", 32, 2),
    ]
    record = {"conv": h.LayerSpikes([[0], [0]], outputs=[6, 0]), "flat": spikes, "head": spikes}
    cost = cost_of(tuple(layers), record)
    assert not any(row.layer == "flat" and any(row.steps) for row in cost.rows)
    assert cost.cycles_by_layer["flat"] == 0
    layers[1] = h.LayerSpec("flat", "concat", 0, SHAPE, SHAPE)
    cost = cost_of(tuple(layers), record)
    assert cost.count("spike_read", "flat") == cost.count("spike_write", "flat") == 6 * 5


def test_sent_events_of_pools_and_sums_take_time_on_an_event_core() -> None:
    """Thirty windows' sums leave one per cycle, though nothing but pooling is done."""
    layers = (h.pool("pool", SHAPE, 1), h.linear("head", 32, 2))
    record = {"pool": h.LayerSpikes([[30], [0]]), "head": h.LayerSpikes([[30], [0]])}
    network = h.NetworkSpec(layers, (h.StageSpec(2),))
    cost = h.estimate(network, h.SpikeRecord(record, 1), PROFILE, "event_driven")
    assert cost.cycles_by_layer["pool"] == 30


def ms_resnet(timesteps: int = 2) -> h.NetworkSpec:
    """MS-ResNet: what branches give is added to membranes, which go on beside the spikes that they cause."""
    numbers = {"in_class": "analog"}

    def block(name: str, before: str) -> tuple[h.LayerSpec, ...]:
        return (
            h.LayerSpec(f"{name}.fire", "neurons", 0, SHAPE, SHAPE, neuron="lif", source=before, **numbers),
            conv(f"{name}.conv"),
            h.LayerSpec(f"{name}.sum", "membrane_shortcut", 0, SHAPE, SHAPE, other_source=before, **numbers),
        )

    end = h.LayerSpec("fire", "neurons", 0, SHAPE, SHAPE, neuron="lif", **numbers)
    layers = (conv("stem"), *block("one", "stem"), *block("two", "one.sum"), end, h.linear("head", 32, 2))
    return h.NetworkSpec(layers, (h.StageSpec(timesteps),))


def test_membranes_go_on_beside_spikes() -> None:
    """Per step, each of two sums reads its branch and the membranes before it, adds 32 numbers and writes 32; every
    membrane is read by the neurons that it drives and by the next sum.
    """
    network = ms_resnet()
    cost = h.estimate(network, h.SpikeRecord.full(network), PROFILE)
    words = {"stem": (0, 1), "one.fire": (1, 0), "one.conv": (0, 1), "one.sum": (2, 1), "two.fire": (1, 0)}
    for name, (read, written) in {**words, "two.conv": (0, 1), "two.sum": (2, 1), "fire": (1, 0)}.items():
        assert cost.count("activation_read", name) == 2 * 32 * read, name
        assert cost.count("activation_write", name) == 2 * 32 * written, name
    assert cost.count("residual_add") == 2 * 2 * 32
    assert cost.count("neuron_update", "one.fire") == 2 * 32
    assert cost.count("membrane_read", "one.fire") == cost.count("membrane_write", "one.fire") == 32
    assert cost.count("spike_write", "one.fire") == cost.count("spike_read", "one.conv") == 2 * 32 * 5
    assert cost.count("spike_write", "one.sum") == 0
    assert cost.footprint["membranes"] == (3 * 32 + 2) * 32
    assert cost.mac == 0


def test_the_twin_of_membranes_beside_spikes_is_a_plain_residual_network() -> None:
    twin = h.ann_twins(ms_resnet(), PROFILE).dense
    assert twin.count("residual_add") == 2 * 32
    assert twin.mac == sum(
        h.n_synapses(layer) for layer in ms_resnet().layers if layer.kind in ("conv2d", "linear")
    )


def test_neurons_by_themselves_are_driven_by_numbers() -> None:
    shape = {"in_shape": (3,), "out_shape": (3,)}
    for wrong in ({"in_class": "binary", "neuron": "if"}, {"in_class": "analog"}):
        with pytest.raises(h.HwcostError, match="'n': 'neurons' are driven by numbers"):
            h.LayerSpec("n", "neurons", 0, **shape, **wrong)
    with pytest.raises(h.HwcostError, match="'n': a neurons keeps its shape"):
        h.LayerSpec("n", "neurons", 0, (3,), (4,), in_class="analog", neuron="if")
