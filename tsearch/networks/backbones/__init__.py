"""Networks: the backbones by name. Adding one is one file and one line here."""

BACKBONES = {"vgg": "tsearch.networks.backbones.vgg"}
