"""Searches over several families: every proposer stays inside, repeats itself, and TPE learns of each family apart."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tsearch.cli.progress import Progress
from tsearch.cli.tables import marked_table
from tsearch.engine.proposers import PROPOSERS
from tsearch.engine.proposers.known import Known
from tsearch.engine.proposing import Problem, Told
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import Run, open_run
from tsearch.errors import TsearchError
from tsearch.front import Front
from tsearch.space.file import parse_space
from tsearch.space.kinds import space_from_dict
from tsearch.space.union import UnionSpace

TEXT = """\
name: families
data: {name: digits}
backbone:
  - {name: vgg, widths: [[4, 4], [4, 8]], pool_after: []}
  - {name: vgg, widths: [4, 4, 4], pool_after: [], neuron: {tau: {low: 1.5, high: 3}}}
  - {name: resnet18, width: 4, blocks: [1, 1], stages: [[1, 2], [1, 1, 1]]}
timesteps: [1, 2, 4]
schedule: {epochs: 3}
training: {learning_rate: {low: 0.001, high: 0.1, log: true}}
search: {baselines: [4], trials: 40}
"""


def families() -> UnionSpace:
    space = parse_space(TEXT)
    assert isinstance(space, UnionSpace)
    return space


def search(proposer: str, runs: Path, trials: int) -> Run:
    return run(
        families(), "toys:evaluate", proposer=proposer, runs=runs, trials=trials, executor="inline", name="a"
    )


@pytest.mark.parametrize(
    "proposer", [pytest.param(name, marks=pytest.mark.slow) if name == "gp" else name for name in PROPOSERS]
)
def test_every_proposal_lies_in_its_family_and_a_run_goes_on_as_it_would_have(
    proposer: str, tmp_path: Path
) -> None:
    n = 14 if proposer == "gp" else 18
    found = search(proposer, tmp_path / "whole", n)
    assert [trial.state for trial in found.trials] == ["complete"] * n
    for trial in found.trials:
        inside = trial.origin == "proposed"
        assert not inside or found.space.decode(trial.values) == trial.configuration
    names = {found.space.alternative_of(t.configuration) for t in found.trials if t.origin == "proposed"}
    if proposer == "gp":  # ten proposals, of which it spends few on what it takes for worse
        assert len(names) > 1
    else:
        assert names == set(found.space.alternatives)
    folder = search(proposer, tmp_path / "cut", n - 3).folder
    assert [t.key for t in resume(folder, more_trials=3).trials] == [t.key for t in found.trials]
    assert open_run(folder).space == found.space


def test_every_network_is_called_by_its_alternative_as_check_calls_it(tmp_path: Path) -> None:
    said = StringIO()
    found = run(
        families(),
        "toys:evaluate",
        runs=tmp_path,
        trials=4,
        executor="inline",
        name="a",
        listener=Progress(said),
    )
    front = Front.of(found)
    assert [point.family for point in front.by_number] == ["vgg_1", "vgg_1", "vgg_2", "resnet18"]
    assert "trial 2: vgg_2, timesteps [4]," in said.getvalue()
    last = front.by_number[2]
    assert last.label == "vgg_2 T=4"
    header, _, row = marked_table(front, [last]).splitlines()  # the others of the space are not shown
    assert ("backbone" in header, "vgg_2" in row) == (True, True)


def test_a_space_of_several_families_is_told_in_one_line() -> None:
    assert repr(families()) == (
        "UnionSpace(name='families', data='digits', size=None, objectives={'accuracy': 'maximize', 'energy_pj': "
        "'minimize', 'latency_s': 'minimize'}, alternatives=['vgg_1', 'vgg_2', 'resnet18'])"
    )


def test_a_trial_tells_tpe_of_its_own_family_alone() -> None:
    space = families()
    problem = Problem(space.parameters(), space.objectives, conditions=space.conditions())
    told = [
        Told(i, space.encode(member.decode({})), (0.5, 1.0, 1.0))
        for i, member in enumerate(space.alternatives.values())
    ]
    apart, together = Known(problem, is_conditional=True), Known(problem)
    for known in (apart, together):
        known.feed(told, [])
    assert all(trial.params.keys() == problem.parameters.keys() for trial in together.complete)
    assert [trial.params.keys() for trial in apart.complete] == [
        {n for n in problem.parameters if space.conditions().get(n, ("", name))[1] == name}
        for name in space.alternatives
    ]


def test_a_finished_run_of_a_file_goes_on_with_the_trials_added_to_it(tmp_path: Path) -> None:
    file = tmp_path / "families.yaml"
    file.write_text(TEXT.replace("trials: 40", "trials: 6"))
    ways: dict[str, Any] = {"runs": tmp_path, "executor": "inline", "name": "a"}
    finished = run(file, "toys:evaluate", **ways)
    assert len(finished.trials) == 6
    file.write_text(TEXT.replace("trials: 40", "trials: 8, timeout_s: 600"))
    extended = resume(finished.folder, more_trials=2)
    assert [trial.state for trial in extended.trials] == ["complete"] * 8
    assert [trial.key for trial in extended.trials[:6]] == [trial.key for trial in finished.trials]
    again = run(file, "toys:evaluate", exist="resume", trials=9, **ways)
    assert [trial.key for trial in again.trials[:8]] == [trial.key for trial in extended.trials]
    assert len(again.trials) == 9


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("high: 3", "high: 4", r"'vgg_2: neuron.tau.high' changed since this run started \(3.0 -> 4.0\)"),
        ("baselines: [4]", "baselines: [2]", r"'search.baselines' changed since this run started"),
        ("digits", "digits_dvs", r"'data.name' changed since this run started"),
    ],
)
def test_what_changed_in_the_file_is_refused_with_its_alternative(
    old: str, new: str, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "families.yaml"
    file.write_text(TEXT)
    folder = run(file, "toys:evaluate", runs=tmp_path, executor="inline", name="a", trials=3).folder
    file.write_text(TEXT.replace(old, new))
    with pytest.raises(TsearchError, match=words):
        resume(folder, more_trials=1)


def test_trained_families_are_extended_as_one_run_finds_them(tmp_path: Path) -> None:
    text = TEXT.replace("epochs: 3", "epochs: 1").replace("[1, 2, 4]", "[1]")
    text = text.replace("baselines: [4]", "baselines: none, proposer: random")
    text = text.replace("training: {", "training: {batch_size: 256, ")
    whole = run(parse_space(text), runs=tmp_path, executor="inline", name="whole", trials=3)
    cut = run(parse_space(text), runs=tmp_path, executor="inline", name="cut", trials=1)
    extended = resume(cut.folder, more_trials=2)
    assert [(t.key, t.metrics) for t in extended.trials] == [(t.key, t.metrics) for t in whole.trials]


def test_runs_keep_what_alternatives_share_once() -> None:
    space = families()
    content = space.to_dict()
    for one in content["alternatives"].values():
        assert not one.keys() & {"name", "data", "hardware", "objectives", "search"}
    whole = {name: one.to_dict() for name, one in space.alternatives.items()}
    assert space_from_dict(content | {"alternatives": whole}, space.source_text) == space
