"""Bundles that malicious hands changed and sealed again: each call works or is refused in one line, none hangs."""

import json
import random
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutations
import pytest
import torch
import yaml

from tsearch.errors import TsearchError
from tsearch.export.bundle import FILES, Bundle, load, sha256
from tsearch.export.evaluation import evaluate_bundle
from tsearch.export.pricing import price_bundle

FIXTURE = Path(__file__).parent / "fixtures" / "two_stages_7c9e42e.tar.xz"
N_MUTATIONS = 500
READ = {
    "configuration.yaml": 4,
    "spikes.json": 4,
    "cost.json": 1,
    "manifest.json": 1,
    "weights.safetensors": 2,
}
CALLS: tuple[Callable[[Path], Any], ...] = (
    Bundle,
    lambda folder: load(folder)(torch.zeros(2, 1, 2, 16, 16)),
    evaluate_bundle,
    lambda folder: price_bundle(folder).cost.to_dict(),
    lambda folder: price_bundle(folder, "45nm_paper_simple"),
    lambda folder: (Bundle(folder).costs(), Bundle(folder).stored_costs()),
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(folder, filter="data")
    return folder / "bundle"


@pytest.fixture
def bundle(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "bundle"))


def seal(folder: Path) -> None:
    """A manifest of the files as they are now."""
    digests = {name: sha256(folder / name) for name in FILES if (folder / name).is_file()}
    (folder / "manifest.json").write_text(json.dumps(digests))


def spoil(content: bytes, rng: random.Random) -> bytes:
    """Bytes cut short, or a few of them changed."""
    if rng.random() < 0.3:
        return content[: rng.randrange(len(content))]
    spoiled = bytearray(content)
    for _ in range(rng.choice((1, 3, 30))):
        spoiled[rng.randrange(min(len(content), 1500))] = rng.randrange(256)
    return bytes(spoiled)


def mutate(path: Path, rng: random.Random) -> None:
    """Change a file of a bundle, or remove it."""
    draw = rng.random()
    if draw < 0.03:
        path.unlink()
    elif path.name.endswith("safetensors") or draw < 0.15:
        path.write_bytes(spoil(path.read_bytes(), rng))
    elif path.name.endswith("json"):
        content = mutations.mutated(json.loads(path.read_text()), rng)
        path.write_bytes(mutations.as_json(content).encode("utf-8", "surrogatepass"))
    else:
        path.write_text(mutations.as_yaml(mutations.mutated(yaml.safe_load(path.read_text()), rng)))


@pytest.mark.timeout(120)
def test_500_sealed_mutations_work_or_are_refused_in_one_line(original: Path, bundle: Path) -> None:
    """What is no TsearchError fails here, as does a hang."""
    n_worked, refused = 0, []
    for number in range(N_MUTATIONS):
        rng = random.Random(number)
        name = rng.choices(list(READ), list(READ.values()))[0]
        mutate(bundle / name, rng)
        if name != "manifest.json":
            seal(bundle)
        call = rng.choice(CALLS)
        try:
            call(bundle)
            n_worked += 1
        except TsearchError as error:
            refused.append(str(error))
        for file in (name, "manifest.json"):
            shutil.copyfile(original / file, bundle / file)
    assert all(message.isprintable() for message in refused)
    assert min(n_worked, len(refused)) > 100


def change(bundle: Path, name: str, changing: Callable[[Any], None]) -> None:
    """Change the content of a YAML or JSON file, and seal the bundle."""
    path = bundle / name
    content = yaml.safe_load(path.read_text())
    changing(content)
    path.write_text(json.dumps(content))
    seal(bundle)


@pytest.mark.parametrize("number", [0, 3, 99, True, 1.0, "1", None])
def test_a_format_that_is_no_format_is_refused(bundle: Path, number: Any) -> None:
    change(bundle, "configuration.yaml", lambda content: content.update(format=number))
    with pytest.raises(TsearchError, match="not of a format that this version reads"):
        Bundle(bundle)


@pytest.mark.parametrize("width", [10**9, 10**17])
def test_a_network_larger_than_its_weights_is_not_built(bundle: Path, width: int) -> None:
    change(
        bundle,
        "configuration.yaml",
        lambda content: content["configuration"]["backbone"].update(widths=[4, width]),
    )
    with pytest.raises(TsearchError, match=r"weights\.safetensors: "):
        load(bundle)


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (
            ("network", "stages", 0, "timesteps"),
            10**9,
            "'network.stages.0.timesteps'.* 4096, found 1000000000",
        ),
        (
            ("network", "layers", 0, "in_shape"),
            [2, 10**7, 10**7],
            "larger than any machine can hold|1000000000",
        ),
        (("network", "layers", 0, "kernel"), [10**6, 3], "'network.layers.0.kernel.0'.* 8192, found 1000000"),
        (("network", "layers"), [], "'network.layers': .*at least 1 item"),
        (("network", "stages"), [], "'network.stages': .*at least 1 item"),
        (("network", "layers", 0, "kind"), "x", "layer 'block1': unknown kind 'x'"),
        (("record", "n_samples"), 0, "'record.n_samples': .* greater than or equal to 1, found 0"),
        (("record", "layers", "block1", "events"), [[-1]], "'record.layers.block1.events.0.0'"),
        (("record", "layers", "block1", "outputs"), [10**40], "'record.layers.block1.outputs.0'"),
    ],
)
def test_spikes_that_cannot_be_are_one_line(
    bundle: Path, place: tuple[Any, ...], value: Any, problem: str
) -> None:
    def changing(content: Any) -> None:
        for part in place[:-1]:
            content = content[part]
        content[place[-1]] = value

    change(bundle, "spikes.json", changing)
    with pytest.raises(TsearchError, match=rf"spikes\.json: .*({problem})"):
        price_bundle(bundle)


def test_a_folder_that_cannot_be_is_no_bundle() -> None:
    for name in ("n" * 300, "a\0b", "a\nb"):
        with pytest.raises(TsearchError, match="is no bundle"):
            Bundle(name)
