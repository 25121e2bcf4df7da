"""How fast is the cost model, and how wrong are its predictions?

1. One estimate of a VGG-9 with four stages. 2. Timestep vectors priced in bulk from one spike record. 3. The error of
such predictions against 20 vectors that are run again, on a small network with random weights and moving bars. 4. The
counters of SpikingJelly and NeuroBench on the same VGG-9, where they are installed: they need a forward pass, hwcost
needs the record of one.

Takes about a minute of one core.
"""

import contextlib
import itertools
import time
from collections.abc import Callable

import numpy as np
from claims import at_least, conclude, parser, spread

import hwcost as h

PROFILE = "45nm_memory"


def vgg9(timesteps: tuple[int, ...] = (8, 6, 4, 2)) -> h.NetworkSpec:
    """64C3-128C3-AP2 | 256C3-256C3-AP2 | 512C3-512C3-AP2 | 512C3-512C3-AP2 | FC on 48x48 events."""
    layers: list[h.LayerSpec] = []
    shape = (2, 48, 48)
    for stage, widths in enumerate(((64, 128), (256, 256), (512, 512), (512, 512))):
        for first, width in zip((True, False), widths, strict=True):
            graded = {"in_class": "graded", "in_max": 4 if layers else 255} if first else {}
            name = f"conv{sum(layer.neuron is not None for layer in layers) + 1}"
            layers.append(
                h.conv(name, shape, width, 3, stage=stage, padding=1, bias=True, neuron="lif", **graded)
            )
            shape = layers[-1].out_shape
        layers.append(h.pool(f"pool{stage + 1}", shape, 2, stage=stage))
        shape = layers[-1].out_shape
    layers.append(h.linear("fc", shape, 10, stage=3, in_class="graded", in_max=4, bias=True))
    return h.with_timesteps(h.NetworkSpec(tuple(layers), (h.StageSpec(1),) * 4), timesteps, "score_mix")


def rates(work: Callable[[], object], items: int, rounds: int) -> list[float]:
    """Items per second of processor time, one number per round."""
    work()
    found = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        found.append(items / (time.process_time() - start))
    return found


def estimates_per_second(rounds: int) -> list[float]:
    network = vgg9()
    record = h.SpikeRecord.constant(network, 0.1, 840)
    return rates(lambda: [h.estimate(network, record, PROFILE).total_pj for _ in range(50)], 50, rounds)


def vectors_per_second(rounds: int) -> list[float]:
    network = vgg9()
    record = h.SpikeRecord.constant(network, 0.1, 840)
    start = time.process_time()
    table = h.predictor(network, record, PROFILE)
    print(f"   (table of all pairs up to 8 timesteps: {time.process_time() - start:.2f} s, once)")
    rng = np.random.default_rng(0)
    vectors = -np.sort(-rng.integers(1, 9, (200_000, 4)), axis=1)
    return rates(lambda: table.price(vectors), len(vectors), rounds)


def prediction_errors(rates_from: str) -> np.ndarray:
    """Relative energy error of 20 vectors, predicted from the record at (8, 8, 8), against running them."""
    rng = np.random.default_rng(1)
    weights = [rng.normal(0.1, 0.6, (c_out, c_in, 3, 3)) for c_in, c_out in ((2, 6), (6, 8), (8, 8))]
    recordings = moving_bars(rng, 6, 48)
    vectors = [v for v in itertools.product(range(1, 9), repeat=3) if v[0] >= v[1] >= v[2]]
    chosen = [vectors[i] for i in rng.choice(len(vectors), 20, replace=False)]
    network, record = run(weights, recordings, (8, 8, 8))
    predicted = h.predictor(network, record, PROFILE, rates_from=rates_from, transformer="bucket").price(
        chosen
    )
    truth = [h.estimate(*run(weights, recordings, vector), PROFILE).total_pj for vector in chosen]
    return np.abs(predicted.energy_pj / np.array(truth) - 1)


def moving_bars(rng: np.random.Generator, n_samples: int, n_bins: int) -> np.ndarray:
    """Events [samples, bins, 2, 12, 12]: a bar that wanders, new pixels in one polarity and left ones in the other."""
    frames = np.zeros((n_samples, n_bins + 1, 12, 12), dtype=int)
    for sample in frames:
        at, speed = rng.integers(0, 12), rng.choice([-1, 1]) * rng.uniform(0.2, 0.5)
        for t, frame in enumerate(sample):
            frame[:, int(at + speed * t) % 12] = 1
    change = np.diff(frames, axis=1)
    return np.stack([change > 0, change < 0], axis=2).astype(int)


