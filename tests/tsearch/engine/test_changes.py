"""A run goes on only with the space it began with."""

import pytest

from tsearch.engine.changes import first_difference, refuse_changes
from tsearch.errors import TsearchError

SPACE = """\
name: toy
data: {name: digits}
timesteps: [1, 2]
training: {learning_rate: [0.01, 0.1], dropout: {low: 0.0, high: 0.2}}
search: {trials: 10}
"""


def test_the_first_difference_is_named_with_its_dots() -> None:
    old = {"a": 1, "b": {"c": [1, 2], "d": {"e": 0}}}
    assert first_difference(old, {"a": 1, "b": {"c": [1, 2], "d": {"e": 0}}}) is None
    assert first_difference(old, old | {"a": 2}) == ("a", 1, 2)
    assert first_difference(old, {"a": 1, "b": {"c": [1, 2, 4], "d": {"e": 5}}}) == ("b.c", [1, 2], [1, 2, 4])
    assert first_difference(old, {"a": 1, "b": {"c": [1, 2], "d": {}}}) == ("b.d", {"e": 0}, {})


@pytest.fixture
def edit(tmp_path):
    """Compares a run that began with the space above to its file after an edit."""

    def do(old: str, new: str) -> None:
        assert old in SPACE
        path = tmp_path / "space.yaml"
        path.write_text(SPACE.replace(old, new))
        refuse_changes(tmp_path / "toy", str(path), SPACE)

    return do


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[1, 2]", "[1, 2, 4]", r"'timesteps' changed since this run started \(\[1, 2\] -> \[1, 2, 4\]\)"),
        ("[0.01, 0.1]", "[0.01]", r"'training.learning_rate' changed .* \(\[0.01, 0.1\] -> \[0.01\]\)"),
        ("high: 0.2", "high: 0.3", r"'training.dropout.high' changed .* \(0.2 -> 0.3\)"),
        ("trials: 10", "trials: 10, seed: 1", r"'search.seed' changed .* \(0 -> 1\)"),
        ("digits", "digits_dvs", r"'data.name' changed .* Start a new run, or undo the change."),
    ],
)
def test_a_changed_setting_is_refused_with_both_values(edit, old, new, words) -> None:
    with pytest.raises(TsearchError, match=words):
        edit(old, new)


def test_comments_and_when_to_stop_may_change(edit) -> None:
    edit("name: toy", "name: toy")
    edit("name: toy", "name: toy  # with a word")
    edit("trials: 10", "trials: 99, timeout_s: 5, max_failures: 1")


def test_a_file_that_was_moved_away_does_not_matter(tmp_path) -> None:
    refuse_changes(tmp_path, str(tmp_path / "gone.yaml"), "")
    refuse_changes(tmp_path, None, "")


def test_a_space_file_that_is_no_text_any_more_is_one_line(tmp_path) -> None:
    path = tmp_path / "space.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(TsearchError, match=r"not a text file in UTF-8\. Start a new run, or undo"):
        refuse_changes(tmp_path / "toy", str(path), SPACE)
