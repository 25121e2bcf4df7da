"""The task alone chooses the device. GPUs are pretended, but in the last test, which needs one."""

import subprocess
import sys

import pytest
import torch

import tsearch
from tsearch.configuration import Compute, Configuration, DataSpec, Phase, Task
from tsearch.errors import TsearchError
from tsearch.machine import become_worker
from tsearch.networks.backbones.vgg import Vgg
from tsearch.training.device import device
from tsearch.training.evaluate import train_and_price

SMALL = """\
name: small
data: {name: digits}
backbone: {widths: [2], pool_after: [1]}
timesteps: [1, 2]
schedule: {epochs: 1}
search: {trials: 3, proposer: random}
"""


@pytest.fixture
def machine(monkeypatch):
    """Pretends that there are some GPUs."""

    def pretend(n_gpus: int) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: n_gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: n_gpus)

    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # and what `device` sets is put back afterwards
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    return pretend


@pytest.mark.parametrize("n_gpus", [0, 2])
def test_nothing_but_the_task_chooses_a_gpu(machine, monkeypatch, n_gpus) -> None:
    machine(n_gpus)
    for asked in ("cuda", "cpu"):
        monkeypatch.setenv("TSEARCH_DEVICE", asked)
        assert device(Task(data=DataSpec(name="digits")).compute.device) == torch.device("cpu")
    assert torch.backends.cudnn.benchmark


def test_workers_take_gpus_in_turn_and_repeat_bits(machine, monkeypatch) -> None:
    machine(2)
    assert device("cuda") == torch.device("cuda:0")
    taken = []
    for number in range(4):
        monkeypatch.setattr("tsearch.machine._worker", 0)  # put back afterwards
        become_worker(number)
        taken.append(device("cuda").index)
    assert taken == [0, 1, 0, 1]
    assert device("cuda:0") == torch.device("cuda:0")
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark) == (True, False)


@pytest.mark.parametrize(
    ("asked", "n_gpus", "known"),
    [
        ("cuda", 0, "cpu"),
        ("gpu", 0, "cpu"),
        ("cuda:2", 2, "cpu, cuda, cuda:0, cuda:1"),
        ("CUDA", 1, "cpu, cuda, cuda:0"),
        ("cuda:-1", 1, "cpu, cuda, cuda:0"),
        ("meta", 1, "cpu, cuda, cuda:0"),
    ],
)
def test_a_device_that_is_not_there_is_one_line(machine, asked, n_gpus, known) -> None:
    machine(n_gpus)
    with pytest.raises(TsearchError) as error:
        device(asked)
    message = str(error.value)
    assert message.startswith(f"TSEARCH_DEVICE: device '{asked}' not found")
    assert f"can use {n_gpus} GPUs. Known devices: {known}. " in message
    assert "\n" not in message


def test_a_search_on_a_device_that_is_not_there_ends_without_failed_trials(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("TSEARCH_DEVICE", "cuda:99")
    (tmp_path / "small.yaml").write_text(SMALL)
    with pytest.raises(TsearchError, match="TSEARCH_DEVICE: device 'cuda:99' not found"):
        tsearch.run(tmp_path / "small.yaml", name="small", runs=tmp_path, executor="inline")
    assert not (tmp_path / "small").exists()  # met before a folder is made


def test_importing_the_evaluator_leaves_cuda_alone_so_that_workers_can_be_forked() -> None:
    check = (
        "import torch; torch.cuda.is_available = torch.cuda.device_count = None; "  # a call would fail
        "import tsearch.training.evaluate; assert not torch.cuda.is_initialized()"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_a_gpu_gives_the_same_bits_again_and_nearly_those_of_the_cpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    backbone = Vgg(widths=(8, 16), pool_after=(1,))
    config = Configuration(backbone=backbone, stages=(1, 1), schedule=(Phase(timesteps=(3, 1), epochs=4),))
    results = []
    for asked in ("cpu", "cuda", "cuda"):
        task = Task(data=DataSpec(name="digits"), compute=Compute(device=asked))
        results.append(train_and_price(config, 4, None, task))
    cpu, gpu, again = results
    assert gpu.checkpoint == again.checkpoint
    assert gpu.probe == again.probe
    assert abs(gpu.metrics["accuracy"] - cpu.metrics["accuracy"]) < 0.1
