"""The tables of a predictor: costs of every stage at every pair of timesteps, each taken from one estimate."""

from collections.abc import Mapping, Sequence
from math import fsum

import numpy as np

from hwcost.activity.record import SpikeRecord
from hwcost.cost import Cost
from hwcost.counting.footprint import waiting_bits
from hwcost.counting.rows import Row
from hwcost.errors import HwcostError
from hwcost.estimate import estimate
from hwcost.execution import check_execution
from hwcost.mapping.cores import is_chip
from hwcost.network.network import NetworkSpec
from hwcost.prices.capacity import profile_for
from hwcost.prices.profile import Profile
from hwcost.studies.predict import Predictor
from hwcost.studies.resample import resampled, with_timesteps

RATES = ("prefix", "constant")


def predictor(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile | str,
    *,
    largest: int = 8,
    rates_from: str = "constant",
    transformer: str | None = None,
    execution: str = "layer_serial",
    assume: Mapping[str, int] | None = None,
) -> Predictor:
    """What prices timestep vectors in bulk.

    Args:
        network: The network that was measured, without masks.
        spikes: Its record.
        largest: Largest number of timesteps of any stage.
        rates_from: "constant" takes the mean step, "prefix" the counts of the first timesteps as measured (and the
            mean step beyond them). The network's own input is the same recording for every vector: its
            events are spread evenly over the timesteps. Which channels are active is not carried over to other
            timesteps: their number is then the one expected from the events.
        transformer: Stands wherever timesteps change, and nowhere else; None lets every stage keep its own.
        execution: Several stages need `layer_serial`, and no chip of cores: otherwise costs are no sums over stages.
        assume: Word widths of a what-if, as in `estimate`.

    Raises: HwcostError if the network cannot be priced in bulk, or not even where all timesteps are equal. Pairs of
        timesteps that a stage cannot have (a sum of branches behind a temporal transformer) are refused when asked for.
    """
    profile = _checked_profile(network, profile, rates_from, execution, assume)
    n_stages = len(network.stages)
    tables = tuple(np.full((7, largest + 1, largest + 1), np.nan) for _ in range(n_stages))
    refused: dict[tuple[int, int, int], str] = {}
    for stage in range(n_stages):
        for after in range(1, largest + 1):
            for before in range(after, largest + 1) if stage else (0,):
                vector = [before or after] * stage + [after] * (n_stages - stage)
                try:
                    wanted = with_timesteps(network, vector, transformer)
                    record = resampled(spikes, network, wanted, rates_from)
                    cost = estimate(wanted, record, profile, execution)
                except HwcostError as error:
                    if before in (0, after):
                        raise
                    refused[stage, before, after] = str(error)
                    continue
                whole = n_stages == 1
                numbers = _of_network(cost) if whole else _of_stage(cost, wanted, profile, stage)
                tables[stage][:, before, after] = numbers
    return Predictor(tables, profile, rates_from, refused)


def _checked_profile(
    network: NetworkSpec,
    profile: Profile | str,
    rates_from: str,
    execution: str,
    assume: Mapping[str, int] | None,
) -> Profile:
    check_execution(execution)
    if rates_from not in RATES:
        raise HwcostError(f"rates_from is one of {', '.join(RATES)}, got '{rates_from}'")
    if any(layer.mask for layer in network.layers):
        raise HwcostError("a network with masks cannot be priced in bulk; estimate its vectors one by one")
    if execution != "layer_serial" and len(network.stages) > 1:
        raise HwcostError(
            f"under {execution} the stages overlap, so that costs are no sums over stages; "
            "predict under layer_serial, or estimate the vectors one by one"
        )
    profile = profile_for(profile, assume)
    if is_chip(profile) and len(network.stages) > 1:
        raise HwcostError(
            f"on the cores of '{profile.name}' ticks and static power belong to the whole network; "
            "estimate the vectors one by one"
        )
    return profile


def _of_network(cost: Cost) -> tuple[float, ...]:
    """The numbers of a network of one stage: its energy, leakage included, and its time."""
    return (cost.total_pj, *cost.interval, cost.latency_s, *cost.latency_s_interval, 0.0)


def _of_stage(cost: Cost, network: NetworkSpec, profile: Profile, stage: int) -> tuple[float, ...]:
    """The numbers of one stage of several; the first one answers for the bits that are always there."""
    names = {layer.name for layer in network.layers if layer.stage == stage}
    rows = [row for row in cost.rows if row.layer in names]
    energy = [
        _energy(rows, *ends) / cost.n_samples for ends in (("steps", "value"), ("low",) * 2, ("high",) * 2)
    ]
    cycles, clock = sum(cost.cycles_by_layer[name] for name in names), profile.number("clock_hz")
    waiting = sum(
        sum(waiting_bits(network, network.layer(name), profile, cost.execution, cost.mixing_orders))
        for name in names
    )
    waits = ("spikes", "frames", "transformers")
    always = sum(bits for what, bits in cost.footprint.items() if what not in waits) if stage == 0 else 0
    seconds = [cycles / hz for hz in (clock.value, clock.high, clock.low)]
    return (*energy, *seconds, float(always + waiting))


def _energy(rows: Sequence[Row], counted: str, paid: str) -> float:
    """Energy with one end of every count (or the count itself) and one end of every price."""
    return fsum(
        sum(getattr(row, counted) or row.steps) * getattr(row.price, paid) for row in rows if row.price
    )
