"""What a command line names: models in files, batches in files; and no torch before it is needed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hwcost as h
from hwcost.__main__ import main
from hwcost.adapters.target import load_batch, load_target

MODEL = """
from torch import nn
import helper
SIZE = helper.SIZE
net = nn.Linear(SIZE, 2)
def make():
    return nn.Sequential(nn.Linear(SIZE, 3))
class Net(nn.Linear):
    def __init__(self):
        super().__init__(4, 1)
def broken():
    raise RuntimeError("no weights\\nhere")
def needs(width):
    return width
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "helper.py").write_text("SIZE = 4\n")
    return tmp_path


@pytest.mark.parametrize(("name", "outputs"), [("net", 2), ("make", 3), ("Net", 1)])
def test_an_object_or_what_makes_it(name: str, outputs: int, folder: Path) -> None:
    model = load_target(f"{folder}/model.py:{name}")
    network, _ = h.from_torch(model, np.ones((2, 3, 4)))
    assert network.layers[-1].n_outputs == outputs


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("model.py", r"'model.py': FILE.py:NAME expected, for example model.py:net"),
        ("model.txt:net", "FILE.py:NAME expected"),
        ("none.py:net", r"none\.py: no such file"),
        ("model.py:nett", r"model\.py: no 'nett' in it\. Did you mean 'net'\?"),
        ("model.py:broken", "calling it without arguments failed: RuntimeError: no weights"),
        ("model.py:needs", "calling it without arguments failed: TypeError"),
        ("wrong.py:net", r"wrong\.py: running it failed: SyntaxError"),
    ],
)
def test_what_is_wrong_is_one_line(
    target: str, expected: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "wrong.py").write_text("def")
    with pytest.raises(h.HwcostError, match=expected) as error:
        load_target(target)
    assert "\n" not in str(error.value)


def test_batches(tmp_path: Path) -> None:
    array = np.arange(6).reshape(2, 1, 3)
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "one.npz", anything=array)
    np.savez(tmp_path / "data.npz", labels=array[0], data=array)
    np.savez(tmp_path / "frames.npz", labels=array[0], frames=array)
    np.savez(tmp_path / "two.npz", labels=array[0], images=array)
    np.savez(tmp_path / "objects.npz", data=np.array([None]))
    for name in ("a.npy", "one.npz", "data.npz", "frames.npz"):
        assert np.array_equal(load_batch(tmp_path / name), array)
    with pytest.raises(h.HwcostError, match=r"two\.npz: which array is the batch\? It has labels, images"):
        load_batch(tmp_path / "two.npz")
    with pytest.raises(h.HwcostError, match="no such file"):
        load_batch(tmp_path / "none.npz")
    (tmp_path / "text.npy").write_text("text")
    with pytest.raises(h.HwcostError, match=r"not an \.npy or \.npz file"):
        load_batch(tmp_path / "text.npy")
    with pytest.raises(h.HwcostError, match=r"objects\.npz: 'data' holds no numbers"):
        load_batch(tmp_path / "objects.npz")


SPIKING = """
import hwcost
from torch import nn
class Fire(nn.Module):
    v = 0.0
    def reset(self):
        self.v = 0.0
    def forward(self, x):
        v = self.v + x
        spikes = (v >= 1).to(x.dtype)
        self.v = v - spikes
        return spikes
hwcost.register(Fire, lambda *_: {"neuron": "if"})
def net():
    return nn.Sequential(nn.Linear(4, 3), Fire(), nn.Linear(3, 2))
"""


def test_the_command_prices_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(SPIKING)
    np.savez(tmp_path / "spikes.npz", data=np.ones((3, 2, 4)))
    command = ["price", "model.py:net", "--profile", "45nm_memory", "--data"]
    assert main([*command, "spikes.npz"]) == 0
    assert "45nm_memory" in capsys.readouterr().out
    assert main([*command, "none.npz"]) == 2
    assert capsys.readouterr().err == "none.npz: no such file\n"


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (np.ones((3, 2, 5)), "model.py:net: running it on spikes.npy failed: RuntimeError: mat1 and mat2"),
        (np.full((3, 2, 4), "text"), "a batch of real numbers expected, got <U4"),
        (np.ones((3, 2, 4), dtype=complex), "a batch of real numbers expected, got complex128"),
        (np.zeros((3, 2, 4), dtype="datetime64[s]"), "a batch of real numbers expected, got datetime64"),
        (np.full((3, 2, 4), 1e300), "the batch holds values that are not finite as torch.float32"),
    ],
    ids=["a shape that the model cannot take", "text", "complex", "dates", "too large for its type"],
)
def test_a_batch_that_cannot_be_run_is_one_line(
    batch: np.ndarray,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(SPIKING)
    np.save(tmp_path / "spikes.npy", batch)
    assert main(["price", "model.py:net", "--data", "spikes.npy"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(expected)
    assert error.count("\n") == 1


def test_importing_the_cost_model_imports_no_framework() -> None:
    code = (
        "import sys, hwcost; from hwcost.adapters.target import load_batch\n"
        "hwcost.register(int, lambda *_: {})\n"
        "loaded = {'torch', 'nir', 'h5py', 'spikingjelly', 'snntorch', 'norse'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
