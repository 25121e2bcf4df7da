"""From scores to masks: the arithmetic of DTSS-style masks, our reading of arXiv 2311.16456, whose equations are not
public to us. These give "the first so many steps", and masks that both grow and shrink."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from tsearch.masks import Masks

_ONE = 0.541324854612918  # softplus of it is 1
_GATE = 0.5  # distance from 0 at which single gates start


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
        return torch.full((n_steps,), _ONE)
    return torch.where(torch.arange(n_steps) < first_timesteps(how, n_steps), _GATE, -_GATE)


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
