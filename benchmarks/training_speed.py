"""Training steps with spikes against the same networks with ReLU, and against other libraries; one thread, interleaved.

Libraries that are not installed are left out. Takes about half an hour of one core.
"""

import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
CACHE = tempfile.TemporaryDirectory(prefix="tsearch-compiled-")
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", CACHE.name)  # a network's process shares that of the whole

import numpy as np  # noqa: E402
import torch  # noqa: E402
from claims import at_least, conclude, parser, spread  # noqa: E402
from speed_networks import NEURON, PEERS, SHAPES, TIMESTEPS, Made, batch, loss_of, ours, twin  # noqa: E402
from torch import Tensor  # noqa: E402

from tsearch.data.dataset import DatasetInfo  # noqa: E402
from tsearch.networks.build import Network  # noqa: E402
from tsearch.networks.neuron import fire  # noqa: E402
from tsearch.networks.neuron.compiler import compiling  # noqa: E402
from tsearch.pricing.describe import describe_network  # noqa: E402
from tsearch.pricing.record import Recorder  # noqa: E402
from tsearch.training.speed import keep_memory  # noqa: E402

Times = dict[str, list[float]]
TWIN_TARGETS = {"a": 1.0, "b": 1.02, "c": 1.0}
PEER_TARGETS = {"a": 1.25, "b": 1.75, "c": 1.6}
LAYERS = {
    "a, first": (4, 64, 64, 32, 32),
    "b, first": (8, 64, 16, 34, 34),
    "c, q k v": (4, 4096, 384),
    "small": (6, 64, 8, 16, 16),
}


def interleaved(steps: dict[str, Callable[[], object]], rounds: int) -> Times:
    """CPU seconds of every step, each run once a round, in an order that rotates."""
    for step in steps.values():
        step()
    times: Times = {name: [] for name in steps}
    names = list(steps)
    for n in range(rounds):
        for name in names[n % len(names) :] + names[: n % len(names)]:
            began = time.process_time()
            steps[name]()
            times[name].append(time.process_time() - began)
    return times


def show(title: str, times: Times, base: str) -> None:
    """Milliseconds and ratio to `base`, median [quartiles]."""
    print(f"\n{title}")
    for name, values in times.items():
        milliseconds = spread([1e3 * value for value in values])
        print(f"  {name:26s} {milliseconds:26s} ms   x {spread(ratios(values, times[base]))}")


def ratios(these: list[float], those: list[float]) -> list[float]:
    return [a / b for a, b in zip(these, those, strict=True)]


def training_step(made: Made, inputs: Tensor, labels: Tensor) -> Callable[[], None]:
    """Forward, backward, SGD."""
    network, forward = made
    optimizer = torch.optim.SGD(network.parameters(), lr=0.02, momentum=0.9)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss_of(forward, inputs, labels).backward()
        optimizer.step()

    return step


def evaluation(made: Made, inputs: Tensor) -> Callable[[], None]:
    network, forward = made

    def step() -> None:
        network.eval()
        with torch.no_grad():
            forward(inputs)
        network.train()

    return step


def installed(name: str) -> dict[str, Made]:
    """The network `name` in every library that is there."""
    found = {}
    for library, make in PEERS.items():
        try:
            found[library] = make(name)
        except ImportError as missing:
            if name == "a":
                print(f"{library}: left out ({missing})")
    return found


