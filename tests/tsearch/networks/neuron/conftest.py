"""A second implementation of `fire`: a plain loop over `lif_step`, differentiated by autograd."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tsearch.networks.neuron import lif_step
from tsearch.networks.neuron.surrogate import heaviside
from tsearch.networks.plan import Neuron


@pytest.fixture(scope="session")
def lif_loop() -> Callable[[Tensor, Neuron, Tensor, Tensor], Tensor]:
    """(current, neuron, leak, threshold) -> spikes, both `[T, ...]`; membranes start at zero."""

    def loop(current: Tensor, neuron: Neuron, leak: Tensor, threshold: Tensor) -> Tensor:
        spike_fn = heaviside(neuron.surrogate, neuron.surrogate_width, neuron.surrogate_scale)
        voltage, spikes = torch.zeros_like(current[0]), []
        for step in current:
            fired, voltage = lif_step(
                step, voltage, leak=leak, threshold=threshold, spike_fn=spike_fn, reset=neuron.reset
            )
            spikes.append(fired)
        return torch.stack(spikes)

    return loop
