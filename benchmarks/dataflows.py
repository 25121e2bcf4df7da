"""What does the dataflow change: energies, the gain of few timesteps, the order of timestep vectors, the dense twin?

1. Two VGGs at a constant rate under the four dataflows. 2. The order of 20 timestep vectors under each, against the
order without reuse, and what one vector saves, with three ways from stage to stage. 3. The error of the expected
weight reads where spikes are not independent: moving bars through layers of random weights, against a machine that is
walked position by position.

Takes about 5 seconds of one core.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from claims import conclude, holds, parser
from pricing_speed import moving_bars, run

import hwcost as h

PROFILE = "45nm_memory"
DATAFLOWS = ("none", "weight_stationary", "output_stationary", "tick_batched")
NETWORKS = {"8-16-32, 16x16": ((8, 16, 32), 16), "64-128-256, 32x32": ((64, 128, 256), 32)}
RATE, TIMESTEPS = 0.1, 4
MODES = ("truncate", "bucket", "score_mix")


def vgg(widths: Sequence[int], side: int, timesteps: Sequence[int], mode: str = "truncate") -> h.NetworkSpec:
    """Three convolutions 3x3 with 2x2 average pools, a stage each, on 2 channels of events, and ten outputs.

    Args:
        mode: Transformer where timesteps change; truncate does no work.
    """
    layers: list[h.LayerSpec] = []
    shape = (2, side, side)
    for stage, width in enumerate(widths):
        graded = {"in_class": "graded", "in_max": 4} if layers else {}
        more = {"padding": 1, "bias": True, "neuron": "lif", **graded}
        layers.append(h.conv(f"conv{stage + 1}", shape, width, 3, stage=stage, **more))
        shape = (width, layers[-1].out_shape[1] // 2, layers[-1].out_shape[2] // 2)
    layers.append(h.linear("fc", shape, 10, stage=2, bias=True, in_class="graded", in_max=4))
    return h.with_timesteps(h.NetworkSpec(tuple(layers), (h.StageSpec(1),) * 3), timesteps, mode)


def cost(name: str, dataflow: str, timesteps: Sequence[int], rate: float, mode: str = "truncate") -> h.Cost:
    """Cost of a network under a dataflow; every event counts once."""
    network = vgg(*NETWORKS[name], timesteps, mode)
    record = h.SpikeRecord.constant(network, rate, 1000)
    layers = {
        layer.name: h.LayerSpikes(record.layers[layer.name].events, (), record.layers[layer.name].outputs)
        for layer in network.layers
    }
    return h.estimate(network, h.SpikeRecord(layers, 1000), h.load_profile(PROFILE).where(dataflow=dataflow))


def dense_pj(name: str, dataflow: str) -> float:
    """Energy of the conventional network of the same shapes under the same dataflow."""
    twin = h.dense_twin(vgg(*NETWORKS[name], (1, 1, 1)))
    profile = h.load_profile(PROFILE).where(dataflow=dataflow)
    return h.estimate(twin, h.SpikeRecord.empty(twin), profile).total_pj


def vectors() -> list[tuple[int, ...]]:
    """20 of the vectors of three stages with up to 8 timesteps that never increase."""
    whole = [v for v in itertools.product(range(1, 9), repeat=3) if v[0] >= v[1] >= v[2]]
    chosen = np.random.default_rng(0).choice(len(whole), 20, replace=False)
    return [whole[i] for i in sorted(chosen)]


def kendall(first: Sequence[float], second: Sequence[float]) -> float:
    """Pairs in the same order minus pairs in the other, over all pairs."""
    pairs = list(itertools.combinations(range(len(first)), 2))
    return sum(float(np.sign((first[i] - first[j]) * (second[i] - second[j]))) for i, j in pairs) / len(pairs)


def walked_reads(layer: h.LayerSpec, maps: np.ndarray, positions: int, window: int) -> float:
    """Weight reads per sample of a machine that keeps sums of `positions` outputs; `maps` [samples, T, C, H, W]."""
    padded = np.pad(maps != 0, ((0, 0), (0, 0), (0, 0), (1, 1), (1, 1)))
    patches = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(3, 4))
    used = patches.transpose(0, 1, 3, 4, 2, 5, 6).reshape(*maps.shape[:2], maps.shape[3] * maps.shape[4], -1)
    reads = 0
    for t, tile in itertools.product(range(0, maps.shape[1], window), range(0, used.shape[2], positions)):
        together = used[:, t : t + window, tile : tile + positions].any(axis=(1, 2))
        reads += int(together.sum()) * layer.out_shape[0]
    return reads / len(maps)


def errors_on_bars() -> list[tuple[str, str, float, float]]:
    """Layer, dataflow, and expected over walked weight reads, with and without events by channel."""
    rng = np.random.default_rng(0)
    recordings = moving_bars(rng, 24, 24)
    shapes = ((12, 2), (16, 12), (16, 16))
    weights = [rng.normal(0.15, 0.6, (n_out, n_in, 3, 3)) / np.sqrt(n_in) for n_out, n_in in shapes]
    network, record = run(weights, recordings, (8, 8, 8))
    found = []
    maps = maps_of(weights, recordings)
    for layer, dataflow in itertools.product(network.layers, ("output_stationary", "tick_batched")):
        profile = h.load_profile(PROFILE).where(dataflow=dataflow)
        walked = walked_reads(layer, maps[layer.name], 16, 8 if dataflow == "tick_batched" else 1)
        ratios = []
        for keep in (True, False):
            layers = {
                name: spikes if keep else replace(spikes, channel_events=())
                for name, spikes in record.layers.items()
            }
            known = h.SpikeRecord(layers, record.n_samples)
            ratios.append(h.estimate(network, known, profile).count("weight_read", layer.name) / walked)
        found.append((layer.name, dataflow, *ratios))
    return found


def maps_of(weights: list[np.ndarray], recordings: np.ndarray) -> dict[str, np.ndarray]:
    """What arrives at every layer of `run`, by catching the maps that the record is made from."""
    caught: dict[str, np.ndarray] = {}
    right = h.SpikeRecord.from_maps

    def catch(network: h.NetworkSpec, events: dict[str, np.ndarray], *more: object) -> h.SpikeRecord:
        caught.update(events)
        return right(network, events, *more)

    h.SpikeRecord.from_maps = catch
    try:
        run(weights, recordings, (8, 8, 8))
    finally:
        h.SpikeRecord.from_maps = right
    return caught


def print_energies() -> None:
    print(f"1. rate {RATE}, {TIMESTEPS} timesteps; E(8)/E(1) at rate 0.2; energies in uJ")
    print(f"   {'network':<19}{'dataflow':<19}{'energy':>8}{'weights':>9}{'E(8)/E(1)':>11}{'dense/SNN':>11}")
    for name, dataflow in itertools.product(NETWORKS, DATAFLOWS):
        one = cost(name, dataflow, (TIMESTEPS,) * 3, RATE)
        weights = sum(one.by_kind().get(kind, 0) for kind in ("weights", "weight_buffer", "dram"))
        growth = [cost(name, dataflow, (steps,) * 3, 0.2).total_pj for steps in (8, 1)]
        print(
            f"   {name:<19}{dataflow:<19}{one.total_pj / 1e6:>8.3g}{weights / one.total_pj:>9.1%}"
            f"{growth[0] / growth[1]:>11.2f}{dense_pj(name, dataflow) / one.total_pj:>11.2f}"
        )


def print_orders() -> tuple[list[float], list[float]]:
    """Returns: tau of the default dataflow, and by how much it changes what (8, 4, 2) saves against (8, 8, 8)."""
    print(
        f"2. 20 timestep vectors at rate {RATE}: Kendall tau with the order without reuse; what (8, 4, 2) saves"
    )
    taus, changes = [], []
    for name, mode in itertools.product(NETWORKS, MODES):
        energies = {d: [cost(name, d, v, RATE, mode).total_pj for v in vectors()] for d in DATAFLOWS}
        order = {d: kendall(energies["none"], energies[d]) for d in DATAFLOWS}
        fewer, whole = (
            {d: cost(name, d, v, RATE, mode).total_pj for d in DATAFLOWS} for v in ((8, 4, 2), (8, 8, 8))
        )
        saved = {d: 1 - fewer[d] / whole[d] for d in DATAFLOWS}
        for dataflow in DATAFLOWS:
            shown = f"tau {order[dataflow]:.2f}  saves {saved[dataflow]:.0%}"
            print(f"   {name:<19}{mode:<11}{dataflow:<19}{shown}")
        taus.append(order["tick_batched"])
        changes.append(abs(saved["none"] - saved["tick_batched"]))
    return taus, changes


def main() -> int:
    parser(__doc__).parse_args()
    print_energies()
    taus, changes = print_orders()
    print("3. expected over walked weight reads, with and without events by channel")
    for layer, dataflow, with_channels, without in errors_on_bars():
        print(f"   {layer:<8}{dataflow:<19}{with_channels:.2f}  {without:.2f}")
    order = (
        f"the order of vectors mostly survives the default dataflow: tau at least {min(taus):.2f}, median "
    )
    saved = f"what a vector saves does not: up to {max(changes):.0%} of the energy apart"
    return conclude(
        [
            holds(f"{order}{np.median(taus):.2f}", min(taus) >= 0.85),
            holds(saved, max(changes) >= 0.1),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
