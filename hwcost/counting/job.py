"""One layer to be priced, with all that its counting needs: shapes, activity, profile and memory sizes."""

from functools import lru_cache
from typing import NamedTuple

from hwcost.activity.layer_spikes import Counts, LayerSpikes
from hwcost.counting.memory_sizes import MemorySizes, memory_sizes
from hwcost.dataflow.plan import Plan, plan_of
from hwcost.errors import HwcostError
from hwcost.network.kinds import ATTENTIONS
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile, Semantics


class Job(NamedTuple):
    """A layer of a network with its spikes (summed over `n_samples`), the profile at the layer's word widths, the
    sizes of its memories, and how it runs on the hardware.

    `other_events` is how many events, per timestep, the second summand of a residual sum brings, `given_events` how
    many the layer gives, both with the fewest and the most of one sample where those are known (`_of_one`); `execution`
    is the execution model; `active_steps` is 0 or 1 per own timestep, the layer's mask. `quiet` is the same job without
    activity.
    """

    network: NetworkSpec
    layer: LayerSpec
    n_samples: int
    profile: Profile
    memories: MemorySizes
    plan: Plan
    execution: str
    active_steps: tuple[int, ...]
    quiet: "QuietJob | None" = None
    spikes: LayerSpikes = LayerSpikes()
    other_events: tuple[int, ...] = ()
    given_events: tuple[int, ...] = ()
    other_of_one: Counts = ()
    given_of_one: Counts = ()

    @property
    def dataflow(self) -> str:
        """Which operand stays in the array while the layer runs: one of `hwcost.network.kinds.DATAFLOWS`."""
        return self.plan.dataflow

    @property
    def semantics(self) -> Semantics:
        """Habits of the hardware."""
        return self.profile.semantics

    @property
    def inputs(self) -> int:
        """Input neurons times samples."""
        return self.layer.n_inputs * self.n_samples

    @property
    def outputs(self) -> int:
        """Output neurons times samples."""
        return self.layer.n_outputs * self.n_samples

    @property
    def stored_weight_bits(self) -> int:
        """Bits of a stored weight: those of its value, and its index where the layer is pruned."""
        return self.profile.bits["weight"] + self.layer.index_bits

    @property
    def arriving_steps(self) -> tuple[int, ...]:
        """0 or 1 per own timestep: where the layer runs and something may arrive; of a layer with as many timesteps as
        its input."""
        mask = self.network.input_mask(self.layer)
        return tuple([runs * comes for runs, comes in zip(self.active_steps, mask, strict=False)])

    @property
    def is_last(self) -> bool:
        """True for the layer that gives the answer: nothing reads its spikes."""
        return self.layer is self.network.layers[-1]

    @property
    def adds_up(self) -> bool:
        """True for a last layer that does not fire: its outputs are summed over time."""
        return self.is_last and not self.layer.fires


class QuietJob(Job):
    """A job without activity. There is one of its kind, equal to nothing else, so that counts that do not depend on
    activity can be kept for it.
    """

    __slots__ = ()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


@lru_cache(maxsize=4096)
def quiet_job(
    network: NetworkSpec, layer: LayerSpec, profile: Profile, execution: str, n_samples: int
) -> QuietJob:
    """All about the pricing of a layer that does not depend on activity; `profile` is the network's."""
    prices, memories = profile.for_layer(layer), memory_sizes(network, profile, execution)[layer.name]
    plan = plan_of(layer, prices, execution, streams=memories.streams > 0)
    active_steps = layer.mask or (1,) * network.timesteps(layer)
    return QuietJob(network, layer, n_samples, prices, memories, plan, execution, active_steps)


def extra_count(job: Job, name: str) -> tuple[int, ...]:
    """One of the record's further counts, per own timestep, at the steps that the layer's mask lets run.

    Raises: HwcostError, naming the layer, if the record lacks it.
    """
    is_named = name == "other" and job.layer.other_source
    steps = job.other_events if is_named else job.spikes.extra(name)
    if steps is None or len(steps) != len(job.active_steps):
        raise HwcostError(
            f"layer '{job.layer.name}': a {job.layer.kind} needs the count '{name}' at each of "
            f"{len(job.active_steps)} timesteps"
        )
    runs = job.arriving_steps if job.layer.kind in ATTENTIONS else job.active_steps
    return tuple(n * active for n, active in zip(steps, runs, strict=True))
