"""Hardware profiles of careless and malicious hands: each is read or refused in one line."""

import random
from pathlib import Path

import mutations
import pytest
import yaml

from hwcost import HwcostError, NetworkSpec, StageSpec, bound, conv, load_profile
from hwcost.prices.profile_file import FOLDER, known_profiles

NETWORK = NetworkSpec((conv("a", (2, 8, 8), 4, 3, in_class="graded", in_max=3),), (StageSpec(2),))
WHOLE = FOLDER / "45nm_memory.yaml"


@pytest.mark.timeout(120)
def test_500_mutated_profiles_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    """Prices are asked for as well; what is no HwcostError fails here, as does a hang."""
    texts = [(FOLDER / f"{name}.yaml").read_text() for name in known_profiles()]
    n_read, refused = 0, []
    for number in range(500):
        rng = random.Random(number)
        text = rng.choice([*texts, WHOLE.read_text()])
        path = tmp_path / f"profile{number}.yaml"
        is_text = rng.random() < 0.2
        path.write_text(
            mutations.spoiled(text, rng)
            if is_text
            else mutations.as_yaml(mutations.mutated(yaml.safe_load(text), rng))
        )
        try:
            bound(NETWORK, load_profile(path))
            n_read += 1
        except HwcostError as error:
            refused.append(str(error))
    assert min(n_read, len(refused)) > 30
    assert max(map(len, refused)) < 1000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &a [*a]", "an alias refers to what it stands in"),
        ("[" * 100_000, "nested more than 32 deep"),
        (f"about: {'9' * 5000}", "a whole number of more than 18 digits"),
        ("prices: [1]", "'prices' is a mapping"),
        ("extends: 45nm_memory\nmemory: {points: 3}", "'memory' lacks a list of points"),
        ("extends: 45nm_memory\nhardware: {clock_hz: {value: 1, range: [0, 1], unit: Hz, source: x}}", "is above 0"),
        ("extends: 45nm_memory\nprices: {ac: {value: 1.0e+300, range: [1, 1.0e+300], unit: pJ, source: x}}", "1e+15"),
        ("extends: 45nm_memory\nextends: 45nm_memory", "key 'extends' is given twice"),
    ],
)  # fmt: skip
def test_a_profile_that_hurts_is_one_line(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(HwcostError) as caught:
        load_profile(tmp_path / "p.yaml")
    assert problem in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["n" * 300, "a\0b", "/dev/zero"])
def test_a_name_that_cannot_be_a_file_is_no_profile(name: str) -> None:
    with pytest.raises(HwcostError, match="not found"):
        load_profile(name)
