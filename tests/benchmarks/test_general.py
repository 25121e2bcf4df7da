"""The General SNN part by part: which trainings there are, and the tables of tiny networks."""

from importlib import import_module
from pathlib import Path

import pytest

from tsearch.configuration import DataSpec
from tsearch.networks.backbones.windowed import PAPER_NEURON

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def modules():
    """The benchmark and its subjects."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield import_module("general"), import_module("general_subjects")


def test_the_ablations_change_one_thing_each_and_share_the_network_of_the_paper(modules) -> None:
    _, subjects = modules
    base = subjects.BASE._asdict()
    for made in (subjects.fused(), subjects.projected()):
        assert subjects.BASE in made.values()
        assert {sum(base[name] != value for name, value in v._asdict().items()) for v in made.values()} == {
            0,
            1,
        }
    cells = subjects.windowed()
    assert cells[subjects.DILATED, 4] == subjects.BASE
    assert cells[subjects.NORMAL, 1] == cells[subjects.DILATED, 1]
    assert len(subjects.variants()) == 5 + 3 + 2


def test_all_run_at_one_timestep_with_the_neurons_of_the_paper(modules) -> None:
    _, subjects = modules
    for size in (subjects.FULL, subjects.QUICK):
        for subject in subjects.subjects(size):
            made = [subject.configuration(variant) for variant in subjects.variants()]
            assert {one.timesteps for one in made} == {(1,)}
            assert {one.neuron for one in made} == {PAPER_NEURON}
            assert len({one.key for one in made}) == len(made)
            patterns = {one.backbone.pattern for one in made}
            assert patterns == {"NDN", "NNN"}
    assert {s.backbone["core"] for s in subjects.subjects(subjects.FULL)} == {"cnn", "lstm"}


@pytest.mark.slow
@pytest.mark.parametrize("core", ["cnn", "lstm"])
def test_tiny_networks_give_all_tables(modules, core: str, tmp_path, capsys) -> None:
    general, subjects = modules
    backbone = subjects.BACKBONE | {"core": core, "width": 4, "depths": (2, 1)}
    subject = subjects.Subject("tiny", DataSpec(name="digits"), backbone, subjects.RECIPE, 1)
    rows = general.rows_of(subject, subjects.variants(), 2, tmp_path)
    capsys.readouterr()
    assert general.rows_of(subject, subjects.variants(), 2, tmp_path) == rows
    assert "trainings" not in capsys.readouterr().err
    assert all(row["mean_timesteps"] == 1 for of in rows.values() for row in of)
    general.print_subject(subject, rows)
    told = capsys.readouterr().out
    for text in ("all normal", "every second dilated", "fusion", "theta", "dilated, 4 groups"):
        assert f"\n  {text}" in told
    lines = general.claims(subject, rows)
    assert lines[0] == "tiny"
    assert {line.split(":")[0] for line in lines[1:]} <= {"PASS", "FAIL", "UNDECIDED", "seen, not claimed"}
