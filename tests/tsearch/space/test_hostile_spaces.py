"""Search spaces of careless and malicious hands: each is read or refused in one line, none hangs."""

import random
from pathlib import Path

import mutations
import pytest
import yaml

from tsearch.cli.preview import preview
from tsearch.cli.space_table import preview_text
from tsearch.errors import TsearchError
from tsearch.space.file import load_space, parse_space, spaces_folder

N_MUTATIONS = 500
SMALL = (
    "digits", "digits_dvs", "families_mnist", "iir_cifar10", "iir_digits", "nmnist", "spikformer_digits", "ssnn_digits",
    "windowed_mnist",
)  # fmt: skip
SHIPPED = {name: (spaces_folder() / f"{name}.yaml").read_text() for name in SMALL}
GOOD = "name: small\ndata: {name: digits}\nbackbone: {widths: [4, 4], pool_after: [1]}\n"


def _mutation(number: int) -> str:
    """One of the shipped files, changed at random."""
    rng = random.Random(number)
    text = rng.choice(list(SHIPPED.values()))
    if rng.random() < 0.15:
        return mutations.spoiled(text, rng)
    content = mutations.mutated(yaml.safe_load(text), rng)
    return mutations.as_json(content) if rng.random() < 0.5 else mutations.as_yaml(content)


@pytest.mark.timeout(120)
def test_500_mutated_spaces_are_read_or_refused_in_one_line() -> None:
    """Of every tenth the preview of `tsearch check` too; what is no TsearchError fails here, as does a hang."""
    n_read, refused = 0, []
    for number in range(N_MUTATIONS):
        try:
            space = parse_space(_mutation(number), "s.yaml")
            if number % 10 == 0:
                preview_text(preview(space, 1)).encode()
            n_read += 1
        except TsearchError as error:
            refused.append(str(error))
    assert all(message.isprintable() for message in refused)
    assert min(n_read, len(refused)) > 50


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("timesteps: [1000000]", "s.yaml:4: 'timesteps.0': a stage has at most 4,096 timesteps, for each of which"),
        (f"timesteps: {list(range(1, 4000))}", "s.yaml:4: 'timesteps': at most 1,000 choices of timesteps; found"),
        (f"timesteps: [1{'0' * 5000}]", "s.yaml:4: a whole number of more than 18 digits"),
        ("timesteps: [1]\nschedule: {leading: [[5000]]}", "s.yaml:5: 'schedule.leading.0.0': a stage has at most"),
        (
            f"timesteps: {list(range(1, 1000))}\nschedule: {{leading: [[], [1000], [2000]]}}",
            "s.yaml:4: uniform networks with 999 numbers of timesteps, 3 schedules and 1 backbone are up to 2,997",
        ),
        ("timesteps: [1, 4000]", "s.yaml:4: uniform networks with 4,000 numbers of timesteps, 1 schedule"),
        ("timesteps: [1, 4]\nsearch:\n  baselines: [2, 5]", "s.yaml:6: search.baselines: 5 timesteps, but the largest"),
        ("timesteps: [1, 4]\nsearch: {baselines: []}", "s.yaml:5: 'search.baselines"),
        ("timesteps: [1, 4]\nsearch: {baselines: [0]}", "s.yaml:5: 'search.baselines"),
        ("timesteps: [1, 4]\nsearch: {baselines: uniforn}", "s.yaml:5: 'search.baselines"),
        ("timesteps: [2, 4]\nschedule: {leading: [[2, 8]]}", "s.yaml:5: schedule.leading: [2, 8] grows"),
        ("timesteps: [8]\nschedule: {leading: [[2, 8]]}", "s.yaml:5: schedule.leading: [2, 8] grows"),
        (
            "timesteps: [1, 4]\nschedule:\n  leading: [[4], [4, 2]]\n  leading_epochs: [3]",
            "s.yaml:7: schedule.leading_epochs: 1 number for up to 2 phases before the last one.",
        ),
        ("timesteps: [1]\nschedule: {leading_epochs: [0]}", "s.yaml:5: 'schedule.leading_epochs"),
        ("timesteps: [1]\nschedule: {leading_learning_rate: 0}", "s.yaml:5: 'schedule.leading_learning_rate': input"),
        ("timesteps: [1]\nschedule: {ann_epochs: 1, ann_learning_rate: .inf}", "'schedule.ann_learning_rate': input"),
        ("timesteps: [1]\nschedule: {leading_learning_rate: [.inf]}", "'schedule.leading_learning_rate"),
        (
            "timesteps: [1]\nschedule: {leading_learning_rate: {low: 1, hihg: 2}}",
            "s.yaml:5: unknown key 'hihg'. Did you mean 'high'?",
        ),
        ("timesteps: [1]\nsearch: {trials: 1000000000}", "less than or equal to 1000000"),
        ("timesteps: [1]\nsearch: {batch: 100000000}", "less than or equal to 10000"),
        ("timesteps: [1]\nstages: [[1]]", "stages [1] hold 1 block, but the backbone has 2"),
        ('timesteps: [1]\n"a\\nb": 1', r"s.yaml:5: unknown key 'a\nb'"),
        ("timesteps: &a [*a]", "s.yaml:4: an alias refers to what it stands in"),
        ('timesteps: [1]\n"\\e[31m": 1', r"s.yaml:5: unknown key '\x1b[31m'"),
    ],
)  # fmt: skip
def test_what_asks_for_too_much_is_one_line(change: str, message: str) -> None:
    with pytest.raises(TsearchError) as caught:
        parse_space(GOOD + change, "s.yaml")
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ("widths: [100000000000000000, 4]", "a network has at most 10,000,000,000 weights"),
        (f"widths: [1{'0' * 30}]", "a whole number of more than 18 digits"),
        (f"widths: {[1] * 300}", "a backbone has at most 256 blocks, found 300"),
        (f"widths: {[1] * 200}", "200 blocks at 1,000 timesteps: both multiplied are at most 16,384"),
        ("name: resnet18, blocks: [100000000000000000]", "a backbone has at most 256 blocks"),
        ("name: [vgg]", "'backbone.name': one name, found"),
        (f"name: resnet18, width: {list(range(1, 200))}, blocks: {[[n] for n in range(1, 200)]}", "39,601 networks"),
    ],
)  # fmt: skip
def test_networks_that_no_machine_holds_are_one_line(backbone: str, message: str) -> None:
    text = f"name: small\ndata: {{name: digits}}\nbackbone: {{{backbone}}}\ntimesteps: [1, 1000]\n"
    with pytest.raises(TsearchError, match=r"s\.yaml:3: ") as caught:
        parse_space(text, "s.yaml")
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["n" * 300, "a\nb", "a\0b", "", "x" * 101])
def test_a_name_that_cannot_be_a_file_is_not_found(name: str) -> None:
    with pytest.raises(TsearchError) as caught:
        load_space(name)
    assert str(caught.value).isprintable()


def test_a_name_of_101_characters_is_refused() -> None:
    with pytest.raises(TsearchError, match="should have at most 100 characters"):
        parse_space(f"name: {'n' * 101}\ndata: {{name: digits}}\ntimesteps: [1]\n")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text("#" * 1_000_001)
    with pytest.raises(TsearchError, match="larger than 1,000,000 bytes"):
        load_space(tmp_path / "large.yaml")
