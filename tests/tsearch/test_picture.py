"""The picture of the README: drawn from a run alone, the same every time, without a request, and a valid SVG."""

import runpy
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import tsearch
from tsearch.engine.run_folder import Run
from tsearch.front import Front
from tsearch.replication.evidence import evidence_of

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "docs" / "picture.py"
SVG = "{http://www.w3.org/2000/svg}"


def drawn(run: Run) -> str:
    return runpy.run_path(str(SCRIPT))["picture"](run)


def marks(text: str) -> list[str]:
    """What the pointer would show of every trial."""
    root = ElementTree.fromstring(text)
    return [mark.text for mark in root.iter(f"{SVG}title") if mark.text.startswith("trial ")]


def test_every_complete_trial_is_drawn_and_the_same_run_gives_the_same_picture(small_run: Run) -> None:
    text = drawn(small_run)
    numbers = {int(words.split(",")[0].removeprefix("trial ")) for words in marks(text)}
    assert numbers == {trial.number for trial in small_run.results}
    assert drawn(small_run) == text


def test_a_picture_asks_for_nothing_from_elsewhere_and_brings_its_background(small_run: Run) -> None:
    for text in (drawn(small_run), (REPOSITORY / "docs" / "front.svg").read_text()):
        assert text.replace("http://www.w3.org/2000/svg", "").count("//") == 0
        assert not any(word in text for word in ("href", "url(", "<script", "<image", "@import"))
        assert ElementTree.fromstring(text).find(f"{SVG}rect").get("fill") == "#ffffff"


def test_the_caption_of_the_picture_is_what_show_says_about_a_saving(small_run: Run) -> None:
    description = ElementTree.fromstring(drawn(small_run)).find(f"{SVG}desc")
    [answer] = evidence_of(small_run, Front.of(small_run)).answers
    assert description.text.endswith(answer.sentence)
    words = [node.text for node in ElementTree.fromstring(drawn(small_run)).iter(f"{SVG}text")]
    assert ("candidate, not confirmed" in words) == (answer.word == "candidate")


def test_no_two_labels_of_the_picture_overlap() -> None:
    root = ElementTree.parse(REPOSITORY / "docs" / "front.svg").getroot()
    labels = [node for node in root.iter(f"{SVG}text") if node.text.startswith("T=")]
    boxes = [(float(n.get("x")), float(n.get("y")), 7 * len(n.text)) for n in labels]
    assert len(boxes) >= 5
    for i, (x, y, width) in enumerate(boxes):
        for other_x, other_y, other_width in boxes[:i]:
            assert abs(y - other_y) >= 12 or abs(x - other_x) >= (width + other_width) / 2


def test_the_picture_of_the_readme_has_as_many_trials_as_its_caption() -> None:
    n_trials = tsearch.load_space("digits_dvs").search.trials
    assert len(set(marks((REPOSITORY / "docs" / "front.svg").read_text()))) == n_trials
    assert f"tries {n_trials} networks" in (REPOSITORY / "README.md").read_text().split("    make demo")[0]


def test_a_folder_that_is_no_run_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(tmp_path / "gone"), str(tmp_path / "out.svg")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "gone" in done.stderr
