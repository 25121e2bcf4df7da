"""A call of something that has a rule: a module, or a function that does a layer's work."""

from collections.abc import Sequence
from math import prod
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from hwcost.adapters.layer_rules import AXES, LAYERS
from hwcost.adapters.neuron_rules import NEURONS
from hwcost.adapters.registry import (
    CONVENTIONAL,
    TWINS,
    Fields,
    Rule,
    class_name,
    library_classes,
    registered,
    teaching,
)
from hwcost.adapters.signals import Signal, sample_shape, tensors
from hwcost.adapters.timesteps import OneStepError
from hwcost.adapters.tracer import Read, Tracer
from hwcost.errors import HwcostError

Use = tuple[Any, ...]


def rule_of(module: object) -> Rule | None:
    """What a module means: the user's rule, that of its library, or that of torch; None where it is looked into."""
    rule = registered(module)
    if rule is not None:
        return rule
    nearest = next(iter(library_classes(module)), "")
    classes = (class_name(kind) for kind in type(module).__mro__)
    return NEURONS.get(nearest) or next((LAYERS[name] for name in classes if name in LAYERS), None)


def tell_layer(
    tracer: Tracer, use: Use, where: str, rule: Rule, call: tuple[Any, Tensor | None, Any]
) -> None:
    """Make a node of a call: (module, its first tensor, what it gave). It gives a tensor first; the others are states.

    Raises: HwcostError for what cannot be described.
    """
    module, read, outputs = call
    given = list(tensors(outputs))
    if read is None or not given:
        raise HwcostError(f"{where} is called without a tensor, or gives none")
    signal = tracer.live(read, where)
    in_shape = sample_shape(tuple(read.shape), signal, axes_of(module))
    if prod(in_shape) != signal.n_values:
        raise HwcostError(
            f"{where} reads {in_shape} at a time, but '{signal.node.name}' gives {signal.n_values} numbers per "
            "sample; a layer that is applied to parts of a sample is not known"
        )
    out_shape = tuple(given[0].shape[read.dim() - len(in_shape) :])
    try:
        described = rule(module, in_shape, out_shape)
    except HwcostError as error:
        raise HwcostError(f"{where}: {error}") from None
    if not described:
        _check_passes_on(module, where, signal, (read, given[0]))
    behind = _behind(tracer, use, where, described, (signal, read, in_shape), given[0])
    tracer.signals.put(given[0], behind)
    for state in given[1:]:
        tracer.signals.put(state, Signal(behind.node, state, readout=f"a state of {where}"))


def _behind(
    tracer: Tracer, use: Use, where: str, described: Fields | list[Fields], read: Read, out: Tensor
) -> Signal:
    signal = read[0]
    if isinstance(described, list):
        return _chain(tracer, use, where, described, read, out)
    if not described:
        return Signal(signal.node, signal.index.view(out.shape), signal.unit)
    if described.get("readout"):
        return signal.read_out(f"the output of {where}")
    return tracer.layer(use, where, described, read, out)


def _chain(
    tracer: Tracer, use: Use, where: str, described: Sequence[Fields], read: Read, out: Tensor
) -> Signal:
    """Layers in a row that one module stands for: the first reads, the last gives, numbers pass between them."""
    signal, tensor, in_shape = read
    lead = tensor.shape[: tensor.dim() - len(in_shape)]
    for number, fields in enumerate(described):
        is_last = number == len(described) - 1
        inner = out if is_last else out.new_empty((*lead, *fields["out_shape"]))
        name = f"{use[0]}.{number}"
        signal = tracer.layer((name, *use[1:]), where, fields, (signal, tensor, in_shape), inner)
        tensor, in_shape = inner, signal.node.out_shape
    return signal


def _check_passes_on(module: Any, where: str, signal: Signal, call: tuple[Tensor, Tensor]) -> None:
    """Refuse a module with other values behind it than before it, which would make the next layer read numbers."""
    read, out = (tensor.detach().reshape(-1) for tensor in call)
    is_activation = any(kind.__module__ == "torch.nn.modules.activation" for kind in type(module).__mro__)
    if is_activation and signal.node.gives[0] == "analog":  # may have changed its input in place
        raise HwcostError(f"{where} has a rule of {{}}. {CONVENTIONAL}; {TWINS}")
    if not torch.equal(read, out.to(read.dtype)):
        raise HwcostError(
            f"{where} has a rule of {{}}, which is for modules that pass on what they get, but it changes the values; "
            f"teach what it is: {teaching(type(module))}"
        )


def axes_of(module: Any) -> int | None:
    """Axes that a layer of torch reads besides the channels; None where any shape will do."""
    if isinstance(module, SimpleNamespace):
        return int(module.axes)
    classes = (class_name(kind) for kind in type(module).__mro__)
    return next((AXES[name] for name in classes if name in AXES), None)


def check_rank(module: Any, where: str, read: Any) -> None:
    """Refuse a tensor with a dimension too many, before torch does: the model takes one timestep per call."""
    axes = axes_of(module)
    if not axes or not isinstance(read, Tensor):
        return
    expected = axes + 2 + (getattr(module, "step_mode", "s") == "m")
    if read.dim() == expected + 1:
        raise OneStepError(
            f"{where} takes {expected} dimensions, but got {tuple(read.shape)}; give loop=True"
        )
    if read.dim() != expected:
        raise HwcostError(f"{where} takes {expected} dimensions, but got {tuple(read.shape)}")
