"""A forward pass that is watched: layers by hooks, functions between them by a function mode of torch.

Inside a layer with a rule nothing is watched. A container, and whatever module has no rule, is looked into; a function
that is called there and that no rule knows is refused by name.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from hwcost.adapters import functions
from hwcost.adapters.between import Between, Call, Place
from hwcost.adapters.calls import CALLS, as_module
from hwcost.adapters.layers import check_rank, rule_of, tell_layer
from hwcost.adapters.registry import Rule, teaching
from hwcost.adapters.signals import tensors
from hwcost.adapters.tracer import Tracer
from hwcost.errors import HwcostError

Hook = Callable[..., None]


class Walk(TorchFunctionMode):
    """Watches calls of a model, and tells `tracer` about them."""

    def __init__(self, model: nn.Module, tracer: Tracer) -> None:
        super().__init__()
        self._model, self._tracer = model, tracer
        tracer.signals.add_constants([*model.parameters(), *model.buffers()])
        self._between = Between(tracer)
        self._path = [Place("", type(model))]
        self._unwatched = 0  # above 0 inside a layer with a rule, and in arithmetic of ours

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hooks on all modules, and the function mode, for as long as the block lasts."""
        handles: list[RemovableHandle] = []
        for name, module in self._model.named_modules():
            if isinstance(module, torch.jit.ScriptModule) or type(module).__name__ == "OptimizedModule":
                raise HwcostError(
                    f"{Place(name, type(module))} is compiled; give the model as it was before that"
                )
        for name, module in self._model.named_modules():
            before, after = self._hooks(Place(name, type(module)), rule_of(module))
            handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
            handles.append(module.register_forward_hook(after, with_kwargs=True))
        try:
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()

    def _hooks(self, place: Place, rule: Rule | None) -> tuple[Hook, Hook]:
        def before(module: nn.Module, args: Any, kwargs: Any) -> None:
            if self._unwatched == 0:
                self._path.append(place)
                if rule is not None:
                    check_rank(module, str(place), next(tensors((args, kwargs)), None))
            self._unwatched += rule is not None

        def after(module: nn.Module, args: Any, kwargs: Any, outputs: Any) -> None:
            self._unwatched -= rule is not None
            if self._unwatched:
                return
            self._path.pop()
            with self._our_own():
                if rule is None:
                    self._check_kept(place, args, kwargs, outputs)
                else:
                    use = (place.path or place.kind.__name__,)
                    call = (module, next(tensors((args, kwargs)), None), outputs)
                    tell_layer(self._tracer, use, str(place), rule, call)

        return before, after

    @contextmanager
    def _our_own(self) -> Iterator[None]:
        self._unwatched += 1
        try:
            yield
        finally:
            self._unwatched -= 1

    def _check_kept(self, place: Place, args: Any, kwargs: Any, outputs: Any) -> None:
        """Refuse a module that gives tensors which no known function made of those that it read."""
        signals = self._tracer.signals
        watched = any((s := signals.of(tensor)) and not s.readout for tensor in tensors((args, kwargs)))
        if watched and not all(map(signals.is_known, tensors(outputs))):
            raise HwcostError(
                f"{place} gives tensors that no known function made. Teach it: {teaching(place.kind)}"
            )

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if self._unwatched:
            return func(*args, **kwargs)
        signals = self._tracer.signals
        read = list(tensors((args, kwargs)))
        if not any(map(signals.of, read)):
            out = func(*args, **kwargs)
            if all(map(signals.is_known, read)):
                signals.add_constants(tensors(out))
            return out
        with self._our_own():
            name, place = functions.name_of(func), self._path[-1]
            if name in CALLS:
                check_rank(as_module(name, args, kwargs), f"{name}() in {place}", args[0] if args else None)
            old = [a.clone() if isinstance(a, Tensor) else a for a in args] if _changes(name) else args
            out = func(*args, **kwargs)
            self._between.tell(Call(name, func, args, old, kwargs, out), place)
        return out


def _changes(name: str) -> bool:
    """True for functions that change their first argument."""
    return name.startswith("__i") or re.fullmatch(r"[a-z].*_", name) is not None
