"""From an ANN to a spiking network: percentiles, thresholds layer by layer, BatchNorm folded."""

import pytest
import torch
from test_ann_phases import ANN, IIR, chain
from tiny import DATASET, TASK, trained

from tsearch.configuration import Configuration, Conversion, Phase
from tsearch.networks.backbones.resnet import ResNet20
from tsearch.networks.backbones.spikformer import Spikformer
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.networks.modules import FiringModule
from tsearch.training.checkpoints import unpack_weights
from tsearch.training.conversion import calibrate, percentile_of, threshold_of
from tsearch.training.loop import train

FRAMES = torch.rand(1, 12, 1, 8, 8, generator=torch.Generator().manual_seed(1)) * 3


def test_the_90th_percentile_of_11_numbers_is_the_10th_smallest() -> None:
    values = torch.tensor([3, 9, 1, 7, 11, 5, 2, 10, 4, 6, 8]).float()
    assert percentile_of(values.view(1, 11), 90) == 10
    assert percentile_of(values, 100) == 11
    assert percentile_of(torch.arange(100.0), 99.7) == 99  # k = 1 + round(98.7)


def test_a_threshold_is_that_of_the_timestep_with_the_largest_percentile_and_never_zero() -> None:
    steps = [torch.arange(11.0), torch.arange(11.0) + 5, torch.zeros(11)]
    assert threshold_of(steps, 90) == 14
    assert threshold_of([torch.zeros(11), -torch.ones(11)], 90) == 0.1


def converted(backbone, timesteps, **conversion):
    config = Configuration(
        backbone=backbone,
        stages=(1, backbone.depth - 1),
        schedule=(
            Phase(timesteps=(1, 1), epochs=1, network="ann"),
            Phase(timesteps=timesteps, epochs=1),
        ),
        neuron=IIR,
        temporal_transformer="bucket" if len(set(timesteps)) == 1 else "score_mix",
        conversion=Conversion(**conversion),
    )
    network = build(config, (1, 8, 8), 3)
    initialise(network, 0, 0)
    network.enter(1)
    return network.eval()


@torch.no_grad()
def thresholds_by_running_all_layers_again(network, frames, timesteps) -> dict[str, float]:
    """Another implementation: the whole network runs once for every layer, its currents caught on the way."""
    found = {}
    for node in network.plan.nodes:
        if node.neuron is None:
            continue
        module, caught = network.module_of(node), []

        def catching(current, steps, norm, module=module, caught=caught):
            caught.append(current)
            return FiringModule.fired(module, current, steps, norm)

        module.fired = catching
        network.run(frames, timesteps)
        del module.fired
        ranks = [sorted(step.flatten().tolist()) for step in caught[0]]
        best = max(values[round(0.9 * (len(values) - 1))] for values in ranks)
        found[node.name] = best if best > 0 else 0.1
        module.neurons.threshold.fill_(found[node.name])
    return found


@pytest.mark.parametrize(
    ("backbone", "timesteps"),
    [
        (Vgg(widths=(4, 5, 6), pool_after=(1, 3), dense=(7,)), (5, 5)),
        (Vgg(widths=(4, 5), pool_after=(1,), norm="none"), (4, 2)),
        (ResNet20(width=3, blocks=(1, 1)), (4, 4)),
        (ResNet20(width=3, blocks=(1, 1), shortcut="spikes"), (4, 2)),
        (Spikformer(width=8, layers=1, heads=2, pools=(2,), mlp_ratio=1), (4, 2)),
    ],
)
def test_thresholds_equal_those_of_a_second_implementation(backbone, timesteps) -> None:
    ours, theirs = converted(backbone, timesteps), converted(backbone, timesteps)
    with torch.no_grad():
        calibrate(ours, list(FRAMES.split(5, dim=1)), timesteps, has_boundaries=timesteps[1] < timesteps[0])
    expected = thresholds_by_running_all_layers_again(theirs, FRAMES, timesteps)
    found = {name: values["threshold"] for name, values in ours.neurons().items()}
    assert found == pytest.approx(expected, rel=1e-5)
    assert len(set(found.values())) > 1


def test_a_layer_is_calibrated_behind_the_found_thresholds_of_those_before_it() -> None:
    """Changing the first layer changes the threshold of the second, not the reverse."""
    found = []
    for changed in (None, "1", "2"):
        network = converted(Vgg(widths=(4, 5), pool_after=(1,)), (4, 4))
        with torch.no_grad():
            if changed is not None:
                network.blocks[changed]["main"].conv.weight.mul_(3)
            calibrate(network, [FRAMES], (4, 4), has_boundaries=False)
        found.append([values["threshold"] for values in network.neurons().values()])
    (one, two), first, second = found
    assert first[0] == pytest.approx(3 * one, rel=1e-4)
    assert second == pytest.approx([one, 3 * two], rel=1e-4)


def test_residual_blocks_start_at_two_fifths_where_they_are_not_calibrated() -> None:
    backbone = ResNet20(width=3, blocks=(1, 1))
    network = converted(backbone, (4, 4), residual=False)
    with torch.no_grad():
        calibrate(network, [FRAMES], (4, 4), has_boundaries=False)
    values = {name: value["threshold"] for name, value in network.neurons().items()}
    in_blocks = [name for name in values if not name.startswith("block1.")]
    assert [values[name] for name in in_blocks] == pytest.approx([0.4] * 4)
    assert 0.4 not in [values[name] for name in values.keys() - set(in_blocks)]


def test_folded_weights_give_the_currents_of_convolution_and_batch_norm_within_1e_5() -> None:
    ann, done = trained(chain((ANN, Phase(timesteps=(2, 2), epochs=1))), stop=2)
    network = build(chain(conversion={"fold_norm": True}), DATASET.shape, 2, phase=1)
    network.enter(0)
    network.load_state_dict(unpack_weights(done.checkpoint), strict=False)
    network.enter(1)
    x = torch.rand(6, 1, 6, 6)
    for block, reads in (("1", x), ("2", torch.rand(6, 3, 3, 3))):
        theirs, ours = ann.eval().blocks[block]["main"], network.eval().blocks[block]["main"]
        assert ours.norm is None
        expected = theirs.norm(theirs.conv(reads))
        torch.testing.assert_close(ours.normalised(reads), expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(network.train().blocks[block]["main"].conv(reads), expected)


def test_a_converted_network_depends_on_checkpoint_data_and_seed_alone() -> None:
    config = chain()
    _, ann = trained(config, stop=2)
    states = []
    for seed in (0, 0, 1):
        network = build(config, DATASET.shape, 2, phase=1)
        initialise(network, seed, 0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tsearch.training.loop.train_epoch", lambda *_: 0.0)
            task = TASK.model_copy(update={"seed": seed})
            train(network, DATASET, task, start=2, stop=4, checkpoint=ann.checkpoint)
        states.append([value["threshold"] for value in network.neurons().values()])
    assert states[0] == states[1] != states[2]


def test_weights_of_an_ann_are_those_of_the_spiking_network() -> None:
    config = chain()
    _, ann = trained(config, stop=2)
    before = unpack_weights(ann.checkpoint)
    network = build(config, DATASET.shape, 2, phase=1)
    initialise(network, 0, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tsearch.training.loop.train_epoch", lambda *_: 0.0)
        train(network, DATASET, TASK, start=2, stop=4, checkpoint=ann.checkpoint)
    after = network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert {name.split(".")[0] for name in after.keys() - before.keys()} == {
        "blocks", "boundaries", "early_classifiers"
    }  # fmt: skip
    assert [v["leak"] for v in network.neurons().values()] == [1.0, 1.0]
