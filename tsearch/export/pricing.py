"""The price of a bundle under other hardware, from its stored spikes."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hwcost import (
    AnnTwins,
    Cost,
    HwcostError,
    ann_twins,
    assuming,
    estimate,
    load_profile,
    without_reuse,
)
from tsearch.errors import TsearchError
from tsearch.export.bundle import Bundle
from tsearch.pricing.price import refusal


class Priced(NamedTuple):
    """A bundle under one profile: its cost, that without any reuse of weights where these have a price, and the
    networks of the same shapes without spikes where the hardware runs them."""

    cost: Cost
    unreused: Cost | None
    twins: AnnTwins | None


def price_bundle(
    folder: str | Path,
    profile: str | None = None,
    execution: str | None = None,
    assume: Mapping[str, int] | None = None,
) -> Priced:
    """Price a bundle from its stored spikes; by default as it was searched. What is assumed adds to what the run
    assumed. Raises: TsearchError if it cannot be priced."""
    bundle = Bundle(folder)
    hardware = bundle.contents.task.hardware
    name, order = profile or hardware.profile, execution or hardware.execution
    bits = tuple(sorted({**hardware.assume, **(assume or {})}.items()))
    try:
        prices = assuming(load_profile(name), bits)
        cost = estimate(bundle.network_spec, bundle.spike_record, prices, order)
    except HwcostError as error:
        raise TsearchError(f"{folder}: {refusal(error)}") from None
    unreused = None
    if prices.memory is not None:
        unreused = without_reuse(bundle.network_spec, bundle.spike_record, prices, order)
    try:
        return Priced(cost, unreused, ann_twins(bundle.network_spec, prices, order))
    except HwcostError:
        return Priced(cost, unreused, None)
