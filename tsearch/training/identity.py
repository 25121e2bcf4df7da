"""What the results of a task depend on: its data, its hardware profile, the code that trains and counts, the device."""

import hashlib
from functools import cache
from typing import Any

import numpy as np
import torch

from hwcost import HwcostError, load_profile, profile_content
from tsearch.configuration import Compute, Identity, Task
from tsearch.data import Dataset, Split, load_dataset
from tsearch.data.dataset import draws_one_per_group, groups_of
from tsearch.errors import TsearchError
from tsearch.files.initial import read_init
from tsearch.frozen import content_hash
from tsearch.machine import machine
from tsearch.pricing import COUNTING
from tsearch.training import RECIPE
from tsearch.training.device import device

_CHUNK = 256


def prepare(task: Task) -> Task:
    """The task with its identity and its device, checked before anything is trained: what is missing is better met
    here than in every trial. It also fills the cache once for all workers.

    A task that was prepared before keeps its device; another one takes that of this machine.

    Raises: TsearchError for data, profiles or a device that cannot be used.
    """
    asked = task.compute.device if task.compute.versions else machine().device or task.compute.device
    device(asked)
    try:
        profiles = [_content(name) for name in (task.hardware.profile, *task.hardware.also)]
    except HwcostError as error:
        raise TsearchError(str(error)) from None
    if task.init is not None:
        read_init(task.init)
    profile = content_hash(profiles if task.hardware.also else profiles[0])
    identity = Identity(
        data=data_hash(load_dataset(task.data)), profile=profile, recipe=RECIPE, counting=COUNTING
    )
    versions = {"torch": str(torch.__version__), "numpy": np.__version__}
    compute = Compute(device=asked, versions=versions)
    return task.model_copy(update={"identity": identity, "compute": compute})


def _content(profile: str) -> dict[str, Any]:
    """What a profile says, checked."""
    load_profile(profile)
    return profile_content(profile)


@cache
def data_hash(dataset: Dataset) -> str:
    """16 hexadecimal digits of the content of all splits."""
    return content_hash([_split_hash(split) for split in (dataset.train, dataset.validation, dataset.test)])


def _split_hash(split: Split) -> str:
    """The hash that the split knows of itself; else that of its labels, of its frames at one timestep, and of the
    groups by which training draws."""
    known = getattr(split, "content_hash", None)
    if isinstance(known, str):
        return known
    digest = hashlib.sha256(split.labels.numpy(force=True).tobytes())
    if draws_one_per_group(split):
        digest.update(groups_of(split).tobytes())
    for indices in torch.split(torch.arange(len(split)), _CHUNK):
        digest.update(split.batch(indices, 1).numpy(force=True).tobytes())
    return digest.hexdigest()
