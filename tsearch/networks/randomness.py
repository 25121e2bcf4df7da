"""What networks draw outside training."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def drawing_from(seed: int, where: torch.device) -> Iterator[None]:
    """Torch's random numbers come from `seed`, on the device `where` too; afterwards they go on as before."""
    with torch.random.fork_rng([where] if where.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
