"""Seeded bugs: every one has to turn an invariant red. A test suite that stays green under them would prove nothing."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import hwcost as h
from hwcost import cost, overlap
from hwcost.activity import attention, layer_spikes, record
from hwcost.activity import check as record_check
from hwcost.counting import arrivals, memory, operations
from hwcost.network import fan_out

Patch = Callable[[pytest.MonkeyPatch], None]
CACHES = (
    fan_out._classes,
    fan_out.class_values,
    fan_out.class_sizes,
    fan_out.n_synapses,
    fan_out.n_padded_synapses,
    operations._updates_of,
    operations._frames_of,
)


def _axis_with(**changes: Any) -> Patch:
    """The fan-out along an axis, computed as if some of its geometry were different."""
    names = ("length", "n_out", "kernel", "stride", "pads", "dilation")
    right = fan_out._axis

    def wrong(axis: tuple, mode: str) -> np.ndarray:
        bent = dict(zip(names, axis, strict=True)) | changes
        return right(tuple(bent[name] for name in names), changes.get("mode", mode))

    return lambda patch: patch.setattr(fan_out, "_axis", wrong)


def _pads_counted(patch: pytest.MonkeyPatch) -> None:
    def wrong(axis: tuple, mode: str) -> np.ndarray:  # noqa: ARG001
        length, n_out, kernel, *_ = axis
        return np.full(length, -(-n_out * kernel // length), dtype=np.int64)

    patch.setattr(fan_out, "_axis", wrong)


def _groups_forgotten(patch: pytest.MonkeyPatch) -> None:
    right = fan_out._geometry

    def wrong(layer: h.LayerSpec) -> tuple:
        family, mode, channels, *rest = right(layer)
        return (family, mode, channels * (layer.groups if layer.kernel else 1), *rest)

    patch.setattr(fan_out, "_geometry", wrong)


def _last_timestep_lost(patch: pytest.MonkeyPatch) -> None:
    right = operations.arrivals

    def wrong(*given: Any, **more: Any) -> arrivals.Arrivals:
        found = right(*given, **more)
        return found._replace(synapses=(*found.synapses[:-1], 0))

    patch.setattr(operations, "arrivals", wrong)


def _values_ignored(patch: pytest.MonkeyPatch) -> None:
    right = operations.arrivals

    def wrong(*given: Any, unary: bool) -> arrivals.Arrivals:
        return right(*given, unary=False)._replace(operation="ac" if unary else "mac")

    patch.setattr(operations, "arrivals", wrong)


def _membranes_always_fetched(patch: pytest.MonkeyPatch) -> None:
    right = memory.state_counts

    def wrong(job: Any, *runs: Any) -> list:
        return right(job._replace(profile=job.profile.where(stateless=False)), *runs)

    patch.setattr(operations, "state_counts", wrong)


def _samples_forgotten_when_merging(patch: pytest.MonkeyPatch) -> None:
    right = record.SpikeRecord.__add__
    patch.setattr(
        record.SpikeRecord, "__add__", lambda a, b: record.SpikeRecord(right(a, b).layers, a.n_samples)
    )


def _closed_form_pipeline(patch: pytest.MonkeyPatch) -> None:
    def wrong(cycles: Any, *given: Any) -> list[list[int]]:  # noqa: ARG001
        total = sum(map(max, cycles)) + (len(cycles[0]) - 1) * max(map(max, cycles))
        return [[total] * len(cycles[0])]

    patch.setattr(overlap, "finish_times", wrong)


def _masks_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(arrivals.Arrivals, "masked", lambda arrived, mask: arrived)  # noqa: ARG005


def _membranes_times_timesteps(patch: pytest.MonkeyPatch) -> None:
    estimate = sys.modules["hwcost.estimate"]
    right = estimate.footprint

    def wrong(network: h.NetworkSpec, *given: Any) -> dict[str, int]:
        bits = right(network, *given)
        return bits | {"membranes": bits["membranes"] * network.stages[0].timesteps}

    patch.setattr(estimate, "footprint", wrong)


def _counts_as_floats(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(layer_spikes, "wholes", lambda counts: tuple(int(float(n)) for n in counts))


def _rows_instead_of_coincidences(patch: pytest.MonkeyPatch) -> None:
    right = attention.attention_counts

    def wrong(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> dict[str, tuple[int, ...]]:
        counts = right(q, k, v)
        return counts | {"qk": tuple(n * q.shape[3] for n in counts["q"])}

    patch.setattr(h, "attention_counts", wrong)


def _static_energy_counted_twice(patch: pytest.MonkeyPatch) -> None:
    right = cost.Cost._by
    patch.setattr(cost.Cost, "_by", lambda self, key: {n: 2 * e for n, e in right(self, key).items()})


def _class_not_checked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(record_check, "_check_events", lambda *given: None)  # noqa: ARG005


BUGS: dict[str, tuple[Patch, str]] = {
    "stride ignored": (_axis_with(stride=1), "i01"),
    "dilation ignored": (_axis_with(dilation=1), "i01"),
    "padding shifted": (_axis_with(pads=(0, 0)), "i01"),
    "circular taken for zeros": (_axis_with(mode="zeros"), "i01"),
    "pads counted": (_pads_counted, "i02"),
    "groups forgotten": (_groups_forgotten, "i16"),
    "T off by one": (_last_timestep_lost, "i03"),
    "graded values ignored": (_values_ignored, "i21"),
    "membranes fetched at T=1": (_membranes_always_fetched, "i06"),
    "samples forgotten when merging": (_samples_forgotten_when_merging, "i04"),
    "closed form of the pipeline": (_closed_form_pipeline, "i23"),
    "masks ignored": (_masks_ignored, "i09"),
    "footprint grows with T": (_membranes_times_timesteps, "i24"),
    "counts as floats": (_counts_as_floats, "i26"),
    "attention rows for coincidences": (_rows_instead_of_coincidences, "i19"),
    "breakdown counted twice": (_static_energy_counted_twice, "i11"),
    "class not checked": (_class_not_checked, "i25"),
}


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    """Fan-outs and steady counts are remembered: nothing of a mutant may outlive it."""
    for cache in CACHES:
        cache.cache_clear()
    yield
    for cache in CACHES:
        cache.cache_clear()


@pytest.mark.parametrize("bug", BUGS)
def test_a_seeded_bug_turns_an_invariant_red(
    bug: str, monkeypatch: pytest.MonkeyPatch, invariants: dict[str, Callable], check: Callable[..., None]
) -> None:
    patch, number = BUGS[bug]
    one = next(function for name, function in invariants.items() if name.startswith(number))
    patch(monkeypatch)
    with pytest.raises((AssertionError, h.HwcostError, pytest.fail.Exception)):
        check(one, 100, shrink=False)
