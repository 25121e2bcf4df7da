"""What is said of a Ray cluster, with a stand-in for Ray."""

import pytest

from tsearch.engine.executors import ray_cluster


class FakeRay:
    """A cluster of two cores, of which `free` are free."""

    free = 2.0

    def init(self, **_given) -> None: ...

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def available_resources(self) -> dict[str, float]:
        return {"CPU": self.free} if self.free else {}


@pytest.mark.parametrize(
    ("address", "free_before", "free_now", "is_starting"),
    [
        (None, 0, 0, True),  # of a cluster of our own nobody else takes cores
        (None, 2, 2, False),
        ("a-cluster", 2, 0, True),
        ("a-cluster", 0, 0, False),  # others had taken them all
        ("a-cluster", 1, 1, False),
    ],
)
def test_a_cluster_that_is_full_of_the_runs_own_segments_lacks_nothing(
    monkeypatch, address, free_before, free_now, is_starting
) -> None:
    ray = FakeRay()
    ray.free = free_before
    monkeypatch.setattr(ray_cluster, "import_module", lambda _name: ray)
    cluster = ray_cluster.RayCluster(2, address, "cpu", is_verbose=False)
    ray.free = free_now
    assert cluster.is_starting() == is_starting
