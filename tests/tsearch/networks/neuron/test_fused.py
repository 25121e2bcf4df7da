"""Fused neurons give the bits of the stepwise ones; where no code can be compiled, one warning says so."""

import inspect
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch
import torch._inductor.config

from tsearch.files import notices
from tsearch.networks.neuron import compiler, dynamics, fire, fused, stepwise
from tsearch.networks.neuron.compiler import compiling
from tsearch.networks.neuron.surrogate import SURROGATES
from tsearch.networks.plan import Neuron

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")


@pytest.fixture(autouse=True)
def vectors_as_the_processor_lists_them() -> Iterator[None]:
    """PyTorch would compile and load ten programs to try which vectors there are, which takes half a minute."""
    with torch._inductor.config.patch({"cpp.vec_isa_ok": True}):
        yield


def spikes_and_gradients(
    neuron,
    timesteps,
    shape,
    *,
    is_repeated=False,
    is_learned=False,
    is_normed=False,
    dtype=torch.float32,
    is_fused=False,
):
    generator = torch.Generator().manual_seed(timesteps)
    current = torch.randn(1 if is_repeated else timesteps, *shape, generator=generator).mul(1.2).add(0.2)
    current = current.movedim(-1, 2).to(dtype).requires_grad_()
    weights = torch.randn(timesteps, *current.shape[1:], generator=generator).to(dtype)
    leak, threshold = (
        torch.tensor(value, requires_grad=is_learned) for value in (1 - 1 / neuron.tau, neuron.threshold)
    )
    norm = torch.nn.BatchNorm2d(shape[-1]) if is_normed else None
    with compiling(is_fused):
        spikes = fire(current, timesteps, neuron, norm=norm, leak=leak, threshold=threshold)
    spikes.backward(weights)
    gradients = [] if norm is None else [norm.weight.grad, norm.bias.grad]
    return [
        t for t in (spikes.detach(), current.grad, leak.grad, threshold.grad, *gradients) if t is not None
    ]


def assert_same_bits(neuron, timesteps, shape, **more) -> None:
    assert compiler.can_compile()
    slow = spikes_and_gradients(neuron, timesteps, shape, **more)
    fast = spikes_and_gradients(neuron, timesteps, shape, is_fused=True, **more)
    for a, b in zip(slow, fast, strict=True):
        assert torch.equal(a.reshape(-1).view(torch.uint8), b.reshape(-1).view(torch.uint8))


@needs_compiler
def test_fused_neurons_give_the_same_bits(monkeypatch) -> None:
    """One number of timesteps without BatchNorm: what compiles within seconds."""
    monkeypatch.setattr(fused, "LEAST_VALUES", 1)
    assert_same_bits(
        Neuron(tau=1.7, threshold=0.83, surrogate_width=1.37, surrogate_scale=0.3), 3, (2, 3, 4, 5)
    )


@needs_compiler
@pytest.mark.slow
def test_fused_neurons_give_the_same_bits_for_any_width(monkeypatch) -> None:
    monkeypatch.setattr(fused, "LEAST_VALUES", 1)
    neuron = Neuron(tau=1.7, threshold=0.83, surrogate_width=1.37)
    for shape in ((2, 3, 4, 5), (4, 16, 16, 8), (1, 1, 1, 37)):
        assert_same_bits(neuron, 3, shape)
    for shape in ((2, 3, 4, 5), (4, 16, 16, 8), (1, 1, 3, 37)):
        assert_same_bits(neuron, 3, shape, is_normed=True)
    assert_same_bits(neuron, 3, (4, 16, 16, 8), is_normed=True, dtype=torch.bfloat16)


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("surrogate", sorted(SURROGATES))
@pytest.mark.parametrize("reset", ["soft", "hard"])
@pytest.mark.parametrize(
    ("timesteps", "is_repeated", "is_learned", "is_normed"),
    [(2, False, False, True), (4, True, True, False), (9, False, True, False), (9, True, False, True)],
)
def test_all_kinds_of_fused_neurons_give_the_same_bits(
    monkeypatch, surrogate, reset, timesteps, is_repeated, is_learned, is_normed
) -> None:
    monkeypatch.setattr(fused, "LEAST_VALUES", 1)
    for tau, width, scale in ((2.0, 1.0, 1.0), (1.3, 0.7, 0.3), (1e30, 1.0, 0.3)):
        shape_of = {"surrogate": surrogate, "surrogate_width": width, "surrogate_scale": scale}
        neuron = Neuron(tau=tau, threshold=0.9, reset=reset, **shape_of)
        cases = [((2, 3, 4, 5), torch.float32), ((2, 9, 9, 16), torch.float32)]
        if surrogate == "atan":
            cases.append(((2, 9, 9, 16), torch.bfloat16))
        for shape, dtype in cases:
            more = {"is_repeated": is_repeated, "is_learned": is_learned, "is_normed": is_normed}
            assert_same_bits(neuron, timesteps, shape, dtype=dtype, **more)


