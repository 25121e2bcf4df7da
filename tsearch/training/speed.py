"""What makes a training fast: compiled neurons where they pay, memory that stays, products in 16 bits where they are
asked for."""

import ctypes
import logging
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from tsearch.configuration import Configuration
from tsearch.files.notices import warn_once
from tsearch.networks.plan import Plan, stage_of_blocks

# Measured with benchmarks/training_speed.py: what compiled neurons save, forward and backward, of one neuron in one
# timestep, and what importing the compiler and compiling for one more number of timesteps cost.
SAVED_S = 7e-10
IMPORT_S, COMPILATION_S = 4.0, 5.0

_KEEP, _MAP_AT_MOST = -1, -4  # mallopt: size from which free memory is given back; number of mapped blocks

_CPU = Path("/proc/cpuinfo")
_SHORT = {
    "avx512_bf16",
    "amx_bf16",
    "avx10",
    "bf16",
}  # what x86 and Arm processors that multiply in bfloat16 list

_log = logging.getLogger(__name__)


def is_worth_compiling(plan: Plan, configuration: Configuration, n_samples: int) -> bool:
    """Whether compiled neurons save more time in the whole training, of `n_samples` an epoch, than compiling them
    takes. It depends on the configuration and the data alone, so it is the same for every segment and every worker."""
    timesteps = {t for phase in configuration.schedule for t in phase.timesteps if t > 1}
    costs_s = IMPORT_S + COMPILATION_S * len(timesteps)
    return neuron_steps(plan, configuration, n_samples) * SAVED_S > costs_s


def neuron_steps(plan: Plan, configuration: Configuration, n_samples: int) -> int:
    """How often, in the whole training, a neuron makes a timestep for a sample."""
    stage = stage_of_blocks(configuration.stages)
    steps = (
        phase.epochs * phase.timesteps[stage[node.block]] * n_neurons
        for phase in configuration.schedule
        for node, n_neurons in plan.neurons()
    )
    return sum(steps) * n_samples


@cache
def keep_memory() -> None:
    """Tell glibc to keep the memory of freed tensors: every training step needs it again, and pages that were
    given back are zeroed anew by the kernel. Does nothing where there is no glibc."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        allocator = ctypes.CDLL(None)
        allocator.mallopt(_MAP_AT_MOST, 0)
        allocator.mallopt(_KEEP, 2**31 - 1)


def warn_of_slow_products(precision: str, device: str) -> None:
    """Say once where "bfloat16" makes a training slower instead of up to twice as fast: on a processor that does not
    multiply in it. Says nothing where that cannot be told."""
    if precision == "float32" or device != "cpu" or not _CPU.exists():
        return
    if _SHORT.isdisjoint(_CPU.read_text().split()):
        warn_once(
            _log,
            "precision bfloat16: this processor has no 16-bit products, trainings take several times longer. "
            "Use float32 here.",
        )
