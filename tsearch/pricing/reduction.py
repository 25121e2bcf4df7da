"""What training has taken from a network: timesteps of layers, weights, bits. Read from the network that is priced."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hwcost.network.pruning import packed
from tsearch.configuration import Configuration
from tsearch.networks.plan import Convolution, Plan, stage_of_blocks
from tsearch.phase import UNREDUCED

if TYPE_CHECKING:
    from tsearch.networks.build import Network


@dataclass(frozen=True)
class Reduction:
    """By the name of a node: `masks`, at which timesteps of its stage it gives spikes (see `Network.masks`), and of a
    pruned network, as `hwcost.LayerSpec.kept` has it, which weights are `kept`. `weight_bits` is their precision, 32
    where the profile says how wide weights are."""

    masks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    weight_bits: int = UNREDUCED


def reduction_of(network: "Network", timesteps: tuple[int, ...]) -> Reduction:
    """Of a network as it is now. Kept are the weights that products multiply and that are not zero: of a pruned network
    that is quantised, no weight either that was rounded to zero. The readout is never pruned."""
    weighted = network.weighted()
    bits = next(iter(weighted.values())).weight_bits
    hidden = {name: layer for name, layer in weighted.items() if name != network.plan.readout.name}
    kept = {
        name: (layer.multiplied != 0).numpy(force=True) for name, layer in hidden.items() if network.is_pruned
    }
    return Reduction(
        network.masks(timesteps), {name: packed(mask) for name, mask in kept.items() if not mask.all()}, bits
    )


def largest_reduction(configuration: Configuration, plan: Plan) -> Reduction:
    """Of the cheapest network that pruning and masks can make of `plan` before anything is trained. It keeps as many
    weights of every layer as pruning by layer leaves; where others may be left, since pruning by network divides them
    as it finds them and quantisation makes further zeros, a single one. Those of the taps that the fewest positions
    read, and divided among outputs. Masks leave every layer of neurons its first timestep."""
    last = configuration.schedule[-1]
    is_known = scopes_of(configuration) <= {"layer"} and not last.is_quantised

    def mask(node: Convolution, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        size = prod(shape)
        n_kept = max(size - round(last.sparsity * size), 1) if is_known else 1
        outputs, inputs, *kernel = shape
        kept = np.zeros((*kernel, inputs, outputs), dtype=bool)  # neighbours belong to different outputs
        of_taps = kept.reshape(-1, inputs * outputs)
        order = np.argsort(_reads(node), axis=None, kind="stable")
        for number, tap in enumerate(order):
            of_taps[tap, : max(n_kept - number * inputs * outputs, 0)] = True
        return np.moveaxis(kept, (-1, -2), (0, 1))

    return replace(_bounding(configuration, plan, mask), masks=_shortest_masks(configuration, plan))


def _shortest_masks(configuration: Configuration, plan: Plan) -> dict[str, tuple[int, ...]]:
    if not configuration.masks.are_learned:
        return {}
    stage = stage_of_blocks(configuration.stages)
    timesteps = {block: configuration.timesteps[number] for block, number in stage.items()}
    return {
        node.name: (1, *[0] * (timesteps[node.block] - 1)) for node in plan.nodes if node.neuron is not None
    }


def scopes_of(configuration: Configuration) -> set[str]:
    """How weights are pruned, by layer or in the whole network, of all phases that do: what one pruned stays pruned."""
    return {phase.pruning for phase in configuration.schedule if phase.sparsity}


def smallest_reduction(configuration: Configuration, plan: Plan) -> Reduction:
    """Of the dearest: all weights are there, each stored with its place."""
    return _bounding(configuration, plan, lambda _, shape: np.ones(shape, dtype=bool))


def _bounding(
    configuration: Configuration,
    plan: Plan,
    mask: Callable[[Convolution, tuple[int, ...]], NDArray[np.bool_]],
) -> Reduction:
    last, kept = configuration.schedule[-1], {}
    for node in plan.nodes if last.sparsity else ():
        if isinstance(node, Convolution):
            kept[node.name] = packed(
                mask(node, (node.shape[0], node.in_shape[0] // node.groups, *node.kernel))
            )
    return Reduction(kept=kept, weight_bits=last.weight_bits)


def _reads(node: Convolution) -> NDArray[np.int64]:
    """How many output positions read a pixel, and no padding, by each tap of the kernel."""
    axes = zip(node.kernel, node.stride, node.padding, node.in_shape[1:], node.shape[1:], strict=True)
    rows, columns = (
        [sum(0 <= out * stride + tap - pad < n_in for out in range(n_out)) for tap in range(size)]
        for size, stride, pad, n_in, n_out in axes
    )
    return np.array(rows, dtype=np.int64)[:, None] * np.array(columns, dtype=np.int64)
