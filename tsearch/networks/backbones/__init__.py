"""Backbone families by name, each with its settings, its plan and its checks in one file here.

Adding one is one file and one line; a user's own is named 'module:name', a function that gives torch blocks or a
family. Importing this package imports no torch.
"""

from tsearch.errors import did_you_mean
from tsearch.networks.backbones.backbone import Backbone
from tsearch.references import BadReferenceError, is_reference, resolve

__all__ = ["BACKBONES", "Backbone", "family"]

BACKBONES = {
    "resnet18": "tsearch.networks.backbones.resnet:ResNet18",
    "resnet20": "tsearch.networks.backbones.resnet:ResNet20",
    "spikformer": "tsearch.networks.backbones.spikformer:Spikformer",
    "vgg": "tsearch.networks.backbones.vgg:Vgg",
    "windowed": "tsearch.networks.backbones.windowed:Windowed",
}


def family(name: str) -> type[Backbone]:
    """The class of a family's settings: ours, or the user's for 'module:name'. Raises: ValueError for an unknown
    name."""
    if not isinstance(name, str):
        raise ValueError(f"a backbone's name is text, found {name!r}.")
    if is_reference(name):
        return _own_family(name)
    if name not in BACKBONES:
        hint = did_you_mean(name, BACKBONES)
        raise ValueError(f"backbone '{name}' not found.{hint} Known backbones: {', '.join(BACKBONES)}.")
    found: type[Backbone] = resolve(BACKBONES[name])
    return found


def _own_family(name: str) -> type[Backbone]:
    """The user's class of settings, or the one for a function that gives torch blocks. Where the module is missing,
    what was searched with it can still be shown: then it counts as a function."""
    from tsearch.networks.backbones.custom import Custom

    try:
        found = resolve(name)
    except BadReferenceError:
        return Custom
    return found if isinstance(found, type) and issubclass(found, Backbone) else Custom
