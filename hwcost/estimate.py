"""`estimate` prices a network from its spike record."""

from collections.abc import Mapping
from functools import lru_cache

from hwcost.arrivals import check_record
from hwcost.cost import Cost, MeanTimesteps, Row
from hwcost.counts import Phase
from hwcost.errors import HwcostError
from hwcost.fan_out import n_padded_synapses, n_synapses
from hwcost.footprint import footprint
from hwcost.job import Job, capacities
from hwcost.latency import Cycles, first_decision_cycles, latency_cycles, step_cycles
from hwcost.limits import assuming, check_limits, check_priced
from hwcost.network import NetworkSpec
from hwcost.operations import layer_phase
from hwcost.profile import Profile
from hwcost.profile_file import load_profile
from hwcost.shapes import MIXABLE, WEIGHTED
from hwcost.spikes import SpikeRecord
from hwcost.sram import Price
from hwcost.transformer import entry_phases, passes_through


def estimate(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile | str,
    execution: str = "layer_serial",
    assume: Mapping[str, int] | None = None,
) -> Cost:
    """Cost of one inference.

    Args:
        network: Shapes of what is priced.
        spikes: Its activity; the same record gives the same numbers, to the bit, anywhere.
        profile: Prices, or the name or file of a profile.
        execution: One of `hwcost.latency.EXECUTIONS`.
        assume: Word widths of a what-if, `{"weight_bits": 8}` for example; marked in the notes.

    Raises: HwcostError, naming the layer, if network and record do not fit together or cannot be priced.
    """
    profile = profile if isinstance(profile, Profile) else load_profile(profile)
    profile = assuming(profile, tuple(sorted(assume.items()))) if assume else profile
    check_limits(network, profile)
    check_record(network, spikes)
    phases, orders = _phases(network, spikes, profile)
    rows = [
        Row(phase.layer, c.item, c.steps, profile.price(c.item, c.bits, c.capacity), c.low, c.high)
        for phase in phases
        for c in phase.counts
        if c.item not in profile.free
    ]
    check_priced(rows, profile)
    memory = footprint(network, profile, tuple(orders.items()))
    clock = profile.number("clock_hz")
    cycles, first, by_layer = _latency(phases, profile, spikes.n_samples, execution, "steps")
    span = (cycles, cycles)
    if any(row.low is not None for row in rows):
        span = tuple(
            _latency(phases, profile, spikes.n_samples, execution, side)[0] for side in ("low", "high")
        )  # type: ignore[assignment]
    rows.append(_leakage(profile, (cycles, *span), sum(memory.values()) * spikes.n_samples))
    return Cost(
        profile=profile.name,
        execution=execution,
        rows=tuple(rows),
        n_samples=spikes.n_samples,
        latency_cycles=cycles,
        latency_s=cycles / clock.value,
        latency_cycles_interval=span,
        latency_s_interval=(span[0] / clock.high, span[1] / clock.low),
        first_decision_cycles=first,
        cycles_by_layer=by_layer,
        mean_timesteps=mean_timesteps(network),
        footprint=dict(memory),
        n_synapses=sum(n_synapses(layer) for layer in network.layers if layer.kind in WEIGHTED),
        orders=orders,
        notes=_notes(network, profile, orders),
    )


@lru_cache(maxsize=1024)
def mean_timesteps(network: NetworkSpec) -> MeanTimesteps:
    """Mean timesteps by stage, by weighted layer (steps that its mask lets run) and by dense MAC."""
    weighted = [layer for layer in network.layers if layer.kind in WEIGHTED] or list(network.layers)
    active = [sum(layer.mask) if layer.mask else network.timesteps(layer) for layer in weighted]
    macs = [n_padded_synapses(layer) for layer in weighted]
    return MeanTimesteps(
        sum(stage.timesteps for stage in network.stages) / len(network.stages),
        sum(active) / len(weighted),
        sum(a * m for a, m in zip(active, macs, strict=True)) / sum(macs),
    )


def _phases(
    network: NetworkSpec, spikes: SpikeRecord, profile: Profile
) -> tuple[list[Phase], dict[str, str]]:
    """The work of every layer in order, and the order taken at every temporal transformer."""
    phases: list[Phase] = []
    orders: dict[str, str] = {}
    sizes = capacities(network, profile)
    for layer in network.layers:
        job = Job(network, layer, spikes.layers[layer.name], spikes.n_samples, profile, sizes[layer.name])
        if passes_through(network, layer):
            phases.append(layer_phase(job))
            continue
        if layer.kind not in MIXABLE:
            raise HwcostError(
                f"layer '{layer.name}': a temporal transformer must be followed by a convolution or a linear layer, "
                f"not by {layer.kind}; end the stage before after this layer"
            )
        both = entry_phases(job)
        order = min(both, key=lambda order: _energy(both[order], profile))
        orders[layer.name] = order
        phases.extend(both[order])
    return phases, orders


def _energy(phases: tuple[Phase, ...], profile: Profile) -> float:
    """Energy of all samples together, for comparing."""
    prices = [
        (profile.price(c.item, c.bits, c.capacity), sum(c.steps)) for phase in phases for c in phase.counts
    ]
    return sum(price.value * n for price, n in prices if price)


def _latency(
    phases: list[Phase], profile: Profile, n_samples: int, execution: str, which: str
) -> tuple[int, int, dict[str, int]]:
    """Cycles to the last and to the first decision, and cycles of work by layer."""
    cycles: Cycles = tuple(step_cycles(phase, profile, n_samples, execution, which) for phase in phases)
    barriers = [phase.barrier for phase in phases]
    sync = int(profile.number("sync_cycles").value) if execution == "lock_step" else 0
    by_layer: dict[str, int] = {}
    for phase, steps in zip(phases, cycles, strict=True):
        by_layer[phase.layer] = by_layer.get(phase.layer, 0) + sum(steps)
    last = latency_cycles(cycles, barriers, execution, sync)
    return last, first_decision_cycles(cycles, barriers, execution, sync), by_layer


def _leakage(profile: Profile, cycles: tuple[int, int, int], bits: int) -> Row:
    """Static energy: every stored bit leaks for as long as the inference takes."""
    power = profile.price("leakage")
    clock = profile.number("clock_hz")
    price = power and Price(power.low / clock.high, power.value / clock.value, power.high / clock.low)
    steps, low, high = ((n * bits,) for n in cycles)
    exact = low == high
    return Row("(network)", "leakage", steps, price, None if exact else low, None if exact else high)


def _notes(network: NetworkSpec, profile: Profile, orders: dict[str, str]) -> tuple[str, ...]:
    notes = [
        f"{name}: {order} at the temporal transformer ({network.transformer(network.layer(name))})"
        for name, order in orders.items()
    ]
    notes += [f"what-if: {name} of {bits} bits" for name, bits in profile.assumed.items()]
    if profile.assumptions:
        notes.append(f"assumed numbers of profile {profile.name}: {', '.join(profile.assumptions)}")
    notes.append("an analytical estimate, not a measurement; mean timesteps alone are not a hardware cost")
    return tuple(notes)
