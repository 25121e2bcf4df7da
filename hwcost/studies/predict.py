"""Costs of timestep vectors that were never run, predicted from one spike record: very many per second.

A stage's cost depends on its own timesteps and on those of the stage before, on nothing else; so a table of all pairs
is made with `estimate`, and a vector is priced by looking up its pairs. Energies are predictions: they assume that
rates do not change with timesteps, and never belong on a front.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwcost.errors import HwcostError
from hwcost.prices.profile import Profile

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predicted costs, one entry per vector. `low_pj` and `high_pj` span the prices, and counts that are known within
    bounds, but not the error of the rates.
    """

    energy_pj: Floats
    low_pj: Floats
    high_pj: Floats
    latency_s: Floats
    rates_from: str
    is_predicted: bool = True


@dataclass(frozen=True, eq=False)
class Predictor:
    """What prices timestep vectors by looking up pairs.

    Attributes:
        tables: Per stage, [7, timesteps before, own timesteps]: energy without leakage with its low and high end (pJ),
            time with its shortest and longest (s), and bits that leak.
        profile: What they are paid with.
        refused: (stage, timesteps before, own timesteps) -> why this pair cannot be priced.
    """

    tables: tuple[Floats, ...]
    profile: Profile
    rates_from: str
    refused: Mapping[tuple[int, int, int], str]

    def price(self, vectors: ArrayLike) -> Prediction:
        """Energy and latency of whole-number vectors [n, stages], none increasing along a row.

        Raises: HwcostError for a vector that cannot be priced, with the reason.
        """
        chosen = self._checked(vectors)
        totals = np.zeros((7, len(chosen)))
        before = np.zeros(len(chosen), dtype=np.int64)
        for stage, (table, after) in enumerate(zip(self.tables, chosen.T, strict=True)):
            totals += table[:, before, after]
            if np.isnan(totals[0]).any():
                row = int(np.isnan(totals[0]).argmax())
                raise HwcostError(
                    f"{chosen[row].tolist()}: {self.refused[stage, int(before[row]), int(after[row])]}"
                )
            before = after
        energy, seconds, bits = totals[:3], totals[3:6], totals[6]
        leak = self.profile.price("leakage")
        if leak:
            energy = energy + bits * seconds * np.array([[leak.value], [leak.low], [leak.high]])
        return Prediction(energy[0], energy[1], energy[2], seconds[0], self.rates_from)

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
