"""What a network is in a phase: an ANN, a spiking network, or one that was an ANN before."""

from typing import NamedTuple

from torch import nn

from tsearch.configuration import Configuration
from tsearch.networks.modules import ConvolutionModule, FiringModule


class Form(NamedTuple):
    """An ANN has ReLU in place of neurons and nothing between stages. Behind an ANN, every layer of neurons has a
    threshold of its own and, where BatchNorm `is_folded`, convolutions have biases in its place."""

    is_ann: bool
    is_converted: bool
    is_folded: bool


SPIKING = Form(is_ann=False, is_converted=False, is_folded=False)


def form_of(configuration: Configuration, phase: int) -> Form:
    """The form in which `phase`, counted from 0, trains a network; -1 for that of initial weights."""
    is_ann = configuration.is_ann_at(phase)
    is_converted = not is_ann and configuration.begins_as_ann and phase >= 0
    return Form(is_ann, is_converted, is_converted and configuration.conversion.fold_norm)


def take_form(network: nn.Module, form: Form) -> None:
    """Give the modules of `network` the form, in place: what is new starts, what belongs to another form goes, and
    BatchNorm is folded as it is."""
    device = next(network.parameters()).device
    for module in network.modules():
        if isinstance(module, FiringModule):
            module.neurons.start(is_relu=form.is_ann, has_threshold=form.is_converted)
            module.neurons.to(device)
        if isinstance(module, ConvolutionModule):
            module.fold() if form.is_folded else module.unfold()
