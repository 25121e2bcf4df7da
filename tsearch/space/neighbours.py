"""Near structures, for searches that go step by step."""

from collections.abc import Iterator

from tsearch.space.divisions import Division
from tsearch.space.structures import Structure, Structures


def neighbours(structures: Structures, structure: Structure) -> Iterator[Structure]:
    """The structures of the space that are one step away, each once; to be near is mutual.

    A step changes the path (see `Paths.neighbours`), moves an end of a stage by one block, divides a stage into two
    with the same timesteps in every phase, or joins two such stages. Where divisions and paths are any, every structure
    is reached by steps from every other one."""
    for path in structures.paths.neighbours(structure.path):
        yield Structure(structure.division, path)
    for near in dict.fromkeys((*_moved(structure), *_joined(structure), *_divided(structure))):
        if near.division in structures.divisions:
            yield near


def _moved(structure: Structure) -> Iterator[Structure]:
    for i in range(len(structure.division) - 1):
        for step in (-1, 1):
            yield Structure(_added(structure.division, i, step), structure.path)


def _added(division: Division, i: int, step: int) -> Division:
    return (*division[:i], division[i] + step, division[i + 1] - step, *division[i + 2 :])


def _joined(structure: Structure) -> Iterator[Structure]:
    division, path = structure
    for i in range(len(division) - 1):
        if all(vector[i] == vector[i + 1] for vector in path):
            blocks = (*division[:i], division[i] + division[i + 1], *division[i + 2 :])
            yield Structure(blocks, tuple(vector[:i] + vector[i + 1 :] for vector in path))


def _divided(structure: Structure) -> Iterator[Structure]:
    division, path = structure
    for i, n_blocks in enumerate(division):
        twice = tuple((*vector[: i + 1], *vector[i:]) for vector in path)
        for n_first in range(1, n_blocks):
            yield Structure((*division[:i], n_first, n_blocks - n_first, *division[i + 1 :]), twice)
