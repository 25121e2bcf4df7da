"""Where the files of a data set lie."""

from pathlib import Path

from tsearch.configuration import DataSpec
from tsearch.errors import TsearchError
from tsearch.machine import machine


def data_root(spec: DataSpec) -> Path:
    """The folder with the files of `spec`: its `root`, else TSEARCH_DATA. Raises: TsearchError for none."""
    root = spec.root or machine().data
    where = "data.root" if spec.root else "TSEARCH_DATA"
    if not root:
        raise TsearchError(
            f"data {spec.name}: no folder given. Set data.root in the search space, or TSEARCH_DATA, "
            "to the folder with the files."
        )
    folder = Path(root).expanduser()
    if not folder.is_dir():
        raise TsearchError(
            f"data {spec.name}: {where} is {folder}, which is no folder. Give the folder with the files."
        )
    return folder
