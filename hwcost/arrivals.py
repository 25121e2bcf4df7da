"""What arrives at a layer, step by step: events, their values, and the synapses that they meet."""

from collections.abc import Iterable
from fractions import Fraction
from math import prod
from operator import gt
from typing import NamedTuple

from hwcost.counts import Number, Steps, times
from hwcost.errors import HwcostError
from hwcost.fan_out import class_sizes, class_values, n_padded_synapses, n_synapses
from hwcost.network import LayerSpec, NetworkSpec
from hwcost.spikes import Counts, LayerSpikes, SpikeRecord


class Arrivals(NamedTuple):
    """Per input timestep, summed over samples.

    `words` is how many events are sent (a unary graded event is sent once per unit), `synapses` how many existing
    synapses they meet, with bounds where only totals are known. `operation` is what meeting one costs: "ac" or "mac".
    `accesses` is how many weights are asked, where that is not one per synapse.
    """

    words: tuple[int, ...]
    synapses: Steps
    operation: str
    low: Steps | None = None
    high: Steps | None = None
    accesses: Steps | None = None

    def first(self, n: int) -> "Arrivals":
        """The first `n` timesteps."""
        cut = [steps and steps[:n] for steps in (self.low, self.high, self.accesses)]
        return Arrivals(self.words[:n], self.synapses[:n], self.operation, *cut)


def arrivals(layer: LayerSpec, spikes: LayerSpikes, n_samples: int, *, unary: bool) -> Arrivals:
    """Synaptic work of a layer that receives events.

    Args:
        unary: A graded event of value v counts as v events; otherwise as one that needs a MAC.
    """
    table = spikes.sums if unary else spikes.events
    operation = "mac" if layer.in_class == "graded" and not unary else "ac"
    words = tuple(sum(row) for row in table)
    values = class_values(layer)
    if not table or len(table[0]) == len(values):
        exact = tuple(sum(n * v for n, v in zip(row, values, strict=True)) for row in table)
        return Arrivals(words, exact, operation)
    largest = n_samples * (layer.in_max if unary else 1)
    room = [(value, size * largest) for value, size in zip(values, class_sizes(layer), strict=True)]
    low = tuple(_fill(n, room) for n in words)
    high = tuple(_fill(n, reversed(room)) for n in words)
    expected = tuple(_plain(Fraction(n * n_synapses(layer), layer.n_inputs)) for n in words)
    return Arrivals(words, expected, operation, low, high)


def textbook_arrivals(layer: LayerSpec, arrived: Arrivals) -> Arrivals:
    """Lemaire et al. 2022: an event of a convolution meets ceil(k / s) outputs per axis and asks k weights per axis."""
    if not layer.kernel:
        return arrived
    channels = layer.out_shape[0] // layer.groups
    met = channels * prod(-(-k // s) for k, s in zip(layer.kernel, layer.stride, strict=True))
    asked = channels * prod(layer.kernel)
    return Arrivals(
        arrived.words, times(met, arrived.words), arrived.operation, accesses=times(asked, arrived.words)
    )


def dense(layer: LayerSpec, n_samples: int, n_steps: int, *, pads_counted: bool) -> Arrivals:
    """Synaptic work of a layer that receives a whole analog frame at each of `n_steps`: one MAC per synapse."""
    synapses = n_padded_synapses(layer) if pads_counted else n_synapses(layer)
    return Arrivals((layer.n_inputs * n_samples,) * n_steps, (synapses * n_samples,) * n_steps, "mac")


def check_record(network: NetworkSpec, record: SpikeRecord) -> None:
    """Refuse a record that does not belong to the network, naming the layer."""
    strangers = record.layers.keys() - {layer.name for layer in network.layers}
    if strangers:
        raise HwcostError(f"the record has layers that the network lacks: {', '.join(sorted(strangers))}")
    for layer in network.layers:
        if layer.name not in record.layers:
            raise HwcostError(f"layer '{layer.name}': not in the record")
        _check_layer(network, layer, record.layers[layer.name], record.n_samples)


def _check_layer(network: NetworkSpec, layer: LayerSpec, spikes: LayerSpikes, n_samples: int) -> None:
    if not layer.is_analog:
        _check_events(network, layer, spikes, n_samples)
    own = network.timesteps(layer)
    if (layer.neuron or layer.kind == "lstm") and len(spikes.outputs) != own:
        _fail(layer, f"output spikes of {own} timesteps expected, the record has {len(spikes.outputs)}")
    if any(n > layer.n_outputs * n_samples for n in spikes.outputs):
        _fail(
            layer,
            f"more output spikes in one timestep than its {layer.n_outputs} neurons in {n_samples} samples",
        )
    if layer.mask and any(n for n, runs in zip(spikes.outputs, layer.mask, strict=False) if not runs):
        _fail(layer, "output spikes at a masked timestep")


def _check_events(network: NetworkSpec, layer: LayerSpec, spikes: LayerSpikes, n_samples: int) -> None:
    steps, sizes = network.input_timesteps(layer), class_sizes(layer)
    if len(spikes.events) != steps or len(spikes.sums) != steps:
        _fail(layer, f"events of {steps} timesteps expected, the record has {len(spikes.events)}")
    columns = {len(row) for row in (*spikes.events, *spikes.sums)}
    if columns not in ({1}, {len(sizes)}):
        _fail(
            layer,
            f"events of {len(sizes)} fan-out classes (or totals) expected, the record has {sorted(columns)}",
        )
    room = [size * n_samples for size in sizes] if columns != {1} else [layer.n_inputs * n_samples]
    for t, (events, sums) in enumerate(zip(spikes.events, spikes.sums, strict=True)):
        if any(map(gt, events, room)):
            _fail(layer, f"timestep {t} has more events than input neurons")
        largest = [n * layer.in_max for n in events]
        if sums is not events and (any(map(gt, events, sums)) or any(map(gt, sums, largest))):
            _fail(
                layer,
                f"timestep {t} contradicts its class, {layer.in_class} up to {layer.in_max}: "
                f"{sum(events)} events with a sum of {sum(sums)}",
            )
    mask = network.input_mask(layer)
    if _any_masked(spikes.events, mask):
        _fail(layer, "events arrive at a timestep that the mask of the layer before turns off")


def _any_masked(events: Counts, mask: tuple[int, ...]) -> bool:
    return 0 in mask and any(any(row) for row, runs in zip(events, mask, strict=True) if not runs)


def _fill(events: int, room: Iterable[tuple[int, int]]) -> int:
    """Synapses met when events fill the positions in the given order of fan-out."""
    synapses = 0
    for value, places in room:
        taken = min(events, places)
        synapses += taken * value
        events -= taken
    return synapses


def _plain(number: Fraction) -> Number:
    return int(number) if number.denominator == 1 else float(number)


def _fail(layer: LayerSpec, what: str) -> None:
    raise HwcostError(f"layer '{layer.name}': {what}")
