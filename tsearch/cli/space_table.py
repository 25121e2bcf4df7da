"""What `tsearch check` and `tsearch list` say."""

from collections.abc import Mapping
from typing import Any

from tsearch.cli.fixed_settings import fixed_text
from tsearch.cli.tables import grid
from tsearch.configuration import Phase
from tsearch.front.constraints import constraints_text
from tsearch.front.point import compression_text, setting_text
from tsearch.space.schedules import MASK_MODE, NOTHING
from tsearch.units import counted, format_value, title

_COSTS = ("energy_pj", "latency_s")


def preview_text(content: dict[str, Any], *, everything: bool = False) -> str:
    """What a space holds, from the content that `preview` gives; with `everything`, settings at their default too."""
    size = "continuous" if content["size"] is None else f"{content['size']:,}"
    data = content["data"]
    blocks = [
        f"{content['name']}: {data['name']} {data['shape']}, {data['n_classes']} classes",
        grid([["parameter", "values"], *([name, text] for name, text in content["parameters"].items())]),
        *([] if "alternatives" in content else [fixed_text(content, everything=everything)]),
        f"configurations: {size}; {content['n_structures']:,} assignments of stages, timesteps and schedule"
        + _masks_text(content.get("masks")),
        *_alternatives_texts(content, everything=everything),
        f"epochs: {content['epochs']} in all for every configuration; its last phase takes what earlier ones leave"
        + (f"\nphases: {_phases_text(content['phases'])}" if "phases" in content else ""),
        "\n".join(f"initial weights: {text}" for text in content["initial_weights"]),
        _trials_text(content),
        f"proposer: {content['proposer']}",
        f"objectives: {', '.join(f'{direction} {name}' for name, direction in content['objectives'].items())}",
        f"constraints: {constraints_text(content['constraints']) or 'none'}",
        _cost_table(content["cost_range"])
        + "\nlow: silence; high: every neuron fires at every timestep; "
        + hardware_text(content["profile"], content["assume"]),
        _proposal_table(content),
        _refused_text(content["refused"], content["first_refused"]),
        "\n".join(f"warning: {text}" for text in content["warnings"]),
    ]
    return "\n\n".join(block for block in blocks if block)


def hardware_text(profile: str, assume: Mapping[str, int]) -> str:
    """'profile loihi, assuming weight_bits=8'."""
    widths = ", ".join(f"{name}={bits}" for name, bits in assume.items())
    return f"profile {profile}" + (f", assuming {widths}" if widths else "")


def names_text(kind: str, names: dict[str, str]) -> str:
    """One kind of thing to choose from: names and a sentence about each."""
    return grid([[kind, "what it is"], *([name, sentence] for name, sentence in names.items())])


def _alternatives_texts(content: dict[str, Any], *, everything: bool) -> list[str]:
    """A table of what alternatives have for themselves, then their fixed settings and phases; nothing where there is
    one."""
    alternatives = content.get("alternatives", {})
    if not alternatives:
        return []
    rows = [["backbone", "blocks", "stages", "timesteps", "assignments", "with masks", "configurations"]]
    for name, own in alternatives.items():
        stages = (
            own["stages"]
            if own["stages"] == "any"
            else " or ".join(setting_text(d, ",") for d in own["stages"])
        )
        n_masked = own["masks"]["n_structures"] if own["masks"] else 0
        size = "continuous" if own["size"] is None else f"{own['size']:,}"
        counts = [f"{own['n_structures']:,}", f"{n_masked:,}", size]
        rows.append([name, str(own["depth"]), stages, setting_text(own["timesteps"], ","), *counts])
    common = {} if everything else _fixed_alike(list(alternatives.values()))
    texts = []
    for name, own in alternatives.items():
        fixed = {key: value for key, value in own["fixed"].items() if key not in common}
        text = fixed_text(own | {"fixed": fixed}, everything=everything)
        texts.append(f"{name}: {text}\n{name}: phases: {_phases_text(own['phases'])}")
    alike = [f"all: {fixed_text({'fixed': common, 'at_default': []})}"] if common else []
    return [grid(rows), *alike, *texts]


def _fixed_alike(alternatives: list[dict[str, Any]]) -> dict[str, Any]:
    """The fixed settings that all have with one value, which is not their default."""
    first, *others = alternatives
    return {
        name: value
        for name, value in first["fixed"].items()
        if all(other["fixed"].get(name) == value for other in others)
        and not any(name in one["at_default"] for one in alternatives)
    }


def _masks_text(masks: dict[str, Any] | None) -> str:
    """How many assignments leave masks anything to learn; "" where there are none."""
    if masks is None:
        return ""
    how = "are" if masks["are_always"] else "may be"
    return (
        f"\nmasks: {how} learned in {masks['n_structures']:,} of these assignments (more than one timestep)"
    )


