"""Libraries that may be absent, neurons of plain torch, and the counts that any watched network must have."""

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import hwcost as h

WITHOUT_TORCHVISION = ("torchvision", "torchvision.models", "torchvision.models.utils")


class IF(nn.Module):
    """Integrate and fire with a soft reset, one timestep per call."""

    def __init__(self, threshold: float = 1.0) -> None:
        super().__init__()
        self.threshold = threshold
        self.v: Tensor | float = 0.0

    def reset(self) -> None:
        self.v = 0.0

    def forward(self, x: Tensor) -> Tensor:
        v = self.v + x
        spikes = (v >= self.threshold).to(x.dtype)
        self.v = v - self.threshold * spikes
        return spikes


@pytest.fixture(scope="session")
def neuron() -> type[IF]:
    """Neurons of plain torch, taught to the cost model."""
    h.register(IF, lambda *_: {"neuron": "if", "reset": "soft"})
    return IF


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(7)


@pytest.fixture(scope="session")
def events() -> Callable[..., Tensor]:
    """Random spikes of a shape, [T, samples, ...]."""

    def draw(*shape: int, rate: float = 0.3) -> Tensor:
        return (torch.rand(*shape) < rate).float()

    return draw


@pytest.fixture(scope="session")
def excite() -> Callable[..., nn.Module]:
    """Weights drawn anew around a positive mean, so that all layers fire, but not always."""

    def change(model: nn.Module, gain: float = 3.0) -> nn.Module:
        with torch.no_grad():
            for p in model.parameters():
                if p.dim() > 1:
                    fan_in = p[0].numel()
                    p.copy_((torch.randn_like(p) + 0.3) * gain / fan_in**0.5)
        return model

    return change


@pytest.fixture(scope="session")
def synapses_met() -> Callable[[nn.Module, Callable[[], Any]], dict[str, int]]:
    """Events times existing synapses of every convolution and linear layer: the same layer with weights of 1 on the
    places of the events. Independent of `hwcost`: torch finds the borders."""

    def count(model: nn.Module, run: Callable[[], Any]) -> dict[str, int]:
        met: dict[str, int] = {}

        def hook(name: str) -> Callable[..., None]:
            def tell(module: Any, args: tuple[Tensor, ...], _: Tensor) -> None:
                met[name] = met.get(name, 0) + ones_instead(module, (args[0] != 0).double())

            return tell

        handles = [
            module.register_forward_hook(hook(name))
            for name, module in model.named_modules()
            if isinstance(module, (nn.Linear, nn.modules.conv._ConvNd))
        ]
        try:
            with torch.no_grad():
                model.eval()
                run()
        finally:
            for handle in handles:
                handle.remove()
        return met

    return count


def ones_instead(module: Any, places: Tensor) -> int:
    """Outputs of a layer whose weights are 1, added up."""
    weight = torch.ones_like(module.weight, dtype=torch.double)
    if isinstance(module, nn.Linear):
        return int(F.linear(places, weight).sum())
    axes = weight.dim() - 2
    places = places.reshape(-1, *places.shape[-axes - 1 :])
    if getattr(module, "transposed", False):
        function = getattr(F, f"conv_transpose{axes}d")
        return int(
            function(places, weight, None, module.stride, module.padding, module.output_padding,
                     module.groups, module.dilation).sum()
        )  # fmt: skip
    padding = module.padding
    if module.padding_mode != "zeros":
        places = F.pad(places, module._reversed_padding_repeated_twice, mode=module.padding_mode)
        padding = 0
    function = getattr(F, f"conv{axes}d")
    return int(function(places, weight, None, module.stride, padding, module.dilation, module.groups).sum())


@pytest.fixture(scope="session")
def sop() -> Callable[..., dict[str, int]]:
    """Events times the synapses that each one meets, of every layer that events arrive at, over all samples."""

    def count(network: h.NetworkSpec, spikes: h.SpikeRecord) -> dict[str, int]:
        met = {}
        for layer in network.layers:
            values, _ = h.fan_out_classes(layer)
            weighted = layer.kind.startswith(("conv", "linear"))
            if weighted and not layer.is_analog:
                met[layer.name] = sum(int(row @ values) for row in np.array(spikes.layers[layer.name].events))
        return met

    return count


@pytest.fixture(scope="session")
def spikingjelly() -> Iterator[SimpleNamespace]:
    """SpikingJelly; its model zoo wants a download function of torchvision, which is never called here."""
    with warnings.catch_warnings(action="ignore"):  # of a library that is not ours
        pytest.importorskip("spikingjelly", reason="SpikingJelly is not installed (extra 'peers')")
        pytest.importorskip("loguru", reason="SpikingJelly needs loguru")
        absent = [name for name in WITHOUT_TORCHVISION if name not in sys.modules]
        for name in absent:
            sys.modules[name] = ModuleType(name)
        sys.modules[WITHOUT_TORCHVISION[-1]].__dict__.setdefault("load_state_dict_from_url", None)
        try:
            from spikingjelly.activation_based import functional, layer, neuron, op_counter
            from spikingjelly.activation_based.model import (
                ms_resnet,
                parametric_lif_net,
                sew_resnet,
                spiking_vgg,
            )
        finally:
            for name in absent:
                del sys.modules[name]
    models = SimpleNamespace(ms=ms_resnet, plif=parametric_lif_net, sew=sew_resnet, vgg=spiking_vgg)
    return SimpleNamespace(
        functional=functional, layer=layer, neuron=neuron, op_counter=op_counter, models=models
    )


@pytest.fixture(scope="session")
def snntorch() -> Any:
    with warnings.catch_warnings(action="ignore"):
        return importlib.import_module("snntorch")


@pytest.fixture(scope="session")
def norse() -> Any:
    with warnings.catch_warnings(action="ignore"):
        return pytest.importorskip("norse.torch", reason="Norse is not installed (extra 'peers')")


@pytest.fixture(scope="session")
def nir() -> Any:
    return importlib.import_module("nir")
