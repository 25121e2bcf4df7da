"""Every invariant of `invariants.py`, on 50 random examples by default and on 1,000 in the slow suite."""

from collections.abc import Callable
from typing import Any

import pytest

Check = Callable[..., None]


def test_invariant(invariant: Check, check: Check) -> None:
    check(invariant, 50)


@pytest.mark.slow
def test_invariant_on_a_thousand_examples(invariant: Check, check: Check) -> None:
    check(invariant, 1000)


def test_the_list_is_complete(invariants: dict[str, Any]) -> None:
    assert [name[:3] for name in sorted(invariants)] == [f"i{n:02d}" for n in range(1, 30)]
