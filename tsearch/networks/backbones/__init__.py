"""Backbone families by name, each with its settings, its plan and its checks in one file here.

Adding one is one file and one line. Importing this package imports no torch.
"""

from importlib import import_module

from tsearch.configuration import Backbone
from tsearch.errors import did_you_mean

BACKBONES = {
    "resnet18": "tsearch.networks.backbones.resnet:ResNet18",
    "resnet20": "tsearch.networks.backbones.resnet:ResNet20",
    "vgg": "tsearch.networks.backbones.vgg:Vgg",
}


def family(name: str) -> type[Backbone]:
    """The class of a family's settings. Raises: ValueError for an unknown name."""
    if name not in BACKBONES:
        hint = did_you_mean(name, BACKBONES)
        raise ValueError(f"backbone '{name}' not found.{hint} Known backbones: {', '.join(BACKBONES)}.")
    module, _, attribute = BACKBONES[name].partition(":")
    found: type[Backbone] = getattr(import_module(module), attribute)
    return found
