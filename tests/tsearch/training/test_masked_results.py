"""What a result tells of masks: the timesteps of layers, their means, and what comes of initial weights."""

from dataclasses import replace
from math import prod

import pytest
import torch
from tiny import DATASET, TASK, trained

from tsearch.configuration import Configuration, Result
from tsearch.files.initial import find_init
from tsearch.networks.build import build
from tsearch.networks.mask_scores import first_scores, mask_of
from tsearch.networks.plan import Convolution
from tsearch.training import evaluate
from tsearch.training.checkpoints import unpack_weights

ANALOG = replace(
    DATASET, info=replace(DATASET.info, input_class="analog")
)  # what a static image may be priced as
SPIKFORMER = {"name": "spikformer", "width": 8, "layers": 1, "heads": 2, "pools": []}
VGG = {"widths": [3, 4], "pool_after": [1], "dense": [5]}

MASKS = {"mode": "prefix_sum", "weight": 2.0, "warmup": 0.0, "learning_rate": 4.0}


def configured(backbone=VGG, stages=(2, 1), schedule=((6, 4),), **sections) -> Configuration:
    phases = [{"timesteps": timesteps, "epochs": 2} for timesteps in schedule]
    training = {"batch_size": 16, "learning_rate": 0.1}
    given = {"backbone": backbone, "stages": stages, "schedule": phases, "training": training, "masks": MASKS}
    return Configuration.model_validate(given | sections)


@pytest.fixture
def priced(monkeypatch):
    monkeypatch.setattr(evaluate, "load_dataset", lambda _: ANALOG)

    def run(config: Configuration, budget=2, checkpoint=None) -> Result:
        return evaluate.train_and_price(config, budget, checkpoint, TASK)

    return run


@pytest.mark.parametrize(
    ("backbone", "division", "timesteps", "types"),
    [(VGG, (2, 1), (6, 4), ["dense"]), (SPIKFORMER, (3,), (6,), ["qkv", "mlp"])],
)
def test_the_means_are_those_of_the_masks_that_were_learned(
    priced, backbone, division, timesteps, types
) -> None:
    """Recomputed from the scores and the plan: over layers of neurons, over stages, and by the products of a step."""
    config = configured(backbone, division, (timesteps,), masks=MASKS | {"types": types})
    result = priced(config)
    network = build(config, ANALOG.shape, ANALOG.n_classes)
    network.load_state_dict(unpack_weights(result.checkpoint))
    stages, runs = {}, {}
    for node, _ in network.plan.neurons():
        stage = network.stage_of(node)
        scores = network.state_dict()[f"timestep_masks.{node.name.replace('.', '_')}.{timesteps[stage]}"]
        runs[node.name] = int(mask_of(scores, config.masks).sum())
        stages.setdefault(stage, []).append(runs[node.name])
    assert result.layer_timesteps == runs
    assert len(set(runs.values())) > 1
    by_stage = [sum(own) / len(own) for own in stages.values()]
    assert result.metrics["mean_timesteps"] == pytest.approx(sum(by_stage) / len(by_stage))
    assert result.metrics["mean_timesteps_by_layer"] == pytest.approx(sum(runs.values()) / len(runs))
    convolutions = [node for node in network.plan.nodes if isinstance(node, Convolution)]
    macs = {node.name: prod(node.shape) * node.in_shape[0] * prod(node.kernel) for node in convolutions}
    head = network.plan.readout.n_features * ANALOG.n_classes
    last = max(runs.values()) if backbone is SPIKFORMER else runs["block3"]  # reads what all of them add to
    steps = sum(macs[name] * runs[name] for name in macs) + head * last
    assert result.metrics["mean_timesteps_by_mac"] == pytest.approx(steps / (sum(macs.values()) + head))


def test_the_timesteps_of_layers_survive_the_way_through_json(priced) -> None:
    result = priced(configured())
    assert (
        Result.model_validate_json(result.model_dump_json()).layer_timesteps == result.layer_timesteps != {}
    )


def test_without_masks_there_are_no_timesteps_of_layers_and_means_are_those_of_stages(priced) -> None:
    result = priced(configured(masks={}))
    assert result.layer_timesteps == {}
    assert result.metrics["mean_timesteps"] == 5
    assert result.metrics["mean_timesteps_by_layer"] == pytest.approx((6 + 6 + 4) / 3)


def test_a_free_layer_runs_up_to_its_last_step(priced, monkeypatch) -> None:
    free = configured(masks={"mode": "free", "warmup": 1.0}, schedule=((6, 4),))
    monkeypatch.setattr(
        "tsearch.networks.timestep_masks.first_scores",
        lambda _, n: torch.tensor([1.0, -1.0, 1.0, -1.0, -1.0, -1.0][:n]),
    )
    result = priced(free)
    assert result.layer_timesteps == {"block1": 3, "block2": 3, "block3": 3}
    outputs = result.spikes["record"]["layers"]["block1"]["outputs"]
    assert outputs[0] > 0 < outputs[2]
    assert [outputs[1], *outputs[3:]] == [0, 0, 0, 0]


def test_a_measured_segment_goes_on_to_the_same_result(priced) -> None:
    config = configured(schedule=((6, 4), (4, 2)))
    whole = priced(config, 4)
    first = priced(config, 1)
    between = priced(config, 3, first.checkpoint)
    again = priced(config, 4, between.checkpoint)
    assert again.checkpoint == whole.checkpoint
    assert again.metrics == whole.metrics
    assert again.layer_timesteps == whole.layer_timesteps
    assert set(first.layer_timesteps) == set(whole.layer_timesteps)


@pytest.mark.parametrize("masks", [{}, {"mode": "prefix_sum", "weight": 2.0, "warmup": 0.0}])
def test_initial_weights_leave_masks_where_the_settings_begin_them(tmp_path, masks) -> None:
    """With scores in the file or without: scores of other settings would mean other masks."""
    file = tmp_path / "weights.safetensors"
    file.write_bytes(trained(configured(masks=masks))[1].checkpoint)
    frozen = {"mode": "suffix_sum", "initial_timesteps": 2, "warmup": 1.0}
    config = configured(masks=frozen, init=find_init(str(file)).model_dump())
    network, done = trained(config)
    assert all(sum(mask) == 2 for mask in network.masks((6, 4)).values())
    state = unpack_weights(done.checkpoint)
    assert torch.equal(state["timestep_masks.block1.6"], first_scores(config.masks, 6))
    assert not any("timestep_masks" in name for name in done.loaded.taken)
    assert "blocks.1.main.conv.weight" in done.loaded.taken