def _phases_text(phases: dict[str, Any]) -> str:
    """'an ANN (up to 20 epochs), any path with up to 2 vectors before the last (4 epochs each), ...'."""
    ann, most, compression = phases["ann_epochs"], phases["most_leading"], phases["compression_epochs"]
    steps = [f"an ANN (up to {counted(ann, 'epoch')})"] if ann else []
    if most:
        each = phases["leading_epochs"]
        epochs = f"{counted(each, 'epoch')} each" if isinstance(each, int) else f"{setting_text(each)} epochs"
        what = "any path with" if phases["leading"] == "any" else "phases led by listed timesteps,"
        steps.append(f"{what} up to {counted(most, 'vector')} before the last ({epochs})")
    more = " or more" if steps or compression else ""
    steps.append(f"the searched timesteps ({counted(phases['last_epochs'], 'epoch')}{more})")
    steps += [f"compressed weights (up to {counted(compression, 'epoch')})"] if compression else []
    paths = f"{counted(phases['n_paths'], 'path')} of timesteps in {counted(phases['n_stages'], 'stage')}"
    return f"{', then '.join(steps)}; {paths}"


def phase_text(content: dict[str, Any]) -> str:
    """'8,8,4 x6', 'ANN x20', '1 x4 (50 % pruned, 8 bits)'."""
    phase = Phase.model_validate(content)
    timesteps = "ANN" if phase.is_ann else setting_text(phase.timesteps, ",")
    weights = compression_text(phase)
    return f"{timesteps} x{phase.epochs}" + (f" ({weights})" if weights else "")


def _trials_text(content: dict[str, Any]) -> str:
    trials, n_first = content["trials"], content["n_first"]
    text = f"trials: {trials}, of which {n_first} are baselines or enqueued"
    if n_first:
        text += f" ({content['n_baselines']} and {content['n_enqueued']})"
    if n_first < trials:
        return f"{text}; {trials - n_first} are proposed"
    return f"{text}: nothing is searched. Raise `trials` above {n_first}, or name fewer timesteps in `search.baselines`"


def _cost_table(cost_range: dict[str, Any]) -> str:
    rows = [["cost before any training", "timesteps", *(title(name) for name in _COSTS)]]
    for which, cost in cost_range.items():
        spans = [" to ".join(format_value(value, name) for value in cost[name]) for name in _COSTS]
        rows.append([which, setting_text(cost["timesteps"], ","), *spans])
    return grid(rows)


def _proposal_table(content: dict[str, Any]) -> str:
    """A few configurations, with their backbone where there are several and masks where any has some; "" for none."""
    proposals = content["proposals"]
    columns = {
        "proposal": [str(number) for number, _ in enumerate(proposals, start=1)],
        "backbone": content["proposals_from"] if "alternatives" in content else [],
        "timesteps": [setting_text(one["schedule"][-1]["timesteps"], ",") for one in proposals],
        "stages": [setting_text(one["stages"], ",") for one in proposals],
        "masks": [_mask_text(one["masks"]) for one in proposals],
        "schedule": [
            " then ".join(map(phase_text, one["schedule"])) + (" (refused)" if reason else "")
            for one, reason in zip(proposals, content["proposals_refused"], strict=True)
        ],
    }
    told = {name: cells for name, cells in columns.items() if any(cells)}
    return grid([list(told), *map(list, zip(*told.values(), strict=True))]) if proposals else ""


def _mask_text(masks: dict[str, Any]) -> str:
    """'prefix_sum, weight 0.1'; "" where nothing is masked."""
    if masks["mode"] == NOTHING[MASK_MODE]:
        return ""
    return f"{masks['mode']}, weight {setting_text(masks['weight'])}"


def _refused_text(refused: dict[str, Any], first: list[dict[str, Any]]) -> str:
    """What a search will not try; "" where it may try everything seen."""
    n, n_drawn = refused["n"], refused["n_drawn"]
    lines = [f"  {one['reason']} ({one['n']})" for one in refused["reasons"]]
    if lines:
        which = f"all {n_drawn}" if refused["is_all"] else f"{n_drawn} drawn"
        share = f"{n} ({n / n_drawn:.0%}) are" if n < n_drawn else "every one is"
        lines.insert(0, f"refused before any training: of {which} configurations {share}:")
    if first:
        lines.append("refused baselines and enqueued ones:")
        for reason in dict.fromkeys(one["reason"] for one in first):
            vectors = [
                f"T=({setting_text(one['timesteps'], ', ')})" for one in first if one["reason"] == reason
            ]
            lines.append(f"  {', '.join(vectors)}: {reason}")
    return "\n".join(lines)
