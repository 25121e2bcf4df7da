"""Who counts a layer's operations right? One table: brute force, hwcost, and the counters of other tools, on the same
spikes.

SpikingJelly 2.0, NeuroBench 2.3 and fvcore are shown where they are installed. A cell is `accumulates` or
`accumulates + MACs`; `!` marks what differs from brute force. fvcore counts the dense network, so only its analog row
can agree. Takes some seconds.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from claims import conclude, holds, parser
from torch import Tensor, nn

import hwcost as h

Counts = tuple[int, int]


@dataclass(frozen=True)
class Probe:
    """A layer with an input, as torch module and as specification. `unit` is the value of one event."""

    name: str
    module: nn.Module
    layer: h.LayerSpec
    inputs: Tensor
    unit: float = 1.0


def conv(name: str, inputs: Tensor, channels: int, kernel: int, unit: float = 1.0, **more: int) -> Probe:
    """A convolution probe; the class follows from the values, which here are known."""
    module = nn.Conv2d(inputs.shape[1], channels, kernel, bias=False, **more)
    events = inputs / unit
    whole = bool((events == events.round()).all())
    peak = int(events.abs().max()) if whole else 1
    kind = "analog" if not whole else "ternary" if events.min() < 0 else "graded" if peak > 1 else "binary"
    spec = {"in_class": kind, "in_max": peak if kind == "graded" else 1}
    shape = tuple(inputs.shape[1:])
    return Probe(name, module, h.conv("probe", shape, channels, kernel, **more, **spec), inputs, unit)


def probes() -> Iterator[Probe]:
    """Cases of which every one is ordinary, and on which tools differ."""
    generator = torch.Generator().manual_seed(0)

    def spikes(*shape: int, rate: float = 0.2) -> Tensor:
        return (torch.rand(shape, generator=generator) < rate).float()

    corner, even = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    corner[0, 0, 0, 0] = even[0, 0, 4, 4] = 1
    yield conv("one spike in a corner", corner, 8, 3, padding=1)
    yield conv("one spike, stride 2", even, 8, 3, padding=1, stride=2)
    yield conv("3x3, stride 2", spikes(2, 4, 16, 16), 8, 3, padding=1, stride=2)
    yield conv("3x3, dilation 2", spikes(2, 4, 16, 16), 8, 3, padding=2, dilation=2)
    yield conv("3x3, 4 groups", spikes(2, 4, 16, 16), 8, 3, padding=1, groups=4)
    pooled = nn.functional.avg_pool2d(spikes(2, 4, 16, 16), 2)
    yield conv("after a 2x2 average pool", pooled, 8, 3, unit=0.25, padding=1)
    ternary = spikes(2, 4, 8, 8) - spikes(2, 4, 8, 8)
    yield conv("ternary events", ternary, 8, 3, padding=1)
    yield conv("analog image", torch.rand(2, 4, 8, 8, generator=generator), 8, 3, padding=1)
    transposed = nn.ConvTranspose2d(4, 8, 3, stride=2, padding=1, bias=False)
    layer = h.LayerSpec(
        "probe", "conv_transpose2d", 0, (4, 8, 8), (8, 15, 15), kernel=(3, 3), stride=(2, 2), padding=(1, 1)
    )
    yield Probe("transposed, stride 2", transposed, layer, spikes(2, 4, 8, 8))
    linear = nn.Linear(64, 10, bias=False)
    yield Probe("linear", linear, h.linear("probe", 64, 10), spikes(2, 64))


def brute_force(probe: Probe) -> Counts:
    """Push every event alone through the layer with weights of one: the outputs that it reaches are its synapses."""
    module, inputs = probe.module, probe.inputs
    with torch.no_grad():
        ones = type(module)(**_settings(module)).double()
        for weights in ones.parameters():
            weights.fill_(1)
        analog = probe.layer.is_analog
        values = torch.ones_like(inputs) if analog else (inputs / probe.unit).abs()
        met = 0
        for place in values.nonzero():
            alone = torch.zeros_like(inputs[:1], dtype=torch.float64)
            alone[(0, *place[1:].tolist())] = 1
            met += int(ones(alone).sum()) * int(values[tuple(place.tolist())])
    return (0, met) if analog else (met, 0)


def _settings(module: nn.Module) -> dict[str, object]:
    names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups")
    names = ("in_features", "out_features") if isinstance(module, nn.Linear) else names
    return {name: getattr(module, name) for name in names} | {"bias": False}


def ours(probe: Probe) -> Counts:
    """hwcost's exact counts, from a record."""
    network = h.NetworkSpec((probe.layer,), (h.StageSpec(1),))
    events = np.rint((probe.inputs / probe.unit).numpy()).astype(int)[:, None]
    maps = {} if probe.layer.is_analog else {"probe": events}
    n = len(events)
    record = h.SpikeRecord.from_maps(network, maps) if maps else h.SpikeRecord.empty(network, n)
    cost = h.estimate(network, record, "45nm_paper_simple")
    return round(cost.ac * n), round(cost.mac * n)


def spikingjelly(probe: Probe) -> Counts:
    """SpikingJelly's dispatch counters."""
    from spikingjelly.activation_based.op_counter import DispatchCounterMode, MACCounter, SynOpCounter

    events, macs = SynOpCounter(), MACCounter()
    with torch.no_grad(), DispatchCounterMode([events, macs]):
        probe.module(probe.inputs)
    return events.get_total(), macs.get_total()


def neurobench(probe: Probe) -> Counts:
    """NeuroBench's count of one layer."""
    from neurobench.metrics.utils.layers import single_layer_MACs

    count, spiking = single_layer_MACs(probe.inputs, probe.module)
    return (int(count), 0) if spiking else (0, int(count))


def fvcore(probe: Probe) -> Counts:
    """fvcore's dense count."""
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(probe.module, probe.inputs)
    return 0, int(analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())


TOOLS: dict[str, Callable[[Probe], Counts]] = {
    "hwcost": ours,
    "SpikingJelly": spikingjelly,
    "NeuroBench": neurobench,
    "fvcore (dense)": fvcore,
}


def cell(tool: Callable[[Probe], Counts], probe: Probe, truth: Counts) -> str:
    """One tool on one probe."""
    try:
        found = tool(probe)
    except ImportError as error:
        return f"no {error.name}"
    except Exception as error:  # a peer that fails is a result of its own
        return f"{type(error).__name__} !"
    return f"{show(found)}{'' if found == truth else ' !'}"


def show(counts: Counts) -> str:
    """Accumulates, and MACs where there are any."""
    return (
        f"{counts[0]}"
        if not counts[1]
        else f"{counts[1]} MAC"
        if not counts[0]
        else f"{counts[0]} + {counts[1]} MAC"
    )


def main() -> int:
    """Print the table and the claim. Exit code 1 if hwcost differs from brute force anywhere."""
    parser(__doc__).parse_args()
    warnings.simplefilter("ignore")
    print(f"{'probe':<26}{'brute force':>14}" + "".join(f"{name:>18}" for name in TOOLS))
    right, wrong = 0, []
    for probe in probes():
        truth = brute_force(probe)
        cells = [cell(tool, probe, truth) for tool in TOOLS.values()]
        print(f"{probe.name:<26}{show(truth):>14}" + "".join(f"{text:>18}" for text in cells))
        right += "!" not in cells[0]
        wrong += [probe.name] if "!" in cells[0] else []
    n, differs = right + len(wrong), f", not on: {', '.join(wrong)}" if wrong else ""
    return conclude([holds(f"hwcost equals brute force on {right} of {n} probes{differs}", not wrong)])


if __name__ == "__main__":
    raise SystemExit(main())
