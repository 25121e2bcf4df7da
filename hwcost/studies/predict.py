"""Costs of timestep vectors that were never run, predicted from one spike record: very many per second.

A stage's cost depends on its own timesteps and on those of the stage before, on nothing else; so a table of all pairs
is made with `estimate`, and a vector is priced by looking up its pairs. Energies are predictions: they assume that
rates do not change with timesteps, and never belong on a front.
"""

from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwcost.activity.record import SpikeRecord
from hwcost.cost import Cost
from hwcost.counting.footprint import waiting_bits
from hwcost.errors import HwcostError
from hwcost.estimate import estimate
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile
from hwcost.prices.profile_file import load_profile
from hwcost.studies.resample import resampled, with_timesteps

RATES = ("prefix", "constant")
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predicted costs, one entry per vector. `low_pj` and `high_pj` span the prices, not the error of the rates."""

    energy_pj: Floats
    low_pj: Floats
    high_pj: Floats
    latency_s: Floats
    rates_from: str
    is_predicted: bool = True


@dataclass(frozen=True, eq=False)
class Predictor:
    """A table of stage costs, [timesteps before, own timesteps] per stage, and the profile that they are paid with."""

    tables: tuple[Floats, ...]
    profile: Profile
    rates_from: str

    def price(self, vectors: ArrayLike) -> Prediction:
        """Energy and layer-serial latency of whole-number vectors [n, stages], none increasing along a row."""
        chosen = self._checked(vectors)
        totals = np.zeros((5, len(chosen)))
        before = np.zeros(len(chosen), dtype=np.int64)
        for table, after in zip(self.tables, chosen.T, strict=True):
            totals += table[:, before, after]
            before = after
        value, low, high, cycles, bits = totals
        clock, leak = self.profile.number("clock_hz"), self.profile.price("leakage")
        if leak:
            leaking = cycles * bits
            value = value + leaking * (leak.value / clock.value)
            low = low + leaking * (leak.low / clock.high)
            high = high + leaking * (leak.high / clock.low)
        return Prediction(value, low, high, cycles / clock.value, self.rates_from)

    def _checked(self, vectors: ArrayLike) -> NDArray[np.int64]:
        chosen, largest = np.asarray(vectors), self.tables[0].shape[-1] - 1
        if chosen.ndim != 2 or chosen.shape[1] != len(self.tables) or chosen.dtype.kind not in "iu":
            raise HwcostError(
                f"vectors are whole numbers of shape [n, {len(self.tables)}], got {chosen.shape}"
            )
        if chosen.min(initial=1) < 1 or chosen.max(initial=1) > largest:
            raise HwcostError(f"timesteps lie in 1 to {largest}, the largest of the table")
        if (np.diff(chosen, axis=1) > 0).any():
            raise HwcostError("timesteps may not increase from one stage to the next")
        return chosen.astype(np.int64)


def predictor(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile | str,
    *,
    largest: int = 8,
    rates_from: str = "constant",
    transformer: str | None = None,
) -> Predictor:
    """What prices timestep vectors in bulk.

    Args:
        network: The network that was measured, without masks.
        spikes: Its record.
        largest: Largest number of timesteps of any stage.
        rates_from: "constant" takes the mean step, "prefix" the counts of the first timesteps as measured (and the
            mean step beyond them). The network's own input is the same recording for every vector: its
            events are spread evenly over the timesteps.
        transformer: Stands wherever timesteps change, and nowhere else; None lets every stage keep its own.
    """
    profile = profile if isinstance(profile, Profile) else load_profile(profile)
    if rates_from not in RATES:
        raise HwcostError(f"rates_from is one of {', '.join(RATES)}, got '{rates_from}'")
    if any(layer.mask for layer in network.layers):
        raise HwcostError("a network with masks cannot be priced in bulk; estimate its vectors one by one")
    n_stages = len(network.stages)
    tables = tuple(np.zeros((5, largest + 1, largest + 1)) for _ in range(n_stages))
    for stage in range(n_stages):
        for after in range(1, largest + 1):
            for before in range(after, largest + 1) if stage else (0,):
                vector = [before or after] * stage + [after] * (n_stages - stage)
                wanted = with_timesteps(network, vector, transformer)
                cost = estimate(wanted, resampled(spikes, network, wanted, rates_from), profile)
                tables[stage][:, before, after] = _of_stage(cost, wanted, profile, stage)
    return Predictor(tables, profile, rates_from)


def _of_stage(
    cost: Cost, network: NetworkSpec, profile: Profile, stage: int
) -> tuple[float, float, float, float, float]:
    """Energy with its low and high end, cycles, and bits (the first stage answers for all that is always there)."""
    names = {layer.name for layer in network.layers if layer.stage == stage}
    rows = [
        (row.price, sum(row.steps) / cost.n_samples) for row in cost.rows if row.layer in names and row.price
    ]
    value, low, high = (
        fsum(n * getattr(price, end) for price, n in rows) for end in ("value", "low", "high")
    )
    cycles = sum(n for name, n in cost.cycles_by_layer.items() if name in names)
    waiting = sum(
        sum(waiting_bits(network, network.layer(name), profile, cost.execution, cost.mixing_orders))
        for name in names
    )
    waits = ("spikes", "frames", "transformers")
    always = sum(bits for what, bits in cost.footprint.items() if what not in waits) if stage == 0 else 0
    return value, low, high, cycles, always + waiting
