"""Ray keeps the promises of every executor, on a real cluster of two nodes on this machine."""

import pytest
import toys
from test_executors import (
    collect,
    segment,
    test_gives_back_what_the_evaluator_returns_to_the_bit,
    test_says_when_a_problem_would_meet_every_trial,
    test_takes_as_many_as_are_free_and_gives_all_back,
    test_turns_an_exception_into_an_error_in_one_line,
)

from tsearch.engine.executors import make_executor
from tsearch.engine.search import run
from tsearch.errors import TsearchError

pytest.importorskip("ray")

SHARED = (  # the promises of every executor: collected here too, they meet the executor below
    test_gives_back_what_the_evaluator_returns_to_the_bit,
    test_says_when_a_problem_would_meet_every_trial,
    test_takes_as_many_as_are_free_and_gives_all_back,
    test_turns_an_exception_into_an_error_in_one_line,
)


@pytest.fixture
def executor(cluster):
    made = make_executor("ray", toys.evaluate, None, cluster.address)
    yield made
    made.close()


def test_uses_the_cores_of_both_nodes_and_leaves_the_cluster_up(cluster, executor) -> None:
    assert executor.free() == 2
    executor.submit("a", segment())
    collect(executor, 1)
    executor.close()
    again = make_executor("ray", toys.evaluate, None, cluster.address)
    assert again.free() == 2
    again.close()


def test_a_killed_worker_is_lost_and_the_segment_can_be_repeated(executor, tmp_path) -> None:
    for is_lost in (True, False):
        executor.submit("a", segment(problem="die once", log=str(tmp_path / "log")))
        assert collect(executor, 1)["a"].is_lost == is_lost


def test_the_same_search_ends_the_same_on_every_executor(cluster, make_space, ideal, tmp_path) -> None:
    space = make_space(trials=18, proposer="tpe", ordered=True)
    found = [
        run(space, toys.evaluate, name=name, runs=tmp_path, ideal=ideal, executor=name, address=address)
        for name, address in (("ray", cluster.address), ("process", None), ("inline", None))
    ]
    assert len(found[0].results) == 18
    for other in found[1:]:
        assert [(t.key, t.result) for t in other.trials] == [(t.key, t.result) for t in found[0].trials]


def test_an_address_without_a_cluster_is_told_in_one_line() -> None:
    executor = make_executor("ray", toys.evaluate, None, "127.0.0.1:1")
    with pytest.raises(TsearchError, match=r"address '127.0.0.1:1': no Ray cluster answers"):
        executor.free()
