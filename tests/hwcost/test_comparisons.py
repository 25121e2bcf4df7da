"""Twins without spikes, robustness of an order, predictions and reports."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hwcost as h
from hwcost import __main__, report
from hwcost.studies.resample import resampled


def test_the_dense_twin_runs_once_on_numbers(demo) -> None:
    network = demo()
    twin = h.ann_twins(network, "45nm_paper_simple")
    assert [twin.bits[name] for name in ("conv1", "conv2", "conv3", "fc")] == [3, 3, 2, 1]
    weighted = [layer for layer in network.layers if layer.n_parameters]
    assert twin.dense.mac == sum(map(h.n_synapses, weighted))
    assert twin.dense.sop == 0
    assert twin.quantised.total_pj < twin.dense.total_pj
    with pytest.raises(h.HwcostError, match="no price for MACs"):
        h.ann_twins(network, "loihi")


def test_an_order_that_prices_cannot_turn(demo) -> None:
    few, many = (
        h.estimate(demo(t), h.SpikeRecord.constant(demo(t), 0.1, 10), "45nm_memory")
        for t in ((4, 4, 4), (6, 6, 6))
    )
    assert few.interval[1] > many.interval[0]
    verdict = h.compare(many, few)
    assert verdict.is_robust
    assert verdict.low < verdict.difference_pj < verdict.high
    assert verdict.difference_pj == pytest.approx(many.total_pj - few.total_pj)
    assert not h.compare(few, few).is_robust
    paper = h.estimate(demo(), h.SpikeRecord.full(demo()), "45nm_paper_simple")
    with pytest.raises(h.HwcostError, match="different profiles"):
        h.compare(few, paper)


@pytest.mark.parametrize("rates_from", ["prefix", "constant"])
def test_predictions_equal_single_estimates(demo, rates_from: str) -> None:
    network = demo((6, 3, 1))
    record = h.SpikeRecord.constant(network, 0.1, 60)
    vectors = [v for v in itertools.product(range(1, 7), repeat=3) if v[0] >= v[1] >= v[2]]
    table = h.predictor(network, record, "45nm_memory", largest=6, rates_from=rates_from)
    predicted = table.price(vectors)
    assert predicted.is_predicted
    assert predicted.rates_from == rates_from
    for i in range(0, len(vectors), 7):
        wanted = h.with_timesteps(network, vectors[i])
        cost = h.estimate(wanted, resampled(record, network, wanted, rates_from), "45nm_memory")
        assert predicted.energy_pj[i] == pytest.approx(cost.total_pj, rel=1e-12)
        assert predicted.latency_s[i] == pytest.approx(cost.latency_s, rel=1e-12)
        assert (predicted.low_pj[i], predicted.high_pj[i]) == pytest.approx(cost.interval, rel=1e-12)


def test_a_prediction_of_what_was_measured_is_the_measurement(demo) -> None:
    network = demo((6, 3, 1))
    record = h.SpikeRecord.constant(network, 0.1, 60)
    predicted = h.predictor(network, record, "45nm_memory", largest=6).price([[6, 3, 1]])
    assert predicted.energy_pj[0] == pytest.approx(
        h.estimate(network, record, "45nm_memory").total_pj, rel=1e-12
    )


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([[1, 2, 1]], "may not increase"),
        ([[9, 1, 1]], "1 to 6"),
        ([[1, 1]], "shape"),
        ([[1.5, 1, 1]], "whole numbers"),
    ],
)
def test_impossible_vectors_are_refused(demo, vectors: list, message: str) -> None:
    network = demo()
    table = h.predictor(network, h.SpikeRecord.full(network), "45nm_paper_simple", largest=6)
    with pytest.raises(h.HwcostError, match=message):
        table.price(np.array(vectors))


def test_reports(demo) -> None:
    pytest.importorskip("pandas")
    network = demo()
    cost = h.estimate(network, h.SpikeRecord.constant(network, 0.1, 10), "45nm_memory")
    assert "conv2: conv_then_mix" in report.text(cost)
    frame = report.to_pandas(cost)
    assert frame["energy_pj"].sum() == pytest.approx(cost.total_pj)
    assert {"layer", "kind", "item", "count", "low_pj", "energy_pj", "high_pj"} == set(frame.columns)
    pytest.importorskip("plotly")
    figure = report.plot(cost)
    assert sum(sum(bar.y) for bar in figure.data) == pytest.approx(cost.total_pj / 1e3)


def test_the_command_prices_a_file(demo, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = demo()
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"network": network.to_dict(), "rate": 0.1}))
    assert __main__.main([str(path), "--profile", "45nm_memory"]) == 0
    assert "energy" in capsys.readouterr().out
    assert __main__.main([str(path), "--bound", "--json"]) == 0
    low, high = json.loads(capsys.readouterr().out)["energy_pj"]
    assert 0 < low < high
    assert __main__.main([str(path), "--json"]) == 0
    assert h.Cost.from_dict(json.loads(capsys.readouterr().out)).total_pj > 0
    assert __main__.main(["--profiles"]) == 0
    assert "lemaire" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.yaml"], "no such file"),
        ([], "which network"),
        (["FILE", "--profile", "x"], "profile 'x' not found"),
    ],
)
def test_the_command_explains_mistakes(
    demo, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"network": demo().to_dict(), "rate": 0.1}))
    assert __main__.main([str(path) if a == "FILE" else a for a in arguments]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert not shown.out


def test_no_other_package_is_needed(demo, tmp_path: Path) -> None:
    """numpy and pyyaml are enough: any other import from site-packages fails here."""
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"network": demo().to_dict(), "rate": 0.1}))
    program = (
        "import sys\n"
        "class Only:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        root = name.partition('.')[0]\n"
        "        if root not in {'numpy', 'yaml', '_yaml', 'hwcost'} | set(sys.stdlib_module_names):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Only())\n"
        "from hwcost.__main__ import main\n"
        f"sys.exit(main([{str(path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "dense twin" in done.stdout


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({"kernl": [3]}, "'conv1': unknown key 'kernl'.*'kernel'"),
        ({"in_shape": None}, "'conv1': in_shape missing"),
    ],
)
def test_a_described_network_explains_its_mistakes(demo, layer: dict, message: str) -> None:
    plain = demo().to_dict()
    plain["layers"][0] = {
        k: v for k, v in (plain["layers"][0] | layer).items() if v is not None or k == "neuron"
    }
    with pytest.raises(h.HwcostError, match=message):
        h.NetworkSpec.from_dict(plain)
