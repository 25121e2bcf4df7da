"""What spikes.json of a bundle holds: the network that is priced, and its spike record."""

from math import prod
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from pydantic import Field, StrictBool, StrictInt, ValidationError, model_validator

from hwcost import HwcostError, NetworkSpec, SpikeRecord
from tsearch.errors import TsearchError, shown
from tsearch.files.reading import read_json
from tsearch.frozen import Frozen
from tsearch.space.limits import MOST_NEURONS, MOST_TIMESTEPS, MOST_WEIGHTS

MOST_BYTES = 100_000_000
MOST_LAYERS = 2_000
MOST_CHANNELS = 4_096
MOST_PIXELS = 8_192  # along one axis

Name = Annotated[str, Field(max_length=300)]
Count = Annotated[StrictInt, Field(ge=0, lt=2**63)]
Size = Annotated[StrictInt, Field(ge=0, le=MOST_NEURONS)]
Bits = Annotated[StrictInt, Field(ge=0, le=1024)]
Shape = Annotated[tuple[Size, ...], Field(max_length=4)]
Pixels = Annotated[StrictInt, Field(ge=0, le=MOST_PIXELS)]
Window = Annotated[tuple[Pixels, ...], Field(max_length=3)]
Steps = Annotated[tuple[Count, ...], Field(max_length=MOST_TIMESTEPS)]
Table = Annotated[tuple[tuple[Count, ...], ...], Field(max_length=MOST_TIMESTEPS)]


class Layer(Frozen):
    """The fields of `hwcost.LayerSpec` within limits; hwcost checks whether they fit together."""

    name: Name
    kind: Name
    stage: Size
    in_shape: Shape
    out_shape: Shape
    kernel: Window = ()
    stride: Window = ()
    padding: Annotated[tuple[Pixels | tuple[Pixels, Pixels], ...], Field(max_length=3)] = ()
    dilation: Window = ()
    groups: Size = 1
    padding_mode: Name = "zeros"
    in_class: Name = "binary"
    in_max: Annotated[StrictInt, Field(ge=1, le=2**31)] = 1
    bias: StrictBool = False
    neuron: Name | None = None
    reset: Name = "soft"
    constant_input: StrictBool = False
    mask: Steps = ()
    source: Name = ""
    operands: dict[Name, Size] | Annotated[tuple[tuple[Name, Size], ...], Field(max_length=20)] = ()
    other_source: Name = ""
    dataflow: Name = ""
    weight_bits: Bits = 0
    membrane_bits: Bits = 0
    activation_bits: Bits = 0
    kept: Annotated[str, Field(max_length=MOST_BYTES)] = ""
    placement: Name = ""

    @model_validator(mode="after")
    def _can_be_held(self) -> Self:
        pixels = self.in_shape[1:] + self.out_shape[1:] if self.kernel else ()
        weights = prod(self.in_shape[:1]) * prod(self.out_shape[:1]) * prod(self.kernel)
        most = max(prod(self.in_shape), prod(self.out_shape))
        if most > MOST_NEURONS or weights > MOST_WEIGHTS or max(pixels, default=0) > MOST_PIXELS:
            raise ValueError(f"layer '{self.name}' is larger than any machine can hold")
        return self


class Stage(Frozen):
    """The fields of `hwcost.StageSpec`."""

    timesteps: Annotated[StrictInt, Field(ge=1, le=MOST_TIMESTEPS)]
    transformer: Name | None = None


class Network(Frozen):
    """The fields of `hwcost.NetworkSpec`."""

    layers: Annotated[tuple[Layer, ...], Field(min_length=1, max_length=MOST_LAYERS)]
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=MOST_LAYERS)]


class Samples(Frozen):
    """The fields of `hwcost.PerSample`."""

    busy: Table = ()
    events: Table = ()
    sums: Table = ()
    outputs: Table = ()


class Counts(Frozen):
    """The fields of `hwcost.LayerSpikes`."""

    events: Table = ()
    sums: Table | None = None
    outputs: Steps = ()
    extras: dict[Name, Steps] = Field(default_factory=dict)
    channels: Table = ()
    channel_events: Annotated[tuple[Count, ...], Field(max_length=MOST_CHANNELS)] = ()
    per_sample: Samples | None = None


class Record(Frozen):
    """The fields of `hwcost.SpikeRecord`."""

    layers: dict[Name, Counts]
    n_samples: Annotated[StrictInt, Field(ge=1, lt=2**53)]


class SpikesFile(Frozen):
    """The content of the file."""

    network: Network
    record: Record


class Spikes(NamedTuple):
    """What is priced."""

    network: NetworkSpec
    record: SpikeRecord


def read_spikes(path: Path) -> Spikes:
    """Network and record in the file at `path`. Raises: TsearchError where it holds none."""
    content = read_json(path, MOST_BYTES, AGAIN)
    try:
        plain: dict[str, Any] = SpikesFile.model_validate(content).model_dump(exclude_unset=True)
        return Spikes(NetworkSpec.from_dict(plain["network"]), SpikeRecord.from_dict(plain["record"]))
    except ValidationError as error:
        raise TsearchError(f"{path}: {first_problem(error)} {AGAIN}") from None
    except HwcostError as error:
        raise TsearchError(f"{path}: {error}. {AGAIN}") from None


AGAIN = "Export the bundle again."


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong, with its place and the value found."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).removeprefix("Value error, ").removesuffix(".")
    found = (
        "" if first["type"] in ("value_error", "missing") else f", found {shown(repr(first['input']), 100)}"
    )
    return f"{f'{where!r}: ' if where else ''}{message[:1].lower()}{message[1:]}{found}."
