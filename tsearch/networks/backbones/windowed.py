"""Backbones of the General SNN (arXiv 2401.10843): blocks that run one module in all windows of a map, one window after
the other, and hand its membranes on, so that one timestep does what else several do.

The paper's network has width 48, depths 2, 2, 6, 2, 4 groups, alternating windows and core "cnn" or "lstm", and
`PAPER_NEURON`. Real numbers go from block to block: around the windows stand 1x1 convolutions, a perceptron with GELU
and sums, as in its released code (without the parts that this never uses).
"""

import re
from math import prod
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, field_validator, model_validator

from tsearch.errors import did_you_mean
from tsearch.frozen import AbsentMeans
from tsearch.networks.backbones.backbone import Backbone, mean_of
from tsearch.networks.plan import HEAD, Neuron, Node, Plan
from tsearch.networks.windows.block import Block, stem
from tsearch.networks.windows.cores import CORES
from tsearch.networks.windows.cores.core import Style
from tsearch.networks.windows.nodes import Fusion, GateMode, ZeroReadout

# Decay .4, threshold .5, surrogate 1 where the membrane is between 0 and 1; the paper's has no reset in one timestep.
PAPER_NEURON = Neuron(tau=1 / (1 - 0.4), threshold=0.5, reset="hard", surrogate_width=2.0)
_PATTERNS = {"alternating": "ND", "normal": "N", "dilated": "D"}  # repeated
_WINDOWS = f"^({'|'.join(_PATTERNS)}|[ND]+)$"


class Windowed(Backbone):
    """Blocks that run their `core` in windows: "cnn", "lstm", "gru", "rnn", "birnn" or "mlp". `depths` are the numbers
    of blocks on maps of one size; the first have `width` channels on half the rows and columns of a frame, each further
    entry twice as many on half as many.

    `windows` are normal ("N", 1/n of each side) or dilated ("D", half as long again) per block: "alternating" begins
    with N, "normal" and "dilated" are the same everywhere, all three with N in the last entry of `depths`; or the
    letters of all blocks, such as "NDNDNN". Each block has so many `groups`, one window each.

    `fusion` is the projection function of membranes, from the group and from the layer before, with `theta`; `routing`
    the ways that they take, those of the released "code" or as the "paper" writes them. The `gate` makes spikes of the
    numbers that enter a block, `condense` one map of the windows' spikes ("fractional" is the paper's MSp), with the
    gradient `condense_gradient` (see `networks/windows/nodes.py`). The `head` reads the "mean" of the last map's
    pixels, as in the paper, or all of them ("flatten"), which keeps what depends on their place, such as frequency."""

    has_ann: ClassVar[bool] = False
    is_reducible: ClassVar[bool] = False

    name: Annotated[Literal["windowed"], AbsentMeans("vgg")] = "windowed"
    core: Annotated[str, AbsentMeans("cnn")] = "cnn"
    width: Annotated[PositiveInt, AbsentMeans(48)] = 48
    depths: Annotated[tuple[PositiveInt, ...], AbsentMeans((2, 2, 6, 2))] = (2, 2, 6, 2)
    windows: Annotated[str, Field(json_schema_extra={"pattern": _WINDOWS}), AbsentMeans("alternating")] = (
        "alternating"
    )
    groups: Annotated[Literal[1, 2, 4], AbsentMeans(4)] = 4
    fusion: Annotated[Fusion, AbsentMeans("product")] = "product"
    theta: Annotated[PositiveFloat, AbsentMeans(0.5)] = 0.5
    routing: Annotated[Literal["code", "paper"], AbsentMeans("code")] = "code"
    gate: Annotated[GateMode, AbsentMeans("bernoulli")] = "bernoulli"
    condense: Annotated[Literal["or", "fractional"], AbsentMeans("or")] = "or"
    condense_gradient: Annotated[Literal["code", "straight_through"], AbsentMeans("code")] = "code"
    head: Annotated[Literal["mean", "flatten"], AbsentMeans("mean")] = "mean"

    @property
    def depth(self) -> int:
        return sum(self.depths)

    @property
    def pattern(self) -> str:
        """The windows of all blocks, "N" or "D" each."""
        letters = _PATTERNS.get(self.windows)
        if letters is None:
            return self.windows
        n_before = self.depth - self.depths[-1]
        return (letters * self.depth)[:n_before] + "N" * self.depths[-1]

    def plan(self, shape: tuple[int, int, int], n_classes: int, neuron: Neuron) -> Plan:
        if neuron.learned != "none":
            raise ValueError(
                f"neurons of windows learn nothing; neuron.learned is '{neuron.learned}', use 'none'."
            )
        style = Style(
            neuron, self.groups, self.fusion, self.theta, self.routing == "paper",
            self.gate, self.condense, self.condense_gradient,
        )  # fmt: skip
        nodes: list[Node] = [stem(shape, self.width)]
        number = 0
        for size, n_blocks in enumerate(self.depths):
            for position in range(n_blocks):
                number += 1
                block = Block(
                    number,
                    self.width * 2**size,
                    CORES[self.core],
                    style,
                    is_dilated=self.pattern[number - 1] == "D",
                    merges=size > 0 and position == 0,
                    is_last=number == self.depth,
                )
                nodes += block.nodes(nodes[-1])
        if self.head == "mean":
            nodes.append(mean_of(nodes[-1]))
        head = ZeroReadout(
            name=HEAD,
            block=self.depth,
            sources=(nodes[-1].name,),
            shape=(n_classes,),
            n_features=prod(nodes[-1].shape),
        )
        return Plan(shape, (*nodes, head))

    @field_validator("core")
    @classmethod
    def _core_is_known(cls, core: str) -> str:
        if core not in CORES:
            raise ValueError(
                f"core '{core}' not found.{did_you_mean(core, CORES)} Known cores: {', '.join(CORES)}"
            )
        return core

    @field_validator("windows")
    @classmethod
    def _windows_are_known(cls, windows: str) -> str:
        if not re.fullmatch(_WINDOWS, windows):
            raise ValueError(
                f"windows '{windows}' not found.{did_you_mean(windows, _PATTERNS)} Known windows: "
                f"{', '.join(_PATTERNS)}, or a letter N or D for every block"
            )
        return windows

    @model_validator(mode="after")
    def _windows_of_all_blocks(self) -> Self:
        if not self.depths:
            raise ValueError("a backbone needs at least one block")
        if self.windows not in _PATTERNS and len(self.windows) != self.depth:
            raise ValueError(
                f"windows '{self.windows}' name {len(self.windows)} blocks, depths {list(self.depths)} {self.depth}"
            )
        return self
