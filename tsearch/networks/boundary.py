"""Temporal transformers: what turns the T_in outputs of one stage into the T_out inputs of the next
(SSNN-style).

The paper (arXiv 2401.01912) describes a learnable module that computes temporal scores and reassigns them;
its equations are not public to us. `score_mix` is our reading: the smallest data-dependent mixing over time
that keeps every input step reachable and starts close to averaging. The other modes are alternatives and
ablations; `bucket`, which costs nothing, was more accurate than the learned ones on the event digits and is
the default (benchmarks/temporal_transformers.py). None of them touches batch, channel or space."""

import itertools
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from hwcost import bucket_edges
from tsearch.networks.parts import OptimizerGroup

PRIOR_EPS = 0.05
SCORE_EPS = 1e-5  # added to the variance of scores over time: a spread well below .003 counts as none
# Of the hidden units below 0: normalised scores have both signs, and no unit is dead for all samples.
SLOPE = 0.1


class TemporalTransformer(nn.Module):
    """From `[t_in, B, ...]` to `[t_out, B, ...]`."""

    def __init__(self, t_in: int, t_out: int) -> None:
        super().__init__()
        self.t_in, self.t_out = t_in, t_out

    def start(self) -> None:
        """Set the weights from which training starts, where they are no random ones."""


class Boundaries(nn.ModuleDict):
    """The temporal transformers of a network, by block, t_in and t_out: "after_block2_4_to_1"."""

    optimizer_group = OptimizerGroup(learning_rate=0.01, weight_decay=0.0)

    @staticmethod
    def key(block: int, t_in: int, t_out: int) -> str:
        """The name of the transformer behind `block`."""
        return f"after_block{block}_{t_in}_to_{t_out}"

    def add(self, mode: str, blocks: Iterable[int], timesteps: tuple[int, ...]) -> None:
        """Those of a `mode` behind `blocks`, the ends of all stages but the last, for the timesteps of all stages;
        those that are there stay."""
        for block, t_in, t_out in zip(blocks, timesteps, timesteps[1:], strict=False):
            name = self.key(block, t_in, t_out)
            if name not in self:
                self[name] = TEMPORAL_TRANSFORMERS[mode](t_in, t_out)


def bucket_matrix(t_in: int, t_out: int) -> Tensor:
    """Averaging over contiguous buckets of input steps: `[t_out, t_in]`, rows sum to 1.

    Bucket k holds the steps from k t_in / t_out, rounded half up, on (see `hwcost.bucket_edges`).
    """
    edges = bucket_edges(t_in, t_out)
    matrix = torch.zeros(t_out, t_in)
    for k, (start, stop) in enumerate(itertools.pairwise(edges)):
        matrix[k, start:stop] = 1 / (stop - start)
    return matrix


def mix(weights: Tensor, x: Tensor) -> Tensor:
    """Weighted sums over time: `weights` [t_out, t_in] or [B, t_out, t_in], `x` [t_in, B, ...] -> [t_out,
    B, ...]."""
    pixels = x.movedim(2, -1)  # channels last, as they lie in memory: then nothing here is copied
    rows = pixels.flatten(2)
    if weights.dim() == 2:
        mixed = (weights @ rows.flatten(1)).view(-1, *rows.shape[1:])
    else:
        mixed = torch.bmm(weights, rows.transpose(0, 1)).transpose(0, 1)
    return mixed.reshape(-1, *pixels.shape[1:]).movedim(-1, 2)


def _scores(x: Tensor) -> Tensor:
    """Mean over channels and space of every step and sample: [T, B, ...] -> [B, T]."""
    return x.mean(tuple(range(2, x.dim()))).t()


class Truncate(TemporalTransformer):
    """Keeps the first t_out steps (ablation)."""

    def forward(self, x: Tensor) -> Tensor:
        return x[: self.t_out]


