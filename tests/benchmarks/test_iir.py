"""Chains of timesteps: what paths share, intervals known from elsewhere, and the tables of a tiny network."""

from importlib import import_module
from math import prod
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tsearch.configuration import Conversion, DataSpec

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def modules():
    """The benchmark, its subjects, chains, tables and intervals."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield tuple(
            import_module(name) for name in ("iir", "iir_subjects", "iir_chains", "iir_tables", "intervals")
        )


@pytest.fixture(scope="module")
def subject(modules):
    """VGG6 with one in 64 channels, on the 8x8 digits."""
    _, subjects, chains, *_ = modules
    backbone = chains.vgg(chains.VGG6, 64, "none")
    conversion = Conversion(samples=64, timesteps=4)
    return chains.Subject(
        "tiny",
        DataSpec(name="digits"),
        backbone,
        subjects.IF,
        subjects.ALL_PATHS,
        1,
        subjects.SHIFTED,
        conversion,
    )


def test_all_paths_have_the_same_epochs_and_share_how_they_begin(modules, subject) -> None:
    _, _, chains, *_ = modules
    job = chains.family(subject, 0, 1, 5)
    schedules = [c.schedule for c in (job.configuration, *job.others)]
    assert [sum(p.epochs for p in schedule if p.network == "snn") for schedule in schedules] == [5] * 4
    distinct = {configuration.prefix_key(index) for configuration, index, _ in job.phases()}
    # the ANN; 5, 5-4, 5-4-3, 5-4-3-2, 5-4-3-2-1; 5-3, 5-3-1; 5-1; 1
    assert len(distinct) == 10
    assert len(list(job.phases())) == 15


def test_an_interval_over_replicates_is_that_of_a_t_test(modules) -> None:
    *_, intervals = modules
    values = [0.5, 0.7, 0.4]
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    interval = intervals.t_interval(values)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_a_paired_interval_has_both_kinds_of_chance(modules) -> None:
    *_, tables, intervals = modules
    rng = np.random.default_rng(0)
    same = np.tile(rng.random((1, 400)) < 0.5, (3, 1))  # replicates agree: only samples differ
    none = np.zeros_like(same)
    interval = tables.paired_interval(same, none)
    share = same[0].mean()
    reach = 196 * np.sqrt(share * (1 - share) / 399)
    assert interval.middle == pytest.approx(100 * share)
    assert interval.high - interval.middle == pytest.approx(reach, rel=1e-3)
    other = np.array([[True] * 400, [False] * 400, [True] * 400])  # samples agree: only replicates differ
    assert tables.paired_interval(other, none) == pytest.approx(intervals.t_interval([100, 0, 100]))
    assert tables.paired_interval(same, same) == (0, 0, 0)


@pytest.mark.parametrize(
    ("interval", "word"), [((1, 2, 3), "PASS"), ((-1, 0, 1), "UNDECIDED"), ((-3, -2, -1), "FAIL")]
)
def test_a_verdict_follows_from_the_whole_interval(modules, interval, word: str) -> None:
    *_, intervals = modules
    assert intervals.verdict("x", intervals.Interval(*interval), least=0).startswith(f"{word}: x (")


@pytest.mark.slow
def test_a_tiny_network_gives_all_tables(modules, subject, tmp_path, capsys) -> None:
    iir, *_ = modules
    size = iir.Size(1, 1, 5, 0, 0)
    (rows,) = iir.trained_rows([subject], size, 2, tmp_path)
    names = ["ann", "5", "5-4", "5-4-3", "5-4-3-2", "5-4-3-2-1", "5-3", "5-3-1", "5-1", "1"]
    assert list(rows[0]["stops"]) == names
    sums = sum(prod(s) for s in ((1, 8, 8), (2, 4, 4), (2, 4, 4), (64,), (64,), (10,)))  # 10: the readout's
    for name in names[1:]:
        stop = rows[0]["stops"][name]
        timesteps = int(name[-1])
        # read and written at every step but before the first and after the last: none at T=1
        assert stop["after"]["words"]["membrane"] == 2 * sums * (timesteps - 1)
        assert list(stop["after"]["rates"]) == [f"block{i}" for i in range(1, 6)]
        assert set(stop["neurons"]) == set(stop["after"]["rates"])
        assert stop["before"]["timesteps"] == stop["after"]["timesteps"] == timesteps
    (again,) = iir.trained_rows([subject], size, 2, tmp_path)
    assert again == rows
    capsys.readouterr()
    iir.print_subject("tiny", rows, size)
    lines = capsys.readouterr().out.splitlines()
    of_stops = [line.split()[0] for line in lines[2:]]
    for name in names[1:]:  # accuracy and cost, rates before and after, thresholds, leaks
        assert of_stops.count(name) == 5
    assert of_stops.count("ann") == of_stops.count("dense") == 1
