"""What ends a trial, what is tried again, and what is nobody's fault."""

import os
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
import toys

from tsearch.cli import main
from tsearch.engine import events, patience, stopwatch
from tsearch.engine.executors import AwayError, inline
from tsearch.engine.executors.segments import away
from tsearch.engine.replicates import Wanted, train_replicates
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError
from tsearch.space.goals import SearchSettings


class Flaky(inline.InlineExecutor):
    """Loses the segments, and the connection, whose turns are in `losses`; counted from 1."""

    losses: frozenset[int] = frozenset()
    absences: frozenset[int] = frozenset()
    has_begun: bool = False
    always_lost: int = 0  # keys that are a multiple of this never come back

    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.n_waits = self.n_looks = 0

    def free(self) -> int:
        self.n_looks += 1
        if self.n_looks in self.absences:
            raise AwayError("the cluster is away")
        return super().free()

    def wait(self, timeout_s=None):
        self.n_waits += 1
        (name, segment), *_ = self._waiting
        is_always_lost = self.always_lost and int(segment.configuration.key, 16) % self.always_lost == 0
        if self.n_waits in self.losses or is_always_lost:
            self._waiting.popleft()
            return [(name, away("a node was lost", has_begun=self.has_begun))]
        return super().wait(timeout_s)


@pytest.fixture
def flaky(monkeypatch, make_space, ideal, tmp_path):
    """Searches with an executor that loses what it is told to; the pauses are short."""
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(patience, "LONGEST_WAIT_S", 0.008)

    def do(*, losses=(), absences=(), always_lost=0, **settings):
        class Executor(Flaky):
            pass

        Executor.losses, Executor.absences = frozenset(losses), frozenset(absences)
        Executor.always_lost, Executor.has_begun = always_lost, bool(always_lost)
        monkeypatch.setattr("tsearch.engine.executors.inline.InlineExecutor", Executor)
        heard = []
        space = make_space(**settings)
        found = run(
            space, toys.evaluate, runs=tmp_path, executor="inline", ideal=ideal, listener=heard.append
        )
        return found, [event.text for event in heard if isinstance(event, events.Warned)]

    return do


# ---------------------------------------------------------------------- infrastructure


def test_what_is_lost_with_its_node_costs_no_attempt_and_is_told(flaky) -> None:
    found, warnings = flaky(trials=8, losses={2, 3, 4, 5, 9, 10})
    assert [(trial.state, trial.n_lost) for trial in found.trials] == [("complete", 0)] * 8
    assert len(warnings) == 6
    assert warnings[0].startswith("a node was lost. No trial is charged for it: submitting again in ")


def test_replicates_that_are_lost_with_their_node_are_submitted_again(flaky) -> None:
    found, _ = flaky(trials=3, losses={5, 6})
    heard = []
    wanted = [Wanted(trial.configuration, replicate) for trial in found.trials[:2] for replicate in (1, 2)]
    inline.InlineExecutor.losses, inline.InlineExecutor.absences = frozenset({1, 3}), frozenset({2})
    after = train_replicates(found, wanted, evaluator=toys.evaluate, executor="inline", listener=heard.append)
    assert [each.state for each in after.replicates] == ["complete"] * 4
    assert sum(isinstance(event, events.Warned) for event in heard) == 2  # two losses in one pause are one


def test_a_cluster_that_is_away_is_waited_for(flaky) -> None:
    found, warnings = flaky(trials=6, absences={4, 5, 6, 7})
    assert [(trial.state, trial.n_lost) for trial in found.trials] == [("complete", 0)] * 6
    assert len(warnings) == 4


def test_pauses_grow_to_a_limit_and_begin_anew_after_an_answer(monkeypatch) -> None:
    monkeypatch.setattr(patience.time, "monotonic", lambda: clock[0])
    clock, said = [0.0], []
    waiting = patience.Patience(said.append)
    assert waiting.left_s is None
    for wait_s in (1, 2, 4, 8, 16, 32, 60, 60):
        waiting.lose("a node was lost")
        waiting.lose("a node was lost")  # the same loss, met by another segment
        assert waiting.left_s == wait_s
        clock[0] += wait_s
    assert len(said) == 8
    waiting.answer()
    waiting.lose("a node was lost")
    assert waiting.left_s == 1


