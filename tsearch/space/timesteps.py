"""How stage divisions and timestep vectors are encoded for a sampler.

A stage division is a composition of the depth; a timestep vector never increases from stage to stage. Both
are encoded so that every proposal of every sampler is valid, without rejection or penalty: a division by
its cuts between blocks, a vector by the first stage's timesteps and, for each later stage, the share of the
choices still open to it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations_with_replacement, pairwise

from tsearch.space.divisions import Division

Vector = tuple[int, ...]


def division_of_cuts(cuts: Sequence[bool]) -> Division:
    """Stage division where `cuts[k]` tells whether a stage ends between block k+1 and block k+2."""
    edges = [0, *(k + 1 for k, cut in enumerate(cuts) if cut), len(cuts) + 1]
    return tuple(b - a for a, b in pairwise(edges))


def cuts_of_division(division: Division) -> tuple[bool, ...]:
    """The inverse of `division_of_cuts`."""
    ends = {sum(division[: i + 1]) for i in range(len(division))}
    return tuple(k in ends for k in range(1, sum(division)))


def vectors(choices: Sequence[int], n_stages: int) -> Iterator[Vector]:
    """All non-increasing timestep vectors over `choices`."""
    yield from combinations_with_replacement(sorted(choices, reverse=True), n_stages)


def vector_of_shares(choices: Sequence[int], first: int, shares: Iterable[float]) -> Vector:
    """Timestep vector that starts with `first` (one of `choices`); each share in [0, 1] picks among the
    choices not above the stage before: 0 the smallest, 1 the same as before."""
    ordered = sorted(choices)
    index = ordered.index(first)
    vector = [first]
    for share in shares:
        index = min(int(share * (index + 1)), index)
        vector.append(ordered[index])
    return tuple(vector)


def shares_of_vector(choices: Sequence[int], vector: Vector) -> tuple[float, ...]:
    """Shares, one per stage after the first, from which `vector_of_shares` gives back `vector`: the middle
    of each interval."""
    ordered = sorted(choices)
    indices = [ordered.index(timesteps) for timesteps in vector]
    return tuple((index + 0.5) / (before + 1) for before, index in pairwise(indices))


def shrinking_vectors(leading: Sequence[int], final: Vector) -> tuple[Vector, ...]:
    """The vectors of an IIR-style schedule that ends in `final`: in the phase led by T, every stage runs
    max(T, its final timesteps). A phase that would repeat the next one is left out. Source: temporal
    pruning, arXiv 2110.05929, for uniform T."""
    path = [tuple(max(lead, t) for t in final) for lead in leading] + [final]
    return tuple(vector for i, vector in enumerate(path) if i + 1 == len(path) or vector != path[i + 1])
