"""`NetworkSpec`: layers in the order in which they run, and the stages that they belong to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, Self

from hwcost.errors import HwcostError, did_you_mean
from hwcost.forms import LIST, TEXT_OR_NULL, WHOLE, check_mapping
from hwcost.network.fields import Spec
from hwcost.network.kinds import ATTENTIONS, MIXABLE
from hwcost.network.layer import LayerSpec
from hwcost.network.links import check_link
from hwcost.network.order import check_order
from hwcost.network.stage import StageSpec
from hwcost.network.temporal import passes_through


@dataclass(frozen=True)
class NetworkSpec(Spec):
    """Layers in the order in which they run, and the stages that they belong to.

    Raises: HwcostError, naming the layer or stage, if they do not follow each other as they must.
    """

    layers: tuple[LayerSpec, ...]
    stages: tuple[StageSpec, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "stages", tuple(self.stages))
        check_order(self.layers, self.stages)
        for layer in self.layers:
            source = self.source(layer)
            if source is not None:
                check_link(layer, source, self.largest_output)
            if self.mixes(layer) and layer.kind not in MIXABLE:
                raise HwcostError(
                    f"layer '{layer.name}': a temporal transformer must be followed by a convolution or a linear "
                    f"layer, not by {layer.kind}; end the stage before after this layer"
                )

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.layers, self.stages))

    def layer(self, name: str) -> LayerSpec:
        """The layer called `name`."""
        return self._by_name[name]

    def with_layer(self, name: str, **settings: Any) -> Self:
        """The network with other fields of one layer: `with_layer("conv2", weight_bits=4, dataflow="none")`.

        Raises: HwcostError for a layer or a field that does not exist, and for what does not fit.
        """
        if name not in self._by_name:
            raise HwcostError(f"no layer is called '{name}'.{did_you_mean(name, self._by_name)}")
        known = LayerSpec.__match_args__
        for field in settings:
            if field not in known:
                raise HwcostError(f"layer '{name}': no field '{field}'.{did_you_mean(field, known)}")
        changed = (replace(layer, **settings) if layer.name == name else layer for layer in self.layers)
        return replace(self, layers=tuple(changed))

    def timesteps(self, layer: LayerSpec) -> int:
        """Timesteps of the layer's own stage: how often its neurons are updated."""
        return self.stages[layer.stage].timesteps

    def active_timesteps(self, layer: LayerSpec) -> int:
        """Those of them that the layer's mask lets run."""
        return sum(layer.mask) if layer.mask else self.timesteps(layer)

    def source(self, layer: LayerSpec) -> LayerSpec | None:
        """The layer whose output arrives; None for the network's input."""
        return self._sources[layer.name]

    def other_source(self, layer: LayerSpec) -> LayerSpec | None:
        """The layer that gives the second summand of a residual sum; None where there is none or it is not named."""
        return self._by_name[layer.other_source] if layer.other_source else None

    def readers(self, layer: LayerSpec) -> tuple[LayerSpec, ...]:
        """The layers that read what the layer gives, as first or as second operand."""
        return self._readers.get(layer.name, ())

    def transformer(self, layer: LayerSpec) -> str | None:
        """The temporal transformer that the layer's input passes: that of its stage, where its source lies in the
        stage before.
        """
        return self.stages[layer.stage].transformer if layer.name in self._entries else None

    def mixes(self, layer: LayerSpec) -> bool:
        """True where a temporal transformer works on the layer's input, rather than handing it on as it is."""
        if layer.name not in self._entries:
            return False
        mode = self.transformer(layer)
        return not passes_through(mode, self.input_timesteps(layer), self.timesteps(layer))

    def input_timesteps(self, layer: LayerSpec) -> int:
        """Timesteps at which the layer's input arrives, before a transformer: how many steps its record has."""
        crosses = self.transformer(layer) is not None
        return self.stages[layer.stage - 1].timesteps if crosses else self.timesteps(layer)

    def input_mask(self, layer: LayerSpec) -> tuple[int, ...]:
        """0 or 1 per input timestep: the mask of the nearest earlier layer with neurons; of a sum, of either; of an
        attention, where queries, keys and values all arrive."""
        source, steps = self.source(layer), self.input_timesteps(layer)
        if source is None or layer.kind in ATTENTIONS:  # of an attention, only the queries are known by name
            arriving = min(layer.operand("arriving_steps", steps), steps)
            return (1,) * arriving + (0,) * (steps - arriving)
        return self.output_mask(source)

    def output_mask(self, layer: LayerSpec) -> tuple[int, ...]:
        """0 or 1 per own timestep: where `layer` may give anything."""
        if layer.name not in self._output_masks:
            self._output_masks[layer.name] = self._where_it_gives(layer)
        return self._output_masks[layer.name]

    def _where_it_gives(self, layer: LayerSpec) -> tuple[int, ...]:
        runs = layer.mask or (1,) * self.timesteps(layer)
        has_rest = layer.bias or layer.kind == "batch_norm"  # gives numbers where nothing arrives
        if layer.fires or has_rest or self.mixes(layer):
            return runs
        other = self.other_source(layer)
        others = (0,) * len(runs) if other is None else self.output_mask(other)
        summands = zip(runs, self.input_mask(layer), others, strict=False)
        return tuple(own * max(a, b) for own, a, b in summands)

    def largest_output(self, layer: LayerSpec) -> int:
        """Largest value of an event that the layer gives."""
        if layer.fires or layer.kind in ("sew_and", "sew_iand", "mask_attention"):
            return 1
        if layer.kind == "sew_add":
            other = self.other_source(layer)
            return layer.in_max + (self.largest_output(other) if other else 1)
        if layer.kind == "condense_add":
            return layer.in_max * layer.operand("overlap", 1)
        return layer.in_max * (prod(layer.kernel) if layer.kind.startswith("avg_pool") else 1)

    @cached_property
    def _output_masks(self) -> dict[str, tuple[int, ...]]:
        return {}

    @cached_property
    def _by_name(self) -> dict[str, LayerSpec]:
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def _entries(self) -> frozenset[str]:
        sources = ((layer, self.source(layer)) for layer in self.layers)
        return frozenset(layer.name for layer, source in sources if source and source.stage != layer.stage)

    @cached_property
    def _sources(self) -> dict[str, LayerSpec | None]:
        sources: dict[str, LayerSpec | None] = {}
        earlier: dict[str, LayerSpec] = {}
        before = None
        for layer in self.layers:
            sources[layer.name] = earlier.get(layer.source) if layer.source else before
            earlier[layer.name] = before = layer
        return sources

    @cached_property
    def _readers(self) -> dict[str, tuple[LayerSpec, ...]]:
        readers: dict[str, tuple[LayerSpec, ...]] = {}
        for layer in self.layers:
            for source in (self.source(layer), self.other_source(layer)):
                if source is not None:
                    readers[source.name] = (*readers.get(source.name, ()), layer)
        return readers

    def to_dict(self) -> dict[str, Any]:
        """Plain data, exact, readable by `from_dict`."""
        return {
            "layers": [layer.to_dict() for layer in self.layers],
            "stages": [asdict(stage) for stage in self.stages],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The network that `to_dict` wrote, also after a trip through JSON or YAML.

        Raises: HwcostError, one line, for what is no network.
        """
        check_mapping(plain, {"layers": LIST, "stages": LIST}, "network", ("layers", "stages"))
        forms = {"timesteps": WHOLE, "transformer": TEXT_OR_NULL}
        for i, stage in enumerate(plain["stages"]):
            check_mapping(stage, forms, f"stage {i}", ("timesteps",))
        layers = tuple(LayerSpec.from_dict(layer) for layer in plain["layers"])
        return cls(layers, tuple(StageSpec(**stage) for stage in plain["stages"]))