def run(
    weights: list[np.ndarray], recordings: np.ndarray, timesteps: tuple[int, ...]
) -> tuple[h.NetworkSpec, h.SpikeRecord]:
    """Integrate-and-fire layers with bucket means between stages: network and record."""
    layers, events, outputs = [], {}, {}
    edges = np.linspace(0, recordings.shape[1], timesteps[0] + 1).round().astype(int)
    spikes = np.stack([recordings[:, a:b].sum(axis=1) for a, b in itertools.pairwise(edges)], axis=1)
    for stage, kernel in enumerate(weights):
        kind = {"in_class": "graded", "in_max": 255} if stage == 0 else {}
        layer = h.conv(
            f"conv{stage}", spikes.shape[2:], len(kernel), 3, stage=stage, padding=1, neuron="if", **kind
        )
        events[layer.name] = spikes
        frames = spikes if stage == 0 else buckets(spikes, timesteps[stage])
        spikes = outputs[layer.name] = integrate_and_fire(convolve(frames, kernel))
        layers.append(layer)
    network = h.NetworkSpec(tuple(layers), tuple(h.StageSpec(1) for _ in layers))
    network = h.with_timesteps(network, timesteps, "bucket")
    return network, h.SpikeRecord.from_maps(network, events, outputs)


def buckets(spikes: np.ndarray, n_out: int) -> np.ndarray:
    """Mean of `n_out` contiguous buckets of timesteps."""
    edges = h.bucket_edges(spikes.shape[1], n_out)
    return np.stack([spikes[:, a:b].mean(axis=1) for a, b in itertools.pairwise(edges)], axis=1)


def convolve(frames: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    padded = np.pad(frames, ((0, 0), (0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(3, 4))
    return np.einsum("btcyxij,ocij->btoyx", windows, kernel, optimize=True)


def integrate_and_fire(current: np.ndarray) -> np.ndarray:
    voltage, fired = np.zeros_like(current[:, 0]), []
    for t in range(current.shape[1]):
        voltage = voltage + current[:, t]
        fired.append((voltage >= 1).astype(int))
        voltage = voltage - fired[-1]
    return np.stack(fired, axis=1)


def peers(rounds: int) -> None:
    """Seconds that the counters of other tools add to, or need for, one forward pass of the same network."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    network = vgg9()
    generator = torch.Generator().manual_seed(0)
    modules, inputs = [], []
    for layer in network.layers:
        linear = layer.kind == "linear"
        modules.append(
            nn.Linear(layer.n_inputs, layer.n_outputs)
            if linear
            else nn.Conv2d(layer.in_shape[0], layer.out_shape[0], 3, padding=1)
        )
        shape = (network.input_timesteps(layer), *layer.in_shape)
        inputs.append((torch.rand(shape, generator=generator) < 0.1).float())

    def forward() -> None:
        with torch.no_grad():
            for module, given in zip(modules, inputs, strict=True):
                module(given)

    def spikingjelly() -> None:
        from spikingjelly.activation_based.op_counter import DispatchCounterMode, SynOpCounter

        with DispatchCounterMode([SynOpCounter()]):
            forward()

    def neurobench() -> None:
        from neurobench.metrics.utils.layers import single_layer_MACs

        for module, given in zip(modules, inputs, strict=True):
            single_layer_MACs(given, module)

    for name, work in (
        ("forward pass alone", forward),
        ("SpikingJelly", spikingjelly),
        ("NeuroBench", neurobench),
    ):
        try:
            print(f"   {name:<22}{spread([1e3 / rate for rate in rates(work, 1, rounds)])} ms")
        except ImportError as error:
            print(f"   {name:<22}not installed ({error.name})")


def main() -> int:
    rounds = parser(__doc__, rounds=20).parse_args().rounds
    one = estimates_per_second(rounds)
    print(f"1. one estimate of a VGG-9 with 4 stages: {spread([1e3 / rate for rate in one])} ms")
    print("2. timestep vectors in bulk")
    many = vectors_per_second(rounds)
    print(f"   {spread(many)} vectors/s")
    print("3. error of predicted energies, rates from the record at (8, 8, 8), against 20 vectors run again")
    for rates_from in ("prefix", "constant"):
        errors = prediction_errors(rates_from)
        print(f"   rates_from {rates_from:<9} median {np.median(errors):.1%}, largest {errors.max():.1%}")
    print("4. counting one VGG-9 sample, milliseconds of processor time")
    with contextlib.suppress(ImportError):
        peers(min(rounds, 3))
    lines = [
        at_least("estimates of a VGG-9 with 4 stages per second", one, 1000),
        at_least("timestep vectors priced per second", many, 100_000),
    ]
    return conclude(lines)


if __name__ == "__main__":
    raise SystemExit(main())
