"""Temporal transformers: what turns the T_in outputs of one stage into the T_out inputs of the next
(SSNN-style).

The paper (arXiv 2401.01912) describes a learnable module that computes temporal scores and reassigns them;
its equations are not public to us. `score_mix`, the default, is our reading: the smallest data-dependent
mixing over time that keeps every input step reachable and starts close to averaging. The other modes are
alternatives and ablations. None of them touches batch, channel or space."""

import itertools

import torch
from torch import Tensor, nn

from hwcost import bucket_edges
from tsearch.networks.parts import OptimizerGroup

PRIOR_EPS = 0.05


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


class StaticMix(TemporalTransformer):
    """Learned mixing weights, the same for every sample: softmax over input steps of free scores plus the
    log of the buckets."""

    log_prior: Tensor

    def __init__(self, t_in: int, t_out: int) -> None:
        super().__init__(t_in, t_out)
        self.register_buffer("log_prior", (bucket_matrix(t_in, t_out) + PRIOR_EPS).log(), persistent=False)
        self.scores = nn.Parameter(torch.zeros(t_out, t_in))

    def start(self) -> None:
        nn.init.zeros_(self.scores)

    def forward(self, x: Tensor) -> Tensor:
        return mix((self.scores + self.log_prior).softmax(-1), x)


class ScoreMix(TemporalTransformer):
    """Mixing weights computed from each sample's own temporal scores.

    score[b, t] = mean of x[t, b] over channels and space; a two-layer perceptron turns the T_in scores into
    [t_out, t_in] logits; softmax over input steps of logits plus log(bucket matrix + 0.05). The last layer
    starts at zero: bucket averaging, nearly."""

    log_prior: Tensor

    def __init__(self, t_in: int, t_out: int) -> None:
        super().__init__(t_in, t_out)
        self.register_buffer("log_prior", (bucket_matrix(t_in, t_out) + PRIOR_EPS).log(), persistent=False)
        self.squeeze = nn.Linear(t_in, t_in)
        self.expand = nn.Linear(t_in, t_out * t_in)

    def start(self) -> None:
        nn.init.eye_(self.squeeze.weight)  # scores are at least 0, so no hidden unit starts dead
        nn.init.zeros_(self.squeeze.bias)
        nn.init.zeros_(self.expand.weight)
        nn.init.zeros_(self.expand.bias)

    def weights(self, x: Tensor) -> Tensor:
        """Mixing weights `[B, t_out, t_in]`, at least 0, rows sum to 1."""
        scores = _scores(x)
        logits = self.expand(self.squeeze(scores).relu()).view(-1, *self.log_prior.shape)
        mixing: Tensor = (logits + self.log_prior).softmax(-1)
        return mixing

    def forward(self, x: Tensor) -> Tensor:
        return mix(self.weights(x), x)


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
