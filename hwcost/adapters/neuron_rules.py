"""What the neurons of SpikingJelly, snnTorch and Norse mean for the cost: one rule per class, in `NEURONS`.

Two states (a membrane and a synaptic current) are named in the operand `states`. What these libraries have besides is
refused by name: feedback, several compartments, graded or ternary spikes.
"""

from typing import Any

from hwcost.adapters.registry import Fields, Rule, Shape
from hwcost.errors import HwcostError


def _spikingjelly(neuron: str, states: int = 1) -> Rule:
    def rule(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
        del in_shape, out_shape
        reset = "soft" if getattr(module, "v_reset", None) is None else "hard"
        return _neurons(neuron, reset, states) | {"multi_step": module.step_mode == "m"}

    return rule


def _snntorch(states: int = 1) -> Rule:
    def rule(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
        del in_shape, out_shape
        if getattr(module, "inhibition", False):
            raise HwcostError("inhibition=True lets one neuron of a layer fire; that comparison is not known")
        if float(getattr(module, "graded_spikes_factor", 1.0)) != 1.0:
            raise HwcostError("graded_spikes_factor other than 1 gives spikes of other values than 0 and 1")
        decays = [float(d) for d in getattr(module, "beta", module).flatten()] if states == 1 else [0.5]
        leaks = any(decay != 1 for decay in decays)
        reset = "soft" if module.reset_mechanism == "subtract" else "hard"
        return _neurons("lif" if leaks else "if", reset, states)

    return rule


def _norse(neuron: str, *, multi_step: bool, states: int = 1) -> Rule:
    def rule(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
        del module, in_shape, out_shape
        return _neurons(neuron, "hard", states) | {"multi_step": multi_step}

    return rule


def _neurons(neuron: str, reset: str, states: int) -> Fields:
    fields: Fields = {"neuron": neuron, "reset": reset}
    return fields | ({"operands": (("states", states),)} if states > 1 else {})


def feedback(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """Neurons that hear their own spikes of the timestep before."""
    del in_shape, out_shape
    kind = type(module).__name__
    raise HwcostError(
        f"recurrence is not known. Describe it: hwcost.register({kind}, rule) with a rule that gives a layer of kind "
        "'recurrent', and its linear layer inside"
    )


def integrator(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """Outputs added up over time without spikes, as every last layer of the cost model does."""
    del module, in_shape, out_shape
    return {"readout": True}


def linear_integrator(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """Norse's linear layer with such outputs."""
    del in_shape, out_shape
    return {"kind": "linear", "weight": module.input_weights}


def voting(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """SpikingJelly's average over the neurons that stand for one class."""
    size = int(module.voting_size)
    shapes = {"in_shape": (1, *in_shape), "out_shape": (1, *out_shape)}
    return {"kind": "avg_pool1d", "kernel": (size,), **shapes}


NEURONS: dict[str, Rule] = {
    "spikingjelly.IFNode": _spikingjelly("if"),
    "spikingjelly.SimpleIFNode": _spikingjelly("if"),
    "spikingjelly.LIFNode": _spikingjelly("lif"),
    "spikingjelly.SimpleLIFNode": _spikingjelly("lif"),
    "spikingjelly.ParametricLIFNode": _spikingjelly("lif"),
    "spikingjelly.CUBALIFNode": _spikingjelly("lif", states=2),
    "spikingjelly.NonSpikingIFNode": integrator,
    "spikingjelly.NonSpikingLIFNode": integrator,
    "spikingjelly.VotingLayer": voting,
    "snntorch.Leaky": _snntorch(),
    "snntorch.Lapicque": _snntorch(),
    "snntorch.Synaptic": _snntorch(states=2),
    "norse.LIFCell": _norse("lif", multi_step=False, states=2),
    "norse.LIF": _norse("lif", multi_step=True, states=2),
    **dict.fromkeys(("snntorch.RLeaky", "snntorch.RSynaptic", "snntorch.SLSTM"), feedback),
    **dict.fromkeys(("norse.LIFRecurrentCell", "norse.LIFRecurrent", "norse.LSNNRecurrentCell"), feedback),
    **dict.fromkeys(
        ("spikingjelly.LinearRecurrentContainer", "spikingjelly.ElementWiseRecurrentContainer"), feedback
    ),
    "norse.LIFBoxCell": _norse("lif", multi_step=False),
    "norse.IAFCell": _norse("if", multi_step=False),
    "norse.IAF": _norse("if", multi_step=True),
    "norse.LICell": integrator,
    "norse.LI": integrator,
    "norse.LIBoxCell": integrator,
    "norse.LILinearCell": linear_integrator,
}
