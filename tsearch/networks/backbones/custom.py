"""A network of the user's: `backbone: {name: "mine:network", width: 16}`.

The function `network(shape, n_classes, **options)` gives a list of torch blocks, which become a plan by tracing
(see `tsearch.networks.tracing`). Only making the plan needs torch.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import PositiveInt, model_validator

from tsearch.frozen import Frozen, content_hash
from tsearch.networks.backbones.backbone import Backbone
from tsearch.networks.plan import Neuron
from tsearch.references import BadReferenceError, resolve, where_it_failed

if TYPE_CHECKING:
    from torch import nn

    from tsearch.networks.plan import Node, Plan

Shape = tuple[int, int, int]

# Where neurons say nothing, the plan takes the configuration's; these values mark them in the hash.
UNSET = Neuron(tau=12345.0, threshold=12345.0, surrogate_width=12345.0)


class Custom(Backbone):
    """A function of the user's and its options, which are the further settings.

    What follows from it and the data is kept too (see `derived`): `n_blocks`, the `input_shape` (C, H, W) and
    `n_classes` that it was made for, and `network`, the hash of its plan. So a function that has changed is another
    network, with another key, and never takes the weights of the old one."""

    model_config = Frozen.model_config | {"extra": "allow"}

    n_blocks: PositiveInt
    input_shape: Shape
    n_classes: PositiveInt
    network: str

    @property
    def depth(self) -> int:
        return self.n_blocks

    @property
    def options(self) -> dict[str, Any]:
        """What the function is called with, besides shape and classes."""
        return dict(self.model_extra or {})

    def plan(self, shape: Shape, n_classes: int, neuron: Neuron) -> "Plan":
        """The plan of the function's blocks. Raises: ValueError, also a TsearchError, if there is no such function, if
        it fails or gives a network that the cost model does not know, or another one than when this was made."""
        if plan_hash(traced(self.name, self.options, shape, n_classes, UNSET)) != self.network:
            raise BadReferenceError(
                f"backbone {self.name}: it gives another network for {list(shape)} frames and {n_classes} classes "
                "than when this configuration was made. Start a new run, or bring the old function back."
            )
        return traced(self.name, self.options, shape, n_classes, neuron)

    @classmethod
    def derived(cls, settings: Mapping[str, Any], shape: Shape, n_classes: int) -> dict[str, Any]:
        """What a space file leaves out, the same for all its options but `network`, which is filled in later."""
        n_blocks = _of_plan(settings, shape, n_classes)["n_blocks"]
        return {"n_blocks": n_blocks, "input_shape": tuple(shape), "n_classes": n_classes}

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        """Lists of options become tuples; what follows from the plan is filled in where it is left out."""
        if not isinstance(given, Mapping):
            return given
        given = {name: _frozen(value) for name, value in given.items()}
        if "network" in given or not {"name", "input_shape", "n_classes"} <= given.keys():
            return given
        return given | _of_plan(given, given["input_shape"], given["n_classes"])


def traced(name: str, options: Mapping[str, Any], shape: Shape, n_classes: int, neuron: Neuron) -> "Plan":
    """The plan of the blocks that the function called `name` gives for `options`, which are JSON data."""
    try:
        function = resolve(name)
    except BadReferenceError as error:
        raise BadReferenceError(f"backbone {error}") from error
    return _traced(function, name, json.dumps(options, sort_keys=True), shape, n_classes, neuron)


@lru_cache(maxsize=256)
def _traced(function: Any, name: str, options: str, shape: Shape, n_classes: int, neuron: Neuron) -> "Plan":
    from tsearch.networks.block_nodes import BadNetworkError
    from tsearch.networks.tracing import trace

    blocks = _blocks(name, function, json.loads(options), shape, n_classes)
    try:
        return trace(blocks, shape, n_classes, neuron)
    except BadNetworkError as error:
        raise BadNetworkError(f"backbone {name}: {error}") from error.__cause__


def refuse_other_network(configuration: Any) -> None:
    """Raise BadReferenceError if the function that a stored configuration names has changed or is missing; nothing
    where its network is not of this kind."""
    backbone = getattr(configuration, "backbone", None)
    if isinstance(backbone, Custom):
        backbone.plan(backbone.input_shape, backbone.n_classes, UNSET)


def plan_hash(plan: "Plan") -> str:
    """Hash of a plan; a field added to the nodes later changes it only where it is used."""
    return content_hash([list(plan.input_shape), [_content(node) for node in plan.nodes]])


def _content(node: "Node") -> dict[str, Any]:
    kept = {f.name: getattr(node, f.name) for f in fields(node) if getattr(node, f.name) != f.default}
    if node.layer_type == node.usual_type:  # follows from the kind
        kept.pop("layer_type", None)
    unmarked = {"surrogate_scale", "learned"}  # later fields, which no mark sets
    neuron = {} if node.neuron is None else {"neuron": node.neuron.model_dump(mode="json", exclude=unmarked)}
    return {"kind": type(node).__name__} | kept | neuron


def _of_plan(settings: Mapping[str, Any], shape: Sequence[int], n_classes: int) -> dict[str, Any]:
    options = {name: value for name, value in settings.items() if name not in Custom.model_fields}
    channels, height, width = shape
    plan = traced(settings["name"], options, (channels, height, width), n_classes, UNSET)
    return {"n_blocks": plan.depth, "network": plan_hash(plan)}


def _blocks(
    name: str, function: Any, options: Mapping[str, Any], shape: Shape, n_classes: int
) -> "list[nn.Module]":
    """What the function gives."""
    import torch

    try:
        blocks = _called(lambda: function(shape, n_classes, **options))
    except Exception as error:
        called = ", ".join((f"{shape}, {n_classes}", *(f"{k}={v!r}" for k, v in options.items())))
        raise BadReferenceError(
            f"backbone {name}: called with ({called}), it failed: {where_it_failed(error, function)}."
        ) from error
    is_list = isinstance(blocks, list | tuple | torch.nn.Sequential | torch.nn.ModuleList)
    if not is_list or not len(blocks) or not all(isinstance(block, torch.nn.Module) for block in blocks):
        raise BadReferenceError(
            f"backbone {name}: it must give the blocks of the network, a list of torch modules; found "
            f"{'an empty one' if is_list and not len(blocks) else type(blocks).__name__}."
        )
    return list(blocks)


def _called(function: Callable[[], Any]) -> Any:
    """The modules that `function` makes, without memory; random numbers are left as they were."""
    import torch

    try:
        with torch.device("meta"):
            return function()
    except Exception:  # it may want to see the values of its tensors
        with torch.random.fork_rng(devices=[]):
            return function()


def _frozen(value: Any) -> Any:
    return tuple(_frozen(entry) for entry in value) if isinstance(value, list | tuple) else value
