"""A run goes on only with the space it began with."""

import pytest

from tsearch.domains import Choice, Real
from tsearch.engine.changes import first_difference, refuse_changes
from tsearch.errors import TsearchError


def test_the_first_difference_is_named_with_its_dots() -> None:
    old = {"a": 1, "b": {"c": [1, 2], "d": {"e": 0}}}
    assert first_difference(old, {"a": 1, "b": {"c": [1, 2], "d": {"e": 0}}}) is None
    assert first_difference(old, old | {"a": 2}) == ("a", 1, 2)
    assert first_difference(old, {"a": 1, "b": {"c": [1, 2, 4], "d": {"e": 5}}}) == ("b.c", [1, 2], [1, 2, 4])
    assert first_difference(old, {"a": 1, "b": {"c": [1, 2], "d": {}}}) == ("b.d", {"e": 0}, {})


@pytest.fixture
def check(make_space, tmp_path, monkeypatch):
    """Compares a run on the toy space with a file that now holds another one."""

    def do(text: str = "other text", **settings) -> None:
        path = tmp_path / "space.yaml"
        path.write_text(text)
        content = {"space_path": str(path), "space_text": "name: toy\n", "space": make_space().to_dict()}
        monkeypatch.setattr("tsearch.engine.changes.load_space", lambda _path: make_space(**settings))
        refuse_changes(tmp_path / "toy", content)

    return do


def test_a_changed_setting_is_refused_with_both_values(check) -> None:
    with pytest.raises(TsearchError, match=r"toy: 'timesteps' changed .* \(\[1, 2, 4, 6\] -> \[1, 2\]\)"):
        check(timesteps=(1, 2))
    with pytest.raises(TsearchError, match=r"'training.learning_rate.high' changed .* \(1.0 -> 0.5\)"):
        check(rates=Real(1e-4, 0.5, log=True, default=0.01))
    with pytest.raises(TsearchError, match=r"'training.learning_rate' changed"):
        check(rates=Choice((0.1, 0.2)))
    with pytest.raises(TsearchError, match=r"'search.proposer' changed .* Start a new run"):
        check(proposer="gp")


def test_comments_and_when_to_stop_may_change(check) -> None:
    check()
    check(trials=99, timeout_s=5.0, max_failures=1)
    check(text="name: toy\n", timesteps=(1, 2))  # the same text is not even read


def test_a_file_that_was_moved_away_does_not_matter(make_space, tmp_path) -> None:
    content = {"space_path": str(tmp_path / "gone.yaml"), "space_text": "", "space": make_space().to_dict()}
    refuse_changes(tmp_path, content)
    refuse_changes(tmp_path, content | {"space_path": None})
