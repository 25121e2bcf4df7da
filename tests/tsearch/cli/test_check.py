"""What `check` says before any training of what a search will refuse; and the end of a run that could try nothing."""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

import tsearch
from tsearch.cli.preview import preview
from tsearch.data import DATASETS
from tsearch.units import format_value

SPACE = """
name: mixed
data: {name: digits_dvs}
backbone: {widths: [4, 8], pool_after: [1]}
timesteps: [1, 2]
"""
ON_LOIHI = SPACE + "temporal_transformer: score_mix\nhardware: {profile: loihi, assume: {weight_bits: 9}}\n"
CAUSE = (
    "layer 'block2': profile 'loihi' has no price for 'score_mac'; its hardware cannot run this analog work "
    "(temporal_transformer score_mix; truncate would fit)"
)


@pytest.fixture
def write(tmp_path: Path):
    def file(text: str) -> str:
        path = tmp_path / "space.yaml"
        path.write_text(text)
        return str(path)

    return file


@pytest.mark.parametrize(
    "backbone", ["", "backbone: [{widths: [4], pool_after: []}, {name: resnet18, width: 4}]\n"]
)
def test_an_objective_of_which_nothing_is_known_is_told_at_its_line(type_in, write, backbone) -> None:
    text = "name: mixed\ndata: {name: digits}\ntimesteps: [1, 2]\n" + backbone
    path = write(f"{text}objectives:\n  - accuracy\n  - enrgy_pj\n")
    code, _, err = type_in("check", path)
    line = 3 + bool(backbone) + 3
    problem = (
        "no reference known for objective 'enrgy_pj'. Did you mean 'energy_pj'? Known: accuracy, energy_pj"
    )
    assert code == 2
    assert f"{path}:{line}: {problem}" in err
    assert type_in("check", write(text + "objectives: [accuracy, score]\nreference: {score: 3}\n"))[0] == 0


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ("objectives: [accuracy]", "finds no candidate, since no cost is among the objectives (accuracy)"),
        ("stages: [[2]]", "finds no candidate, since every network has the same timesteps in all stages"),
        (
            "search: {baselines: none}",
            "may find no candidate, since a candidate lies between uniform networks",
        ),
        (
            "search: {baselines: [2]}",
            "may find no candidate, since a candidate lies between uniform networks",
        ),
    ],
)
def test_check_warns_where_nothing_can_be_confirmed(type_in, write, change, warning) -> None:
    asked = f"{SPACE}{change}\nconfirm: {{candidates: 1}}\n"
    code, out, _ = type_in("check", write(asked))
    assert code == 0
    assert out.splitlines()[-1].startswith(f"warning: `confirm` {warning}")
    assert out.count("warning") == 1
    for unasked in (f"{SPACE}{change}\n", SPACE + "confirm: {candidates: 1}\n"):
        assert "warning" not in type_in("check", write(unasked))[1]


@pytest.mark.parametrize(
    ("masks", "warns"),
    [
        ("warmup: 0.6, settle: 0.4", True),
        ("warmup: [0.1, 0.8]", True),  # settle is 0.25 by default
        ("warmup: 0.6, settle: 0.3", False),
        ("mode: none, warmup: 1", False),
    ],
)
def test_check_warns_where_masks_never_change(type_in, write, masks, warns) -> None:
    mode = "" if "mode" in masks else "mode: prefix_sum, "
    code, out, _ = type_in("check", write(f"{SPACE}masks: {{{mode}{masks}}}\n"))
    assert code == 0
    assert ("warning: masks stay as they begin" in out) == warns


