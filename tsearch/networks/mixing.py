"""How the temporal transformers of a trained network mix: between samples, and against where they started."""

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tsearch.networks.boundary import Boundaries, PriorMix, bucket_matrix

if TYPE_CHECKING:
    from tsearch.data import Split
    from tsearch.networks.build import Network

BATCH = 64


@dataclass(frozen=True)
class Mixing:
    """The mixing weights of the boundary behind a block, over the samples of a split; in [0, 1].

    deviation: standard deviation of a weight between samples, mean over the weights.
    largest: by how much the weight of any sample differs at most from the mean of all samples.
    change: by how much the mean over samples differs at most from the weights from which training starts.
    outside, outside_before: weight that an output step gives to input steps outside its own bucket, mean over output
        steps and samples; the same where training starts.
    """

    block: int
    t_in: int
    t_out: int
    deviation: float
    largest: float
    change: float
    outside: float
    outside_before: float


def mixing_of(network: "Network", split: "Split") -> tuple[Mixing, ...]:
    """The learned mixing of every boundary of the final timesteps, over the samples of `split`; none where a
    transformer learns no weights that sum to 1 (`rank1_score`, `bucket`, `truncate`)."""
    timesteps = network.configuration.timesteps
    seen: dict[int, list[Tensor]] = defaultdict(list)

    def keep(block: int, transformer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(transformer, PriorMix)
        weights = transformer.weights(inputs[0]).float().cpu()
        seen[block].append(weights.expand(inputs[0].shape[1], *weights.shape[-2:]))

    mixers = _mixers(network)
    hooks = [mixer.register_forward_pre_hook(partial(keep, block)) for block, mixer in mixers.items()]
    network.eval()
    try:
        with torch.no_grad():
            for indices in torch.split(torch.arange(len(split)), BATCH):
                network.run(split.batch(indices, timesteps[0]), timesteps)
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(_mixing(block, mixers[block], torch.cat(weights)) for block, weights in seen.items())


def _mixers(network: "Network") -> dict[int, PriorMix]:
    """By block, the transformers behind the stages of the finished network that learn such weights."""
    configuration = network.configuration
    pairs = pairwise(configuration.timesteps)
    found = {
        block: network.boundaries[Boundaries.key(block, *pair)]
        for block, pair in zip(accumulate(configuration.stages), pairs, strict=False)
    }
    return {block: module for block, module in found.items() if isinstance(module, PriorMix)}


def _mixing(block: int, transformer: PriorMix, weights: Tensor) -> Mixing:
    """`weights` is [N, t_out, t_in]."""
    is_outside = bucket_matrix(transformer.t_in, transformer.t_out) == 0
    prior, mean = transformer.prior.cpu(), weights.mean(0)
    return Mixing(
        block,
        transformer.t_in,
        transformer.t_out,
        deviation=weights.std(0, correction=0).mean().item(),
        largest=(weights - mean).abs().max().item(),
        change=(mean - prior).abs().max().item(),
        outside=(mean * is_outside).sum(-1).mean().item(),
        outside_before=(prior * is_outside).sum(-1).mean().item(),
    )
