"""How many neurons of a layer something arrives at: the union over the fan-outs of a step's events.

A record tells how many events of each fan-out class arrive, not where. Expected, for events that lie anywhere in their
class, spread over samples as evenly as whole numbers allow:

    touched = sum over output neurons o of (1 - product over classes k of C(n_k - f_ok, s_k) / C(n_k, s_k))

with n_k input neurons of class k, s_k events among them, and f_ok of them that reach o. Exact for a linear layer, where
one event reaches all, as long as samples have about equally many events.
"""

from collections import Counter
from functools import lru_cache
from itertools import product
from math import exp, lgamma, prod

from hwcost.counting.job import Job
from hwcost.network.fan_out import axis_reads, class_sizes, class_values
from hwcost.network.kinds import MIXABLE
from hwcost.network.layer import LayerSpec

Fans = tuple[tuple[int, tuple[int, ...]], ...]


def touched_neurons(job: Job, n_steps: int) -> tuple[float, ...]:
    """Expected touched neurons at the first `n_steps`, summed over samples; empty where each neuron gets a bias too, or
    other membranes, where the layer has no neurons, and for kinds whose synapses are not those of a convolution or a
    linear layer.
    """
    layer, samples = job.layer, job.n_samples
    if layer.bias or layer.operand("inflow") or not layer.neuron or layer.is_analog:
        return ()
    if layer.kind not in MIXABLE or layer.kept:
        return ()
    sizes = class_sizes(layer)
    touched = []
    for row in job.spikes.events[:n_steps]:
        by_class = row if len(row) == len(sizes) else [row[0] * n / layer.n_inputs for n in sizes]
        missed = sum(
            count * prod(_missed(n, f, s / samples) for n, f, s in zip(sizes, fans, by_class, strict=True))
            for count, fans in fans_in(layer)
        )
        touched.append(samples * max(layer.n_outputs - missed, 0.0))
    return tuple(touched)


def _missed(places: int, fan_in: int, events: float) -> float:
    """Probability that none of so many events, each at another place, is at one of `fan_in` of the places."""
    below = int(events)
    share = events - below
    chance = _none_hit(places, fan_in, below)
    return chance if not share else (1 - share) * chance + share * _none_hit(places, fan_in, below + 1)


@lru_cache(maxsize=65536)
def _none_hit(places: int, fan_in: int, events: int) -> float:
    """C(places - fan_in, events) / C(places, events)."""
    few, many = sorted((fan_in, events))
    if many + few > places:
        return float(few == 0)
    rest = lgamma(places - few + 1) - lgamma(places - few - many + 1)
    return exp(rest - lgamma(places + 1) + lgamma(places - many + 1)) if few else 1.0


@lru_cache(maxsize=4096)
def fans_in(layer: LayerSpec) -> Fans:
    """Output neurons by the input neurons of each fan-out class that reach them: (output neurons, counts by class)."""
    values, channels = class_values(layer), layer.in_shape[0] // layer.groups
    if not layer.n_axes:
        return ((layer.n_outputs, (layer.n_inputs,)),)
    per_axis = [Counter(map(_by_fan_out, axis_reads(layer, axis))) for axis in range(layer.n_axes)]
    fans: Counter[tuple[int, ...]] = Counter()
    for signatures in product(*(axis.items() for axis in per_axis)):
        reached = dict.fromkeys(values, 0)
        for along in product(*(signature for signature, _ in signatures)):
            fan_out = layer.out_shape[0] // layer.groups * prod(value for value, _ in along)
            reached[fan_out] += channels * prod(n for _, n in along)
        fans[tuple(reached.values())] += layer.out_shape[0] * prod(n for _, n in signatures)
    return tuple((n, reached) for reached, n in fans.items())


def _by_fan_out(fan_outs: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(Counter(fan_outs).items()))
