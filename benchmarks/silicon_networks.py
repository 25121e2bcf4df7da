"""Networks that ran on chips, as far as they are known, with the activity that was counted on them.

Each function takes the inputs of a case and gives a network and its spike record. Counts are kept per `SAMPLES`
inferences, so that a mean may have decimals. Where only a total of spikes is known, it is spread evenly over timesteps,
positions and, unless said, neurons: the energy of a chip is linear in totals.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

import hwcost as h
from hwcost.network.fan_out import class_sizes, n_synapses

SAMPLES = 1000
Ran = tuple[h.NetworkSpec, h.SpikeRecord]


def broadcast(neurons: float, inputs: float, spikes: float, timesteps: float) -> Ran:
    """k-NN search: every input spike reaches every match neuron; matches that fire are too few to count."""
    layer = h.linear("match", int(inputs), int(neurons), neuron="if")
    return _ran([layer], int(timesteps), [spikes], [0])


def lsnn(
    input_spikes: float,
    rate: float,
    input_synapses: float,
    recurrent_synapses: float,
    readout_synapses: float,
    timesteps: float,
) -> Ran:
    """80 relay neurons on a core of their own, 240 recurrent ones of which 100 have a second compartment, 10 readouts.

    Connections are sparse, and which exist is not known here. A spike with n synapses into m neurons enters as n / m
    spikes of a full connection: the same synaptic operations, and as many neurons that expect an input.
    """
    spikes = rate * 240 * timesteps
    operations = input_spikes * input_synapses / 80 + spikes * recurrent_synapses / 240
    layers = [
        h.conv("relay", (80, 1), 80, 1, groups=80, neuron="lif"),
        h.linear("hidden", 320, 240, neuron="lif", source="input"),
        h.conv("adaptation", (100, 1), 100, 1, groups=100, neuron="lif", source="input"),
        h.linear("readout", 240, 10, neuron="lif", source="hidden"),
    ]
    events = [input_spikes, operations / 240, spikes * 100 / 240, spikes * readout_synapses / 240 / 10]
    return _ran(layers, int(timesteps), events, [input_spikes, spikes, 0, 0])


def gesture(spikes: float, synaptic_operations: float, timesteps: float) -> Ran:
    """DVS gesture: the input is 1,024 neurons driven by a bias. Hidden neurons fire at one rate, and the input as it
    must for both totals to be met."""
    layers = [
        h.conv("input", (1, 32, 32), 1, 1, neuron="if"),
        *_stack((1, 32, 32), (16, 32, 64, 11), 3, (2,)),
    ]
    layers.append(h.linear("classes", layers[-1].out_shape, 11, neuron="if"))
    neurons, fan_out = _neurons(layers), [*(n_synapses(later) for later in layers[1:]), 0]
    hidden = sum(neurons[1:])
    first = fan_out[0] / neurons[0]
    rate = (synaptic_operations - first * spikes) / (sum(fan_out[1:]) - first * hidden)
    outputs = [spikes - rate * hidden, *(rate * n for n in neurons[1:])]
    return _ran(layers, int(timesteps), [0, *outputs[:-1]], outputs)


def pilotnet(synaptic_operations: float, timesteps: float) -> Ran:
    """PilotNet: 158,509 neurons of one rate, of which the 39,600 of the input are driven from outside."""
    image = (3, 200, 66)
    layers = [h.conv("input", image, 3, 1, groups=3, neuron="if"), *_stack(image, (24, 36, 48), 3, (2, 2, 2))]
    shape = layers[-1].out_shape
    layers.append(h.conv("conv4", shape, 64, 3, stride=(1, 2), padding=(0, 1), neuron="if"))
    layers.append(h.conv("conv5", layers[-1].out_shape, 64, 3, neuron="if"))
    for outputs in (100, 50, 10, 1):
        layers.append(h.linear(f"linear{outputs}", layers[-1].out_shape, outputs, neuron="if"))
    rate = synaptic_operations / sum(n_synapses(layer) for layer in layers[1:])
    outputs = [rate * n for n in _neurons(layers)]
    return _ran(layers, int(timesteps), [0, *outputs[:-1]], outputs)


def tidigits(timesteps: float) -> Ran:
    """N-TIDIGITS in silence: 818 neurons that are updated."""
    layers = [h.conv("input", (64, 1), 64, 1, groups=64, neuron="if")]
    for n_in, n_out in pairwise((64, 256, 256, 242)):
        layers.append(h.linear(f"linear{n_out}_{len(layers)}", n_in, n_out, neuron="if"))
    silence = [0.0] * len(layers)
    return _ran(layers, int(timesteps), silence, silence)


def crossbars(cores: float, ticks_per_s: float) -> Ran:  # noqa: ARG001
    """Cores of 256 x 256 in silence for one tick, a layer for every 4,096; spikes of the systems were not published."""
    layers = []
    for first in range(0, int(cores), 4096):
        n = min(4096, int(cores) - first)
        layers.append(
            h.conv(f"chip{first // 4096}", (256 * n, 1), 256 * n, 1, groups=n, neuron="lif", source="input")
        )
    silence = [0.0] * len(layers)
    return _ran(layers, 1, silence, silence)


def full_chip(spikes_per_s: float) -> Ran:
    """A tick of 1 ms of 4,096 cores, every spike meeting 128 synapses."""
    neurons, spikes = 4096 * 256, 4096 * 256 * spikes_per_s / 1000
    layer = h.conv("cores", (neurons, 1), neurons, 1, groups=neurons // 128, neuron="lif")
    return _ran([layer], 1, [spikes], [spikes])


def odin(synapses_per_s: float) -> Ran:
    """A millisecond of 256 neurons, every spike meeting all of them."""
    return _ran([h.linear("core", 256, 256, neuron="lif")], 1, [synapses_per_s / 256 / 1000], [0])


def spinnaker(neurons: float, synapses_per_s: float) -> Ran:
    """A millisecond of neurons in groups of 1,000, every spike meeting 1,000 synapses."""
    n = int(neurons)
    layer = h.conv("neurons", (n, 1), n, 1, groups=n // 1000, neuron="lif")
    spikes = synapses_per_s / 1000 / 1000
    return _ran([layer], 1, [spikes], [spikes])


def spiker(timesteps: float, hidden: float) -> Ran:
    """784 inputs, one hidden layer, 10 classes; inputs are read one after the other whether they spike or not."""
    layers = [
        h.linear("hidden", 784, int(hidden), neuron="lif"),
        h.linear("classes", int(hidden), 10, neuron="lif"),
    ]
    return _ran(layers, int(timesteps), [0, 0], [0, 0])


NETWORKS: dict[str, Callable[..., Ran]] = {
    maker.__name__: maker
    for maker in (
        broadcast, lsnn, gesture, pilotnet, tidigits, crossbars, full_chip, odin, spinnaker, spiker,
    )
}  # fmt: skip


def _ran(
    layers: Sequence[h.LayerSpec],
    timesteps: int,
    events: Sequence[float],
    outputs: Sequence[float],
) -> Ran:
    """Network and record from the events and output spikes of each layer, per inference."""
    network = h.NetworkSpec(tuple(layers), (h.StageSpec(timesteps),))
    record = {}
    for i, layer in enumerate(layers):
        rows = tuple(_split(n, class_sizes(layer)) for n in _spread(events[i], timesteps))
        record[layer.name] = h.LayerSpikes(rows, outputs=_spread(outputs[i], timesteps))
    return network, h.SpikeRecord(record, SAMPLES)


def _spread(total: float, n: int) -> tuple[int, ...]:
    """`SAMPLES` times a total in `n` whole parts as equal as can be."""
    whole = round(SAMPLES * total)
    return tuple(whole * (i + 1) // n - whole * i // n for i in range(n))


def _split(n: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """`n` events over fan-out classes in proportion to their sizes."""
    ends = [0, *np.cumsum(sizes).tolist()]
    return tuple(n * b // ends[-1] - n * a // ends[-1] for a, b in pairwise(ends))


def _stack(
    shape: tuple[int, ...], channels: Sequence[int], kernel: int, strides: Sequence[int]
) -> list[h.LayerSpec]:
    """Convolutions one after the other, of stride 1 where none is given."""
    layers = []
    for i, n in enumerate(channels):
        stride = strides[i] if i < len(strides) else 1
        layers.append(h.conv(f"conv{i + 1}", shape, n, kernel, stride=stride, neuron="if"))
        shape = layers[-1].out_shape
    return layers


def _neurons(layers: Sequence[h.LayerSpec]) -> list[int]:
    return [layer.n_outputs for layer in layers]
