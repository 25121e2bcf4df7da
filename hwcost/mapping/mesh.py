"""Where cores lie on a chip: tiles of cores in a mesh, chips side by side."""

import numpy as np
from numpy.typing import NDArray

from hwcost.mapping.reach import Whole
from hwcost.prices.profile import Profile

PLACEMENT = (
    "layers one after the other, each on cores of its own, in snake order over the mesh; a convolution in slabs of "
    "positions; input enters at the first tile; a hop is a link of the Manhattan distance"
)

TOGETHER = "all layers on one core; input enters there"


def has_mesh(profile: Profile) -> bool:
    """True where the profile says how its tiles are connected."""
    return "mesh_columns" in profile.hardware


def n_tiles(profile: Profile, n_cores: int) -> int:
    """Tiles of the first `n_cores` cores."""
    return -(-n_cores // _number(profile, "cores_per_tile", 1))


def distances(profile: Profile, a: Whole, b: Whole) -> Whole:
    """Links between cores `a` and cores `b`, given by their numbers; 0 within a tile."""
    x, y = _place(profile, np.arange(max(a.max(initial=0), b.max(initial=0)) + 1))
    links: Whole = np.abs(x[a] - x[b]) + np.abs(y[a] - y[b])
    return links


def _place(profile: Profile, cores: Whole) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and row of the tile of every core. Odd rows run backwards, so that neighbours in order are neighbours."""
    columns, tile = _number(profile, "mesh_columns", 1), cores // _number(profile, "cores_per_tile", 1)
    rows = _number(profile, "mesh_rows", int(tile.max(initial=0)) + 1)
    chip, within = np.divmod(tile, columns * rows)
    y, x = np.divmod(within, columns)
    return chip * columns + np.where(y % 2, columns - 1 - x, x), y


def _number(profile: Profile, name: str, absent: int) -> int:
    return int(profile.hardware[name].value) if name in profile.hardware else absent
