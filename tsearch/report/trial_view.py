"""What the page shows of one trial, read from its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hwcost import Cost, NetworkSpec, SpikeRecord
from tsearch.configuration import Configuration, Result
from tsearch.front.point import schedule_text


@dataclass(frozen=True)
class TrialView:
    """One complete trial.

    Args:
        schedule: Its phases as a sentence, '' where it is no network.
        costs: Its cost by profile.
        rates: Spikes per neuron at every timestep, by layer.
        spikes: The network that was priced, and its record, as plain data.
        command: The command that exports it, '' where it cannot be exported.
        neurons: Threshold and leak by layer, where they are known.
        layer_timesteps: Timesteps that every layer of neurons runs, where masks were learned.
    """

    schedule: str
    costs: Mapping[str, Cost]
    rates: Mapping[str, tuple[float, ...]]
    spikes: Mapping[str, Any]
    command: str
    neurons: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    layer_timesteps: Mapping[str, int] = field(default_factory=dict)

    def energy(self, profile: str) -> dict[str, dict[str, float]]:
        """Energy in pJ by layer and kind of cost; empty where the trial was not priced under `profile`."""
        if profile not in self.costs:
            return {}
        cost = self.costs[profile]
        table: dict[str, dict[str, float]] = {layer: {} for layer in cost.by_layer()}
        for row in cost.rows:
            if row.price:
                energy = sum(row.steps) / cost.n_samples * row.price.value
                table[row.layer][row.kind] = table[row.layer].get(row.kind, 0.0) + energy
        return table

    def by_kind(self, profile: str) -> dict[str, float]:
        """Energy in pJ summed over the layers, largest kind first."""
        kinds = self.costs[profile].by_kind() if profile in self.costs else {}
        return dict(sorted(kinds.items(), key=lambda entry: -entry[1]))


def trial_view(configuration: Any, result: Result, command: str) -> TrialView:
    """The view of a complete trial; `command` exports it."""
    is_network = isinstance(configuration, Configuration)
    return TrialView(
        schedule=schedule_text(configuration) if is_network else "",
        costs={profile: Cost.from_dict(cost) for profile, cost in result.costs.items() if "rows" in cost},
        rates=spike_rates(result.spikes),
        spikes=result.spikes,
        command=command,
        neurons=result.neurons,
        layer_timesteps=result.layer_timesteps,
    )


def spike_rates(spikes: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    """Spikes per neuron at every timestep, of every layer that has neurons; empty where nothing was recorded."""
    if not spikes:
        return {}
    network, record = NetworkSpec.from_dict(spikes["network"]), SpikeRecord.from_dict(spikes["record"])
    fired = {layer: record.layers[layer.name].outputs for layer in network.layers if layer.neuron}
    return {
        layer.name: tuple(count / (layer.n_outputs * record.n_samples) for count in outputs)
        for layer, outputs in fired.items()
        if outputs
    }
