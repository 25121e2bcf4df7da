"""Ray keeps the promises of every executor, on a real cluster of two nodes on this machine."""

from collections import Counter

import pytest
import toys
from test_executors import (
    collect,
    places,
    segment,
    test_gives_back_what_the_evaluator_returns_to_the_bit,
    test_says_when_a_problem_would_meet_every_trial,
    test_takes_as_many_as_are_free_and_gives_all_back,
    test_turns_an_exception_into_an_error_in_one_line,
)

from tsearch.engine.executors import make_executor
from tsearch.engine.run import run
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


@pytest.fixture
def two_gpus():
    """Ray on this machine, told that there are two GPUs: an executor without an address finds it."""
    import ray

    ray.init(
        address="local", num_cpus=4, num_gpus=2, include_dashboard=False, object_store_memory=100 * 2**20
    )
    yield
    ray.shutdown()


@pytest.mark.usefixtures("two_gpus")
def test_gpus_are_shared_equally_and_every_task_sees_its_own() -> None:
    seen = []
    for workers, per_gpu in ((None, 1), (4, 2), (3, 2)):
        executor = make_executor("ray", "test_executors:look_around", workers, None, "cuda")
        assert executor.free() == (workers or 2)
        found = places(executor, 2 * per_gpu, device="cuda")
        assert Counter(place["CUDA_VISIBLE_DEVICES"] for place in found) == {"0": per_gpu, "1": per_gpu}
        seen += found
        executor.close()
    assert {place["device"] for place in seen} == {"cuda"}
    assert len({place["process"] for place in seen}) == len(seen)  # CUDA reads the variable once per process
    with pytest.raises(TsearchError, match="'cuda:1' not found, this Ray cluster has 2 GPUs"):
        make_executor("ray", toys.evaluate, device="cuda:1").free()


@pytest.mark.parametrize("workers", [None, 2])
def test_a_cluster_without_gpus_says_so_at_once(cluster, workers) -> None:
    executor = make_executor("ray", toys.evaluate, workers, cluster.address, "cuda")
    with pytest.raises(TsearchError, match=r"TSEARCH_DEVICE: device 'cuda' not found.*0 GPUs"):
        executor.submit("a", segment())
    executor.close()


def test_tasks_train_on_the_device_of_the_run(cluster) -> None:
    executor = make_executor("ray", "test_executors:look_around", None, cluster.address)
    assert {place["device"] for place in places(executor, 2)} == {"cpu"}
    executor.close()
