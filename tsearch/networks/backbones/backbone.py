"""What every family of backbones offers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from tsearch.frozen import AbsentMeans, Frozen
from tsearch.networks.plan import Neuron, Node, Pair, Plan, Pool, pooled_shape


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


def pool_of(before: Node, window: Pair) -> Pool:
    """The average of windows of a node's map that do not overlap."""
    return Pool(
        name=f"pool{before.block}",
        block=before.block,
        sources=(before.name,),
        in_shape=before.shape,
        shape=pooled_shape(before.shape, window),
        kernel=window,
        stride=window,
    )


def mean_of(before: Node) -> Pool:
    """The average of all pixels of a node's map."""
    return pool_of(before, (before.shape[1], before.shape[2]))
