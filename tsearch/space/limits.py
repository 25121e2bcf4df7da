"""How much a space file may ask for: enough for any search that can be trained, and answered within a second."""

from math import prod
from typing import Annotated

from pydantic import AfterValidator, Field, PositiveInt

from tsearch.networks.backbones import Backbone
from tsearch.networks.plan import Neuron, Plan

LONGEST_NAME = 100  # characters: runs and their folders are called so
MOST_TIMESTEPS = 4096  # of a stage: spikes are counted and membranes kept for every one
MOST_CHOICES = 1000  # of timesteps
MOST_BASELINES = 2000  # numbers of timesteps times schedules times backbones
MOST_STEPS = 16_384  # blocks times timesteps, for each of which costs are counted
MOST_PHASES = 16  # of a schedule
MOST_LEADING = 2  # phases before the last one of `leading: any`, where nothing is said
MOST_COLUMNS = 50_000  # of the table from which any path is drawn: a second where it is full
MOST_EPOCHS = 1_000_000  # of a phase
MOST_BLOCKS = 256  # of a backbone
MOST_BACKBONES = 10_000  # combinations of settings of the backbone, each of which is planned and checked
MOST_WEIGHTS = 10**10  # of a network: 40 GB of float32
MOST_NEURONS = 10**9  # of one node at one timestep: 4 GB of float32 per sample


def _few_timesteps(timesteps: int) -> int:
    if timesteps > MOST_TIMESTEPS:
        raise ValueError(
            f"a stage has at most {MOST_TIMESTEPS:,} timesteps, for each of which spikes are counted and membranes "
            f"kept; found {timesteps:,}"
        )
    return timesteps


Timesteps = Annotated[PositiveInt, AfterValidator(_few_timesteps)]
Epochs = Annotated[PositiveInt, Field(le=MOST_EPOCHS)]


def few_choices(timesteps: tuple[int, ...]) -> tuple[int, ...]:
    """The choices of timesteps as they are. Raises: ValueError where there are too many."""
    n = len(set(timesteps))
    if n > MOST_CHOICES:
        raise ValueError(f"at most {MOST_CHOICES:,} choices of timesteps; found {n:,}")
    return timesteps


def plan_within_limits(
    backbone: Backbone, shape: tuple[int, int, int], n_classes: int, neuron: Neuron, timesteps: int = 1
) -> Plan:
    """The plan of a backbone for frames of `shape` (C, H, W) and at most so many timesteps.

    Raises: ValueError where it does not fit, or no machine can hold it."""
    if backbone.depth > MOST_BLOCKS:
        raise ValueError(f"a backbone has at most {MOST_BLOCKS} blocks, found {backbone.depth:,}")
    if backbone.depth * timesteps > MOST_STEPS:
        raise ValueError(
            f"{backbone.depth:,} blocks at {timesteps:,} timesteps: both multiplied are at most {MOST_STEPS:,}"
        )
    plan = backbone.plan(shape, n_classes, neuron)
    if isinstance(plan, Plan):  # what else a user's family gives is told where a network is made of it
        _check_size(plan)
    return plan


def _check_size(plan: Plan) -> None:
    if plan.n_parameters > MOST_WEIGHTS:
        raise ValueError(f"a network has at most {MOST_WEIGHTS:,} weights, found {plan.n_parameters:,}")
    most = max(prod(node.shape) for node in plan.nodes)
    if most > MOST_NEURONS:
        raise ValueError(f"a node has at most {MOST_NEURONS:,} outputs, found {most:,}")
