"""When compiling pays is decided from configuration and data alone; and no result depends on it."""

import platform
import shutil
import subprocess
import sys

import pytest
import torch

import tsearch.networks.modules
import tsearch.training.evaluate
from tsearch.configuration import Configuration, DataSpec, Phase, Task
from tsearch.data import load_dataset
from tsearch.files import notices
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.neuron import fused
from tsearch.networks.neuron.surrogate import surrogate_derivative
from tsearch.networks.plan import Neuron
from tsearch.training import speed
from tsearch.training.evaluate import train_and_price
from tsearch.training.speed import is_worth_compiling, neuron_steps

DATASET = load_dataset(DataSpec(name="digits"))


def configuration(widths=(2, 4), epochs=1, timesteps=(3, 1)) -> Configuration:
    backbone = Vgg(widths=widths, pool_after=(1,))
    return Configuration(
        backbone=backbone, stages=(1, 1), schedule=(Phase(timesteps=timesteps, epochs=epochs),)
    )


def of(function, config: Configuration):
    """What `function` says of a training on the data."""
    plan = config.backbone.plan(DATASET.shape, DATASET.n_classes, config.neuron)
    return function(plan, config, len(DATASET.train))


def test_neuron_steps_by_hand() -> None:
    """2 channels of 8x8 for 3 steps and 4 of 4x4 for one, every sample, 5 epochs."""
    expected = 5 * len(DATASET.train) * (2 * 64 * 3 + 4 * 16)
    assert of(neuron_steps, configuration(epochs=5)) == expected


def test_small_trainings_are_not_compiled_and_large_ones_are() -> None:
    assert not of(is_worth_compiling, configuration(epochs=20))
    assert of(is_worth_compiling, configuration(widths=(256, 512), epochs=500))


RESIDENT = """
from tsearch.training.speed import keep_memory

def given_back_mib():
    block = b"x" * 2**26
    resident = Path("/proc/self/statm").read_text().split()[1]
    del block
    return (int(resident) - int(Path("/proc/self/statm").read_text().split()[1])) * resource.getpagesize() / 2**20

before = given_back_mib()
keep_memory()
keep_memory()
print(before, given_back_mib())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="no glibc")
def test_freed_memory_stays_with_the_process_once_it_is_kept() -> None:
    """A block of 64 MiB, freed: given back to the system before, kept after; asking twice changes nothing."""
    code = "import resource; from pathlib import Path\n" + RESIDENT
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    before, after = map(float, done.stdout.split())
    assert before > 60
    assert after < 1


def test_a_processor_without_short_products_is_told_of_once(monkeypatch, tmp_path, caplog) -> None:
    for flags, precision, expected in (
        ("sse avx2", "bfloat16", 1), ("sse avx512_bf16", "bfloat16", 0), ("sse avx2", "float32", 0)
    ):  # fmt: skip
        (tmp_path / "cpuinfo").write_text(f"flags\t: {flags}\n")
        monkeypatch.setattr(speed, "_CPU", tmp_path / "cpuinfo")
        monkeypatch.setattr(notices, "_said", set())
        caplog.clear()
        for _ in range(2):
            speed.warn_of_slow_products(precision, "cpu")
        assert len(caplog.records) == expected


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
def test_a_compiled_training_ends_with_the_same_bits(monkeypatch) -> None:
    config, task = configuration(widths=(4, 4), epochs=2), Task(data=DataSpec(name="digits"))
    plain = train_and_price(config, 2, None, task)
    calls, run = [], fused.backward
    monkeypatch.setattr(tsearch.training.evaluate, "is_worth_compiling", lambda *_: True)
    monkeypatch.setattr(fused, "LEAST_VALUES", 1)
    monkeypatch.setattr(fused, "backward", lambda *given: calls.append(1) or run(*given))
    fast = train_and_price(config, 2, None, task)
    assert calls
    assert fast.checkpoint == plain.checkpoint
    assert fast.probe == plain.probe
    assert fast.curve == plain.curve


class Step(torch.autograd.Function):
    """Heaviside step with the rectangular surrogate."""

    @staticmethod
    def forward(ctx, distance):
        ctx.save_for_backward(distance)
        return (distance >= 0).to(distance.dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad * surrogate_derivative("rectangular", ctx.saved_tensors[0], 1.0)


def loop(current, timesteps, neuron: Neuron, norm):
    """BatchNorm and neurons as everybody writes them: step after step, differentiated by autograd."""
    if norm is not None:
        current = norm(current.flatten(0, 1)).view(current.shape)
    voltage, spikes = 0, []
    for step in current.expand(timesteps, *current.shape[1:]):
        membrane = (1 - 1 / neuron.tau) * voltage + step
        spikes.append(Step.apply(membrane - neuron.threshold))
        voltage = membrane - neuron.threshold * spikes[-1].detach()
    return torch.stack(spikes)


@pytest.mark.slow
def test_accuracy_equals_that_of_a_plain_loop_within_the_spread_of_seeds(monkeypatch) -> None:
    def accuracies() -> torch.Tensor:
        config = Configuration(stages=(1, 1, 1), schedule=(Phase(timesteps=(6, 3, 1), epochs=12),))
        tasks = [Task(data=DataSpec(name="digits_dvs"), seed=seed) for seed in range(4)]
        return torch.tensor([train_and_price(config, 12, None, t).metrics["accuracy"] for t in tasks])

    ours = accuracies()
    monkeypatch.setattr(tsearch.networks.modules, "fire", loop)
    theirs = accuracies()
    print(ours, theirs)
    assert abs(ours.mean() - theirs.mean()) <= max(ours.std(), theirs.std())
