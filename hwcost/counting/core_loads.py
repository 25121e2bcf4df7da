"""How much each core of a layer has to do in a timestep."""

import numpy as np

from hwcost.activity.layer_spikes import LayerSpikes
from hwcost.counting.counts import Work
from hwcost.mapping.cores import Mapping
from hwcost.mapping.traffic import Real, Traffic
from hwcost.prices.profile import Profile

_TAKES = {  # item -> its duration in the profile
    "synaptic_operation": "sop_s",
    "message": "message_s",
    "neuron_update": "update_s",
    "neuron_idle": "idle_s",
    "spike": "spike_s",
}


def core_shares(traffic: Traffic, spikes: LayerSpikes) -> tuple[Real, Real, Real]:
    """Shares of a layer's synaptic operations, messages and neurons that each of its cores has, over all timesteps."""
    n_classes = len(traffic.messages)
    per_class = [sum(row) for row in zip(*spikes.sums, strict=True)]
    weights = np.array(
        per_class if len(per_class) == n_classes and any(per_class) else [1] * n_classes, float
    )
    synapses, messages = weights @ traffic.core_synapses, weights @ traffic.core_messages
    neurons = traffic.core_neurons / traffic.core_neurons.sum()
    return synapses / (synapses.sum() or 1), messages / (messages.sum() or 1), neurons


def core_loads(
    part: Work,
    n_samples: int,
    profile: Profile,
    mapping: Mapping,
    shares: tuple[Real, Real, Real],
    end: str,
) -> Real:
    """Seconds that each core of the layer works in each step of a piece of work, [steps, cores]."""
    synapses, messages, neurons = shares
    held = {"synaptic_operation": synapses, "message": messages}
    busy = np.zeros((len(part.scanned), mapping.cores[part.layer]))
    for count in part.counts:
        name = _TAKES.get(count.item, "")
        if name in profile.hardware:
            steps = (None if end == "value" else getattr(count, end)) or count.steps
            each = seconds(profile, name, end) / n_samples
            busy += np.multiply.outer(np.array(steps, dtype=float) * each, held.get(count.item, neurons))
    return busy


def seconds(profile: Profile, name: str, end: str) -> float:
    """One of the profile's durations; 0 where it names none. `end`: value, low or high."""
    return float(getattr(profile.hardware[name], end)) if name in profile.hardware else 0.0