def assert_close_to_reference(lif_loop, neuron, shape, dtype) -> None:
    """Spikes and gradients of fused neurons against a plain loop over `lif_step`."""
    current = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()
    weights = torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(dtype)
    with compiling(True):
        assert fused.is_used_for(current, len(current))
        spikes = fire(current, len(current), neuron)
    expected = lif_loop(current, neuron, 1 - 1 / neuron.tau, neuron.threshold)
    assert torch.equal(spikes, expected)
    gradients = (torch.autograd.grad(output, current, weights)[0] for output in (spikes, expected))
    torch.testing.assert_close(*gradients)


@needs_compiler
def test_fused_neurons_equal_a_loop_over_lif_step(monkeypatch, lif_loop) -> None:
    monkeypatch.setattr(fused, "LEAST_VALUES", 1)
    neuron = Neuron(tau=1.7, threshold=0.83, surrogate_width=1.37)
    assert_close_to_reference(lif_loop, neuron, (3, 4, 5, 6, 7), torch.float32)


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("surrogate", sorted(SURROGATES))
@pytest.mark.parametrize("reset", ["soft", "hard"])
def test_all_kinds_of_fused_neurons_equal_a_loop_over_lif_step(
    monkeypatch, lif_loop, surrogate, reset
) -> None:
    monkeypatch.setattr(fused, "LEAST_VALUES", 1)
    neuron = Neuron(tau=1.7, threshold=0.83, reset=reset, surrogate=surrogate, surrogate_width=1.37)
    assert_close_to_reference(lif_loop, neuron, (5, 4, 5, 6, 7), torch.float64)


@pytest.mark.parametrize("name", ["forward", "backward"])
def test_both_paths_have_one_signature(name: str) -> None:
    described = list(inspect.signature(getattr(dynamics.Path, name)).parameters.values())[1:]
    for path in (stepwise, fused):
        assert list(inspect.signature(getattr(path, name)).parameters.values()) == described


LAYERS = """
import sys, torch
from tsearch.files import notices
from tsearch.networks.plan import Neuron
from tsearch.networks.neuron import fire, fused
from tsearch.networks.neuron.compiler import compiling
fused.LEAST_VALUES = 1
with compiling(True):
    for batch in map(int, sys.argv[1:]):
        for channels in (8, 12):
            for width in (0.8, 1.1):
                for timesteps in (2, 3):
                    current = torch.randn(timesteps, batch, channels, 6, 6, requires_grad=True)
                    fire(current, timesteps, Neuron(surrogate_width=width)).sum().backward()
"""


@needs_compiler
@pytest.mark.slow
def test_code_is_compiled_once_for_each_number_of_timesteps_and_shared_by_all_workers(tmp_path) -> None:
    """Two numbers of timesteps, forward and backward, and the first attempt: five, whatever the layers."""
    environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    compiled = []
    for batches in (("4", "5"), ("4", "7", "64")):
        subprocess.run([sys.executable, "-c", LAYERS, *batches], check=True, env=environment)
        compiled.append({path.name for path in tmp_path.rglob("*.main.so")})
    assert len(compiled[0]) == 5
    assert compiled[1] == compiled[0]


def test_without_a_compiler_the_stepwise_path_runs_and_one_warning_says_so(monkeypatch, caplog) -> None:
    def broken(_function):
        raise RuntimeError("no working C++ compiler found Set TORCHDYNAMO_VERBOSE=1 for more")

    monkeypatch.setattr(compiler, "compiled", broken)
    monkeypatch.setattr(notices, "_said", set())
    compiler.can_compile.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                with compiling(True):
                    assert not fused.is_used_for(torch.zeros(4, 2**20), 4)
    finally:
        compiler.can_compile.cache_clear()
    assert [record.message for record in caplog.records] == [
        "no code can be compiled here, neurons train slower, with the same results. Install a C++ compiler such as g++ "
        "(no working C++ compiler found)"
    ]


def test_small_layers_and_single_steps_run_stepwise(monkeypatch) -> None:
    monkeypatch.setattr(compiler, "can_compile", lambda _device: True)
    with compiling(True):
        assert fused.is_used_for(torch.zeros(4, 2**18), 4)
        assert not fused.is_used_for(torch.zeros(4, 100), 4)
        assert not fused.is_used_for(torch.zeros(1, 2**20), 1)
    assert not fused.is_used_for(torch.zeros(4, 2**18), 4)