def networks(rounds: int) -> list[str]:
    """Training step and evaluation pass of the three networks, each in a process of its own: what one leaves behind in
    memory would slow the next."""
    claims = []
    for name in TIMESTEPS:
        command = [sys.executable, __file__, str(rounds if name == "a" else 2 * rounds), "--network", name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        lines = done.stdout.splitlines()
        is_claim = [line.startswith(("PASS", "FAIL", "UNDECIDED")) for line in lines]
        if not any(is_claim):  # exit code 1 may be a claim that fails, or a traceback
            raise RuntimeError(f"network {name}: ended without a claim, exit code {done.returncode}")
        print("\n".join(line for line, ends in zip(lines, is_claim, strict=True) if not ends), flush=True)
        claims += [line for line, ends in zip(lines, is_claim, strict=True) if ends]
    return claims


def network(name: str, rounds: int) -> list[str]:
    """Training step and evaluation pass of one of them."""
    claims = []
    inputs, labels = batch(name)
    peers = installed(name)
    made = {"ReLU twin": twin(name), "ours": ours(name), **peers}
    if name != "c":
        made["ours, bfloat16"] = ours(name, precision="bfloat16")
    times = interleaved({key: training_step(m, inputs, labels) for key, m in made.items()}, rounds)
    show(f"({name}) training step, T={TIMESTEPS[name]}, batch 64", times, "ReLU twin")
    quick = interleaved({key: evaluation(m, inputs) for key, m in made.items()}, rounds)
    show(f"({name}) evaluation", quick, "ReLU twin")
    alike = ratios(times["ReLU twin"], times["ours"])
    claims.append(at_least(f"({name}) step of the ReLU twin / ours", alike, 1 / TWIN_TARGETS[name]))
    if peers:
        best = min(peers, key=lambda key: float(np.median(times[key])))
        claims.append(
            at_least(f"({name}) {best} / ours", ratios(times[best], times["ours"]), PEER_TARGETS[name])
        )
    return claims


def neuron_alone(rounds: int) -> list[str]:
    """Forward and backward of one layer of neurons against a ReLU: fused, and stepwise."""
    claims = []
    for name, shape in LAYERS.items():
        generator = torch.Generator().manual_seed(0)
        current = torch.randn(shape, generator=generator).requires_grad_()
        weights = torch.randn(shape, generator=generator)

        def fused(current: Tensor = current, weights: Tensor = weights) -> None:
            torch.autograd.grad(fire(current, len(current), NEURON), current, weights)

        def stepwise(current: Tensor = current, weights: Tensor = weights) -> None:
            with compiling(False):
                torch.autograd.grad(fire(current, len(current), NEURON), current, weights)

        def relu(current: Tensor = current, weights: Tensor = weights) -> None:
            torch.autograd.grad(torch.relu(current), current, weights)

        times = interleaved({"ReLU": relu, "fused": fused, "stepwise": stepwise}, 3 * rounds)
        show(f"neuron alone, {name} layer {list(shape)}", times, "ReLU")
        if name != "small":
            claims.append(
                at_least(f"neuron, {name} layer: ReLU / ours", ratios(times["ReLU"], times["fused"]), 1 / 1.3)
            )
    return claims


def against_timesteps(rounds: int, plot: str | None) -> str:
    """Step and memory of (a) for several T; the first convolution runs once, so eight times T cost less than 8."""
    inputs, labels = batch("a", samples=16)
    made = {t: ours("a", t) for t in (1, 2, 4, 8, 16)}
    steps = {f"ours, T={t}": training_step(m, inputs, labels) for t, m in made.items()}
    steps |= {f"twin, T={t}": training_step(twin("a", t), inputs, labels) for t in made}
    times = interleaved(steps, rounds)
    print(
        "\n(a) against T, batch 16: step, times that of T=1, and what is kept for backward; the ReLU twin at batch 16 T"
    )
    for t, (_, forward) in made.items():
        kept = saved_bytes(lambda forward=forward: loss_of(forward, inputs, labels)) / 2**20
        step, alike = times[f"ours, T={t}"], times[f"twin, T={t}"]
        growth = ratios(step, times["ours, T=1"])
        print(
            f"  T={t:<2d} {spread([1e3 * s for s in step]):21s} ms  x {spread(growth):19s} {kept:6.1f} MiB  "
            f"twin {np.median(alike) * 1e3:6.0f} ms  " + "#" * round(2 * float(np.median(growth)))
        )
    if plot:
        draw({name: {t: times[f"{name}, T={t}"] for t in made} for name in ("ours", "twin")}, plot)
    return at_least(
        "(a) 8 x step of T=1 / step of T=8",
        ratios([8 * s for s in times["ours, T=1"]], times["ours, T=8"]),
        1.0,
    )


def draw(times: dict[str, dict[int, list[float]]], path: str) -> None:
    """Step time against T, median with quartiles, and the line through T=1 that it would follow in proportion."""
    import plotly.graph_objects as go

    figure = go.Figure(
        layout={"xaxis_title": "timesteps", "yaxis_title": "training step, ms (VGG-like, batch 16)"}
    )
    for name, by_t in times.items():
        low, middle, high = (
            [1e3 * float(np.quantile(values, q)) for values in by_t.values()] for q in (0.25, 0.5, 0.75)
        )
        errors = {
            "array": [h - m for h, m in zip(high, middle, strict=True)],
            "arrayminus": [m - b for m, b in zip(middle, low, strict=True)],
        }
        label = "tsearch" if name == "ours" else "ReLU twin"
        figure.add_scatter(x=list(by_t), y=middle, error_y=errors, name=label)
    once = 1e3 * float(np.median(times["ours"][1]))
    figure.add_scatter(
        x=list(times["ours"]), y=[t * once for t in times["ours"]], name="T times T=1", line_dash="dot"
    )
    figure.write_html(path)
    print(f"  drawn: {path}")


def saved_bytes(forward: Callable[[], object]) -> int:
    """Bytes of all memory that autograd keeps between forward and backward."""
    seen: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        kept = forward()
    del kept
    return sum(seen.values())


def recording(rounds: int) -> list[str]:
    """A validation batch with and without its spikes counted."""
    claims = []
    for name, kind in (("a", "analog"), ("b", "graded")):
        network, _ = ours(name)
        assert isinstance(network, Network)
        network.eval()
        inputs, _ = batch(name)
        frames = inputs if inputs.dim() == 5 else inputs[None]
        info = DatasetInfo(name, SHAPES[name], 10, is_static=kind == "analog", input_class=kind)
        recorder = Recorder(describe_network(network.configuration, info), network.plan)

        def run(observe: Recorder | None = None, network: Network = network, frames: Tensor = frames) -> None:
            with torch.no_grad():
                network.run(frames, network.configuration.timesteps, observe)
            if observe is not None:
                observe.add_samples(64)

        times = interleaved({"alone": run, "spikes counted": partial(run, recorder)}, 2 * rounds)
        show(f"({name}) validation batch", times, "alone")
        share = ratios(times["alone"], times["spikes counted"])
        claims.append(at_least(f"({name}) validation batch alone / with its spikes counted", share, 0.97))
    return claims


def main() -> int:
    arguments = parser(__doc__, rounds=5)
    arguments.add_argument("--network", choices=TIMESTEPS, help="one of the three networks alone")
    arguments.add_argument("--plot", metavar="FILE", help="draw step time against T as an HTML page")
    asked = arguments.parse_args()
    logging.basicConfig(format="%(message)s")
    torch.set_num_threads(1)
    keep_memory()
    with compiling(True):
        if asked.network:
            return conclude(network(asked.network, asked.rounds))
        claims = [
            *networks(asked.rounds),
            *neuron_alone(asked.rounds),
            against_timesteps(asked.rounds, asked.plot),
            *recording(asked.rounds),
        ]
    print(
        f"\ncompiled: {len(list(Path(os.environ['TORCHINDUCTOR_CACHE_DIR']).rglob('*.main.so')))} pieces of code, "
        "for T = 2, 4, 6, 8 and 16, forward and backward, with BatchNorm or without, in 32 bits and in 16"
    )
    return conclude(claims)


if __name__ == "__main__":
    raise SystemExit(main())
