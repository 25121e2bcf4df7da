"""Spikformers are recorded and priced: whole numbers in their residual streams, attention, stages."""

import pytest
import torch

from hwcost import attention_counts, estimate, fan_out_classes
from tsearch.configuration import Configuration, Phase
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones.spikformer import Spikformer
from tsearch.networks.build import Network, build, initialise
from tsearch.networks.plan import INPUT
from tsearch.pricing.describe import describe_network
from tsearch.pricing.record import Recorder

EVENTS = DatasetInfo("toy", (2, 12, 9), 5, is_static=False, input_class="graded")
SMALL = Spikformer(width=8, layers=2, heads=2, pools=(1, 4), attention_scale=0.5, mlp_ratio=2)
MIXED = ["bucket", "score_mix"]


def configuration(stages=(5,), timesteps=(3,), mode="truncate", backbone=SMALL) -> Configuration:
    return Configuration(
        backbone=backbone,
        stages=stages,
        schedule=(Phase(timesteps=timesteps, epochs=1),),
        temporal_transformer=mode,
    )


def lively(config: Configuration) -> Network:
    """A network whose neurons fire; the same weights whatever the stages."""
    network = build(config, EVENTS.shape, EVENTS.n_classes, is_static=False)
    initialise(network, 0, 0)
    generator = torch.Generator().manual_seed(0)
    for name, weight in network.blocks.named_parameters():
        low, high = (0.2, 1.0) if name.endswith("norm.bias") else (-0.5, 0.5)
        if "norm.weight" not in name:
            torch.nn.init.uniform_(weight, low, high, generator=generator)
    return network


def recorded(config: Configuration, network: Network):
    """What is priced, its record, and all values seen."""
    generator = torch.Generator().manual_seed(1)
    frames = torch.randint(0, 3, (config.timesteps[0], 4, *EVENTS.shape), generator=generator).float()
    spec, seen = describe_network(config, EVENTS), {}
    recorder = Recorder(spec, network.plan)

    def observe(name: str, value: torch.Tensor) -> None:
        seen[name] = value.clone()
        recorder(name, value)

    with torch.no_grad():
        network.eval().run(frames, config.timesteps, observe)
    recorder.add_samples(4)
    return spec, recorder.record(), seen


def check_counts(spec, record, seen) -> None:
    """Events, their values, and the synapses that they meet, of every layer; attention as the cost model counts it."""
    for layer in spec.layers:
        counts, source = record.layers[layer.name], spec.source(layer)
        if layer.kind == "attention":
            values = [seen[layer.name.replace("attention", name)] for name in ("query", "key", "value")]
            rows = (x.flatten(3).unflatten(2, (2, -1)).permute(1, 0, 2, 4, 3).numpy() for x in values)
            assert dict(counts.extras) == attention_counts(*rows), layer.name
        elif not layer.is_analog:
            arriving = seen[INPUT if source is None else source.name].double()
            if source is not None and source.kind == "avg_pool2d":
                arriving = (arriving * source.in_shape[1] * source.in_shape[2]).round()
            sums = counts.sums or counts.events
            assert [sum(row) for row in sums] == arriving.flatten(1).sum(1).tolist(), layer.name
            assert [sum(row) for row in counts.events] == (arriving > 0).flatten(1).sum(1).tolist(), (
                layer.name
            )
            if layer.kernel == (1, 1):  # every event meets all outputs of its pixel
                assert fan_out_classes(layer)[0].tolist() == [layer.out_shape[0] // layer.groups]


@pytest.mark.parametrize("mode", ["truncate", *MIXED])
@pytest.mark.parametrize("stages", [(5,), (1, 4), (2, 3), (1, 2, 2), (1, 1, 1, 1, 1)])
def test_every_division_runs_learns_and_is_counted_as_brute_force_counts(stages, mode) -> None:
    config = configuration(stages, tuple(range(len(stages) + 1, 1, -1)), mode)
    network = lively(config)
    spec, record, seen = recorded(config, network)
    check_counts(spec, record, seen)
    assert seen["block2.attention"].any()
    assert estimate(spec, record, "45nm_memory").count("attention_ac", "block4.attention") > 0
    outputs = network.train().run(seen[INPUT], config.timesteps)
    (outputs.logits.square().sum() + sum(early.square().sum() for early in outputs.early)).backward()
    gradients = {name: p.grad for name, p in network.named_parameters()}
    assert all(g is not None and g.isfinite().all() for g in gradients.values())
    weights = [name for name in gradients if name.endswith("conv.weight")]
    assert all(gradients[name].any() for name in weights)


def test_residual_streams_hold_whole_numbers_that_grow_by_one_a_branch() -> None:
    spec, record, seen = recorded(configuration(), lively(configuration()))
    largest = [2, 3, 4, 5, 6]
    streams = [f"block{block}.sum" for block in range(1, 6)]
    for name, limit in zip(streams, largest, strict=True):
        assert set(seen[name].unique().tolist()) <= set(range(limit + 1))
        assert spec.largest_output(spec.layer(name)) == limit
        assert spec.layer(name).kind == "sew_add"
    assert seen["block5.sum"].max() > 2
    readers = [spec.layer(name) for name in ("block2.query", "block2.key", "block2.value", "block3.fc1")]
    assert [(layer.in_class, layer.in_max) for layer in readers] == [("graded", 2)] * 3 + [("graded", 3)]
    others = (seen["block4.sum"] > 0).flatten(1).sum(1).tolist()
    assert list(record.layers["block5.sum"].extra("other")) == others
    assert spec.layer("head").in_max == 6 * 3 * 3  # tokens: 12 x 9 pixels, halved twice


@pytest.mark.parametrize("mode", ["bucket", "truncate"])
@pytest.mark.parametrize(("profile", "rel"), [("45nm_paper_simple", 1e-12), ("45nm_memory", 1e-5)])
def test_stages_of_equal_timesteps_cost_what_one_stage_costs(mode, profile, rel) -> None:
    """But for the leakage of a buffer in front of every shortcut that enters a stage."""
    one, three = configuration((5,), (3,), mode), configuration((1, 2, 2), (3, 3, 3), mode)
    costs = []
    for config in (one, three):
        spec, record, _ = recorded(config, lively(config))
        costs.append(estimate(spec, record, profile))
        assert not any(layer.is_analog for layer in spec.layers)
    assert costs[0].total_pj == pytest.approx(costs[1].total_pj, rel=rel)


def test_truncation_keeps_streams_whole_and_mixing_makes_them_numbers() -> None:
    """Fewer timesteps behind a mixing boundary cost products of numbers: of a stream that holds averages."""
    kinds = {}
    for mode in ("truncate", *MIXED):
        config = configuration((3, 2), (4, 2), mode)
        spec, record, seen = recorded(config, lively(config))
        kinds[mode] = {name: spec.layer(name).kind for name in ("block3.sum", "block4.sum", "block5.sum")}
        is_analog = spec.layer("block5.fc1").is_analog
        assert is_analog == (mode in MIXED)
        if mode == "truncate":
            first_two = (seen["block3.sum"][:2] > 0).flatten(1).sum(1).tolist()
            assert list(record.layers["block4.sum"].extra("other")) == first_two
            assert spec.layer("block4.shortcut").kind == "flatten"
    assert kinds["truncate"] == dict.fromkeys(kinds["truncate"], "sew_add")
    assert kinds["bucket"] == kinds["score_mix"] == kinds["truncate"] | {
        "block4.sum": "membrane_shortcut", "block5.sum": "membrane_shortcut",
    }  # fmt: skip