def test_a_cluster_that_never_returns_ends_the_search_and_no_trial_fails(
    flaky, monkeypatch, tmp_path
) -> None:
    monkeypatch.setattr(patience, "GIVE_UP_S", 0.05)
    with pytest.raises(
        TsearchError, match=r"a node was lost. Nothing has answered for .*then resume"
    ) as error:
        flaky(trials=6, losses=range(3, 10_000))
    assert "no trial failed by it" in str(error.value)
    left = open_run(tmp_path / "toy")
    states = [trial.state for trial in left.trials]
    assert (states[:2], set(states[2:])) == (["complete"] * 2, {"running"})
    monkeypatch.undo()
    found = resume(left.folder, toys.evaluate, executor="inline")
    assert [trial.state for trial in found.trials] == ["complete"] * 6


def test_a_trial_that_takes_its_node_with_it_every_time_fails_in_the_end(flaky) -> None:
    found, _ = flaky(trials=30, always_lost=7, max_failures=30, baselines="none")
    for trial in found.trials:
        assert trial.state == ("failed" if int(trial.key, 16) % 7 == 0 else "complete")
    assert any(trial.state == "failed" for trial in found.trials)


# ---------------------------------------------------------------------- tried again


def _mended(task) -> dict:
    return {name: value for name, value in task.data.options.items() if name != "problem"}


def good(configuration, budget, resume_from, task):
    """The toy evaluator after the cause was mended."""
    mended = task.model_copy(update={"data": task.data.model_copy(update={"options": _mended(task)})})
    return toys.evaluate(configuration, budget, resume_from, mended)


@pytest.mark.parametrize("problem", ["raise", "nan", "memory"])
@pytest.mark.parametrize("ordered", [True, False])
def test_mend_the_cause_then_resume_repeats_what_failed_by_it(
    make_space, ideal, tmp_path, problem, ordered
) -> None:
    options = {"problem": problem, "log": str(tmp_path / "log")}
    space = make_space(trials=9, max_failures=3, options=options, ordered=ordered)
    with pytest.raises(TsearchError, match=r"failed in a row.*Mend the cause, then resume"):
        run(space, toys.evaluate, runs=tmp_path, executor="inline", ideal=ideal)
    with pytest.raises(TsearchError, match="failed in a row"):
        resume(tmp_path / "toy", toys.evaluate)
    assert all(trial.state in ("failed", "running") for trial in open_run(tmp_path / "toy").trials)
    found = resume(tmp_path / "toy", good)
    assert [(trial.number, trial.state, trial.error) for trial in found.trials] == [
        (number, "complete", None) for number in range(9)
    ]
    assert open_run(found.folder).trials == found.trials
    assert list((found.folder / "errors").iterdir()) == []


def test_failed_trials_are_tried_again_on_request_and_nothing_finished_is(
    make_space, ideal, tmp_path
) -> None:
    log = tmp_path / "log"
    options = {"problem": "raise", "every": 3, "log": str(log)}
    space = make_space(trials=12, max_failures=12, options=options)
    before = run(space, toys.evaluate, runs=tmp_path, executor="inline", ideal=ideal)
    failed = [trial.number for trial in before.trials if trial.state == "failed"]
    assert 0 < len(failed) < 12
    assert resume(before.folder, good).trials == before.trials  # not asked for
    found = resume(before.folder, good, retry_failed=True)
    assert found.n_total == len(found.results) == 12
    assert [t.key for t in found.trials] == [t.key for t in before.trials]
    begun = Counter(log.read_text().split())
    assert {trial.number for trial in found.trials if begun[trial.key] == 2} == set(failed)
    assert set(begun.values()) == {1, 2}
    assert [t for t in found.trials if t.number not in failed] == [
        t for t in before.trials if t.number not in failed
    ]


