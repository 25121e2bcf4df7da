"""One truth per sample as text: right or wrong, packed into bits."""

import base64

import numpy as np
from numpy.typing import NDArray


def pack(flags: NDArray[np.bool_]) -> str:
    """`flags` [N] as base64 of their bits, the first in the highest bit of the first byte."""
    return base64.b64encode(np.packbits(np.asarray(flags, dtype=bool)).tobytes()).decode()


def unpack(text: str, n: int) -> NDArray[np.bool_]:
    """Inverse of `pack`: bool [n]. Raises: ValueError where the text is not that of `n` flags."""
    bits = np.frombuffer(base64.b64decode(text, validate=True), dtype=np.uint8)
    if len(bits) != -(-n // 8):
        raise ValueError(f"{len(bits)} bytes do not hold {n} flags")
    return np.unpackbits(bits, count=n).astype(bool)
