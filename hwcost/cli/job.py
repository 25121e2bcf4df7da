"""Jobs: files that hold a network and its activity, in YAML or JSON."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from hwcost.activity.record import SpikeRecord
from hwcost.errors import HwcostError
from hwcost.forms import MAPPING, NUMBER, check_mapping
from hwcost.network.network import NetworkSpec
from hwcost.plain_yaml import parse_yaml, read_text

MOST_CHARACTERS = 100_000_000  # of a job: records of long recordings are large
MOST_VALUES = 10_000_000
SAMPLES = 1 << 24  # of a constant rate, so that rounding to whole events does not show


class Job(NamedTuple):
    """A network with its record, and the constant rate where that was given instead."""

    network: NetworkSpec
    spikes: SpikeRecord
    rate: float | None


def read_job(path: Path) -> Job:
    """The network of a file, with its `spikes`, or with a `rate` of spikes per neuron and timestep.

    Raises: HwcostError, one line that begins with the file, for what cannot be read.
    """
    try:
        return job_of(_content(path))
    except HwcostError as error:
        told = str(error)
        raise HwcostError(told if told.startswith(str(path)) else f"{path}: {told}") from None


def job_of(plain: Any) -> Job:
    """The job that plain data says."""
    check_mapping(plain, {"network": MAPPING, "spikes": MAPPING, "rate": NUMBER}, "job", ("network",))
    if ("spikes" in plain) == ("rate" in plain):
        raise HwcostError("job: give either 'spikes' or 'rate' beside 'network'")
    network = NetworkSpec.from_dict(plain["network"])
    if "spikes" in plain:
        return Job(network, SpikeRecord.from_dict(plain["spikes"]), None)
    return Job(network, SpikeRecord.constant(network, plain["rate"], SAMPLES), plain["rate"])


def _content(path: Path) -> Any:
    """JSON where it is some, which is read faster; else YAML."""
    text = read_text(path, str(path), MOST_CHARACTERS)
    if text.lstrip()[:1] == "{":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass  # braces are YAML, too, whose error knows the line
    return parse_yaml(text, str(path), MOST_CHARACTERS, MOST_VALUES).content
