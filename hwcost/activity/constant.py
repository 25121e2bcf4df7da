"""Counts of a layer at a constant rate."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from hwcost.activity.layer_spikes import Counts, LayerSpikes, PerSample
from hwcost.activity.samples import MOST_CHANNEL_EVENTS, MOST_CHANNELS
from hwcost.network.fan_out import class_sizes
from hwcost.network.kinds import ATTENTIONS
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec


def constant_spikes(network: NetworkSpec, layer: LayerSpec, rate: float, n_samples: int) -> LayerSpikes:
    """Counts of a layer whose inputs and neurons fire at `rate` events per step, every event as large as it can be."""
    share = Fraction(rate) * n_samples
    mask = network.input_mask(layer)
    active_steps = layer.mask or (1,) * network.timesteps(layer)
    outputs = tuple(int(share * layer.n_outputs) * step for step in active_steps) if layer.fires else ()
    counts = constant_extras(network, layer, share)
    met = tuple(a * b for a, b in zip(active_steps, mask, strict=False))
    extra_steps = met if layer.kind in ATTENTIONS else active_steps
    extras = tuple((name, tuple(n * step for step in extra_steps)) for name, n in counts.items())
    events: Counts = ()
    sums: Counts = ()
    if not layer.is_analog:
        row = tuple([int(share * size) for size in class_sizes(layer)])
        none = (0,) * len(row)
        events = tuple([row if step else none for step in mask])
        largest = tuple([n * layer.in_max for n in row])
        sums = tuple([largest if step else none for step in mask]) if layer.in_max > 1 else events
    spikes = events, sums, outputs, extras
    return LayerSpikes(
        *spikes,
        *(_told_apart(network, layer, events, sums, outputs, n_samples, int(rate)) if rate in (0, 1) else ()),
    )


def _told_apart(
    network: NetworkSpec,
    layer: LayerSpec,
    events: Counts,
    sums: Counts,
    outputs: tuple[int, ...],
    n_samples: int,
    rate: int,
) -> tuple[Counts, tuple[int, ...], PerSample | None]:
    """Channels, their events and samples, where everything fires (rate 1) or nothing does (rate 0)."""
    samples = PerSample(
        () if layer.is_analog else _busy(network, layer, n_samples * rate),
        _alike(map(sum, events), n_samples),
        _alike(map(sum, sums), n_samples) if sums is not events else (),
        _alike(outputs, n_samples),
    )
    per_sample = samples if samples.busy or samples.events or samples.outputs else None
    if layer.is_analog:
        return (), (), per_sample
    channels, mask = layer.in_shape[0], network.input_mask(layer)
    all_steps = layer.n_inputs // channels * sum(mask) * n_samples * rate
    return (
        steady_channels(channels * n_samples * rate, mask) if channels <= MOST_CHANNELS else (),
        (all_steps,) * channels if channels <= MOST_CHANNEL_EVENTS else (),
        per_sample,
    )


def steady_channels(active: int, mask: Sequence[int]) -> Counts:
    """`active` channels at every step that is not masked: each had its latest event at the one before."""
    latest, rows = 0, []
    for t, step in enumerate(mask):
        rows.append(tuple(active if step and j == latest else 0 for j in range(t + 1)))
        latest = t + 1 if step else latest
    return tuple(rows)


def _busy(network: NetworkSpec, layer: LayerSpec, samples: int) -> Counts:
    """Where something happens in a network in which everything fires, in so many samples."""
    if network.mixes(layer):
        return ()
    active = layer.mask or (1,) * network.timesteps(layer)
    if not layer.fires and not layer.other_source:
        active = tuple(a * b for a, b in zip(active, network.input_mask(layer), strict=False))
    steps = [t for t, runs in enumerate(active) if runs]
    kinds = (steps, steps[:1], steps[-1:])
    return tuple(tuple(samples * (t in chosen) for chosen in kinds) for t in range(len(active)))


def _alike(totals: Iterable[int], n_samples: int) -> Counts:
    """Fewest and most of one sample, where all samples are alike."""
    return tuple((n // n_samples, n // n_samples) for n in totals)


def constant_extras(network: NetworkSpec, layer: LayerSpec, share: Fraction) -> dict[str, int]:
    """Further counts at a constant rate; pairs of events in an attention are as many as there can be."""
    other = network.other_source(layer)
    if layer.kind.startswith("sew_") or (other and other.gives_events):
        return {"other": int(share * layer.n_outputs)}
    if layer.kind not in ("attention", "mask_attention"):
        return {}
    neurons, heads, tokens = layer.n_outputs, layer.operand("heads", 1), layer.out_shape[1]
    most = {"qk": neurons * tokens, "av": neurons * tokens, "kv": neurons * neurons // heads // tokens}
    if layer.kind == "mask_attention":
        most["kv"] = neurons
    return {name: int(share * n) for name, n in ({"q": neurons, "k": neurons, "v": neurons} | most).items()}
