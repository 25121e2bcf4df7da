"""What runs becomes nodes: each call of a layer, of neurons or of a sum says what it reads, and keeps the events."""

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from hwcost.adapters.maps import small
from hwcost.adapters.nodes import Node, Shape
from hwcost.adapters.registry import Fields
from hwcost.adapters.signals import Rows, Signal, Signals, consecutive, rows
from hwcost.adapters.timesteps import OneStepError, check_time_first, step_pairs
from hwcost.errors import HwcostError
from hwcost.network.kinds import HANDING_ON, INPUT, WEIGHTED

Read = tuple[Signal, Tensor, Shape]  # what is read, the tensor that holds it, and the shape of one sample


class Tracer:
    """The nodes of a network so far, and the signals between them."""

    def __init__(self, n_samples: int, timesteps: int, gives: tuple[str, int]) -> None:
        self.n_samples, self.timesteps = n_samples, timesteps
        self.input = Node(INPUT, INPUT, gives=gives)
        self.nodes: list[Node] = []
        self.signals = Signals()
        self._by_use: dict[tuple[Any, ...], Node] = {}

    def feed(self, batch: Tensor, *, is_static: bool) -> Tensor:
        """The network's input: [T, samples, ...], or [samples, ...] where it is the same at all timesteps."""
        self.input.n_steps = 1 if is_static else len(batch)
        self.input.out_shape = tuple(batch.shape[1 if is_static else 2 :])
        index = torch.arange(batch.numel(), dtype=torch.int32, device=batch.device).view(batch.shape)
        self.signals.put(batch, Signal(self.input, index))
        return batch

    def live(self, tensor: Any, where: str) -> Signal:
        """What arrives at a layer; refused where it comes from nowhere that is known."""
        signal = self.signals.of(tensor)
        if signal is None:
            raise HwcostError(
                f"{where} reads a tensor that no layer gave at this timestep (made in forward, by a compiled or "
                "custom function, or kept from a timestep before: recurrence is not known)"
            )
        if signal.readout or signal.inverted:
            found = signal.readout or "1 - spikes"
            raise HwcostError(f"{where} reads {found}, which is known at the end of a network only")
        return signal

    def layer(
        self,
        use: tuple[Any, ...],
        where: str,
        fields: Fields,
        read: tuple[Signal, Tensor, Shape],
        out: Tensor,
    ) -> Signal:
        """The signal behind a layer or neurons that read `read`, (signal, tensor, shape of one sample)."""
        signal, tensor, in_shape = read
        lead = tensor.dim() - len(in_shape)
        fields = {"in_shape": in_shape, "out_shape": tuple(out.shape[lead:]), **fields}
        divisor = fields.pop("divisor", None) or prod(fields.get("kernel", ()))
        multi_step, weight = fields.pop("multi_step", False), fields.pop("weight", None)
        node = self._node(use, fields, (signal.node,))
        if weight is not None and node.kept is None:
            node.kept = (weight.detach() != 0).cpu().numpy()
        seen = rows(signal, self.n_samples, node.n_steps, where)
        if "neuron" in fields and not multi_step and seen.n_steps > 1 and not fields.get("kind"):
            raise OneStepError(f"{where} runs one timestep per call, but got {seen.n_steps}; give loop=True")
        if multi_step:
            check_time_first(seen, tensor, where)
        self._arrive(node, seen, signal, tensor, where)
        unit = signal.unit if node.gives[0] != "analog" else 1.0
        if "neuron" in fields:
            unit = 1.0
            node.outputs |= self._maps(seen, out, node.out_shape, node.gives, f"the output of {where}")
        elif node.kind.startswith("avg_pool") and node.gives[0] != "analog":
            unit = signal.unit / divisor
        return Signal(node, self._index(seen, out), unit)

    def sum(
        self, use: tuple[Any, ...], where: str, kind: str, read: Sequence[tuple[Signal, Tensor]], out: Tensor
    ) -> Signal:
        """The signal behind a sum, or a gate, of two nodes; the first gives the layer's own source."""
        (a, first), (b, second) = read
        shape = a.node.out_shape
        if a.index.shape != out.shape or b.index.shape != out.shape or prod(shape) != b.n_values:
            raise HwcostError(
                f"{where} of shapes {tuple(a.index.shape)} and {tuple(b.index.shape)} is not known"
            )
        if b.node.kind == INPUT:
            raise HwcostError(
                f"{where} adds the network's input to numbers; only a layer can be the second summand"
            )
        is_events = kind != "membrane_shortcut"
        if is_events and a.unit != b.unit:
            raise HwcostError(f"{where} of events of {a.unit:g} and of {b.unit:g} is not known")
        node = self._node(use, {"kind": kind, "in_shape": shape, "out_shape": shape}, (a.node, b.node))
        seen, others = (rows(s, self.n_samples, node.n_steps, where) for s in (a, b))
        if not torch.equal(seen.own_steps, others.own_steps) or not torch.equal(seen.samples, others.samples):
            raise HwcostError(f"{where} adds different timesteps or samples")
        self._arrive(node, seen, a, first, where)
        node.reads += [(own, source, 1) for own, source in step_pairs(others)]
        if b.node.gives[0] != "analog":
            maps = self._maps(others, second / b.unit, shape, b.node.gives, f"the second summand of {where}")
            node.others |= {t: int((values != 0).sum()) for t, values in maps.items()}
        return Signal(node, self._index(seen, out), a.unit if is_events else 1.0)

    def _node(self, use: tuple[Any, ...], fields: Fields, sources: tuple[Node, ...]) -> Node:
        """The node of this use; the same layer behind another source is another node."""
        key = (*use, *(id(source) for source in sources))
        if key not in self._by_use:
            if fields.get("kind") in WEIGHTED and any(other[: len(use)] == use for other in self._by_use):
                raise HwcostError(
                    f"'{use[0]}' is used a second time on other inputs; shared weights are not known"
                )
            names = {INPUT, *(node.name for node in self.nodes)}
            base = str(use[0])
            name = next(
                n for k in range(1, len(names) + 2) if (n := base if k == 1 else f"{base}_{k}") not in names
            )
            more = {k: v for k, v in fields.items() if k not in ("kind", "in_shape", "out_shape")}
            kind, shapes = fields.get("kind", ""), (fields["in_shape"], fields["out_shape"])
            node = Node(name, kind, more, *shapes, gives=_gives(fields, sources), sources=sources)
            self._by_use[key] = node
            self.nodes.append(node)
        return self._by_use[key]

    def _arrive(self, node: Node, seen: Rows, signal: Signal, tensor: Tensor, where: str) -> None:
        node.reads += [(o, s, 0) for o, s in step_pairs(seen)]
        if node.n_steps + seen.n_steps > self.timesteps:
            raise HwcostError(
                f"{where} runs more than the {self.timesteps} timesteps of the batch: it is used twice on the same "
                "input, or the batch is not [T, samples, ...]"
            )
        node.n_steps += seen.n_steps
        if node.takes[0] != "analog":
            what = f"the input of {where}"
            node.events |= self._maps(seen, tensor / signal.unit, node.in_shape, node.takes, what)

    def _maps(
        self, seen: Rows, values: Tensor, shape: Shape, gives: tuple[str, int], what: str
    ) -> dict[int, NDArray[Any]]:
        """Own timestep -> whole numbers, [samples, *shape]."""
        table = values.detach().reshape(len(seen.samples), *shape)
        whole = table.round()
        broken = (table - whole).abs() > 1e-3
        if gives == ("binary", 1):
            broken |= whole * (1 - whole) != 0
        if bool(broken.any()):
            raise HwcostError(f"{what} is not {gives[0]}: it holds {table[broken][0]:g}")
        maps = {}
        for t in torch.unique(seen.own_steps).tolist():
            here = seen.own_steps == t
            maps[t] = small(whole[here][torch.argsort(seen.samples[here])].to(torch.int32).cpu().numpy())
        return maps

    def _index(self, seen: Rows, out: Tensor) -> Tensor:
        n, place = out.numel() // len(seen.samples), seen.own_steps * self.n_samples + seen.samples
        start = int(place[0])
        if n * self.n_samples * self.timesteps >= 1 << 31:
            raise HwcostError(
                f"{n} outputs at {self.timesteps} timesteps are too many; give a smaller samples_at_once"
            )
        if torch.equal(place, consecutive(start, len(place), place)):
            return torch.arange(
                start * n, start * n + out.numel(), dtype=torch.int32, device=out.device
            ).view(out.shape)
        first = (place * n).to(torch.int32)
        return (first[:, None] + consecutive(0, n, first)).view(out.shape)


def _gives(fields: Fields, sources: Sequence[Node]) -> tuple[str, int]:
    kind, before = fields.get("kind", ""), sources[0].gives
    if "neuron" in fields or kind in ("sew_and", "sew_iand"):
        return ("binary", 1)
    if kind not in HANDING_ON or before[0] == "analog":
        return ("analog", 1)
    if kind == "sew_add":
        return ("graded", before[1] + sources[1].gives[1])
    if kind.startswith("avg_pool"):
        if before[0] == "ternary":
            raise HwcostError("an average of ternary spikes is not known")
        return ("graded", before[1] * prod(fields["kernel"]))
    return before