class Bucket(TemporalTransformer):
    """Averages contiguous buckets of steps (ablation, no parameters)."""

    prior: Tensor

    def __init__(self, t_in: int, t_out: int) -> None:
        super().__init__(t_in, t_out)
        self.register_buffer("prior", bucket_matrix(t_in, t_out), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x if self.t_in == self.t_out else mix(self.prior, x)


class PriorMix(TemporalTransformer):
    """Mixing weights that start from buckets: softmax over input steps of learned logits plus log(bucket matrix +
    0.05)."""

    log_prior: Tensor

    def __init__(self, t_in: int, t_out: int) -> None:
        super().__init__(t_in, t_out)
        self.register_buffer("log_prior", (bucket_matrix(t_in, t_out) + PRIOR_EPS).log(), persistent=False)

    @property
    def prior(self) -> Tensor:
        """The weights `[t_out, t_in]` from which training starts."""
        return self.log_prior.softmax(-1)

    def logits(self, x: Tensor) -> Tensor:
        """What is learned, `[t_out, t_in]` or `[B, t_out, t_in]`, for the input `x` [t_in, B, ...]."""
        raise NotImplementedError

    def weights(self, x: Tensor) -> Tensor:
        """Mixing weights, shaped like the logits: at least 0, rows sum to 1."""
        return (self.logits(x) + self.log_prior).softmax(-1)

    def forward(self, x: Tensor) -> Tensor:
        return mix(self.weights(x), x)


class StaticMix(PriorMix):
    """Learned mixing weights, the same for every sample."""

    def __init__(self, t_in: int, t_out: int) -> None:
        super().__init__(t_in, t_out)
        self.scores = nn.Parameter(torch.zeros(t_out, t_in))

    def start(self) -> None:
        nn.init.zeros_(self.scores)

    def logits(self, x: Tensor) -> Tensor:  # noqa: ARG002
        return self.scores


class ScoreMix(PriorMix):
    """Mixing weights computed from each sample's own temporal scores.

    score[b, t] = mean of x[t, b] over channels and space, normalised over the T_in steps of the sample (LayerNorm):
    spike rates differ by a fraction of themselves, too little to steer by. A two-layer perceptron turns them into
    [t_out, t_in] logits; its last layer starts at zero: bucket averaging, nearly. Samples whose rate is the same at
    every step, silent ones among them, have scores of 0."""

    def __init__(self, t_in: int, t_out: int) -> None:
        super().__init__(t_in, t_out)
        self.norm: nn.Module = nn.LayerNorm(t_in, eps=SCORE_EPS)
        self.slope = SLOPE
        self.squeeze = nn.Linear(t_in, t_in)
        self.expand = nn.Linear(t_in, t_out * t_in)

    def start(self) -> None:
        nn.init.eye_(self.squeeze.weight)
        nn.init.zeros_(self.squeeze.bias)
        nn.init.zeros_(self.expand.weight)
        nn.init.zeros_(self.expand.bias)

    def read_raw_scores(self) -> None:
        """Compute as networks did whose weights have no `norm`: from rates as they are, without a slope below 0."""
        self.norm, self.slope = nn.Identity(), 0.0

    def logits(self, x: Tensor) -> Tensor:
        hidden = functional.leaky_relu(self.squeeze(self.norm(_scores(x))), self.slope)
        expanded: Tensor = self.expand(hidden)
        return expanded.view(-1, self.t_out, self.t_in)


class RankOneScore(TemporalTransformer):
    """The most literal reading of "compute, then reassign scores": one weighted frame, scaled anew for
    every output step."""

    def __init__(self, t_in: int, t_out: int) -> None:
        super().__init__(t_in, t_out)
        self.gather = nn.Linear(t_in, t_in)
        self.reassign = nn.Linear(t_in, t_out)

    def start(self) -> None:
        nn.init.zeros_(self.gather.weight)
        nn.init.zeros_(self.gather.bias)

    def forward(self, x: Tensor) -> Tensor:
        alpha = self.gather(_scores(x)).softmax(-1)
        beta = self.reassign(alpha).sigmoid()
        return mix(beta[:, :, None] * alpha[:, None, :], x)


TEMPORAL_TRANSFORMERS: dict[str, type[TemporalTransformer]] = {
    "score_mix": ScoreMix,
    "static_mix": StaticMix,
    "rank1_score": RankOneScore,
    "bucket": Bucket,
    "truncate": Truncate,
}
