"""Layers that are no plain weighted sum: which function counts what arrives at a kind.

A new kind is one function in `hwcost.counting.kinds`, one line here, and its name in `hwcost.network.kinds`. What it
reads and writes is counted for all kinds alike, see `hwcost.counting.boundary`.
"""

from collections.abc import Callable

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.counts import Count
from hwcost.counting.job import Job
from hwcost.counting.kinds.attention import attention, mask_attention
from hwcost.counting.kinds.pools import average_pool, max_pool
from hwcost.counting.kinds.recurrence import lstm, recurrent
from hwcost.counting.kinds.residuals import add_events, add_numbers, gate_events
from hwcost.counting.kinds.simple import batch_norm, embedding, nothing
from hwcost.counting.kinds.windows import condense_add, condense_or, gate, sequence

COUNTED_BY: dict[str, Callable[[Job, Arrivals], list[Count]]] = {
    **{f"avg_pool{axes}d": average_pool for axes in (1, 2, 3)},
    **{f"max_pool{axes}d": max_pool for axes in (1, 2, 3)},
    "batch_norm": batch_norm,
    "neurons": nothing,
    "sew_add": add_events,
    "sew_and": gate_events,
    "sew_iand": gate_events,
    "membrane_shortcut": add_numbers,
    "concat": nothing,
    "flatten": nothing,
    "embedding": embedding,
    "recurrent": recurrent,
    "lstm": lstm,
    "attention": attention,
    "mask_attention": mask_attention,
    "gate": gate,
    "condense_or": condense_or,
    "condense_add": condense_add,
    "sequence": sequence,
}
