"""Rules of the user's: what a module of a kind that is not known means for the cost."""

from collections.abc import Callable
from typing import Any

from hwcost.errors import HwcostError

Shape = tuple[int, ...]
Fields = dict[str, Any]
Rule = Callable[[Any, Shape, Shape], Fields | list[Fields]]

CONVENTIONAL = "It is a conventional activation, not a spiking neuron"
TWINS = "hwcost prices spiking networks; hwcost.ann_twins prices the conventional network of the same shapes"
LIBRARIES = ("spikingjelly", "snntorch", "norse")  # of spiking neurons
_RULES: dict[type, Rule] = {}


def register(kind: type, rule: Rule | Fields) -> None:
    """Teach `from_torch` a class of modules.

    Args:
        kind: The class; its subclasses follow the same rule.
        rule: `(module, in_shape, out_shape) -> fields of a LayerSpec`: `{"kind": "linear", "bias": True}`; or the
            fields themselves, where they are always the same. Shapes are those of one sample at one timestep. Fields
            without `kind` are neurons: `{"neuron": "lif", "reset": "hard"}`, with `"multi_step": True` where one call
            runs all timesteps. A function that gives `{}` is for a module that passes on what it gets. A list describes
            layers in a row; the inner shapes, `out_shape` of all but the last, belong to the fields, and what passes
            between them is numbers.

    Raises: HwcostError if `kind` is no class, or `rule` says nothing.
    """
    if not isinstance(kind, type):
        raise HwcostError(f"register: a class of modules expected, got {kind!r}; give type(module)")
    if not rule or not (callable(rule) or isinstance(rule, dict)):
        raise HwcostError(
            f"register: the rule of {kind.__name__} must be fields of a LayerSpec or a function that gives them, "
            f"got {rule!r}; for neurons {{'neuron': 'lif'}}, for what passes on its input lambda *_: {{}}"
        )
    _RULES[kind] = rule if callable(rule) else _always(rule)


def _always(fields: Fields) -> Rule:
    return lambda module, in_shape, out_shape: dict(fields)  # noqa: ARG005


def registered(module: object) -> Rule | None:
    """The user's rule for a module, or None."""
    return next((_RULES[kind] for kind in type(module).__mro__ if kind in _RULES), None)


def library_classes(module: object) -> list[str]:
    """Classes of a module, nearest first, that a library of spiking neurons made: "library.Class"."""
    return [
        name for kind in type(module).__mro__ if (name := class_name(kind)).partition(".")[0] in LIBRARIES
    ]


def class_name(kind: type) -> str:
    """The name under which built-in rules know a class, so that no library is imported for it."""
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def teaching(kind: type) -> str:
    """The line that would teach a kind."""
    return f"hwcost.register({kind.__name__}, lambda module, in_shape, out_shape: {{...fields of a LayerSpec...}})"


def teaching_neuron(kind: type | None = None) -> str:
    """The line that would teach a kind of neurons."""
    name = kind.__name__ if kind else "Mine"
    return f'hwcost.register({name}, {{"neuron": "lif", "reset": "soft"}})'
