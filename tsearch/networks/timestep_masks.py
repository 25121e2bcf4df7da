"""DTSS-style masks (arXiv 2311.16456): at which timesteps a layer of neurons gives its spikes, learned as weights are.

The paper describes trainable scores that a lower-triangular matrix makes binary masks of, and a loss on the masks;
`mask_scores.py` has our reading of its equations. A mask is the same for all samples and neurons of its layer."""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from tsearch.configuration import Configuration, Training
from tsearch.errors import TsearchError
from tsearch.masks import Masks
from tsearch.networks.mask_scores import first_scores, mask_of, mask_term
from tsearch.networks.parts import OptimizerGroup, Outputs
from tsearch.networks.plan import Node, Plan, stage_of_blocks


class TimestepMasks(nn.ModuleDict):
    """The scores of a network's masks, one vector [T] for every layer or module and every T of its stage, under names
    such as "block3.4". Empty where there are no masks; with T = 1 there is nothing to learn."""

    def __init__(self, configuration: Configuration, plan: Plan) -> None:
        """Raises: TsearchError where the masks name a type of layer that the plan has not."""
        super().__init__()
        self.how, self._training = configuration.masks, configuration.training
        nodes = [node for node, _ in plan.neurons()] if self.how.are_learned else []
        stage = stage_of_blocks(configuration.stages)
        self._stage = {node.name: stage[node.block] for node in nodes}
        self._key = {node.name: _key(node, self.how.granularity) for node in nodes}
        self._held: dict[str, Tensor] = {}
        check_types(self.how, plan)
        types = self.how.types
        self.counted = tuple(node.name for node in nodes if not types or node.layer_type in types)

    def add(self, timesteps: tuple[int, ...]) -> None:
        """The scores for these timesteps of all stages, at their start; those that are there stay."""
        for name, key in self._key.items():
            if key not in self:
                self[key] = nn.ParameterDict()
            scores, n_steps = self._scores(key), timesteps[self._stage[name]]
            if n_steps > 1 and str(n_steps) not in scores:
                scores[str(n_steps)] = nn.Parameter(first_scores(self.how, n_steps))

    def hold(self, masks: Mapping[str, tuple[int, ...]]) -> None:
        """Have these masks by node for good, as an exported network does, and no scores."""
        where = next(self.parameters(), torch.zeros(())).device
        self._held = {
            name: torch.tensor(mask, dtype=torch.float32, device=where) for name, mask in masks.items()
        }
        self.clear()

    def gates(self, timesteps: tuple[int, ...]) -> dict[str, Tensor]:
        """By node, its mask [T] for these timesteps of all stages, with the gradient of its scores."""
        if self._held:
            return dict(self._held)
        found: dict[str, Tensor] = {}
        made: dict[tuple[str, int], Tensor] = {}
        for name, key in self._key.items():
            n_steps = timesteps[self._stage[name]]
            if (key, n_steps) not in made:
                made[key, n_steps] = self._gate(key, n_steps)
            found[name] = made[key, n_steps]
        return found

    def masks(self, timesteps: tuple[int, ...]) -> Mapping[str, tuple[int, ...]]:
        """By node, one 0 or 1 per timestep of its stage, for the timesteps of all stages."""
        return whole_masks(self.gates(timesteps))

    def loss_terms(self, outputs: Outputs, labels: Tensor, training: Training) -> list[Tensor]:  # noqa: ARG002
        """`weight` times the term of the masks that `outputs` were made with; none in an ANN."""
        masks = [outputs.masks[name] for name in self.counted if name in outputs.masks]
        return [self.how.weight * mask_term(masks, self.how)] if masks and self.how.weight else []

    @property
    def optimizer_group(self) -> OptimizerGroup:
        """Scores have a learning rate of their own, and no weight decay."""
        return OptimizerGroup(self.how.learning_rate * self._training.learning_rate, 0.0)

    def freeze(self, progress: float) -> None:
        """Take the gradients of all scores as long as they are frozen, after `progress` in [0, 1] of a phase. Without a
        gradient, an optimizer changes neither them nor its state."""
        if progress < self.how.warmup or progress >= 1 - self.how.settle:
            for scores in self.parameters():
                scores.grad = None

    def _scores(self, key: str) -> nn.ParameterDict:
        return cast(nn.ParameterDict, self[key])

    def _gate(self, key: str, n_steps: int) -> Tensor:
        if n_steps > 1:
            return mask_of(self._scores(key)[str(n_steps)], self.how)
        where = next(self.parameters(), torch.zeros(())).device
        return torch.ones(1, device=where)


def whole_masks(masks: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Masks [T] as whole numbers, 0 or 1 per timestep."""
    return {name: tuple(map(int, mask.tolist())) for name, mask in masks.items()}


def masked(value: Tensor, mask: Tensor) -> Tensor:
    """`value` [T, B, ...] multiplied by a `mask` [T]. The gradient of the mask at a step is the sum of the spikes
    there, each times its own gradient; also where they are masked, so all steps are computed."""
    return value * mask.to(value).view(-1, *[1] * (value.dim() - 1))


def check_types(how: Masks, plan: Plan) -> None:
    """Raise TsearchError where masks name a type of layer that the plan has not."""
    known = plan.layer_types
    others = [name for name in how.types if name not in known]
    if how.are_learned and others:
        raise TsearchError(
            f"masks.types: this backbone has no layers of type '{others[0]}'. Its types: {', '.join(known)}."
        )


def _key(node: Node, granularity: str) -> str:
    """Whose scores a layer has, in a name without dots, which those of modules may not have."""
    name = node.name if granularity == "layer" else f"block{node.block}_{node.layer_type}"
    return name.replace(".", "_")
