"""The section of a card that says what the temporal transformers have learned."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tsearch.errors import TsearchError
from tsearch.export.contents import Contents

if TYPE_CHECKING:
    from tsearch.networks.mixing import Mixing


def mixing_section(contents: Contents, weights: bytes) -> str:
    """Markdown text about the mixing weights over the validation samples; empty where no boundary has learned any, or
    the data are not at hand. `weights` are those of the finished network, as safetensors."""
    from safetensors.torch import load

    from tsearch.data import load_dataset
    from tsearch.export.frozen import masks_of
    from tsearch.networks.build import build
    from tsearch.networks.mixing import mixing_of
    from tsearch.networks.quantised import from_codes
    from tsearch.networks.weights import load_weights

    if len(contents.configuration.stages) == 1:
        return ""
    try:
        split = load_dataset(contents.task.data).validation
    except TsearchError:
        return ""
    network = build(contents.configuration, contents.input_shape, contents.n_classes, for_inference=True)
    network.timestep_masks.hold(masks_of(contents.layer_timesteps, contents.configuration, network.plan))
    load_weights(network, from_codes(load(weights)))
    return mixing_text(contents.configuration.temporal_transformer, mixing_of(network, split), len(split))


def mixing_text(mode: str, mixings: "Sequence[Mixing]", n_samples: int) -> str:
    """The section for these boundaries; empty for none."""
    if not mixings:
        return ""
    lines = [
        f"## Mixing weights of `{mode}` over {n_samples} validation samples",
        "",
        "| boundary | deviation between samples | largest | learned change | outside the bucket (at the start) |",
        "|---|---|---|---|---|",
        *(_row(mixing) for mixing in mixings),
        "",
        "A weight says how much of an input step enters an output step, from 0 to 1. Deviation is the standard",
        "deviation of a weight between samples, mean over the weights; largest, the largest difference of a sample",
        "from the mean of all. Change is the largest difference of that mean from the buckets where training starts.",
        "",
    ]
    return "\n".join(lines)


def _row(mixing: "Mixing") -> str:
    boundary = f"behind block {mixing.block}, {mixing.t_in} to {mixing.t_out} steps"
    changes = f"{mixing.deviation:.3f} | {mixing.largest:.3f} | {mixing.change:.3f}"
    return f"| {boundary} | {changes} | {mixing.outside:.1%} ({mixing.outside_before:.1%}) |"
