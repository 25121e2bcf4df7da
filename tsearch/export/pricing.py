"""The price of a bundle under other hardware, from its stored spikes."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hwcost import AnnTwins, Cost, HwcostError, ann_twins, estimate
from tsearch.errors import TsearchError
from tsearch.export.bundle import Bundle


class Priced(NamedTuple):
    """A bundle under one profile, and the networks of the same shapes without spikes where the hardware runs them."""

    cost: Cost
    twins: AnnTwins | None


def price_bundle(
    folder: str | Path,
    profile: str | None = None,
    execution: str | None = None,
    assume: Mapping[str, int] | None = None,
) -> Priced:
    """Price a bundle from its stored spikes; by default as it was searched. Raises: TsearchError if it
    cannot be priced."""
    bundle = Bundle(folder)
    hardware = bundle.contents.task.hardware
    name, order = profile or hardware.profile, execution or hardware.execution
    bits = assume or hardware.assume or None
    try:
        cost = estimate(bundle.network_spec, bundle.spike_record, name, order, bits)
    except HwcostError as error:
        raise TsearchError(str(error)) from None
    try:
        return Priced(cost, ann_twins(bundle.network_spec, name, order))
    except HwcostError:
        return Priced(cost, None)
