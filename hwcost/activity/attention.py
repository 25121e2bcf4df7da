"""Sufficient counts of spiking self-attention, from binary queries, keys and values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def attention_counts(q: NDArray[Any], k: NDArray[Any], v: NDArray[Any]) -> dict[str, tuple[int, ...]]:
    """What a record needs to know about an attention, per timestep and summed over samples.

    Args:
        q, k, v: Binary [samples, T, heads, tokens, channels of a head].

    Returns: Events `q`, `k`, `v`; `qk`, pairs of events that meet in Q K^T (the sum of the score matrix); `av`, value
        events read by a non-zero score; `kv`, pairs that meet in K^T V.
    """
    q, k, v = (np.asarray(x).astype(np.int64) for x in (q, k, v))
    met = np.einsum("bthj,bthj->t", q.sum(axis=3), k.sum(axis=3))
    scores = np.einsum("bthnj,bthmj->bthnm", q, k) != 0
    read = np.einsum("bthnm,bthm->t", scores.astype(np.int64), v.sum(axis=4))
    together = np.einsum("bthn,bthn->t", k.sum(axis=4), v.sum(axis=4))
    counts = {"qk": met, "av": read, "kv": together}
    counts |= {name: x.sum(axis=(0, 2, 3, 4)) for name, x in (("q", q), ("k", k), ("v", v))}
    return {name: tuple(int(n) for n in steps) for name, steps in counts.items()}


def mask_attention_counts(q: NDArray[Any], k: NDArray[Any], v: NDArray[Any]) -> dict[str, tuple[int, ...]]:
    """What a record needs to know about a mask attention: events `q`, `k`, `v`, and `kv`, places where key and value
    both have one.

    Args:
        q, k, v: Binary [samples, T, channels, tokens].
    """
    counts = {"q": q, "k": k, "v": v, "kv": np.logical_and(k, v)}
    return {name: tuple(np.count_nonzero(x, axis=(0, 2, 3)).tolist()) for name, x in counts.items()}
