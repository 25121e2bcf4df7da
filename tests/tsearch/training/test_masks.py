"""Masks in training: what moves scores and what must not, sweeps, cuts, shared prefixes, and what is measured."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from safetensors.torch import load
from tiny import DATASET, TASK, configuration, trained

from tsearch.configuration import Configuration, Masks, Phase
from tsearch.networks.build import Network, build, initialise
from tsearch.networks.mask_scores import first_scores, mask_of, mask_term
from tsearch.training.augment import Labels
from tsearch.training.checkpoints import pack, unpack_training_weights, unpack_weights
from tsearch.training.epoch import drawn_batches, train_epoch
from tsearch.training.losses import make_loss
from tsearch.training.optimizer import make_optimizers
from tsearch.training.rates import SynapticOperations
from tsearch.training.schedule import positions
from tsearch.training.score_gradients import score_gradients

MODES = ("prefix_sum", "suffix_sum", "gate_product", "free")
SIX = (Phase(timesteps=(6, 4), epochs=4),)
ANALOG = replace(
    DATASET, info=replace(DATASET.info, input_class="analog")
)  # what a static image may be priced as
BATCH = torch.arange(16)
SPIKFORMER = {"name": "spikformer", "width": 8, "layers": 1, "heads": 2, "pools": []}


def masked(schedule=SIX, masks=None, **training) -> Configuration:
    """Two stages with masks of `masks`; a large learning rate, so that they change within a few epochs."""
    config = configuration(schedule, **({"learning_rate": 0.1} | training))
    return config.model_copy(update={"masks": Masks(**({"mode": "prefix_sum"} | (masks or {})))})


def spikformer(schedule=None, **masks) -> Configuration:
    return Configuration.model_validate(
        {
            "backbone": SPIKFORMER,
            "stages": [3],
            "schedule": schedule or [{"timesteps": [4], "epochs": 2}],
            "training": {"batch_size": 16, "learning_rate": 0.1},
            "masks": {"mode": "prefix_sum", "weight": 0.3} | masks,
        }
    )


FAMILIES = pytest.mark.parametrize("make", [masked, spikformer])


def made(config: Configuration) -> Network:
    network = build(config, DATASET.shape, DATASET.n_classes)
    initialise(network, 0, 0)
    return network


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    return DATASET.train.batch(BATCH, 1), DATASET.train.labels[BATCH]


def total(network: Network) -> int:
    """Timesteps that layers of neurons run, all together."""
    return sum(map(sum, network.masks(network.configuration.timesteps).values()))


def scores_in(content: bytes) -> dict[str, torch.Tensor]:
    return {
        name: value for name, value in unpack_weights(content).items() if name.startswith("timestep_masks.")
    }


# B8 4: two components of the gradient


@FAMILIES
def test_the_gradient_of_scores_is_the_sum_of_its_two_parts(make) -> None:
    network = made(make().model_copy(update={"masks": Masks(mode="prefix_sum", weight=0.7)}))
    frames, labels = batch()
    task, mask = score_gradients(network, frames, labels)
    network.train()
    make_loss(network)(network.run(frames, network.configuration.timesteps), Labels(labels)).backward()
    whole = {name: scores.grad for name, scores in network.timestep_masks.named_parameters()}
    assert task.keys() == mask.keys() == whole.keys()
    for name, gradient in whole.items():
        torch.testing.assert_close(task[name] + mask[name], gradient, atol=1e-6, rtol=0)
        assert task[name].isfinite().all()
    assert any(part.any() for part in task.values())
    assert all(part.any() for part in mask.values())


@pytest.mark.parametrize("mode", MODES)
def test_without_a_weight_the_task_alone_moves_scores(mode) -> None:
    network = made(masked(masks={"mode": mode}))
    task, mask = score_gradients(network, *batch())
    assert all(part.any() for part in task.values())
    assert not any(part.any() for part in mask.values())


def test_the_part_of_the_masks_is_the_same_at_every_step_and_none_outside_the_types() -> None:
    """lambda / (|S| T) of every step but the first, which is always on."""
    config = spikformer(weight=0.6, types=("qkv", "mlp"))
    network = made(config)
    _, mask = score_gradients(network, *batch(), of="masks")
    types = {node.name: node.layer_type for node, _ in network.plan.neurons()}
    for name, gradient in mask.items():
        expected = 0.6 / (5 * 4) if types[name] in ("qkv", "mlp") else 0.0
        torch.testing.assert_close(gradient, torch.full((4,), expected))
    assert set(types.values()) == {"patch", "qkv", "attention", "mlp"}


def test_the_part_of_the_task_is_the_sum_of_all_spikes_each_times_its_gradient() -> None:
    """Against the gradient of a mask of another shape, one number per sample, timestep and neuron."""
    config = masked(masks={"mode": "free", "initial_timesteps": 6}, loss="mean")
    network = made(config).train()
    frames, labels = batch()
    spikes = {}

    def watch(name: str, value: torch.Tensor) -> None:
        if value.requires_grad and name in ("block1", "block2"):
            value.retain_grad()
            spikes[name] = value

    task, _ = score_gradients(network, frames, labels, of="masks")
    make_loss(network)(network.run(frames, (6, 4), watch), Labels(labels)).backward()
    for name, value in spikes.items():  # all steps run, so what leaves the masks is what enters them
        expected = (value.grad * value).flatten(1).sum(1)
        torch.testing.assert_close(task[name], expected, atol=1e-6, rtol=1e-4)


def test_the_first_masked_step_has_a_gradient() -> None:
    """All steps are computed in training, so a layer can grow."""
    network = made(masked(masks={"initial_timesteps": 2}))
    task, _ = score_gradients(network, *batch(), of="masks")
    assert all(gradient[2] != 0 for gradient in task.values())


def test_telling_gradients_leaves_the_network_as_it_is() -> None:
    network = made(masked())
    before = pack(network, 0)
    score_gradients(network, *batch())
    assert pack(network, 0) == before
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_penalty_on_spikes_moves_masks_towards_fewer_steps() -> None:
    """What it counts are the spikes that leave masks, and those of a dense network as its unit."""
    network = made(masked(masks={"mode": "free", "initial_timesteps": 6})).train()
    operations = SynapticOperations(network, ANALOG, (6, 4))
    outputs = network.run(batch()[0], (6, 4), operations)
    part = operations.part()
    (gradient,) = torch.autograd.grad(part, [outputs.masks["block2"]])  # which nothing but the readout reads
    assert (gradient > 0).all()
    fewer = made(masked(masks={"mode": "free", "initial_timesteps": 3})).train()
    operations = SynapticOperations(fewer, ANALOG, (6, 4))
    fewer.run(batch()[0], (6, 4), operations)
    assert 0 < operations.part() < 0.7 * part


# B8 5: directions, and known numbers


def scalar_toy(how: Masks, weight: float, scores: torch.Tensor, n: int = 100) -> list[int]:
    """Timesteps after every step of SGD, where timestep t (from 0) is worth 0.1 * 0.6^t."""
    worth, optimizer, found = 0.1 * 0.6 ** torch.arange(8.0), torch.optim.SGD([scores], lr=20.0), []
    for _ in range(n):
        mask = mask_of(scores, how)
        loss = weight * mask_term([mask], how) - (mask * worth).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(int(mask_of(scores, how).sum()))
    return found


@pytest.mark.parametrize("mode", ["prefix_sum", "suffix_sum", "free"])
def test_a_layer_ends_where_a_step_is_worth_what_it_costs(mode) -> None:
    """A step costs weight / 8, so the last one that pays is the one of worth 0.1 * 0.6^t > weight / 8."""
    how, ends = Masks(mode=mode), []
    for weight in (0.05, 0.1, 0.2, 0.4, 0.8):
        scores = first_scores(how, 8).requires_grad_()
        ends.append(scalar_toy(how, weight, scores)[-1])
        assert ends[-1] == max(sum(0.1 * 0.6**t > weight / 8 for t in range(8)), 1)
    assert ends == [6, 5, 3, 2, 1]


@pytest.mark.parametrize("mode", MODES)
def test_the_term_of_the_masks_alone_never_raises_the_timesteps_and_ends_at_one(mode) -> None:
    how = Masks(mode=mode)
    scores = first_scores(how, 8).requires_grad_()
    optimizer, found = torch.optim.SGD([scores], lr=4.0), [4]
    for _ in range(60):
        optimizer.zero_grad()
        mask_term([mask_of(scores, how)], how).backward()
        optimizer.step()
        found.append(int(mask_of(scores, how).sum()))
    assert all(before >= after for before, after in pairwise(found))
    assert found[-1] == 1


def go_on(network: Network, weight: float, epochs: int) -> list[int]:
    """Timesteps of all layers after every epoch under another weight of the masks, from the weights of `network`."""
    phase = Phase(timesteps=network.configuration.timesteps, epochs=epochs)
    masks = network.configuration.masks.model_copy(update={"weight": weight, "warmup": 0.0})
    later = made(network.configuration.model_copy(update={"schedule": (phase,), "masks": masks}))
    later.load_state_dict(network.state_dict())
    optimizers, found = make_optimizers(later), []
    for position in positions(later.configuration):
        train_epoch(later, DATASET, TASK, optimizers, position)
        found.append(total(later))
    return found


def test_driven_to_one_timestep_layers_grow_again_when_steps_cost_nothing() -> None:
    phase = (Phase(timesteps=(6, 4), epochs=8),)
    network, _ = trained(masked(phase, {"weight": 2.0, "settle": 0.0}, learning_rate_schedule="constant"))
    assert total(network) == 2
    assert max(go_on(network, 0.0, 16)) > 2


# B8 6: the sweep


@pytest.mark.parametrize("family", ["vgg", "spikformer"])
def test_the_mean_timesteps_never_rise_with_the_weight(family) -> None:
    def swept(weight: float) -> Configuration:
        if family == "vgg":
            return masked((Phase(timesteps=(8, 8), epochs=5),), {"weight": weight})
        phase = {"timesteps": [6], "epochs": 3}
        return spikformer([phase], weight=weight, learning_rate=2.0)

    totals = [total(trained(swept(weight))[0]) for weight in (0.0, 0.1, 0.3, 2.0)]
    assert all(before >= after for before, after in pairwise(totals))
    assert totals[0] > totals[-1]


# Warm-up and settling


def test_scores_and_their_moments_stay_as_they_are_while_they_are_frozen() -> None:
    config = masked(masks={"weight": 1.0, "warmup": 0.5})
    _, halfway = trained(config, stop=2)
    first = {"timestep_masks.block1.6": first_scores(config.masks, 6)}
    first |= {"timestep_masks.block2.4": first_scores(config.masks, 4)}
    frozen = scores_in(halfway.checkpoint)
    assert frozen.keys() == first.keys()
    assert all(torch.equal(frozen[name], first[name]) for name in first)
    assert not [name for name in _tensors(halfway.checkpoint) if "optimizer/timestep_masks" in name]
    _, later = trained(config, stop=3)
    assert not any(torch.equal(scores_in(later.checkpoint)[name], first[name]) for name in first)
    assert [name for name in _tensors(later.checkpoint) if "optimizer/timestep_masks" in name]


def test_a_warm_up_of_the_whole_phase_never_moves_scores() -> None:
    config = masked(masks={"weight": 1.0, "warmup": 1.0, "initial_timesteps": 3})
    network, _ = trained(config)
    assert network.masks((6, 4)) == {"block1": (1, 1, 1, 0, 0, 0), "block2": (1, 1, 1, 0)}


def test_scores_settle_in_the_last_part_of_a_phase_while_weights_go_on() -> None:
    config = masked(masks={"weight": 1.0, "warmup": 0.0, "settle": 0.5})
    _, first = trained(config, stop=1)
    _, halfway = trained(config, stop=2)
    _, done = trained(config)
    moving, settled, last = (unpack_training_weights(end.checkpoint) for end in (first, halfway, done))
    changed = {name for name in last if not torch.equal(settled[name], last[name])}
    assert not any(name.startswith("timestep_masks.") for name in changed)
    assert "blocks.1.main.conv.weight" in changed
    assert not torch.equal(moving["timestep_masks.block1.6"], settled["timestep_masks.block1.6"])


@pytest.mark.parametrize(("warmup", "settle"), [(0.0, 1.0), (0.5, 0.5)])
def test_scores_that_have_no_part_of_a_phase_never_move(warmup: float, settle: float) -> None:
    network, _ = trained(masked(masks={"weight": 1.0, "warmup": warmup, "settle": settle}))
    assert network.masks((6, 4)) == {"block1": (1, 1, 1, 0, 0, 0), "block2": (1, 1, 0, 0)}


# Optimizers


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_scores_are_trained_with_adamw_without_decay_at_a_rate_of_their_own(optimizer) -> None:
    network = made(masked(masks={"learning_rate": 3.0}, optimizer=optimizer, weight_decay=0.1))
    optimizers = make_optimizers(network)
    scores = {id(parameter) for parameter in network.timestep_masks.parameters()}
    groups = [
        (type(one), group) for one in optimizers for group in one.param_groups
        if scores & {id(parameter) for parameter in group["params"]}
    ]  # fmt: skip
    ((kind, group),) = groups
    assert kind is torch.optim.AdamW
    assert {id(parameter) for parameter in group["params"]} == scores
    assert (group["peak"], group["weight_decay"]) == (pytest.approx(0.3), 0.0)
    everything = [id(p) for one in optimizers for g in one.param_groups for p in g["params"]]
    assert sorted(everything) == sorted(id(p) for p in network.parameters())


def test_gradients_of_scores_take_no_part_in_clipping(monkeypatch) -> None:
    clipped = []
    monkeypatch.setattr("tsearch.training.epoch.clip_grad_norm_", lambda ps, _: clipped.append(list(ps)))
    network, _ = trained(masked((Phase(timesteps=(2, 2), epochs=1),), gradient_clip=0.1))
    scores = {id(parameter) for parameter in network.timestep_masks.parameters()}
    expected = [id(parameter) for parameter in network.parameters() if id(parameter) not in scores]
    assert [id(parameter) for parameter in clipped[0]] == expected


# Cuts, lineage, prefixes


CUT = (Phase(timesteps=(4, 3), epochs=3), Phase(timesteps=(3, 1), epochs=2))


@pytest.mark.parametrize(
    ("masks", "training"),
    [
        ({"weight": 0.5}, {}),
        ({"mode": "free", "granularity": "module", "recalibrate": False}, {"optimizer": "sgd"}),
        ({"mode": "suffix_sum", "weight": 0.5, "warmup": 0.5}, {"keep": "best", "loss": "tet"}),
        ({"weight": 0.5, "warmup": 0.0, "settle": 0.4}, {"keep": "best"}),
        ({"mode": "gate_product", "loss": "hinge", "target": 3, "weight": 0.5}, {"keep": "average", "mixup": 0.3}),
        ({"weight": 0.2, "readout": "active"}, {"loss": "tet", "precision": "bfloat16", "rate_weight": 0.5}),
    ],
)  # fmt: skip
def test_cut_after_every_epoch_a_training_ends_with_the_same_bits(masks, training) -> None:
    config = masked(CUT, masks, **training)
    _, whole = trained(config, dataset=ANALOG)
    checkpoint, curve = None, ()
    for epoch in range(1, config.epochs + 1):
        _, step = trained(config, epoch, epoch - 1, checkpoint, ANALOG)
        checkpoint, curve = step.checkpoint, curve + step.curve
    assert curve == whole.curve
    assert checkpoint == whole.checkpoint


def test_a_cut_training_of_a_transformer_ends_with_the_same_bits() -> None:
    config = spikformer([{"timesteps": [4], "epochs": 2}, {"timesteps": [2], "epochs": 1}])
    _, whole = trained(config)
    _, first = trained(config, 1)
    _, second = trained(config, 2, 1, first.checkpoint)
    assert trained(config, 3, 2, second.checkpoint)[1].checkpoint == whole.checkpoint


def test_a_shared_phase_has_the_same_scores_whatever_follows() -> None:
    one = masked((CUT[0], Phase(timesteps=(3, 1), epochs=1)), {"weight": 0.5})
    two = masked((CUT[0], Phase(timesteps=(4, 2), epochs=5)), {"weight": 0.5})
    assert one.prefix_key(0) == two.prefix_key(0)
    ends = {trained(config, 3)[1].checkpoint for config in (one, two)}
    assert len(ends) == 1
    assert sorted(scores_in(ends.pop())) == ["timestep_masks.block1.4", "timestep_masks.block2.3"]


def test_scores_of_other_timesteps_start_anew_and_those_of_the_same_go_on() -> None:
    config = masked((CUT[0], Phase(timesteps=(4, 2), epochs=2)), {"weight": 2.0, "warmup": 0.0})
    _, first = trained(config, 3)
    at_first = scores_in(first.checkpoint)
    _, second = trained(config, 4, 3, first.checkpoint)
    then = scores_in(second.checkpoint)
    assert torch.equal(then["timestep_masks.block2.3"], at_first["timestep_masks.block2.3"])
    assert not torch.equal(then["timestep_masks.block1.4"], at_first["timestep_masks.block1.4"])
    network = build(config, DATASET.shape, DATASET.n_classes)
    assert torch.equal(network.state_dict()["timestep_masks.block2.2"], first_scores(config.masks, 2))


def test_the_weights_of_masks_enter_keys_and_the_mode_none_leaves_them() -> None:
    plain = configuration(SIX)
    assert plain.model_copy(update={"masks": Masks()}).key == plain.key
    keys = {masked(masks={"weight": weight}).prefix_key(0) for weight in (0.0, 0.1)} | {plain.prefix_key(0)}
    assert len(keys) == 3


# An ANN


def test_an_ann_has_no_masks_and_the_spiking_network_behind_it_does() -> None:
    chain = (Phase(timesteps=(1, 1), epochs=1, network="ann"), Phase(timesteps=(4, 3), epochs=2))
    config = masked(chain, {"weight": 0.5, "warmup": 0.0})
    config = config.model_copy(
        update={"conversion": config.conversion.model_copy(update={"samples": 20, "timesteps": 3})}
    )
    network, as_ann = trained(config, 1, dataset=ANALOG)
    assert network.masks((1, 1)) == {}
    assert not scores_in(as_ann.checkpoint)
    without = config.model_copy(update={"masks": Masks()})
    assert config.prefix_key(0) == without.prefix_key(0)
    assert trained(without, 1, dataset=ANALOG)[1].checkpoint == as_ann.checkpoint
    network, done = trained(config, dataset=ANALOG)
    assert {name: len(mask) for name, mask in network.masks((4, 3)).items()} == {"block1": 4, "block2": 3}
    assert trained(config, None, 1, as_ann.checkpoint, ANALOG)[1].checkpoint == done.checkpoint


# What is kept, and recalibrated


@pytest.mark.parametrize("keep", ["best", "average"])
def test_the_masks_of_a_phase_are_those_of_the_weights_that_it_keeps(keep) -> None:
    config = masked((Phase(timesteps=(6, 4), epochs=9),), {"weight": 1.0, "settle": 0.0}, keep=keep)
    network, done = trained(config, 8)
    kept, goes_on = unpack_weights(done.checkpoint), unpack_training_weights(done.checkpoint)
    mask = mask_of(kept["timestep_masks.block1.6"], config.masks)
    assert network.masks((6, 4))["block1"] == tuple(map(int, mask.tolist()))
    if keep == "average":  # of the scores, before masks are made of them
        assert not torch.equal(kept["timestep_masks.block1.6"], goes_on["timestep_masks.block1.6"])


def test_statistics_are_measured_under_the_masks_that_a_phase_ends_with() -> None:
    """The mean over the batches of an epoch of the mean currents of each."""
    two_stages = masked((Phase(timesteps=(6, 6), epochs=2),), {"weight": 1.0})
    config = Configuration.model_validate(
        two_stages.model_dump() | {"stages": [2], "schedule": [{"timesteps": [6], "epochs": 2}]}
    )
    network, _ = trained(config)
    second = network.module_of(network.plan.by_name["block2"])
    measured = second.norm.running_mean.clone()
    means, seen = [], {}
    network.train()
    for indices in drawn_batches(network, DATASET, TASK, positions(config)[-1])[0]:
        network.run(DATASET.train.batch(indices, 1), (6,), seen.__setitem__)
        assert not seen["block1"][sum(network.masks((6,))["block1"]) :].any()
        means.append(second.conv(seen["pool1"].flatten(0, 1)).mean((0, 2, 3)))
    assert len(means) == 2
    torch.testing.assert_close(measured, torch.stack(means).mean(0))


def test_recalibration_changes_statistics_alone_and_training_goes_on_without_it() -> None:
    config = masked(masks={"weight": 0.5})
    _, done = trained(config, 2)
    measured, goes_on = unpack_weights(done.checkpoint), unpack_training_weights(done.checkpoint)
    changed = {name for name in measured if not torch.equal(measured[name], goes_on[name])}
    statistics = {name for name in measured if "running" in name}
    assert changed == statistics


@pytest.mark.parametrize("masks", [{"recalibrate": False}, {"mode": "none"}])
def test_without_recalibration_what_is_measured_is_what_training_goes_on_with(masks) -> None:
    _, done = trained(masked(masks=masks), 2)
    measured, goes_on = unpack_weights(done.checkpoint), unpack_training_weights(done.checkpoint)
    assert all(torch.equal(measured[name], goes_on[name]) for name in measured)


def _tensors(content: bytes) -> list[str]:
    return list(load(content))
