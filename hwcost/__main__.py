"""`python -m hwcost FILE`: price a network described in YAML or JSON. Needs numpy and pyyaml only.

The file holds `network` (as `NetworkSpec.to_dict` writes it; what has a default may be left out) and `spikes` (as
`SpikeRecord.to_dict` writes it) or `rate`, a constant number of spikes per neuron and timestep.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from hwcost.activity.record import SpikeRecord
from hwcost.errors import HwcostError
from hwcost.estimate import estimate
from hwcost.execution import EXECUTIONS
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile_file import known_profiles, load_profile
from hwcost.prices.schema import schema
from hwcost.report import text
from hwcost.studies.ann_twins import ann_twins
from hwcost.studies.bounds import bound


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 2 after one line about what is wrong with the input."""
    parser = argparse.ArgumentParser(prog="python -m hwcost", description="Price a spiking network.")
    parser.add_argument("file", nargs="?", help="YAML or JSON with 'network' and 'spikes' or 'rate'")
    parser.add_argument("--profile", default="45nm_memory", help="name or YAML file (default %(default)s)")
    parser.add_argument("--execution", default="layer_serial", choices=EXECUTIONS)
    parser.add_argument("--weight-bits", type=int, help="what-if: price weights of this width")
    parser.add_argument(
        "--bound", action="store_true", help="lowest and highest cost of any activity; needs no spikes"
    )
    parser.add_argument("--json", action="store_true", help="print the whole breakdown as JSON")
    parser.add_argument("--profiles", action="store_true", help="list the known profiles and stop")
    parser.add_argument("--schema", action="store_true", help="describe every field of a profile and stop")
    parsed = parser.parse_args(arguments)
    try:
        if parsed.schema:
            print(schema())
        else:
            print("\n".join(known_profiles()) if parsed.profiles else _priced(parsed))
    except HwcostError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _priced(arguments: argparse.Namespace) -> str:
    if arguments.file is None:
        raise HwcostError("which network? Give a YAML or JSON file, or --profiles for the list of profiles")
    plain = _read(Path(arguments.file))
    network = NetworkSpec.from_dict(plain["network"])
    assume = {"weight_bits": arguments.weight_bits} if arguments.weight_bits else None
    if arguments.bound:
        low, high = bound(network, arguments.profile, plain.get("rate", 0.0), arguments.execution, assume)
        ends = {"energy_pj": [low.total_pj, high.total_pj], "latency_s": [low.latency_s, high.latency_s]}
        return json.dumps(ends)
    if "spikes" in plain:
        spikes = SpikeRecord.from_dict(plain["spikes"])
    else:
        spikes = SpikeRecord.constant(network, plain["rate"], 1 << 24)
    cost = estimate(network, spikes, arguments.profile, arguments.execution, assume)
    if arguments.json:
        return json.dumps(cost.to_dict())
    return "\n".join([text(cost), *_beside(network, cost.total_pj, arguments)])


def _beside(network: NetworkSpec, energy_pj: float, arguments: argparse.Namespace) -> list[str]:
    """The conventional networks of the same shapes, where the profile can run them."""
    if "mac" not in load_profile(arguments.profile).prices:
        return []
    twins = ann_twins(network, arguments.profile, arguments.execution)
    lines = (("dense twin", twins.dense), (f"{twins.bits}-bit twin", twins.quantised))
    return [
        f"{name}: {c.total_pj / 1e3:.4g} nJ, {c.total_pj / energy_pj:.3g} times this network"
        for name, c in lines
    ]


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise HwcostError(f"{path}: no such file")
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise HwcostError(f"{path}: not valid YAML or JSON: {' '.join(str(error).split())}") from None
    if not isinstance(plain, dict) or "network" not in plain or not plain.keys() & {"spikes", "rate"}:
        raise HwcostError(f"{path}: expected the keys 'network' and 'spikes' or 'rate'")
    return plain


if __name__ == "__main__":
    sys.exit(main())
