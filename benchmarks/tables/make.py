"""Train every configuration of a small space once, and write what came out into a table that searches can be tried on.

The table stands beside the space, one line of JSON per configuration. What stands in it already is not trained again,
so that this goes on where it was cut off. The whole takes about 15 minutes on one core.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

from tsearch.space.file import load_space
from tsearch.space.space import SearchSpace
from tsearch.training.evaluate import train_and_price

WHEN_TABULATED = {"has_one_total": False}  # the table was begun when schedules differed in length
DIGIT_EVENTS = Path(__file__).parent / "digit_events.yaml"


def tabulate(space_path: Path) -> None:
    """Add a line for every configuration that has none."""
    space = load_space(space_path).model_copy(update=WHEN_TABULATED)
    table = space_path.with_suffix(".jsonl")
    done = {json.loads(line)["key"] for line in table.read_text().splitlines()} if table.exists() else set()
    missing = [c for c in space.enumerate() if space.key(c) not in done]
    for n, configuration in enumerate(missing, 1):
        row = _row(space, configuration)
        with table.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{n} of {len(missing)}: {row['what']}, accuracy {row['metrics']['accuracy']:.3f}", flush=True)


def _row(space: SearchSpace, configuration: Any) -> dict[str, Any]:
    result = train_and_price(configuration, space.epochs(configuration), None, space.task())
    phases = " -> ".join(",".join(map(str, phase.timesteps)) for phase in configuration.schedule)
    return {
        "key": space.key(configuration),
        "what": f"stages {configuration.stages} T {phases}, tau {configuration.neuron.tau}, "
        f"learning rate {configuration.training.learning_rate}",
        "metrics": {o.name: float(f"{result.metrics[o.name]:.6g}") for o in space.objectives},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("space", type=Path, nargs="?", default=DIGIT_EVENTS, help="the space's YAML file")
    tabulate(parser.parse_args().space)
