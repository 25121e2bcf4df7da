"""Whether a record's counts by channel and by sample can belong to its events; a HwcostError names the layer."""

from collections.abc import Sequence

from hwcost.activity.layer_spikes import Counts, LayerSpikes
from hwcost.errors import HwcostError
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec


def check_channels(layer: LayerSpec, spikes: LayerSpikes, n_samples: int) -> None:
    """Refuse counts of channels that contradict the events."""
    if not spikes.channels and not spikes.channel_events:
        return
    events, channels = [sum(row) for row in spikes.events], layer.in_shape[0]
    if spikes.channels:
        shape = [len(row) for row in spikes.channels]
        if shape != list(range(1, len(events) + 1)):
            _fail(layer, f"'channels' needs t + 1 counts at each timestep t of {len(events)}, got {shape}")
        for t, (row, n) in enumerate(zip(spikes.channels, events, strict=True)):
            active = sum(row)
            if active > min(n, channels * n_samples) or (n and not active):
                _fail(layer, f"'channels' has {active} active channels at timestep {t} with {n} events")
    if spikes.channel_events and (
        len(spikes.channel_events) != channels or sum(spikes.channel_events) != sum(events)
    ):
        _fail(layer, f"'channel_events' needs {channels} counts that add up to {sum(events)} events")


def check_samples(network: NetworkSpec, layer: LayerSpec, spikes: LayerSpikes, n_samples: int) -> None:
    """Refuse extremes and busy samples that contradict the counts."""
    samples = spikes.per_sample
    if samples is None:
        return
    for name, table, totals in (
        ("events", samples.events, [sum(row) for row in spikes.events]),
        ("sums", samples.sums, [sum(row) for row in spikes.sums]),
        ("outputs", samples.outputs, list(spikes.outputs)),
    ):
        if table and not _are_extremes(table, totals, n_samples):
            _fail(layer, f"'per_sample.{name}' is no fewest and most of {n_samples} samples with {totals}")
    if samples.busy and not _are_busy(samples.busy, network.timesteps(layer), n_samples):
        _fail(layer, f"'per_sample.busy' is no count of busy, first and last among {n_samples} samples")


def _are_extremes(table: Counts, totals: Sequence[int], n_samples: int) -> bool:
    """True where some `n_samples` numbers have these extremes and these totals, at every timestep."""
    others = n_samples - 1
    return [len(row) for row in table] == [2] * len(totals) and all(
        least <= most and others * least + most <= total <= least + others * most
        for (least, most), total in zip(table, totals, strict=True)
    )


def _are_busy(table: Counts, timesteps: int, n_samples: int) -> bool:
    if [len(row) for row in table] != [3] * timesteps:
        return False
    first, last = (sum(row[k] for row in table) for k in (1, 2))
    return first == last <= n_samples and all(max(row[1:]) <= row[0] <= n_samples for row in table)


def _fail(layer: LayerSpec, what: str) -> None:
    raise HwcostError(f"layer '{layer.name}': {what}")
