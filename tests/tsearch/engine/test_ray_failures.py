"""What a Ray cluster takes with it when it goes: never a trial."""

import threading
import time
from contextlib import suppress
from pathlib import Path

import misbehaving
import pytest
from test_executors import collect, segment

from tsearch.engine import events
from tsearch.engine.executors import make_executor
from tsearch.engine.run import run

pytest.importorskip("ray")

SMALL = {"include_dashboard": False, "object_store_memory": 100 * 2**20}


@pytest.fixture
def own_cluster(monkeypatch):
    """Starts clusters that a test may kill: a head without a core, and two nodes with one core each."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "5")
    clusters = []

    def start(n_nodes: int = 2, **head) -> Cluster:
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0} | head | SMALL)
        for _ in range(n_nodes):
            made.add_node(num_cpus=1, object_store_memory=100 * 2**20)
        made.wait_for_nodes()
        clusters.append(made)
        return made

    yield start
    for made in clusters:
        with suppress(Exception):
            made.shutdown()


def kill(made) -> None:
    """All processes of a cluster, at once."""
    for node in (*made.worker_nodes, made.head_node):
        node.kill_all_processes(check_alive=False, allow_graceful=False)


@pytest.mark.parametrize("evaluator", ["starts_a_program", "holds_the_gil"])
def test_a_segment_that_takes_too_long_is_ended_on_ray_too(cluster, tmp_path, evaluator) -> None:
    executor = make_executor("ray", f"misbehaving:{evaluator}", 1, cluster.address)
    executor.submit("a", segment(log=str(tmp_path / "log"), timeout_s=1.0))
    outcome = collect(executor, 1)["a"]
    assert outcome.error == "took longer than 1 s (the segment timeout)"
    assert not outcome.is_lost
    assert executor.free() == 1
    executor.close()


@pytest.mark.slow
def test_a_cluster_without_a_core_says_what_it_is_asked_for(own_cluster) -> None:
    heard = []
    executor = make_executor("ray", "toys:evaluate", None, own_cluster(0).address)
    executor.warn = heard.append
    executor.submit("a", segment())
    while not heard:
        assert executor.wait(1) == []
    assert heard[0].startswith(
        "1 segments wait for Ray: each asks for 1 CPU, the cluster has 0 of 0 CPUs free"
    )
    executor.close()


@pytest.mark.slow
def test_a_raylet_that_is_killed_costs_no_trial_an_attempt(own_cluster, make_space, ideal, tmp_path) -> None:
    made, heard, log = own_cluster(), [], tmp_path / "log"

    def kill_the_node_at_work() -> None:
        while not (log.is_file() and len(log.read_text().splitlines()) >= 4):
            time.sleep(0.02)
        at_work = log.read_text().splitlines()[-1]
        next(node for node in made.worker_nodes if node.node_id == at_work).kill_raylet()

    killing = threading.Thread(target=kill_the_node_at_work)
    killing.start()
    found = run(
        make_space(trials=9, options={"log": str(log)}),
        "misbehaving:notes_its_node",
        runs=tmp_path,
        ideal=ideal,
        executor="ray",
        address=made.address,
        listener=heard.append,
    )
    killing.join()
    assert [(trial.state, trial.n_lost) for trial in found.trials] == [("complete", 0)] * 9
    warnings = [event.text for event in heard if isinstance(event, events.Warned)]
    assert any("a Ray node was lost" in text and "No trial is charged for it" in text for text in warnings)


@pytest.mark.slow
def test_a_cluster_that_comes_back_finishes_the_run(own_cluster, make_space, ideal, tmp_path) -> None:
    made, heard = own_cluster(), []
    port = int(made.address.rpartition(":")[2])

    def listen(event) -> None:
        heard.append(event)
        if isinstance(event, events.Finished) and event.n_done == 4:
            kill(made)
        if sum(isinstance(one, events.Warned) for one in heard) == 3 and isinstance(event, events.Warned):
            own_cluster(gcs_server_port=port)  # it was away twice

    log = tmp_path / "log"
    space = make_space(trials=10, options={"sleep_s": 1.0, "log": str(log)})
    found = run(
        space,
        "toys:evaluate",
        runs=tmp_path,
        ideal=ideal,
        executor="ray",
        address=made.address,
        listener=listen,
    )
    assert [(trial.state, trial.n_lost) for trial in found.trials] == [("complete", 0)] * 10
    first = {
        event.trial.key for event in heard[: _first_warning(heard)] if isinstance(event, events.Finished)
    }
    begun = log.read_text().split()
    assert all(begun.count(key) == 1 for key in first)


def _first_warning(heard) -> int:
    return next(i for i, event in enumerate(heard) if isinstance(event, events.Warned))


@pytest.mark.slow
def test_kill_9_of_a_driver_on_ray_leaves_no_process(cluster, tmp_path, make_space, ideal) -> None:
    log = tmp_path / "log"
    space = make_space(options={"log": str(log)})
    driver = misbehaving.driver(
        space, "misbehaving:starts_a_program_on_ray", tmp_path, ideal, executor="ray", address=cluster.address
    )
    processes = misbehaving.noted(log, 2)
    driver.kill()
    driver.communicate()
    while any(is_alive(process) for process in processes):
        time.sleep(0.1)


def is_alive(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
