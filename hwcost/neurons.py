"""Arithmetic of a neuron update under named conventions, and the steps at which neurons are updated at all.

| convention | multiply | add | compare | reset |
|---|---|---|---|---|
| hwcost | 1 if leaky | 1 | 1 | 1 add per output spike (soft), 0 (hard) |
| lemaire | 1 if leaky | 1 | 0 | 1 add per output spike |
| syops | 0 | 1 | 0 | 0 |
| none | 0 | 0 | 0 | 0 |
"""

from hwcost.counts import Count, every
from hwcost.network import LayerSpec, NetworkSpec
from hwcost.profile import Semantics


def executed(
    network: NetworkSpec, layer: LayerSpec, words: tuple[int, ...], semantics: Semantics
) -> tuple[int, ...]:
    """0 or 1 per own timestep: the neurons of the layer are updated.

    A step of the layer's own mask is never run. An unmasked step without input may be skipped under the policy: by IF
    neurons without bias (if_exact), by all neurons without bias that make up for the leak later (lazy_leak), by all
    (shut_off).
    """
    own = layer.mask or (1,) * network.timesteps(layer)
    may_skip = {
        "none": False,
        "if_exact": layer.neuron == "if" and not layer.bias,
        "lazy_leak": not layer.bias,
        "shut_off": True,
    }[semantics.skip_policy]
    if not may_skip or len(words) != len(own):
        return own
    return tuple(int(runs and n > 0) for runs, n in zip(own, words, strict=True))


def neuron_counts(
    layer: LayerSpec,
    runs: tuple[int, ...],
    outputs: tuple[int, ...],
    n_samples: int,
    semantics: Semantics,
    *,
    last: bool,
) -> list[Count]:
    """Counts of the updates at the steps that run. A last layer without neurons adds its outputs up over time."""
    updates = every(layer.n_outputs * n_samples, runs)
    if layer.neuron is None:
        return [Count("neuron_add", updates)] if last and semantics.neuron != "none" and sum(runs) > 1 else []
    counts = [Count("neuron_update", updates)]
    if semantics.neuron == "none":
        return counts
    if layer.neuron == "lif" and semantics.neuron != "syops":
        counts.append(Count("neuron_multiply", updates))
    resets = outputs if semantics.neuron != "syops" and layer.reset == "soft" else (0,) * len(runs)
    counts.append(Count("neuron_add", tuple(n + r for n, r in zip(updates, resets, strict=True))))
    if semantics.neuron == "hwcost":
        counts.append(Count("neuron_compare", updates))
    return counts