def test_check_says_what_a_chip_refuses_and_why(type_in, write) -> None:
    path = write(ON_LOIHI + "enqueue: [{stages: [1, 1], timesteps: [2, 1]}]\n")
    code, out, _ = type_in("check", path)
    assert code == 0
    assert "constraints: none" in out
    assert f"of all 5 configurations 2 (40%) are:\n  {CAUSE} (2)" in out
    assert f"refused baselines and enqueued ones:\n  T=(2, 1): {CAUSE}" in out
    assert sorted(line[2:].split()[0] for line in out.splitlines() if line.endswith("(refused)")) == [
        "2,1",
        "2,2",
    ]
    assert "of which 2 are baselines or enqueued (2 and 0)" in out  # the enqueued one will not be tried
    content = json.loads(type_in("check", path, "--json")[1])
    assert content["refused"] == {
        "n_drawn": 5,
        "is_all": True,
        "n": 2,
        "reasons": [{"reason": CAUSE, "n": 2}],
    }
    assert content["first_refused"] == [{"timesteps": [2, 1], "stages": [1, 1], "reason": CAUSE}]
    by_timesteps = {
        tuple(proposal["schedule"][-1]["timesteps"]): reason
        for proposal, reason in zip(content["proposals"], content["proposals_refused"], strict=True)
    }
    assert by_timesteps == {(1,): None, (2,): None, (1, 1): None, (2, 1): CAUSE, (2, 2): CAUSE}


def test_the_check_that_the_readme_advises_says_what_is_refused(type_in, monkeypatch) -> None:
    patient = 60.0  # a loaded machine draws all two hundred too
    monkeypatch.setattr(sys.modules["tsearch.cli.preview"], "PATIENCE_S", patient)
    code, out, _ = type_in("check", "digits_dvs", "--profile", "loihi", "--assume", "weight_bits=8")
    assert code == 0
    assert "refused before any training: of 200 drawn configurations" in out
    of_uneven_buckets = CAUSE.replace("score_mac", "synapse_mac").replace("score_mix", "bucket")
    assert f"\n  {CAUSE} (" in out
    assert f"\n  {of_uneven_buckets} (" in out
    assert "refused" not in type_in("check", "digits_dvs")[1]


def test_check_tells_a_limit_that_nothing_can_meet(type_in, write) -> None:
    path = write(
        SPACE + "constraints: {energy: {max: 1pJ}}\ntraining: {learning_rate: {low: 0.01, high: 0.02}}\n"
    )
    space = tsearch.load_space(path)
    smallest = space.baselines()[0]  # with one timestep
    least = (
        f"energy is at least {format_value(space.refuse(smallest).least, 'energy_pj')}, the limit is 1.00 pJ"
    )
    assert f"of 200 drawn configurations every one is:\n  {least} (200)" in type_in("check", path)[1]


def test_a_run_that_may_try_nothing_ends_with_one_line_that_names_the_limit(
    type_in, write, tmp_path: Path
) -> None:
    path = write(SPACE + "constraints: {energy: {max: 1pJ}}\n")
    code, out, err = type_in("run", path, "--runs", str(tmp_path), "--name", "x", "--executor", "inline")
    assert (code, out) == (2, "")
    last = err.splitlines()[-1]
    assert last.startswith(
        f"tsearch: {tmp_path / 'x'}: nothing was tried: space exhausted after 0 trials, 5 config"
    )
    assert "refused: energy is at least" in last
    assert last.endswith("the limit is 1.00 pJ (5). Change the space file.")


@pytest.mark.parametrize(("n", "n_expected"), [(0, 0), (3, 3), (5, 5), (8, 5)])
def test_check_proposes_no_configuration_twice(write, n: int, n_expected: int) -> None:
    proposals = preview(tsearch.load_space(write(SPACE)), n)["proposals"]
    assert len({json.dumps(proposal) for proposal in proposals}) == len(proposals) == n_expected


def test_check_proposes_distinct_ones_of_a_large_space_too() -> None:
    proposals = preview(tsearch.load_space("digits_dvs"), 300)["proposals"]
    assert len({json.dumps(proposal) for proposal in proposals}) == 300


