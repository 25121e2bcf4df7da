"""Every kind of layer, random and small, counted by the package and by the walker: the same items, the same numbers."""

from collections.abc import Callable
from typing import Any

import pytest
from cases import KINDS, counted, draw_case
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from walker import walk

import hwcost as h
from hwcost.counting import boundary, layer_kinds, operations
from hwcost.counting.counts import Count
from hwcost.counting.kinds import attention, recurrence

PROFILE = h.load_profile("45nm_memory").where(codec="aer", dataflow="none")


def compare_with_walker(kind: str, n_examples: int) -> None:
    @settings(
        max_examples=n_examples,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        network, record, seen = draw_case(data, kind)
        layer = network.layer("layer")
        reading = data.draw(st.sampled_from(("dense", "row", "coincidence")))
        cost = h.estimate(network, record, PROFILE.where(attention=reading))
        is_last = layer is network.layers[-1]
        assert counted(cost, "layer") == walk(layer, seen, reading=reading, is_last=is_last)

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_counts_equal_the_walker(kind: str) -> None:
    compare_with_walker(kind, 40)


def nothing(*given: Any, **more: Any) -> list[Count]:  # noqa: ARG001
    return []


def never(*given: Any) -> bool:  # noqa: ARG001
    return False


def once_per_event(job: Any, arrived: Any) -> list[Count]:  # noqa: ARG001
    return [Count("pool_add", arrived.events)]


BUGS: dict[str, tuple[str, Callable[[pytest.MonkeyPatch], None]]] = {
    "windows that overlap": (
        "pool",
        lambda patch: patch.setitem(layer_kinds.COUNTED_BY, "avg_pool1d", once_per_event),
    ),
    "own spikes unread": ("recurrent", lambda patch: patch.setattr(recurrence, "_own_reads", nothing)),
    "no addresses": ("lstm", lambda patch: patch.setattr(recurrence, "address_counts", nothing)),
    "outputs unwritten": ("sew", lambda patch: patch.setattr(operations, "output_writes", nothing)),
    "frames unread": ("batch_norm", lambda patch: patch.setattr(operations, "frame_reads", nothing)),
    "a flattening copies": (
        "flatten",
        lambda patch: patch.setattr(boundary, "is_view", never),
    ),
    "sums in registers": ("attention", lambda patch: patch.setattr(attention, "sum_accesses", nothing)),
}


@pytest.mark.parametrize("bug", BUGS)
def test_the_walker_notices_seeded_bugs(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, seed = BUGS[bug]
    seed(monkeypatch)
    with pytest.raises(AssertionError):
        compare_with_walker(kind, 40)
