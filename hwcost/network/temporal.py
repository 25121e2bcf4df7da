"""The rules of temporal transformers, which turn the T_in frames of one stage into the T_out frames of the next."""

from typing import Literal, get_args

Mode = Literal["score_mix", "static_mix", "rank1_score", "bucket", "truncate"]
MODES: tuple[str, ...] = get_args(Mode)
SHRINKING = ("bucket", "truncate")


def passes_through(mode: str | None, n_in: int, n_out: int) -> bool:
    """True where a transformer does no work: there is none, or it hands its input on as it is.

    `truncate` only drops steps; buckets of one step each average nothing; and a softmax over a single step weighs it
    with 1, whatever its score.
    """
    if mode in (None, "truncate"):
        return True
    return n_in == n_out and (mode == "bucket" or (n_in == 1 and mode in ("score_mix", "static_mix")))


def bucket_edges(n_in: int, n_out: int) -> tuple[int, ...]:
    """Edges of `n_out` contiguous buckets over `n_in` steps: bucket k runs from edge k up to, without, edge k + 1."""
    return tuple((2 * k * n_in + n_out) // (2 * n_out) for k in range(n_out + 1))