def test_every_data_set_has_a_sentence_of_its_own(type_in) -> None:
    sentences = json.loads(type_in("list", "data", "--json")[1])["data"]
    assert sentences.keys() == DATASETS.keys()
    assert max(Counter(sentences.values()).values()) == 1


def test_resume_refuses_to_add_no_trial(type_in, small_run, capsys) -> None:
    with pytest.raises(SystemExit) as left:
        type_in("resume", "small", "--trials", "+0", "--runs", str(small_run.folder.parent))
    assert left.value.code == 2
    assert "'+0' adds no trial; add at least 1" in capsys.readouterr().err


def test_a_space_and_a_result_are_shown_in_one_line(small_run) -> None:
    space = tsearch.load_space("digits_dvs")
    assert repr(space) == (
        "SearchSpace(name='digits_dvs', data='digits_dvs', size=None, "
        "objectives={'accuracy': 'maximize', 'energy_pj': 'minimize', 'latency_s': 'minimize'})"
    )
    result = small_run.results[0].result
    assert (
        repr(result) == f"Result(budget={result.budget}, metrics={result.metrics}, seconds={result.seconds})"
    )


def test_the_example_of_an_own_network_is_run_with_trials_left_to_search() -> None:
    repository = Path(__file__).resolve().parents[3]
    space = tsearch.load_space(repository / "examples" / "own.yaml")
    for page in ("README.md", "docs/own_network.md"):
        [line] = [
            line
            for line in (repository / page).read_text().splitlines()
            if "tsearch run examples/own" in line
        ]
        assert int(line.split("--trials ")[1]) >= len(space.baselines()) + 8


def test_check_tells_fixed_settings_that_are_not_at_their_default_and_all_when_asked(type_in, write) -> None:
    text = (
        SPACE.replace("digits_dvs}", "digits_dvs, options: {n_distractors: 0}}")
        + "neuron: {tau: 3.0, reset: soft}\n"
    )
    out = type_in("check", write(text))[1]
    backbone = "backbone.name=vgg, backbone.widths=[4, 8], backbone.pool_after=[1]"
    told = f"{backbone}, neuron.tau=3.0, data.options.n_distractors=0"
    content = json.loads(type_in("check", write(text), "--json")[1])
    n_hidden = len(content["at_default"])
    assert f"\nfixed: {told}; {n_hidden} further settings at the default (--all lists them)\n" in out
    assert n_hidden == len(content["fixed"]) - 5
    everything = type_in("check", write(text), "--all")[1].splitlines()
    rows = {tuple(line.split()) for line in everything}
    assert {("training.decay_all", "false"), ("neuron.reset", "soft"), ("data.options.noise", "0.2")} <= rows
    assert sum(line.split()[:1] == [name] for name in content["fixed"] for line in everything) == n_hidden + 5


def test_check_warns_where_no_folder_with_the_files_is_given(
    type_in, write, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.delenv("TSEARCH_DATA", raising=False)
    text = SPACE.replace("digits_dvs", "cifar10")
    out = type_in("check", write(text))[1]
    assert out.splitlines()[-1].startswith("warning: data cifar10: no folder given. Set data.root")
    assert (
        "warning" not in type_in("check", write(text.replace("cifar10}", f"cifar10, root: {tmp_path}}}")))[1]
    )
    assert "warning" not in type_in("check", write(SPACE))[1]


def test_check_tells_one_epoch_as_one(type_in, write) -> None:
    text = SPACE + "schedule: {epochs: 1, leading: [[], [2]], leading_epochs: 1}\n"
    phases = (
        "phases led by listed timesteps, up to 1 vector before the last (1 epoch each), then the searched"
    )
    assert f"phases: {phases} timesteps (1 epoch or more); " in type_in("check", write(text))[1]
    alone = SPACE + "schedule: {epochs: 1}\n"
    assert "phases: the searched timesteps (1 epoch); " in type_in("check", write(alone))[1]