def test_a_configuration_that_killed_its_workers_has_all_its_attempts_again(
    make_space, ideal, tmp_path
) -> None:
    space = make_space(trials=1, options={"problem": "die"})
    found = run(space, "toys:evaluate", runs=tmp_path, workers=1, ideal=ideal)
    assert (found.trials[0].state, found.trials[0].n_lost) == ("failed", 3)
    heard = []
    found = resume(found.folder, retry_failed=True, listener=heard.append)
    assert (found.trials[0].state, found.trials[0].n_lost) == ("failed", 3)
    assert sum(isinstance(event, events.Lost) for event in heard) == 3


# ---------------------------------------------------------------------- what is said


def test_where_every_trial_fails_the_end_says_so(make_space, ideal, tmp_path) -> None:
    space = make_space(trials=3, options={"problem": "raise"})
    found = run(space, toys.evaluate, runs=tmp_path, executor="inline", ideal=ideal)
    assert found.ended == (
        "all 3 trials failed, the last one with: RuntimeError: mat1 and mat2 cannot be multiplied"
    )
    assert resume(found.folder, toys.evaluate).ended == found.ended


def test_a_trial_ten_times_slower_than_the_median_is_warned_of(
    make_space, ideal, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(stopwatch, "SHORTEST_S", 0.5)
    heard = []
    space = make_space(trials=8, options={"log": str(tmp_path / "log")})

    def listen(event) -> None:
        heard.append(event)
        if isinstance(event, events.Warned):
            session = int(Path(tmp_path / "log").read_text().split()[0])
            os.killpg(session, signal.SIGKILL)

    run(space, "misbehaving:hangs_once", runs=tmp_path, workers=2, ideal=ideal, listener=listen)
    warnings = [event.text for event in heard if isinstance(event, events.Warned)]
    assert len(warnings) == 1
    assert "has been under way for" in warnings[0]
    assert "(median); `--segment-timeout TIME` ends such trials" in warnings[0]


def test_ordered_says_how_many_workers_it_can_use(make_space, ideal, tmp_path) -> None:
    heard = []
    space = make_space(trials=4, ordered=True, batch=2)
    run(space, "toys:evaluate", runs=tmp_path, workers=3, ideal=ideal, listener=heard.append)
    warnings = [event.text for event in heard if isinstance(event, events.Warned)]
    assert sum("at most 2 of 3 workers are busy" in warning for warning in warnings) == 1


def test_inline_says_that_it_cannot_stop_a_training(make_space, ideal, tmp_path) -> None:
    heard = []
    space = make_space(trials=1)
    given = {"runs": tmp_path, "ideal": ideal, "listener": heard.append, "segment_timeout_s": 5.0}
    run(space, toys.evaluate, executor="inline", **given)
    warnings = [event.text for event in heard if isinstance(event, events.Warned)]
    assert sum(warning.startswith("segment_timeout: the executor 'inline'") for warning in warnings) == 1


def test_a_segment_timeout_is_a_time_with_a_unit() -> None:
    assert SearchSettings(segment_timeout="30min").segment_timeout == 1800
    assert SearchSettings(segment_timeout=12).segment_timeout == 12
    assert SearchSettings().segment_timeout is None
    with pytest.raises(ValueError, match="a time is a number with a unit: 90s, 30min or 2h"):
        SearchSettings(segment_timeout="30 moons")


def test_an_import_that_kills_its_process_is_told_and_no_trial_fails(make_space, ideal, tmp_path) -> None:
    text = (
        f"import os\nif os.getpid() != {os.getpid()}:\n    os.kill(os.getpid(), 11)\n"
        "def evaluate(*given): ...\n"
    )
    (tmp_path / "deadly.py").write_text(text)
    sys.path.insert(0, str(tmp_path))
    try:
        with pytest.raises(TsearchError, match=r"no worker can start.*killed by signal 11"):
            run(make_space(), "deadly:evaluate", runs=tmp_path, workers=1, ideal=ideal)
    finally:
        sys.path.remove(str(tmp_path))
    assert {trial.state for trial in open_run(tmp_path / "toy").trials} == {"running"}


def test_a_fork_server_killed_before_its_first_worker_began_is_started_once_more(tmp_path) -> None:
    (tmp_path / "killed_once.py").write_text(
        "import os\nfrom pathlib import Path\n"
        f"mark, driver = Path({str(tmp_path / 'mark')!r}), {os.getpid()}\n"
        "if os.getpid() != driver and not mark.exists():\n    mark.touch()\n    os.kill(os.getpid(), 9)\n"
        "def evaluate(parameters, *_): return {'loss': parameters['x']}\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        found = run(
            {"x": (0.0, 1.0)},
            "killed_once:evaluate",
            objectives={"loss": "minimize"},
            name="toy",
            runs=tmp_path,
            workers=1,
            trials=3,
        )
    finally:
        sys.path.remove(str(tmp_path))
    assert [(trial.state, trial.n_lost) for trial in found.trials] == [("complete", 0)] * 3


def test_failed_trials_are_tried_again_from_the_shell(make_space, ideal, tmp_path, capsys) -> None:
    space = make_space(trials=4, options={"problem": "die once", "log": str(tmp_path / "log")})
    found = run(space, "misbehaving:fails_once", runs=tmp_path, workers=1, ideal=ideal)
    assert [trial.state for trial in found.trials] == ["failed"] + ["complete"] * 3
    given = ["resume", "toy", "--runs", str(tmp_path), "--segment-timeout", "30min"]
    assert main(given) == 0
    assert len(open_run(found.folder).results) == 3
    assert main([*given, "--retry-failed"]) == 0
    assert len(open_run(found.folder).results) == 4
    assert main([*given[:-1], "soon"]) == 2
    assert "--segment-timeout soon: a time is a number with a unit" in capsys.readouterr().err


# ---------------------------------------------------------------------- errors of every kind


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_an_error_that_cannot_be_encoded_fails_its_trial_and_prints_nothing_strange(
    make_space, ideal, tmp_path, executor, capsys
) -> None:
    space = make_space(trials=2)
    found = run(space, "misbehaving:raises_odd_words", runs=tmp_path, executor=executor, ideal=ideal)
    error = r"ValueError: \x1b[31mbad\x07 byte \udcff in file name"
    assert [trial.error for trial in found.trials] == [error] * 2
    assert open_run(found.folder).trials == found.trials
    for path in (found.folder / "errors").iterdir():
        assert path.read_text().startswith(error)
    assert main(["show", "toy", "--runs", str(tmp_path), "--all"]) in (0, 1)
    told = capsys.readouterr()
    assert not {"\x1b", "\x07", "\udcff"} & set(told.out + told.err)


@pytest.mark.parametrize(
    ("evaluator", "error"),
    [("interrupts", "KeyboardInterrupt"), ("raises_without_words", "SpeechlessError")],
)
def test_an_evaluator_that_raises_what_ends_a_program_fails_at_once(
    make_space, ideal, tmp_path, evaluator, error
) -> None:
    space = make_space(trials=1, options={"log": str(tmp_path / "log")})
    found = run(space, f"misbehaving:{evaluator}", runs=tmp_path, workers=1, ideal=ideal)
    assert [(trial.error, trial.n_lost) for trial in found.trials] == [(error, 0)]
    assert (tmp_path / "log").read_text() == "1\n"


def test_ctrl_c_passes_an_evaluator_in_the_drivers_own_process(make_space, ideal, tmp_path) -> None:
    space = make_space(trials=1, options={"log": str(tmp_path / "log")})
    with pytest.raises(KeyboardInterrupt):
        run(space, "misbehaving:interrupts", runs=tmp_path, executor="inline", ideal=ideal)
    assert open_run(tmp_path / "toy").trials[0].state == "running"


@pytest.mark.parametrize("given", [0, -1, 1e300, "1e300h", "nan", float("inf")])
def test_times_beyond_reason_are_refused_in_space_files(given) -> None:
    for name in ("timeout_s", "segment_timeout"):
        with pytest.raises(ValueError, match=f"1 validation error for SearchSettings\n{name}"):
            SearchSettings(**{name: given})
