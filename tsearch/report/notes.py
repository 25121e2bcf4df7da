"""The notes at the foot of the page: what was measured, under which assumptions, and what was not counted."""

from html import escape

from hwcost import HwcostError, NetworkSpec, SpikeRecord, load_profile
from tsearch.pricing.price import why_not_priced
from tsearch.replication.error_bars.texts import honesty
from tsearch.report.hover import readable
from tsearch.report.view import RunView

ESTIMATE = "Energy and latency are analytical estimates for the spikes of the validation pass, no silicon measurements."
NOT_MODELLED = (
    "Not modelled under any profile: clock tree, control, instruction fetch, off-chip links, input sensors, placement "
    "on cores and congestion between them, voltage and temperature, training."
)
DOMINATED = "A trial is dominated when another one is no worse in any objective and better in one."
CONFIRMED = (
    "Verdicts come from fresh trainings on test samples, under the searched cost; their intervals (95 %) are not "
    "adjusted for the number of candidates, the verdicts are (Holm). Test splits are fixed across runs."
)
MOST_NOTES = 5  # of results: backbones that differ have notes of their own
KNEE = "The knee is the point of the front furthest beyond the {} through its extremes, costs by logarithm."
MASKED = (
    "Masked: layers have learned to run fewer timesteps than their stage; told is the mean over layers of neurons, and "
    "the types of these layers. What a mask leaves out is not computed, and not priced."
)
STAGES = "Stages are given by the number of blocks in each; all blocks of a stage run the same timesteps."


def notes(view: RunView) -> str:
    """A list of sentences, then one paragraph per profile."""
    samples = sorted({point.samples for point in view.front.complete} - {""})
    counted = f", {' and '.join(samples)}," if samples else ""
    accuracy = f"Accuracy is that on validation data{counted} which the search sees."
    sentences = [ESTIMATE, NOT_MODELLED] if view.profiles else []
    if view.on_test:
        n_test = int(max(result["n_samples"] for result in view.on_test.values()))
        accuracy += f" Accuracy on test, {n_test} samples, was measured once for the front; it chose nothing."
    sentences += [accuracy] if any("accuracy" in point.metrics for point in view.front.complete) else []
    sentences += [honesty(view.evidence.bars)] if view.evidence.bars else []
    sentences += [CONFIRMED] if view.verdicts else []
    sentences += [DOMINATED]
    if any(view.under(profile).knee for profile in view.profiles or ("",)):
        sentences += [KNEE.format("line" if len(view.front.objectives) == 2 else "plane")]
    sentences += [STAGES] if view.are_networks else []
    sentences += [MASKED] if any(trial.layer_timesteps for trial in view.trials.values()) else []
    sentences += _left_out(view) + _of_results(view)
    versions = next((trial.result.versions for trial in view.run.trials if trial.result), {})
    if versions:
        sentences.append(f"Versions: {', '.join(f'{name} {number}' for name, number in versions.items())}.")
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>{''.join(_profile(view, name) for name in view.profiles)}"


def _of_results(view: RunView) -> list[str]:
    """What results of the run say of their initial weights, where it has any."""
    if view.run.task.init is None:
        return []
    results = (trial.result for trial in view.run.trials)
    return list(dict.fromkeys(note for result in results if result for note in result.notes))[:MOST_NOTES]


def _left_out(view: RunView) -> list[str]:
    """A sentence for each further profile that did not price every network, with the reason for the first one."""
    if not view.are_networks or not view.trials:
        return []
    hardware, sentences = view.run.task.hardware, []
    for name in hardware.also:
        spikes = next((trial.spikes for trial in view.trials.values() if name not in trial.costs), {})
        if spikes:
            network, record = (
                NetworkSpec.from_dict(spikes["network"]),
                SpikeRecord.from_dict(spikes["record"]),
            )
            why = why_not_priced(network, record, hardware, name)
            sentences.append(f"Profile {name} did not price every network{f': {why}' if why else ''}.")
    return sentences


def _profile(view: RunView, name: str) -> str:
    costs = [trial.costs[name] for trial in view.trials.values()]
    missing = dict.fromkeys(item for cost in costs for item in cost.not_counted())
    assumed = dict.fromkeys(
        note for cost in costs for note in cost.notes if not note.startswith(tuple(cost.mixing_orders))
    )
    entries = {
        "what it is": _about(name),
        "execution": readable(costs[0].execution),
        "assumptions": "; ".join(assumed),
        "not counted": ", ".join(map(readable, missing)),
    }
    rows = "".join(f"<dt>{key}</dt><dd>{escape(text)}</dd>" for key, text in entries.items() if text)
    return f'<details open><summary>Profile {escape(name)}</summary><dl class="notes">{rows}</dl></details>'


def _about(name: str) -> str:
    """The description of the profile and its semantics; '' where its file is gone."""
    try:
        profile = load_profile(name)
    except HwcostError:
        return ""
    texts = {True: "yes", False: "no"}
    choices = {
        key: texts[value] if isinstance(value, bool) else value
        for key, value in vars(profile.semantics).items()
    }
    semantics = ", ".join(f"{readable(key)}: {readable(value)}" for key, value in choices.items())
    return f"{profile.about.strip()} Semantics: {semantics}."
