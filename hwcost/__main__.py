"""`python -m hwcost FILE`: price a network described in YAML or JSON; numpy and pyyaml are enough.

`python -m hwcost price FILE.py:NAME --data FILE.npz` prices a torch model on a batch. `--example` prints a job to edit,
`--profiles` and `--schema` tell what there is to price it on.
"""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from hwcost.activity.record import SpikeRecord, steps_and_samples
from hwcost.cli.arguments import PRICE, parsed, profiles_of, widths_of
from hwcost.cli.example import EXAMPLE
from hwcost.cli.job import Job, read_job
from hwcost.cli.show import bounds, bounds_table, one_profile, outcomes, profile_list, table
from hwcost.cost import Cost
from hwcost.errors import HwcostError, one_line
from hwcost.network.network import NetworkSpec
from hwcost.prices.schema import schema


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 2 after one line about what is wrong with the input, or after a table that refuses all."""
    given = parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        told, is_priced = _model(given) if given.command == PRICE else _file(given)
    except HwcostError as error:
        print(error, file=sys.stderr)
        return 2
    except MemoryError:
        print(
            "too large to be priced: the sizes of the network's layers do not fit into memory",
            file=sys.stderr,
        )
        return 2
    try:
        print(told, flush=True)
    except BrokenPipeError:  # whoever reads, `head` for example, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0 if is_priced else 2


def _file(given: argparse.Namespace) -> tuple[str, bool]:
    for name, text in {"profiles": profile_list, "example": EXAMPLE.rstrip, "schema": schema}.items():
        if getattr(given, name):
            return text(), True
    if given.file is None:
        raise HwcostError(
            "which network? Give a YAML or JSON file, --example for one to edit, or --profiles for the list of profiles"
        )
    job = read_job(Path(given.file))
    if given.bound:
        return _bounds(job, given)
    return _priced(job.network, job.spikes, given, job.rate)


def _model(given: argparse.Namespace) -> tuple[str, bool]:
    from hwcost.adapters.models import from_torch
    from hwcost.adapters.target import load_batch, load_target

    model, batch = load_target(given.model), load_batch(given.data)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default", UserWarning)
            network, spikes = from_torch(model, batch, timesteps=given.timesteps, pruned=given.pruned)
    except (HwcostError, MemoryError):
        raise
    except Exception as error:  # of the model
        raise HwcostError(f"{given.model}: running it on {given.data} failed: {one_line(error)}") from error
    for warning in caught:
        print(f"{given.model}: {' '.join(str(warning.message).split())[:300]}", file=sys.stderr)
    told, is_priced = _priced(network, spikes, given)
    return told if given.json else f"{steps_and_samples(network, spikes)}\n{told}", is_priced


def _priced(
    network: NetworkSpec, spikes: SpikeRecord, given: argparse.Namespace, rate: float | None = None
) -> tuple[str, bool]:
    """What to print, and whether any profile can run the network."""
    profiles = profiles_of(given)
    found = outcomes(network, spikes, profiles, given.execution, widths_of(given))
    if len(profiles) > 1:
        is_priced = any(isinstance(outcome, Cost) for outcome in found.values())
        return (_json(found) if given.json else table(found)), is_priced
    [outcome] = found.values()
    if isinstance(outcome, HwcostError):
        raise outcome
    if given.json:
        return json.dumps(outcome.to_dict()), True
    return one_profile(outcome, network, spikes, profiles[0], widths_of(given), rate), True


def _json(found: dict[str, Cost | HwcostError]) -> str:
    return json.dumps(
        {name: o.to_dict() if isinstance(o, Cost) else {"refused": str(o)} for name, o in found.items()}
    )


def _bounds(job: Job, given: argparse.Namespace) -> tuple[str, bool]:
    """The least and the most cost, and whether any profile can run the network."""
    found = bounds(job.network, job.rate or 0.0, profiles_of(given), given.execution, widths_of(given))
    refused = [outcome for outcome in found.values() if isinstance(outcome, HwcostError)]
    if len(found) == 1 and refused:
        raise refused[0]
    if not given.json:
        return bounds_table(found), len(refused) < len(found)
    ends = {
        name: {"refused": str(o)}
        if isinstance(o, HwcostError)
        else {"energy_pj": o.energy_pj, "latency_s": o.latency_s}
        for name, o in found.items()
    }
    return json.dumps(ends if len(ends) > 1 else next(iter(ends.values()))), len(refused) < len(found)


if __name__ == "__main__":
    sys.exit(main())
