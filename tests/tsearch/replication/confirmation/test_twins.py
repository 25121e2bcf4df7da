"""What people hear while twins are looked for."""

import pytest

from tsearch.engine.events import Noted
from tsearch.replication.confirmation.confirm import confirm


@pytest.mark.parametrize(
    ("factor", "told"),
    [
        ("1.5", ["uniform T=3 costs less than trial 4, so T=4 is trained too"]),
        ("0.8", ["uniform T=2 costs more than trial 4, so T=1 is trained too"]),
        ("1", []),
    ],
)
def test_fault_more_trainings_than_announced_had_no_reason(run, monkeypatch, factor, told) -> None:
    """Trial 4 takes 4.3 nJ times the factor in fresh replicates; uniform T takes 2 T, and T=2 and 3 come first."""
    monkeypatch.setenv("TOY_COST", factor)
    heard = []
    confirm(run, trials=[4], listener=heard.append)
    notes = [event.text for event in heard if isinstance(event, Noted)]
    assert notes[1:] == told, "the first is the plan"
