"""What `tsearch evaluate` and `tsearch cost` say of a bundle, as text and as content for JSON."""

from typing import TYPE_CHECKING, Any

from hwcost import compare as compare_costs
from hwcost.report import text
from tsearch.units import format_value

if TYPE_CHECKING:
    from hwcost import Cost
    from tsearch.export.pricing import Priced


def evaluation_text(folder: str, evaluation: dict[str, Any]) -> str:
    """Accuracy, number of samples, and where they come from."""
    source = "as stored at its first report or export" if evaluation["stored"] else "measured now"
    samples = f"{int(evaluation['n_samples'])} {evaluation['data']} {evaluation['split']} samples"
    return f"{folder}: {evaluation['accuracy']:.2%} of {samples}, {source}{_compression(evaluation)}"


def _compression(evaluation: dict[str, Any]) -> str:
    bits, sparsity = evaluation["weight_bits"], evaluation["sparsity"]
    of_bits = f", with weights of {bits} bits" if bits < 32 else ""
    return of_bits + (f", {sparsity:.1%} of the weights pruned" if sparsity else "")


def cost_text(priced: "Priced", other: "Priced | None" = None) -> str:
    """The cost by layer; with another bundle, whether the order of the two survives the ranges of the prices."""
    lines = [text(priced.cost, format_value)]
    if priced.unreused is not None:
        energy = format_value(priced.unreused.total_pj, "energy_pj")
        lines.append(f"if nothing fetched were reused (dataflow none): {energy}")
    if priced.twins is not None:
        twins = (priced.twins.dense, priced.twins.quantised, priced.twins.quantised_activations)
        dense, quantised, activations = (format_value(twin.total_pj, "energy_pj") for twin in twins)
        lines.append(
            f"the same shapes without spikes: dense {dense}, quantised to {priced.twins.bits_text} bits {quantised}, "
            f"with only the activations quantised {activations}"
        )
    if other is not None:
        lines.append(_difference_text(priced.cost, other.cost))
        if priced.unreused is not None and other.unreused is not None:
            lines.append(f"without any reuse: {_difference_text(priced.unreused, other.unreused)}")
    return "\n".join(lines)


def cost_content(priced: "Priced", other: "Priced | None" = None) -> dict[str, Any]:
    """The same for scripts."""
    content: dict[str, Any] = {"cost": priced.cost.to_dict(), "without_spikes": None}
    content["unreused_pj"] = priced.unreused and priced.unreused.total_pj
    if priced.twins is not None:
        content["without_spikes"] = {
            "dense_pj": priced.twins.dense.total_pj,
            "quantised_pj": priced.twins.quantised.total_pj,
            "quantised_activations_pj": priced.twins.quantised_activations.total_pj,
            "bits": dict(priced.twins.bits),
        }
    if other is not None:
        difference = compare_costs(priced.cost, other.cost)
        content["difference"] = difference._asdict() | {"is_robust": difference.is_robust}
        if priced.unreused is not None and other.unreused is not None:
            content["unreused_difference_pj"] = priced.unreused.total_pj - other.unreused.total_pj
    return content


def _difference_text(cost: "Cost", other: "Cost") -> str:
    difference = compare_costs(cost, other)
    low, high = (_signed(end) for end in (difference.low, difference.high))
    share = difference.difference_pj / other.total_pj
    return (
        f"less the other bundle: {_signed(difference.difference_pj)} ({share:+.1%}), between {low} and {high} over "
        f"the ranges of the prices; the order of the two {'is sure' if difference.is_robust else 'is not sure'}"
        f"{difference.note and f' ({difference.note})'}"
    )


def _signed(energy_pj: float) -> str:
    return f"{'-' if energy_pj < 0 else '+'}{format_value(abs(energy_pj), 'energy_pj')}"
