"""Functions that do a layer's work without a module: their arguments, as a module of that kind would hold them."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from hwcost.adapters import layer_rules
from hwcost.adapters.registry import Rule

_CONV = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_TRANSPOSED = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
_MAX = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_AVERAGE = ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")
_DEFAULTS = {
    "bias": None,
    "stride": None,
    "padding": 0,
    "dilation": 1,
    "groups": 1,
    "padding_mode": "zeros",
    "return_indices": False,
    "count_include_pad": True,
    "divisor_override": None,
}
# Name of the function -> its parameters, the rule of the module, and the axes that it reads besides the channels.
CALLS: dict[str, tuple[tuple[str, ...], Rule, int]] = {
    "linear": (("input", "weight", "bias"), layer_rules.linear, 0),
    **{f"conv{n}d": (_CONV, layer_rules.convolution, n) for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": (_TRANSPOSED, layer_rules.convolution, n) for n in (1, 2, 3)},
    **{f"max_pool{n}d": (_MAX, layer_rules.max_pool, n) for n in (1, 2, 3)},
    **{f"avg_pool{n}d": (_AVERAGE, layer_rules.average_pool, n) for n in (1, 2, 3)},
    **{
        f"adaptive_avg_pool{n}d": (("input", "output_size"), layer_rules.adaptive_average_pool, n)
        for n in (1, 2, 3)
    },
    **{
        f"adaptive_max_pool{n}d": (("input", "output_size"), layer_rules.adaptive_max_pool, n)
        for n in (1, 2, 3)
    },
}


def as_module(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> SimpleNamespace:
    """The arguments of a call under the names that a module gives them."""
    held: dict[str, Any] = {
        **_DEFAULTS,
        "axes": CALLS[name][2],
        **dict(zip(CALLS[name][0], args, strict=False)),
        **kwargs,
    }
    if name.startswith("conv"):
        weight = held["weight"]
        held |= {"kernel_size": tuple(weight.shape[2:]), "transposed": "transpose" in name}
        held["stride"] = held["stride"] or 1
    return SimpleNamespace(**held)
