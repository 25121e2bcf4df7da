"""In-memory computing: layers whose weights lie in crossbars (`placement: crossbar`).

A crossbar has X rows (inputs) and Y columns (outputs). For one output position, all positions of the kernel share the
converters and buffers of one crossbar access, and each of them has cells of its own to be read:

    accesses = groups * ceil(C_in / X) * ceil(C_out / Y) * positions * active timesteps;    reads = accesses * kernel

Spikes do not matter: the whole crossbar is used at every active timestep. These counts take the place of the layer's
synaptic operations, weight reads, accumulators and addresses. Source: the energy script of SpikeSim (Moitra et al.,
IEEE TCAD 42(11), 2023), which counts like this.
"""

from math import ceil, prod

from hwcost.counting.counts import Count, Steps, Work, times
from hwcost.counting.job import Job
from hwcost.errors import HwcostError
from hwcost.mapping.reach import in_form, out_form
from hwcost.network.kinds import CROSSBAR, MIXABLE
from hwcost.network.layer import LayerSpec
from hwcost.prices.profile import Profile

REPLACED = (
    "synaptic_operation",
    "synapse_ac",
    "synapse_mac",
    "weight_read",
    "weight_buffer_read",
    "dram_read",
    "accumulator_read",
    "accumulator_write",
    "address_multiply",
    "address_add",
)


def on_crossbar(job: Job, part: Work) -> Work:
    """The work with crossbar accesses, where the layer is placed on crossbars; else as it is.

    Raises: HwcostError, naming the layer, for kinds without a fixed weight matrix and profiles without crossbars.
    """
    layer = job.layer
    if layer.placement != CROSSBAR:
        return part
    _check(layer, job.profile)
    kept = tuple(count for count in part.counts if count.item not in REPLACED)
    positions = out_form(layer)[1]
    accesses = times(crossbars(layer, job.profile) * positions * job.n_samples, _runs(job, part))
    reads = times(prod(layer.kernel), accesses)
    added = (Count("crossbar_access", accesses), Count("crossbar_read", reads)) if any(accesses) else ()
    return part._replace(counts=(*kept, *added))


def crossbars(layer: LayerSpec, profile: Profile) -> int:
    """Crossbars side by side and on top of each other that hold the weights of one kernel position."""
    rows, columns = (int(profile.number(f"crossbar_{side}").value) for side in ("rows", "columns"))
    channels = in_form(layer)[0] // layer.groups, out_form(layer)[0] // layer.groups
    return layer.groups * ceil(channels[0] / rows) * ceil(channels[1] / columns)


def _runs(job: Job, part: Work) -> Steps:
    """0 or 1 per step of the part: whether the layer's products are computed there."""
    products = next((c.steps for c in part.counts if c.item in ("synapse_ac", "synapse_mac")), None)
    if products is None:
        return (0,) * len(part.scanned)
    if job.layer.is_analog:  # a constant frame is computed once
        return tuple(int(n > 0) for n in products)
    own = part.barrier or not job.network.mixes(job.layer)
    return job.arriving_steps if own else job.network.input_mask(job.layer)


def _check(layer: LayerSpec, profile: Profile) -> None:
    if layer.kind not in MIXABLE:
        raise HwcostError(
            f"layer '{layer.name}': a {layer.kind} has no place on a crossbar; {', '.join(MIXABLE)} have"
        )
    if "crossbar_access" not in profile.prices:
        raise HwcostError(
            f"layer '{layer.name}': profile '{profile.name}' has no crossbars (prices.crossbar_access); "
            "use crossbar_rram, or place the layer in memory"
        )
