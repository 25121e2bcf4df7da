"""tsearch: how many timesteps does each part of a spiking network need, and what does that cost?

    space = tsearch.load_space("digits_dvs")
    run = tsearch.run(space, trials=26)
    front = tsearch.Front.of(run)
    front.to_pandas()

The names below are loaded when first used, so that importing tsearch stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsearch.cli.progress import Progress
    from tsearch.configuration import Configuration, DataSpec, Hardware, Phase, Result, Task
    from tsearch.data.arrays import event_dataset, image_dataset
    from tsearch.data.dataset import Dataset
    from tsearch.data.events import Events
    from tsearch.engine.events import quiet
    from tsearch.engine.run import resume, run
    from tsearch.engine.run_folder import Run, open_run
    from tsearch.errors import TsearchError
    from tsearch.export import export_bundle
    from tsearch.export.bundle import Bundle, load
    from tsearch.export.evaluation import evaluate_bundle
    from tsearch.front import Front
    from tsearch.networks.lif import LIF
    from tsearch.replication.confirmation.confirm import confirm
    from tsearch.report import write_report
    from tsearch.space.domains import Choice, Real, Whole
    from tsearch.space.entries import parameter_space
    from tsearch.space.file import load_space
    from tsearch.space.space import SearchSpace
    from tsearch.training.evaluate import train_and_price

__version__ = "0.1.0"

_HOMES = {
    "Configuration": "configuration",
    "DataSpec": "configuration",
    "Hardware": "configuration",
    "Phase": "configuration",
    "Result": "configuration",
    "Task": "configuration",
    "event_dataset": "data.arrays",
    "image_dataset": "data.arrays",
    "Dataset": "data.dataset",
    "Events": "data.events",
    "Run": "engine.run_folder",
    "open_run": "engine.run_folder",
    "quiet": "engine.events",
    "resume": "engine.run",
    "run": "engine.run",
    "TsearchError": "errors",
    "train_and_price": "training.evaluate",
    "export_bundle": "export",
    "Bundle": "export.bundle",
    "evaluate_bundle": "export.evaluation",
    "load": "export.bundle",
    "Front": "front",
    "LIF": "networks.lif",
    "confirm": "replication.confirmation.confirm",
    "write_report": "report",
    "Choice": "space.domains",
    "Real": "space.domains",
    "Whole": "space.domains",
    "parameter_space": "space.entries",
    "SearchSpace": "space.space",
    "load_space": "space.file",
    "Progress": "cli.progress",
}
__all__ = [
    "LIF", "Bundle", "Choice", "Configuration", "DataSpec", "Dataset", "Events", "Front", "Hardware", "Phase",
    "Progress", "Real", "Result", "Run", "SearchSpace", "Task", "TsearchError", "Whole", "confirm", "evaluate_bundle",
    "event_dataset", "export_bundle", "image_dataset", "load", "load_space", "open_run", "parameter_space", "quiet",
    "resume", "run", "train_and_price", "write_report",
]  # fmt: skip


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tsearch' has no attribute '{name}'")
    return getattr(import_module(f"tsearch.{_HOMES[name]}"), name)
