"""How long an evaluation pass of a masked network takes: a part of `dtss.py`."""

import time
from collections.abc import Sequence
from itertools import pairwise
from math import expm1, log

import torch
from claims import at_most, median_interval
from dtss_subjects import NEURON

from tsearch.configuration import Configuration, Masks, Phase
from tsearch.networks.build import Network, build
from tsearch.networks.mask_scores import first_timesteps
from tsearch.training.evaluate import one_thread

TIMESTEPS, BATCH = 10, 64
PARTS = {
    1.0: (10, 10),
    0.7: (5, 9),
    0.4: (2, 6),
}  # timesteps of every second layer, and of the others, by mean T
BACKBONE = {"name": "spikformer", "width": 32, "layers": 2, "heads": 4, "pools": (2, 3)}
SHAPE, N_CLASSES = (3, 32, 32), 10


def masked_network(steps: Sequence[int], backbone: dict[str, object] = BACKBONE) -> Network:
    """An untrained network whose layers of neurons run `steps` timesteps each, one after the other, over and over."""
    configuration = Configuration(
        backbone=backbone,
        stages=(5,),
        schedule=(Phase(timesteps=(TIMESTEPS,), epochs=1),),
        neuron=NEURON,
        masks=Masks(mode="prefix_sum"),
    )
    network = build(configuration, SHAPE, N_CLASSES, is_static=True).eval()
    theta = first_timesteps(configuration.masks, TIMESTEPS) + 0.5
    with torch.no_grad():
        for number, scores in enumerate(network.timestep_masks.parameters()):
            rise = theta / (steps[number % len(steps)] + 0.5)  # after so many, the sum of all is above theta
            scores.fill_(log(expm1(rise)))
    return network


def passes(rounds: int, batches: int) -> dict[float, list[float]]:
    """Seconds of passes over `batches`, by part of all timesteps that run, [rounds]; one pass of each in turn."""
    networks = {part: masked_network(steps) for part, steps in PARTS.items()}
    x = torch.randn(1, BATCH, *SHAPE, generator=torch.Generator().manual_seed(0))
    seconds: dict[float, list[float]] = {part: [] for part in networks}
    with torch.no_grad(), one_thread():
        for number in range(rounds + 1):  # the first one warms up
            for part, network in networks.items():
                began = time.perf_counter()
                for _ in range(batches):
                    network.run(x, (TIMESTEPS,))
                if number:
                    seconds[part].append(time.perf_counter() - began)
    return seconds


def time_section(rounds: int, batches: int) -> list[str]:
    """Print the seconds, and give the claims that they fall."""
    seconds = passes(rounds, batches)
    n = batches * BATCH
    print(
        f"\nevaluation pass over {n} images 32x32, masks of a network of T={TIMESTEPS}, median of {rounds} rounds"
    )
    parts = list(seconds)
    for part in parts:
        ratios = [s / whole for s, whole in zip(seconds[part], seconds[parts[0]], strict=True)]
        middle, low, high = median_interval(ratios)
        print(
            f"  mean T {part:.1f} of all: {1e3 * median_interval(seconds[part])[0] / n:.2f} ms an image,"
            f" {middle:.2f} [{low:.2f}, {high:.2f}] of the longest"
        )
    return [_falls(seconds, more, fewer) for more, fewer in pairwise(parts)]


def _falls(seconds: dict[float, list[float]], more: float, fewer: float) -> str:
    ratios = [a / b for a, b in zip(seconds[fewer], seconds[more], strict=True)]
    middle, low, high = median_interval(ratios)
    claim = f"a pass at {fewer:.1f} of the timesteps takes less time than at {more:.1f}"
    return at_most(claim, (low, middle, high), 1)
