"""Learned and uniform timesteps: which trainings there are, averages and pairs by hand, and the tables of tiny
networks."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tsearch.configuration import DataSpec
from tsearch.flags import pack

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def modules():
    """The benchmark and its parts, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield {name: import_module(name) for name in ("dtss", "dtss_subjects", "dtss_rows", "dtss_passes")}


@pytest.fixture
def subject(modules):
    """One encoder layer of 8 channels on the 8x8 digits, at most 3 timesteps."""
    return modules["dtss_subjects"].Subject(
        "tiny",
        DataSpec(name="digits"),
        {"name": "spikformer", "width": 8, "layers": 1, "heads": 2, "pools": (1, 2)},
        modules["dtss_subjects"].RECIPE,
        epochs=1,
        most=3,
        weights=(0.0, 1.0),
        claimed=1.0,
    )


def row(right, masks=None, **more):
    """Of a network with the layers a, b (qkv) and c (mlp), of 4 timesteps."""
    right = np.array(right, bool)
    types = {"a": "qkv", "b": "qkv", "c": "mlp"}
    masks = (
        {}
        if masks is None
        else {name: (1,) * n + (0,) * (4 - n) for name, n in zip(types, masks, strict=True)}
    )
    told = {"right": pack(right), "n": len(right), "masks": masks, "types": types}
    return told | {"mean_timesteps": 4.0, "mean_timesteps_by_mac": 4.0} | more


def test_the_sweep_has_no_weight_and_at_least_four_others(modules) -> None:
    for subject in modules["dtss_subjects"].subjects(modules["dtss_subjects"].FULL):
        weights = [way.masks.weight for way in subject.sweep()]
        assert weights[0] == 0
        assert len(set(weights)) >= 5
        assert subject.claimed in weights
        assert {t for t, _ in subject.initial()} == {1, subject.most // 2, subject.most}
        assert len({weight for _, weight in subject.initial()}) == 2
        assert [way.timesteps for way in subject.uniform()] == list(range(1, subject.most + 1))


def test_every_way_is_a_configuration_of_its_own(modules) -> None:
    for subject in modules["dtss_subjects"].subjects(modules["dtss_subjects"].FULL):
        ways = {
            way
            for part in modules["dtss"].sections(subject, is_quick=False).values()
            for way in part.values()
        }
        assert len({subject.configuration(way).key for way in ways}) == len(ways)
        assert subject.learned(subject.claimed, initial_timesteps=1) in ways
        assert subject.learned(0, initial_timesteps=subject.most // 2) in ways
        assert subject.learned(subject.claimed, mode="free") in ways


def test_averages_are_of_layers_of_macs_and_of_types(modules) -> None:
    rows = modules["dtss_rows"]
    found = rows.average(row([1], masks=(4, 2, 1), mean_timesteps_by_mac=2.5))
    assert found == (pytest.approx(7 / 3), 2.5, {"qkv": 3.0, "mlp": 1.0})
    assert rows.average(row([1], mean_timesteps_by_mac=4.0)).by_layer == 4


@pytest.mark.parametrize("at", [1.0, 1.25, 2.5, 3.0, 0.2, 9.0])
def test_uniform_timesteps_between_whole_numbers_lie_on_the_line_between_these(modules, at: float) -> None:
    values = np.arange(3 * 2 * 5, dtype=float).reshape(3, 2, 5) ** 2  # timesteps, replicates, samples
    found = modules["dtss_rows"].between(values, [at, 2.0])
    grid = [[np.interp(at, [1, 2, 3], values[:, 0, n]) for n in range(5)], values[1, 1]]
    assert np.allclose(found, grid)


def test_a_gain_at_equal_average_is_that_over_the_line(modules) -> None:
    """T=1 answers none right and T=2 all: at T=1.5, half of them."""
    rows = modules["dtss_rows"]
    uniform = [[row([0] * 8), row([0] * 8)], [row([1] * 8), row([1] * 8)]]
    learned = [row([1] * 8, masks=(1, 1, 2)), row([1] * 8, masks=(2, 1, 1))]
    assert rows.gain_at_equal_average(learned, uniform).middle == pytest.approx(100 * (1 - 1 / 3))


def test_a_pair_is_equal_within_one_standard_error_of_the_uniform_network(modules) -> None:
    rows = modules["dtss_rows"]
    uniform = [row([1] * n + [0] * (100 - n)) for n in (80, 84, 88)]
    error = 100 * stats.sem([0.80, 0.84, 0.88])
    just, below = ([row([1] * n + [0] * (100 - n), masks=(4, 1, 1))] * 3 for n in (82, 81))
    assert rows.standard_error(uniform) == pytest.approx(error)
    assert rows.pair(just, uniform) == (pytest.approx(0.5), pytest.approx(-2), pytest.approx(error))
    assert rows.pair(just, uniform).is_equal
    assert not rows.pair(below, uniform).is_equal


def test_masked_networks_that_are_timed_have_the_mean_timesteps_that_are_told(modules) -> None:
    passes = modules["dtss_passes"]
    for part, steps in passes.PARTS.items():
        network = passes.masked_network(steps)
        active = [sum(mask) for mask in network.masks((passes.TIMESTEPS,)).values()]
        assert set(active) == set(steps)
        assert np.mean(active) == pytest.approx(part * passes.TIMESTEPS, abs=0.12)


@pytest.mark.slow
def test_tiny_networks_give_all_tables(modules, subject, tmp_path, capsys) -> None:
    dtss, rows = modules["dtss"], modules["dtss_rows"]
    parts = dtss.sections(subject, is_quick=False)
    types = next(title for title in parts if title.startswith("types"))
    parts[types] = dict(list(parts[types].items())[:3])
    ways = [way for part in parts.values() for way in part.values()]
    found = rows.rows_of(subject, ways, 2, tmp_path)
    assert len(found) == len(set(ways))
    for way, of_way in found.items():
        steps = {t for one in of_way for t in rows.timesteps_of(one).values()}
        assert steps <= ({1, 2, 3} if way.masks.are_learned else {way.timesteps})
        assert all(set(one["energies"]) == {rows.SIMPLE, rows.INT32} for one in of_way)
    capsys.readouterr()
    assert rows.rows_of(subject, ways, 2, tmp_path) == found
    assert "trainings" not in capsys.readouterr().err
    dtss.print_subject(subject, parts, found)
    told = capsys.readouterr().out
    for title, of_part in parts.items():
        assert f"  {title}\n" in told
        for text in of_part:
            assert f"\n  {text} " in told
    lines = dtss.claims(subject, found)
    assert lines[0] == "tiny"
    assert {line.split(":")[0] for line in lines[1:]} <= {"PASS", "FAIL", "UNDECIDED", "seen, not claimed"}


@pytest.mark.slow
def test_passes_are_timed(modules) -> None:
    lines = modules["dtss_passes"].time_section(2, 1)
    assert len(lines) == 2
