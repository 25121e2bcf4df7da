"""What arrives at a layer at every timestep: events, their values, and the synapses that they meet."""

from collections.abc import Callable, Iterable, Sequence
from math import prod
from operator import mul
from typing import NamedTuple

from hwcost.activity.layer_spikes import LayerSpikes
from hwcost.counting.counts import Steps, times
from hwcost.errors import HwcostError
from hwcost.network.fan_out import class_sizes, class_values, n_padded_synapses, n_synapses
from hwcost.network.kinds import CONVOLUTIONS
from hwcost.network.layer import LayerSpec


class Arrivals(NamedTuple):
    """Per input timestep, summed over samples.

    `events` is how many events are sent (a unary graded event is sent once per unit), `synapses` how many existing
    synapses they meet, with bounds where only totals are known. `operation` is what meeting one costs: "ac" or "mac".
    `accesses` is how many weights are used, where that is not one per synapse. `once` counts every input with an event
    once, where an event may be sent more often; of timesteps that were put together, at each of them. `runs` is 0 or 1
    per timestep, where some are masked.
    """

    events: tuple[int, ...]
    synapses: Steps
    operation: str
    low: Steps | None = None
    high: Steps | None = None
    accesses: Steps | None = None
    once: "Arrivals | None" = None
    runs: tuple[int, ...] | None = None

    def first(self, n: int) -> "Arrivals":
        """The first `n` timesteps."""
        if n >= len(self.events):
            return self
        once = self.once and self.once.first(n)
        return self._changed(lambda steps: steps[:n])._replace(events=self.events[:n], once=once)

    def masked(self, mask: Sequence[int]) -> "Arrivals":
        """The arrivals at the steps where the mask is 1; none at the others."""
        if 0 not in mask:
            return self
        events = tuple(n * active for n, active in zip(self.events, mask, strict=True))
        once = self.once and self.once.masked(_repeated(mask, len(self.once.events)))
        gated = self._changed(lambda steps: tuple(n * active for n, active in zip(steps, mask, strict=True)))
        return gated._replace(events=events, once=once, runs=tuple(mask))

    def _changed(self, how: Callable[[Steps], Steps]) -> "Arrivals":
        """With `how` applied to all that is counted in synapses."""
        return self._replace(
            synapses=how(self.synapses),
            low=self.low and how(self.low),
            high=self.high and how(self.high),
            accesses=self.accesses and how(self.accesses),
        )


def arrivals(layer: LayerSpec, spikes: LayerSpikes, n_samples: int, *, unary: bool) -> Arrivals:
    """Synaptic work of a layer that receives events.

    Args:
        unary: A graded event of value v counts as v events; otherwise as one that needs a MAC.
    """
    table = spikes.sums if unary else spikes.events
    operation = "mac" if layer.in_class == "graded" and not unary else "ac"
    events = tuple([sum(row) for row in table])
    values = class_values(layer)
    is_repeated = unary and layer.in_max > 1
    once = arrivals(layer, spikes, n_samples, unary=False) if is_repeated else None
    if not table or len(table[0]) == len(values):
        exact = tuple([sum(map(mul, row, values)) for row in table])
        return Arrivals(events, exact, operation, once=once)
    largest = n_samples * (layer.in_max if unary else 1)
    room = [(value, size * largest) for value, size in zip(values, class_sizes(layer), strict=True)]
    low = tuple(_fill(n, room) for n in events)
    high = tuple(_fill(n, reversed(room)) for n in events)
    met, inputs = n_synapses(layer), layer.n_inputs
    expected = tuple([n * met / inputs if n * met % inputs else n * met // inputs for n in events])
    return Arrivals(events, expected, operation, low, high, None, once)


def textbook_arrivals(layer: LayerSpec, arrived: Arrivals) -> Arrivals:
    """Lemaire et al. 2022: an event meets ceil(k / s) outputs of a convolution and reads k weights, per axis."""
    if layer.kind not in CONVOLUTIONS:
        return arrived
    if layer.kept:
        raise HwcostError(
            f"layer '{layer.name}': textbook fan-out knows no pruning; take a profile with fan_out: exact"
        )
    channels = layer.out_shape[0] // layer.groups
    met = channels * prod(-(-k // s) for k, s in zip(layer.kernel, layer.stride, strict=True))
    read = channels * prod(layer.kernel)
    return Arrivals(
        arrived.events, times(met, arrived.events), arrived.operation, accesses=times(read, arrived.events)
    )


def dense(layer: LayerSpec, n_samples: int, n_steps: int, *, pads_counted: bool) -> Arrivals:
    """Synaptic work of a layer that receives a whole analog frame at each of `n_steps`: one MAC per synapse."""
    synapses = n_padded_synapses(layer) if pads_counted else n_synapses(layer)
    return Arrivals((layer.n_inputs * n_samples,) * n_steps, (synapses * n_samples,) * n_steps, "mac")


def _repeated(mask: Sequence[int], n_steps: int) -> tuple[int, ...]:
    """The mask of timesteps that were put together, for each of the `n_steps`."""
    return tuple(active for active in mask for _ in range(n_steps // len(mask)))


def _fill(events: int, places: Iterable[tuple[int, int]]) -> int:
    """Synapses met when events fill the positions in the given order of fan-out, as (fan-out, positions)."""
    synapses = 0
    for value, n_places in places:
        taken = min(events, n_places)
        synapses += taken * value
        events -= taken
    return synapses
