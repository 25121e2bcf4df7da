"""What a search gets of fast training: epochs per hour of the demo's networks, beside neurons as everybody writes them,
and how much is compiled in a search.

Takes about twenty minutes of one core.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

os.environ["OMP_NUM_THREADS"] = "1"

import torch
from claims import at_least, conclude, holds, parser, spread
from torch import Tensor, nn
from torch.nn import functional
from training_speed import interleaved, ratios

import tsearch.networks.modules
import tsearch.training.evaluate
from tsearch.configuration import Configuration, Phase, Training
from tsearch.data import load_dataset
from tsearch.data.dataset import epoch_size
from tsearch.engine.run import run
from tsearch.networks.build import build, initialise
from tsearch.networks.neuron.surrogate import surrogate_derivative
from tsearch.networks.plan import Neuron
from tsearch.space.file import load_space
from tsearch.training.evaluate import measure
from tsearch.training.loop import train
from tsearch.training.speed import keep_memory

VECTORS = ((1, 1, 1), (6, 3, 1), (8, 8, 8))
TRIALS = 12


class Step(torch.autograd.Function):
    """Heaviside step with the rectangular surrogate."""

    @staticmethod
    def forward(ctx, distance):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(distance)
        return (distance >= 0).to(distance.dtype)

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        return grad * surrogate_derivative("rectangular", ctx.saved_tensors[0], 1.0)


def loop(current: Tensor, timesteps: int, neuron: Neuron, norm: nn.BatchNorm2d | None) -> Tensor:
    """BatchNorm, then neurons step after step, differentiated by autograd."""
    if norm is not None:
        current = norm(current.flatten(0, 1)).view(current.shape)
    voltage, spikes = torch.zeros(()), []
    for step in current.expand(timesteps, *current.shape[1:]):
        membrane = (1 - 1 / neuron.tau) * voltage + step
        spikes.append(Step.apply(membrane - neuron.threshold))  # type: ignore[no-untyped-call]
        voltage = membrane - neuron.threshold * spikes[-1].detach()
    return torch.stack(spikes)


@contextmanager
def written_plainly() -> Iterator[None]:
    """Inside, networks have the neurons above, the library's pool, and BatchNorm of its own in validation too."""
    modules = tsearch.networks.modules

    def unfolded(self: nn.Module, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))  # type: ignore[operator,no-any-return]

    with (
        patch.object(modules, "fire", loop),
        patch.object(modules, "average_pool", lambda x: functional.avg_pool2d(x, 2)),
        patch.object(modules.ConvolutionModule, "normalised", unfolded),
    ):
        yield


def demo(rounds: int) -> list[str]:
    """Epochs per hour and core of networks of the shipped search, and their validation pass with spikes counted."""
    task = load_space("digits_dvs").task()
    dataset = load_dataset(task.data)
    print(f"digits_dvs, one core, {epoch_size(dataset.train)} training samples an epoch: median [quartiles]")
    claims = []
    for vector in VECTORS:
        phase = Phase(timesteps=vector, epochs=1)
        configuration = Configuration(stages=(1, 1, 1), schedule=(phase,), training=Training(shift=1))
        network = build(configuration, dataset.shape, dataset.n_classes)
        initialise(network, 0, 0)

        def plainly(step, network=network):  # type: ignore[no-untyped-def]
            with written_plainly():
                return step(network)

        def epoch(network):  # type: ignore[no-untyped-def]
            return train(network, dataset, task, stop=1)

        def validation(network):  # type: ignore[no-untyped-def]
            return measure(network, dataset, dataset.validation)

        times = interleaved(
            {
                "epoch, plain loop": lambda plainly=plainly, epoch=epoch: plainly(epoch),
                "epoch": lambda network=network, epoch=epoch: epoch(network),
                "validation, plain loop": lambda plainly=plainly, validation=validation: plainly(validation),
                "validation": lambda network=network, validation=validation: validation(network),
            },
            3 * rounds,
        )
        for name in ("epoch, plain loop", "epoch"):
            rate = spread([3600 / s for s in times[name]])
            print(f"  T={vector!s:10s} {name:22s} {rate:26s} epochs per hour")
        for name in ("validation, plain loop", "validation"):
            print(f"  T={vector!s:10s} {name:22s} {spread([1e3 * s for s in times[name]]):26s} ms")
        gain = ratios(times["epoch, plain loop"], times["epoch"])
        claims.append(at_least(f"epochs per hour, T={vector}: ours / plain loop", gain, 1.0))
    return claims


def compilations() -> str:
    """Pieces of code that a search compiles, were every training worth it: they must not grow with the trials."""
    space = load_space("digits_dvs")
    pieces, timesteps = [], set()
    with (
        tempfile.TemporaryDirectory() as runs,
        patch.object(tsearch.training.evaluate, "is_worth_compiling", lambda *_: True),
    ):
        for trials in (TRIALS, 2 * TRIALS):
            found = run(space, runs=runs, name=f"of{trials}", trials=trials, executor="inline", seed=trials)
            for result in found.results:
                timesteps |= {t for phase in result.configuration.schedule for t in phase.timesteps if t > 1}
            pieces.append(len(list(Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]).rglob("*.main.so"))))
            print(
                f"  after a search of {trials} trials: {pieces[-1]} pieces of code for {len(timesteps)} numbers of "
                "timesteps"
            )
    n = len(timesteps)
    claim = f"{pieces[-1]} pieces of compiled code for {n} numbers of timesteps, at most 5 for each"
    return holds(claim, pieces[-1] <= 5 * n)


def main() -> int:
    rounds = parser(__doc__, rounds=5).parse_args().rounds
    torch.set_num_threads(1)
    keep_memory()
    claims = demo(rounds)
    print("\nwere every training of digits_dvs compiled:")
    return conclude([*claims, compilations()])


if __name__ == "__main__":
    raise SystemExit(main())
