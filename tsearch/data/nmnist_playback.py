"""N-MNIST forwards and backwards: the class is digit and direction, which no network can tell from one timestep."""

from tsearch.configuration import DataSpec
from tsearch.data import nmnist
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.errors import TsearchError


def load(spec: DataSpec) -> Dataset:
    """As `nmnist.load`, always with playback."""
    return nmnist.load(_with_playback(spec))


def describe(spec: DataSpec) -> DatasetInfo:
    """As `nmnist.describe`, always with playback."""
    return nmnist.describe(_with_playback(spec))


def _with_playback(spec: DataSpec) -> DataSpec:
    if spec.options.get("playback", True) is not True:
        raise TsearchError(
            f"data {spec.name}: option 'playback' is always true here. For digits alone, take data nmnist."
        )
    return spec.model_copy(update={"options": spec.options | {"playback": True}})
