"""DTSS-style masks (arXiv 2311.16456): at which timesteps a layer of neurons gives its spikes, learned as weights are.

The paper describes trainable scores that a lower-triangular matrix makes binary masks of, and a loss on the masks; its
equations are not public to us. Those here are our reading: the ones that give "the first so many steps" and can both
grow and shrink. A mask is the same for all samples and neurons of its layer."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from tsearch.configuration import Configuration, Training
from tsearch.errors import TsearchError
from tsearch.masks import Masks
from tsearch.networks.parts import OptimizerGroup, Outputs
from tsearch.networks.plan import Node, Plan, stage_of_blocks

ONE = 0.541324854612918  # softplus of it is 1
GATE = 0.5  # distance from 0 at which single gates start


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


def mask_of(scores: Tensor, how: Masks) -> Tensor:
    """The mask [T], 0 or 1, of `scores` [T]: 1 where the decision is above 0, and at the first step, so that no layer
    ever dies. Its gradient is the surrogate of the decision."""
    decided: Tensor = _Step.apply(decisions(scores, how), how)  # type: ignore[no-untyped-call]
    return torch.cat([torch.ones_like(decided[:1]), decided[1:]])


def decisions(scores: Tensor, how: Masks) -> Tensor:
    """What masks are 1 of where it is above 0, [T], for `scores` [T]; never increasing but in the mode "free".

    With a = softplus(scores), theta = initial timesteps + 1/2, and steps from 1:
    "prefix_sum": theta - (a[1] + ... + a[t]), which shrinks and grows as any of the first scores does;
    "suffix_sum": a[t] + ... + a[T] - (T + 1 - theta);
    "gate_product": the number of the first t gates, score > 0, that are open, less t - 1/2: above 0 where all are. A
    gate hands its gradient on to its score as it is;
    "free": the scores themselves."""
    n_steps = len(scores)
    theta = first_timesteps(how, n_steps) + 0.5
    if how.mode == "prefix_sum":
        return theta - functional.softplus(scores).cumsum(0)
    if how.mode == "suffix_sum":
        return functional.softplus(scores).flip(0).cumsum(0).flip(0) - (n_steps + 1 - theta)
    if how.mode == "gate_product":
        gates = (scores > 0).to(scores.dtype) + (scores - scores.detach())
        return gates.cumsum(0) - torch.arange(0.5, n_steps, device=scores.device)
    return scores


def first_timesteps(how: Masks, n_steps: int) -> int:
    """How many of `n_steps` run at first: the number given, at most all, or half of them, at least one."""
    return max(n_steps // 2, 1) if how.initial_timesteps is None else min(how.initial_timesteps, n_steps)


def first_scores(how: Masks, n_steps: int) -> Tensor:
    """The scores [T] from which training starts."""
    if how.mode in ("prefix_sum", "suffix_sum"):
        return torch.full((n_steps,), ONE)
    return torch.where(torch.arange(n_steps) < first_timesteps(how, n_steps), GATE, -GATE)


def mask_term(masks: list[Tensor], how: Masks) -> Tensor:
    """What the loss says of `masks`, each [T] of a layer with a T of its own: a number in [0, 1] (see `Masks`)."""
    return torch.stack([_term(mask.sum(), len(mask), how) for mask in masks]).mean()


def surrogate(decided: Tensor, how: Masks) -> Tensor:
    """The derivative that stands for that of the step. "rational", 1 / (1 + |z| / g)^2, is above 0 everywhere: a layer
    that was driven to one step can grow again. "triangular", max(0, 1 - |z| / g) / g, may stay 0 at all steps."""
    scaled = decided.abs() / how.surrogate_width
    if how.surrogate == "rational":
        return (1 + scaled).pow(-2)
    return (1 - scaled).clamp(min=0) / how.surrogate_width


def check_types(how: Masks, plan: Plan) -> None:
    """Raise TsearchError where masks name a type of layer that the plan has not."""
    known = plan.layer_types
    others = [name for name in how.types if name not in known]
    if how.are_learned and others:
        raise TsearchError(
            f"masks.types: this backbone has no layers of type '{others[0]}'. Its types: {', '.join(known)}."
        )


class _Step(torch.autograd.Function):
    """1 above 0, else 0; backward the surrogate."""

    @staticmethod
    def forward(ctx: Any, decided: Tensor, how: Masks) -> Tensor:
        ctx.save_for_backward(surrogate(decided, how))
        return (decided > 0).to(decided.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return grad * slope, None


def _term(active: Tensor, n_steps: int, how: Masks) -> Tensor:
    """Of a layer that runs `active` steps of `n_steps`."""
    if how.loss == "mean":
        return active / n_steps
    missing = min(how.target, n_steps) - active
    return (missing.abs() if how.loss == "target" else missing.clamp(min=0)) / n_steps


def _key(node: Node, granularity: str) -> str:
    """Whose scores a layer has, in a name without dots, which those of modules may not have."""
    name = node.name if granularity == "layer" else f"block{node.block}_{node.layer_type}"
    return name.replace(".", "_")
