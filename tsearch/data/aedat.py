"""Events of .aedat and .aedat4 files, by tonic's readers: arrays with fields x, y, t (in us) and p."""

import tempfile
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from tsearch.errors import TsearchError

FIELDS = np.dtype([("x", np.int64), ("y", np.int64), ("t", np.int64), ("p", np.int64)])


def read_aedat4(content: bytes, name: str) -> NDArray[np.void]:
    """Events of an .aedat4 file.

    Raises: TsearchError, with `name`, for a damaged file, and where the package `aedat` is not installed."""
    if find_spec("aedat") is None:
        raise TsearchError(
            f"{name}: .aedat4 files need the package aedat, which is not installed. "
            "Install it: pip install 'tsearch-snn[aedat]'."
        )
    from tonic.io import read_aedat4 as read

    events = _from_file(content, name, read)
    columns = [
        events[field] for field in events.dtype.names or ()
    ]  # t, x, y, and the polarity under two names
    return _structured(columns[1], columns[2], columns[0], columns[3])


def read_aedat_addresses(content: bytes, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Address and time of every event of an .aedat file of version 2 or 3, each [E].

    tonic's readers of whole recordings of this format unpack a header that its own function gives in three parts
    since 1.6, so the two functions beneath are used. Raises: TsearchError, with `name`, for a damaged file."""
    from tonic.io import get_aer_events_from_file, read_aedat_header_from_file

    def read(path: str) -> NDArray[np.void]:
        version, start, *_ = read_aedat_header_from_file(path)
        events: NDArray[np.void] = get_aer_events_from_file(path, version, start)
        return events

    events = _from_file(content, name, read)
    return events["address"].astype(np.int64), events["timeStamp"].astype(np.int64)


def dvs128_of(addresses: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.void]:
    """Events of a DVS128 as jAER wrote them in version 2, upright: both axes run from the far end, and a 0 in the
    lowest bit is brighter. Source: dat2mat.m of MNIST-DVS (Serrano-Gotarredona & Linares-Barranco, 2015)."""
    return _structured(
        127 - (addresses >> 8 & 0x7F), 127 - (addresses >> 1 & 0x7F), times, 1 - (addresses & 1)
    )


def dvs128_gesture_of(addresses: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.void]:
    """Events of a DVS128 as the gesture recordings hold them in version 3.1: 15 bits of x, 15 of y, one of polarity."""
    return _structured(addresses >> 17 & 0x1FFF, addresses >> 2 & 0x1FFF, times, addresses >> 1 & 1)


def _from_file(content: bytes, name: str, read: Callable[[str], NDArray[np.void]]) -> NDArray[np.void]:
    with tempfile.NamedTemporaryFile(suffix=name[name.rfind(".") :]) as file:
        file.write(content)
        file.flush()
        try:
            return read(file.name)
        except Exception as problem:  # the readers fail in many ways
            raise TsearchError(f"{name}: cannot be read ({problem}). Get this file again.") from None


def _structured(*columns: NDArray[np.generic]) -> NDArray[np.void]:
    events = np.empty(len(columns[0]), FIELDS)
    for field, column in zip(("x", "y", "t", "p"), columns, strict=True):
        events[field] = column
    return events
