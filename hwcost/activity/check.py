"""Whether a spike record belongs to a network; a HwcostError names the layer where it does not."""

from operator import gt

from hwcost.activity.check_samples import check_channels, check_samples
from hwcost.activity.layer_spikes import Counts, LayerSpikes
from hwcost.activity.record import SpikeRecord
from hwcost.errors import HwcostError
from hwcost.network.fan_out import class_sizes
from hwcost.network.kinds import ATTENTIONS
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec

_OF_PRUNED = (
    "; pruning changes the classes: take the record of the pruned network, from SpikeRecord.from_maps(network, ...) or "
    "from_torch(..., pruned=True)"
)


def check_record(network: NetworkSpec, record: SpikeRecord) -> None:
    """Refuse a record that lacks a layer, has a foreign one, or counts that the network cannot have."""
    if not record.is_checked_for(network):
        _check_layers(network, record)
        record.remember_check(network)


def _check_layers(network: NetworkSpec, record: SpikeRecord) -> None:
    strangers = record.layers.keys() - {layer.name for layer in network.layers}
    if strangers:
        raise HwcostError(f"the record has layers that the network lacks: {', '.join(sorted(strangers))}")
    for layer in network.layers:
        if layer.name not in record.layers:
            raise HwcostError(f"layer '{layer.name}': not in the record")
        spikes = record.layers[layer.name]
        if not layer.is_analog:
            _check_events(network, layer, spikes, record.n_samples)
            check_channels(layer, spikes, record.n_samples)
        _check_outputs(network, layer, spikes, record.n_samples)
        check_samples(network, layer, spikes, record.n_samples)


def _check_outputs(network: NetworkSpec, layer: LayerSpec, spikes: LayerSpikes, n_samples: int) -> None:
    timesteps = network.timesteps(layer)
    if layer.fires and len(spikes.outputs) != timesteps:
        _fail(layer, f"output spikes of {timesteps} timesteps expected, the record has {len(spikes.outputs)}")
    if max(spikes.outputs, default=0) > layer.n_outputs * n_samples:
        _fail(
            layer,
            f"more output spikes in one timestep than its {layer.n_outputs} neurons in {n_samples} samples",
        )
    if layer.mask and any(n for n, active in zip(spikes.outputs, layer.mask, strict=False) if not active):
        _fail(layer, "output spikes at a masked timestep")
    if layer.other_source:
        others = spikes.extra("other") or ()
        if any(n > layer.n_inputs * n_samples for n in others):
            _fail(layer, "the count 'other' has more events in one timestep than input neurons")
    if layer.kind in ATTENTIONS:
        _check_attention(layer, spikes, n_samples)


def _check_attention(layer: LayerSpec, spikes: LayerSpikes, n_samples: int) -> None:
    """Events and pairs of events per timestep are at most those of queries, keys and values that are full."""
    neurons, (width, tokens) = layer.n_outputs, layer.out_shape
    together = 1 if layer.kind == "mask_attention" else width // layer.operand("heads", 1)
    most = {"q": 1, "k": 1, "v": 1, "qk": tokens, "av": tokens, "kv": together}  # per neuron
    for name, counts in spikes.extras:
        limit = neurons * n_samples * most.get(name, 0)
        if name in most and max(counts, default=0) > limit:
            _fail(layer, f"the count '{name}' is {max(counts)} in one timestep, its neurons allow {limit}")


def _check_events(network: NetworkSpec, layer: LayerSpec, spikes: LayerSpikes, n_samples: int) -> None:
    steps, sizes = network.input_timesteps(layer), class_sizes(layer)
    graded = spikes.sums is not spikes.events
    if len(spikes.events) != steps or len(spikes.sums) != steps:
        _fail(layer, f"events of {steps} timesteps expected, the record has {len(spikes.events)}")
    columns = set(map(len, spikes.events)) | (set(map(len, spikes.sums)) if graded else set())
    if columns not in ({1}, {len(sizes)}):
        _fail(
            layer,
            f"events of {len(sizes)} fan-out classes (or totals) expected, the record has {sorted(columns)}"
            + _OF_PRUNED * bool(layer.kept),
        )
    most = [size * n_samples for size in sizes] if columns != {1} else [layer.n_inputs * n_samples]
    events = [n for row in spikes.events for n in row]
    t = _first_above(events, most * steps, len(most))
    if t is not None:
        _fail(layer, f"timestep {t} has more events than input neurons")
    if graded:
        _check_sums(layer, spikes, events, len(most))
    if _any_masked(spikes.events, network.input_mask(layer)):
        _fail(layer, "events arrive at a timestep that the mask of the layer before turns off")


def _check_sums(layer: LayerSpec, spikes: LayerSpikes, events: list[int], n_classes: int) -> None:
    """Every event has a value from 1 to the largest of its class; `events` are those of all steps in one row."""
    sums = [n for row in spikes.sums for n in row]
    t = _first_above(events, sums, n_classes)
    if t is None:
        t = _first_above(sums, [n * layer.in_max for n in events], n_classes)
    if t is not None:
        _fail(
            layer,
            f"timestep {t} contradicts its class, {layer.in_class} up to {layer.in_max}: "
            f"{sum(spikes.events[t])} events with a sum of {sum(spikes.sums[t])}",
        )


def _first_above(counts: list[int], limits: list[int], n_classes: int) -> int | None:
    """The timestep of the first count above its limit; the counts of all steps are in one row."""
    above = list(map(gt, counts, limits))
    return above.index(True) // n_classes if True in above else None


def _any_masked(events: Counts, mask: tuple[int, ...]) -> bool:
    return 0 in mask and any(any(row) for row, active in zip(events, mask, strict=True) if not active)


def _fail(layer: LayerSpec, what: str) -> None:
    raise HwcostError(f"layer '{layer.name}': {what}")
