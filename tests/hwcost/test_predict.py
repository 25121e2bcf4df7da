"""Predictions against single estimates: under every dataflow and execution, and refusals in words."""

import itertools
from dataclasses import replace

import pytest

import hwcost as h
from hwcost.studies.resample import resampled


def vgg(timesteps: tuple[int, int, int] = (6, 4, 2)) -> h.NetworkSpec:
    """Three stages with wide, narrow and pooled maps."""
    more = {"padding": 1, "neuron": "lif", "bias": True}
    graded = {"in_class": "graded", "in_max": 4}
    layers = (
        h.conv("conv1", (2, 8, 8), 8, 3, **graded, **more),
        h.pool("pool", (8, 8, 8), 2),
        h.conv("conv2", (8, 4, 4), 24, 3, stage=1, **graded, **more),
        h.conv("conv3", (24, 4, 4), 24, 3, stage=2, **more),
        h.linear("head", (24, 4, 4), 10, stage=2),
    )
    return h.NetworkSpec(
        layers, tuple(h.StageSpec(t, "score_mix" if i else None) for i, t in enumerate(timesteps))
    )


def check(network: h.NetworkSpec, profile: h.Profile, mode: str, **more: object) -> None:
    record = h.SpikeRecord.constant(network, 0.15, 60)
    n = len(network.stages)
    vectors = [v for v in itertools.product(range(1, 7), repeat=n) if list(v) == sorted(v, reverse=True)][::5]
    table = h.predictor(network, record, profile, largest=6, transformer=mode, **more).price(vectors)
    for i, vector in enumerate(vectors):
        wanted = h.with_timesteps(network, vector, mode)
        cost = h.estimate(wanted, resampled(record, network, wanted), profile, **more)
        assert table.energy_pj[i] == pytest.approx(cost.total_pj, rel=1e-12)
        assert (table.low_pj[i], table.high_pj[i]) == pytest.approx(cost.interval, rel=1e-12)
        assert table.latency_s[i] == pytest.approx(cost.latency_s, rel=1e-12)


@pytest.mark.parametrize("dataflow", ["none", "weight_stationary", "output_stationary", "tick_batched"])
@pytest.mark.parametrize("fits", [True, False], ids=["weights on the chip", "weights in DRAM"])
def test_stages_add_up_under_every_dataflow(dataflow: str, fits: bool) -> None:
    """Which weights are resident is decided for the whole network, and does not depend on timesteps. The accumulator
    buffer holds 4 timesteps: more of them take several windows.
    """
    profile = h.load_profile("45nm_memory").where(dataflow=dataflow)
    buffer = profile.hardware["accumulator_buffer_bits"]
    narrow = {"accumulator_buffer_bits": replace(buffer, value=4 * 16 * 16 * 32.0)}
    profile = replace(profile, hardware={**profile.hardware, **narrow})
    memory = profile.memory
    assert memory is not None
    if not fits:
        profile = replace(profile, memory=replace(memory, limit_bits=100_000))
        network = vgg()
        cost = h.estimate(network, h.SpikeRecord.constant(network, 0.15, 60), profile)
        assert cost.count("dram_read") > 0
    check(vgg(), profile, "bucket" if fits else "score_mix")


def test_totals_give_the_interval_of_their_counts() -> None:
    """Where on the map events are is not known, and borders have fewer synapses."""
    more = {"padding": 1, "neuron": "if"}
    layers = (h.conv("a", (1, 6, 6), 3, 3, **more), h.conv("b", (3, 6, 6), 2, 3, stage=1, **more))
    network = h.NetworkSpec(layers, (h.StageSpec(2), h.StageSpec(2)))
    spikes = {
        "a": h.LayerSpikes([[9], [5]], outputs=[20, 10]),
        "b": h.LayerSpikes([[20], [10]], outputs=[8, 8]),
    }
    record = h.SpikeRecord(spikes, 1)
    known = h.estimate(network, record, "45nm_paper_simple")
    assert known.interval[0] < 0.72 * known.ac < 1.08 * known.ac < known.interval[1]
    table = h.predictor(network, record, "45nm_paper_simple", largest=2, rates_from="prefix").price([[2, 2]])
    wanted = h.estimate(network, resampled(record, network, network, "prefix"), "45nm_paper_simple")
    assert (table.low_pj[0], table.high_pj[0]) == pytest.approx(wanted.interval, rel=1e-12)


def test_predictions_follow_what_is_assumed() -> None:
    check(vgg(), h.load_profile("45nm_memory"), "truncate", assume={"weight_bits": 4})


@pytest.mark.parametrize("execution", h.EXECUTIONS)
def test_one_stage_is_predicted_under_every_execution(execution: str) -> None:
    layers = tuple(replace(layer, stage=0) for layer in vgg().layers)
    check(
        h.NetworkSpec(layers, (h.StageSpec(6),)), h.load_profile("45nm_memory"), "bucket", execution=execution
    )


def test_several_stages_that_overlap_are_refused() -> None:
    network = vgg()
    with pytest.raises(h.HwcostError, match=r"under pipelined the stages overlap.*estimate the vectors"):
        h.predictor(network, h.SpikeRecord.full(network), "45nm_memory", execution="pipelined")


def test_chips_of_cores_predict_one_stage() -> None:
    network = h.NetworkSpec((h.linear("a", 6, 5, neuron="if"), h.linear("b", 5, 3)), (h.StageSpec(6),))
    check(
        network, h.assuming(h.load_profile("loihi"), (("weight_bits", 8),)), "bucket", execution="lock_step"
    )
    with pytest.raises(
        h.HwcostError, match="on the cores of 'loihi' ticks and static power belong to the whole"
    ):
        h.predictor(vgg(), h.SpikeRecord.full(vgg()), "loihi", assume={"weight_bits": 8})


def test_timesteps_that_a_stage_cannot_have_are_refused_when_asked_for() -> None:
    """A sum of branches cannot stand behind a temporal transformer; at equal timesteps there is none."""
    stem, branch = (h.linear(name, 4, 4, neuron="lif") for name in ("stem", "branch"))
    entry = h.LayerSpec("sum", "membrane_shortcut", 1, (4,), (4,), in_class="analog", neuron="lif")
    network = h.NetworkSpec(
        (stem, replace(branch, neuron=None), entry, h.linear("head", 4, 2, stage=1)), (h.StageSpec(3),) * 2
    )
    record = h.SpikeRecord.constant(network, 0.5, 4)
    table = h.predictor(network, record, "45nm_memory", largest=3, transformer="score_mix")
    known = h.estimate(network, record, "45nm_memory")
    assert table.price([[3, 3], [2, 2]]).energy_pj[0] == pytest.approx(known.total_pj, rel=1e-12)
    with pytest.raises(
        h.HwcostError, match=r"\[3, 1\]: layer 'sum': a temporal transformer must be followed"
    ):
        table.price([[2, 2], [3, 1]])
