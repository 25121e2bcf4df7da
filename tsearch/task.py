"""What all trials of a run share: data, hardware, seed, and what results depend on besides. Plain data."""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from tsearch.frozen import Frozen
from tsearch.phase import Init


class DataSpec(Frozen):
    """Which data: a name in `tsearch.data.DATASETS`, the folder that holds the files (None: `TSEARCH_DATA`,
    else not needed), and the options of that data set."""

    name: str
    root: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class Hardware(Frozen):
    """What a configuration is priced on.

    `profile` is what the objectives read; those in `also` are shown beside it. `execution` says how the hardware
    orders the work, `assume` prices a what-if of other word widths, such as `weight_bits: 8`.
    """

    profile: str = "45nm_memory"
    also: tuple[str, ...] = ("45nm_paper_simple",)
    execution: Literal["layer_serial", "lock_step", "pipelined", "event_driven"] = "layer_serial"
    assume: dict[str, PositiveInt] = Field(default_factory=dict)


class Identity(Frozen):
    """What else results depend on: a run goes on only where all of it is unchanged.

    `data` is the hash of the data's content and `profile` that of the searched profile ("" where unknown); `recipe` is
    the version of the training, `counting` that of the cost model. The defaults are those of runs that recorded none.
    """

    data: str = ""
    profile: str = ""
    recipe: int = 1
    counting: int = 1


class Compute(Frozen):
    """What the bits of a training depend on besides its content: the device ("cpu", "cuda" for all GPUs, "cuda:1"),
    and the versions of the libraries."""

    device: str = "cpu"
    versions: dict[str, str] = Field(default_factory=dict)


class Task(Frozen):
    """All that a segment needs besides the configuration: the same for every trial of a run. `init` is that of all its
    configurations, so that a file which is missing or changed is met before anything is trained."""

    data: DataSpec
    hardware: Hardware = Hardware()
    init: Init | None = None
    seed: int = 0
    replicate: Annotated[int, Field(ge=0)] = 0
    identity: Identity = Identity()
    compute: Compute = Compute()

    @property
    def seeds(self) -> tuple[int, int]:
        """What all random numbers begin with: the seed of the run, and the replicate."""
        return self.seed, self.replicate
