"""The card of a bundle: what it is, for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from tsearch.configuration import Configuration, Phase
from tsearch.export.contents import Contents
from tsearch.front.masked import layers_text, masked_text
from tsearch.front.point import schedule_text
from tsearch.networks.backbones import Backbone
from tsearch.replication.confirmation.sentences import verdict_sentence
from tsearch.replication.confirmation.verdict import Verdict
from tsearch.replication.error_bars.bars import MemberBars
from tsearch.replication.error_bars.gap_to_test import interval_of
from tsearch.replication.error_bars.texts import honesty, member_text, tuning_sentence
from tsearch.replication.evidence import Evidence
from tsearch.units import counted, format_value, title

_COSTS = (
    "energy_pj",
    "unreused_energy_pj",
    "dense_energy_pj",
    "quantised_energy_pj",
    "quantised_activations_energy_pj",
    "latency_s",
    "footprint_bits",
)


SPLITS = "Test splits are fixed across runs: who compares many runs by accuracies on test chooses by these samples."


def card(
    contents: Contents,
    costs: Mapping[str, Any],
    broken: str = "",
    findings: Sequence[str] = (),
    mixing: str = "",
    n_tested_again: int = 0,
) -> str:
    """Markdown text: accuracies with sample counts, timesteps, energy by layer under every profile, versions, seed.

    `costs` holds the priced breakdown by profile, `broken` the constraints of its run that the configuration breaks,
    `findings` what is known of it beyond its single training, `mixing` the section about its temporal transformers.
    So many fresh trainings of the run were tested as well.
    """
    hardware = contents.task.hardware
    rows = [*_network_rows(contents.configuration), *_masked_rows(contents)]
    rows += [*_training_rows(contents), *_metric_rows(contents)]
    lines = [
        f"# {contents.run}, trial {contents.trial}",
        "",
        f"A spiking {contents.configuration.backbone.name} network for `{contents.task.data.name}`, found by tsearch.",
        "",
        *([f"**It breaks the constraints of its run: {broken}.**", ""] if broken else []),
        *_table("", "", rows),
        f"Search chose this configuration by its validation accuracy; {_looks(n_tested_again)} {SPLITS}",
        "",
        *(line for finding in findings for line in (finding, "")),
    ]
    for name, cost in costs.items():
        lines += _energy(name, cost, is_searched=name == hardware.profile)
    lines += [mixing] if mixing else []
    return "\n".join([*lines, *_closing(contents)])


def _looks(n_tested_again: int) -> str:
    """How often test samples were looked at."""
    text = "the weights of this bundle met the test samples once, for its first report or card"
    if not n_tested_again:
        return f"{text}."
    return f"{text}; a confirmation tested {counted(n_tested_again, 'further training')} of the run on them."


def _network_rows(configuration: Configuration) -> list[tuple[str, str]]:
    has_boundary = len(configuration.stages) > 1
    return [
        ("backbone", _backbone_text(configuration.backbone)),
        ("stages", f"{_text(configuration.stages)} (blocks per stage)"),
        ("timesteps per stage", _text(configuration.timesteps)),
        ("schedule", schedule_text(configuration)),
        *_compression_rows(configuration.schedule[-1]),
        ("precision of products", configuration.training.precision),
        ("temporal transformer", configuration.temporal_transformer if has_boundary else "none (one stage)"),
    ]


def _masked_rows(contents: Contents) -> list[tuple[str, str]]:
    """The timesteps that masks have left to the layers of neurons; nothing without masks."""
    if not contents.layer_timesteps:
        return []
    shown = masked_text(contents.metrics)
    unit = "timestep" if shown == "1" else "timesteps"
    rows = [("masked to", f"{shown} {unit}, the mean over layers of neurons")] if shown else []
    return [*rows, ("timesteps of layers", layers_text(contents.layer_timesteps))]


def _compression_rows(last: Phase) -> list[tuple[str, str]]:
    """How few bits and how many weights are left; nothing where all are."""
    rows = []
    if last.is_quantised:
        rows.append(("weights", f"{last.weight_bits} bits, one scale per output channel"))
    if last.sparsity:
        where = "every hidden layer" if last.pruning == "layer" else "the hidden layers together"
        rows.append(("pruned", f"{last.sparsity:.1%} of the weights of {where}"))
    return rows


def _training_rows(contents: Contents) -> list[tuple[str, str]]:
    accuracies = {
        "validation": (contents.metrics.get("accuracy"), contents.n_samples.get("validation")),
        "test": (contents.test["accuracy"], int(contents.test["n_samples"])),
    }
    rows = [
        (f"accuracy, {split}", f"{accuracy:.2%}" + (f" of {n} samples" if n else ""))
        for split, (accuracy, n) in accuracies.items()
        if accuracy is not None
    ]
    rows += _gap_rows(contents)
    samples = f"{contents.n_samples['train']} samples, " if "train" in contents.n_samples else ""
    rows.append(("trained on", f"{samples}seed {contents.task.seed}, replicate {contents.task.replicate}"))
    rows.append(("device", contents.device))
    if contents.needs:
        rows.append(("needs", ", ".join(f"`{reference}`" for reference in contents.needs)))
    return rows


def findings_of(evidence: Evidence, number: int) -> list[str]:
    """What fresh trainings and a confirmation say of one trial, a paragraph each; [] where there were none."""
    member, verdict = evidence.member(number), evidence.verdict(number)
    texts = []
    if member and evidence.bars:
        texts.append(f"Trained again: {member_text(member)}. {honesty(evidence.bars)}")
        texts += filter(None, [tuning_sentence(evidence.bars)])
    if verdict:
        return [*texts, f"**Verdict.** {verdict_sentence(verdict)}{_share(verdict, member)}"]
    is_candidate = number in {candidate.number for candidate in evidence.candidates}
    return [*texts, *(["A candidate for a saving, not confirmed."] if is_candidate else [])]


def _share(verdict: Verdict, member: MemberBars | None) -> str:
    """Of how many fresh trainings of the candidate a verdict speaks, where there are others."""
    if member is None or not 0 < verdict.n_replicates < member.n_fresh:
        return ""
    return (
        f" These {verdict.n_replicates} are those that its confirmation planned; the {member.n_fresh} above are all "
        "fresh trainings of the run."
    )


def _gap_rows(contents: Contents) -> list[tuple[str, str]]:
    """How much less it reaches on test, with the interval that follows from the numbers of samples."""
    if "accuracy" not in contents.metrics:
        return []
    test, n_test = contents.test["accuracy"], int(contents.test["n_samples"])
    n_validation, n_groups = (contents.n_samples.get(name) for name in ("validation", "validation_groups"))
    gap = interval_of(contents.metrics["accuracy"] - test, test, n_validation, n_groups, n_test)
    if gap is None:
        return []
    value, low, high = (f"{100 * x:.1f}" for x in (gap.value, gap.low, gap.high))
    return [("validation minus test", f"{value} points [{low}, {high}], 95 % by the samples")]


def _metric_rows(contents: Contents) -> list[tuple[str, str]]:
    metrics, assume = contents.metrics, contents.task.hardware.assume
    rows = [(title(name), format_value(metrics[name], name)) for name in _COSTS if name in metrics]
    return [
        *rows,
        *([("assumed", ", ".join(f"{n}: {bits}" for n, bits in assume.items()))] if assume else []),
    ]


def _energy(profile: str, cost: Mapping[str, Any], *, is_searched: bool) -> list[str]:
    """The energy under one profile, by layer; nothing where an evaluator of the user's priced in its own way."""
    if "totals" not in cost:
        return []
    totals = cost["totals"]
    total, low, high = (format_value(e, "energy_pj") for e in (totals["total_pj"], *totals["interval_pj"]))
    layers = [(layer, format_value(energy, "energy_pj")) for layer, energy in totals["by_layer"].items()]
    dataflow = ", ".join(dict.fromkeys(cost.get("dataflows", {}).values()))
    return [
        f"## Energy under `{profile}`{', the profile searched' if is_searched else ''}: {total} per sample "
        f"({low} to {high} over the profile's price ranges){f', dataflow {dataflow}' if dataflow else ''}",
        "",
        *_table("layer", "energy", layers),
    ]


def _closing(contents: Contents) -> list[str]:
    versions = {name: version for name, version in contents.versions.items() if name != "device"}
    return [
        f"Latency is under `{contents.task.hardware.execution}` execution. All energies and latencies are analytical",
        "estimates for the spikes of the validation samples, not measurements of silicon.",
        "",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
        "",
        "Use it: `tsearch.load(folder)` gives the network; `tsearch evaluate folder` its accuracy.",
        "",
    ]


def _table(first: str, second: str, rows: list[tuple[str, str]]) -> list[str]:
    return [f"| {first} | {second} |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows), ""]


def _backbone_text(backbone: Backbone) -> str:
    """The family and its settings: 'vgg: widths 8, 16; pool after 1; pool average'."""
    settings = {k: v for k, v in backbone.model_dump(exclude={"name"}).items() if v != ()}
    shown = [f"{name.replace('_', ' ')} {_text(value)}" for name, value in settings.items()]
    return f"{backbone.name}: {'; '.join(shown)}" if shown else backbone.name


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
