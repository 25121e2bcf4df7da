"""The notes at the foot of the page: what was measured, under which assumptions, and what was not counted."""

from html import escape

from hwcost import HwcostError, load_profile
from tsearch.report.facts import RunFacts
from tsearch.report.hover import words

ESTIMATE = "Energy and latency are analytical estimates for the spikes of the validation pass, no silicon measurements."
NOT_MODELLED = (
    "Not modelled under any profile: clock tree, control, instruction fetch, off-chip links, input sensors, placement "
    "on cores and congestion between them, voltage and temperature, training."
)
DEFINITIONS = (
    "A trial is dominated when another one is no worse in any objective and better in one. The knee is the point of "
    "the front furthest beyond the line (with three objectives: plane) through its extremes, costs by logarithm."
)


def notes(facts: RunFacts) -> str:
    """A list of sentences, then one paragraph per profile."""
    samples = sorted({point.n_validation for point in facts.front.complete if point.n_validation})
    counted = f", {' and '.join(map(str, samples))} samples," if samples else ""
    accuracy = f"Accuracy is that on validation data{counted} which the search sees."
    sentences = [ESTIMATE, NOT_MODELLED] if facts.profiles else []
    if facts.tests:
        n_test = int(max(result["n_samples"] for result in facts.tests.values()))
        accuracy += f" Accuracy on test, {n_test} samples, was measured once for the front; it chose nothing."
    sentences += [accuracy] if any("accuracy" in point.metrics for point in facts.front.complete) else []
    sentences.append(DEFINITIONS)
    versions = next((trial.result.versions for trial in facts.run.trials if trial.result), {})
    if versions:
        sentences.append(f"Versions: {', '.join(f'{name} {number}' for name, number in versions.items())}.")
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>{''.join(_profile(facts, name) for name in facts.profiles)}"


def _profile(facts: RunFacts, name: str) -> str:
    costs = [trial.costs[name] for trial in facts.trials.values()]
    missing = dict.fromkeys(item for cost in costs for item in cost.not_counted())
    assumed = dict.fromkeys(
        note for cost in costs for note in cost.notes if not note.startswith(tuple(cost.mixing_orders))
    )
    entries = {
        "what it is": _about(name),
        "execution": words(costs[0].execution),
        "assumptions": "; ".join(assumed),
        "not counted": ", ".join(map(words, missing)),
    }
    rows = "".join(f"<dt>{key}</dt><dd>{escape(text)}</dd>" for key, text in entries.items() if text)
    return f'<details open><summary>Profile {escape(name)}</summary><dl class="notes">{rows}</dl></details>'


def _about(name: str) -> str:
    """The profile in its own words and its semantics; '' where its file is gone."""
    try:
        profile = load_profile(name)
    except HwcostError:
        return ""
    said = {True: "yes", False: "no"}
    choices = {
        key: said[value] if isinstance(value, bool) else value
        for key, value in vars(profile.semantics).items()
    }
    semantics = ", ".join(f"{words(key)}: {words(value)}" for key, value in choices.items())
    return f"{profile.about.strip()} Semantics: {semantics}."
