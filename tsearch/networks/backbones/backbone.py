"""What every family of backbones offers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from tsearch.frozen import AbsentMeans, Frozen
from tsearch.networks.plan import Neuron, Plan


class Backbone(Frozen, ABC):
    """The network without its time: the settings of one family in `tsearch.networks.backbones`, told apart by `name`.

    A family says how many blocks it has, which the stage division shares out, and gives the plan from which modules
    and prices are made. `has_ann`: whether its layers can be trained as an ANN; `is_reducible`: whether its weights can
    be pruned and quantised."""

    has_ann: ClassVar[bool] = True
    is_reducible: ClassVar[bool] = True

    name: Annotated[str, AbsentMeans("vgg")]

    @property
    @abstractmethod
    def depth(self) -> int:
        """Number of blocks."""

    @abstractmethod
    def plan(self, shape: tuple[int, int, int], n_classes: int, neuron: Neuron) -> Plan:
        """The network for frames of `shape` (C, H, W). Raises: ValueError, saying why, if it does not fit them."""

    @classmethod
    def derived(
        cls, settings: Mapping[str, Any], shape: tuple[int, int, int], n_classes: int
    ) -> dict[str, Any]:
        """Settings that follow from the others and the data, for a space file that leaves them out; most have none."""
        del settings, shape, n_classes
        return {}
