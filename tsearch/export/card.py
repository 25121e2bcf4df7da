"""The card of a bundle: what it is, for people."""

from typing import TYPE_CHECKING, Any

from tsearch.configuration import Result
from tsearch.units import format_value, title

if TYPE_CHECKING:
    from tsearch.export.bundle import Contents


def card(contents: "Contents", result: Result) -> str:
    """Markdown text: accuracies with sample counts, timesteps, energy by layer under every profile,
    versions, seed."""
    configuration = contents.configuration
    hardware = contents.task.hardware
    phases = [f"{_list(phase.timesteps)} for {phase.epochs} epochs" for phase in configuration.schedule]
    transformer = configuration.temporal_transformer if len(configuration.stages) > 1 else "none (one stage)"
    n_samples, seed = contents.n_samples, f"seed {contents.task.seed}, replicate {contents.task.replicate}"
    lines = [
        f"# {contents.run}, trial {contents.trial}",
        "",
        f"A spiking {configuration.backbone.name} network for `{contents.task.data.name}`, found by tsearch.",
        "",
        "| | |",
        "|---|---|",
        f"| timesteps per stage | {_list(configuration.timesteps)} |",
        f"| blocks per stage | {_list(configuration.stages)} |",
        f"| channels per block | {_list(getattr(configuration.backbone, 'widths', ()))} |",
        f"| schedule | {' then '.join(phases)} |",
        f"| precision of products | {configuration.training.precision} |",
        f"| temporal transformer | {transformer} |",
        f"| accuracy, validation | {contents.metrics['accuracy']:.2%} of {n_samples['validation']} samples |",
        f"| accuracy, test | {contents.test['accuracy']:.2%} of {int(contents.test['n_samples'])} samples |",
        f"| trained on | {n_samples['train']} samples, {seed} |",
    ]
    lines += [
        f"| {title(name)} | {format_value(contents.metrics[name], name)} |"
        for name in ("energy_pj", "dense_energy_pj", "quantised_energy_pj", "latency_s", "footprint_bits")
        if name in contents.metrics
    ]
    lines += [
        "",
        "Search chose this configuration by its validation accuracy; test samples were looked at once, for this card.",
        "",
    ]
    for name, cost in result.costs.items():
        lines += _energy(name, cost, is_main=name == hardware.profile)
    lines += [
        f"Latency is under `{hardware.execution}` execution. All energies and latencies are analytical",
        "estimates for the spikes of the validation samples, not measurements of silicon.",
        "",
        "Versions: " + ", ".join(f"{name} {number}" for name, number in contents.versions.items()) + ".",
        "",
        "Use it: `tsearch.load(folder)` gives the network; `tsearch evaluate folder` its accuracy.",
        "",
    ]
    return "\n".join(lines)


def _energy(name: str, cost: dict[str, Any], *, is_main: bool) -> list[str]:
    totals = cost["totals"]
    low, high = totals["interval_pj"]
    total = format_value(totals["total_pj"], "energy_pj")
    span = f"{format_value(low, 'energy_pj')} to {format_value(high, 'energy_pj')} over the profile's price ranges"
    rows = [
        f"| {layer} | {format_value(energy, 'energy_pj')} |" for layer, energy in totals["by_layer"].items()
    ]
    return [
        f"## Energy under `{name}`{', the profile searched' if is_main else ''}: {total} per sample ({span})",
        "",
        "| layer | energy |",
        "|---|---|",
        *rows,
        "",
    ]


def _list(numbers: tuple[int, ...]) -> str:
    return ", ".join(str(n) for n in numbers)
