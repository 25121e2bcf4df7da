"""Magnitude pruning: which weights go, and that they stay away."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save
from tiny import configuration, trained

from tsearch.configuration import Phase
from tsearch.networks.build import build
from tsearch.pricing.reduction import largest_reduction, scopes_of
from tsearch.training.checkpoints import unpack_training_weights, unpack_weights
from tsearch.training.pruning import kept_of

WEIGHTS = ("blocks.1.main.conv.weight", "blocks.2.main.conv.weight")


def pruned(*sparsities: float, epochs: int = 3, scope: str = "layer", **training):
    """A schedule of two stages at (2, 1) whose phases have these sparsities."""
    phases = (Phase(timesteps=(2, 1), epochs=epochs, sparsity=s, pruning=scope) for s in sparsities)
    return configuration(tuple(phases), **training)


def n_zero(state, name: str) -> int:
    return int((state[name] == 0).sum())


@given(
    st.lists(st.lists(st.floats(-2, 2, width=16), min_size=1, max_size=12), min_size=1, max_size=4),
    st.floats(0, 0.99),
    st.sampled_from(["layer", "network"]),
)
def test_the_smallest_magnitudes_go(layers: list[list[float]], sparsity: float, scope: str) -> None:
    """A second implementation, by sorting in numpy: of every layer, or of all together but for the largest of each."""
    weights = {str(i): torch.tensor(layer) for i, layer in enumerate(layers)}
    masks = kept_of(weights, sparsity, scope)

    def kept(values) -> np.ndarray:
        n = min(round(sparsity * len(values)), len(values) - 1)
        ranks = np.argsort(np.argsort(np.abs(values), kind="stable"), kind="stable")
        return ranks >= n

    if scope == "layer":
        assert all((masks[str(i)].numpy() == kept(layer)).all() for i, layer in enumerate(layers))
        return
    ends = np.cumsum([len(layer) for layer in layers])[:-1]
    for i, (layer, whole) in enumerate(
        zip(layers, np.split(kept(np.concatenate(layers)), ends), strict=True)
    ):
        last_largest = np.argsort(np.abs(layer), kind="stable")[-1]
        whole[last_largest] = True
        assert (masks[str(i)].numpy() == whole).all()


@pytest.mark.parametrize(
    "training", [{"optimizer": "sgd"}, {"optimizer": "adamw"}, {"keep": "average"}, {"keep": "best"}]
)
def test_pruned_weights_stay_exactly_zero_and_others_train(training) -> None:
    config = pruned(0.0, 0.6, learning_rate=0.1, weight_decay=0.1, gradient_clip=1.0, **training)
    before = unpack_weights(
        trained(config.model_copy(update={"schedule": config.schedule[:1]}))[1].checkpoint
    )
    for epochs in (4, 5, 6):
        after = unpack_training_weights(trained(config, stop=epochs)[1].checkpoint)
        for number, name in enumerate(WEIGHTS, start=1):
            size = before[name].numel()
            order = before[name].abs().flatten().argsort()
            gone = order[: round(0.6 * size)]
            assert (after[name].flatten()[gone] == 0).all()
            assert n_zero(after, name) == len(gone)
            assert (after[f"kept.block{number}"] == (after[name] != 0)).all()
        assert n_zero(after, "head.weight") == 0  # the readout is no hidden layer


@pytest.mark.parametrize("cut", range(1, 6))
@pytest.mark.parametrize("training", [{"optimizer": "sgd"}, {"keep": "average"}])
def test_a_pruned_training_cut_in_two_ends_with_the_same_bits(cut: int, training) -> None:
    config = pruned(0.5, 0.8, **training)
    whole, first = trained(config)[1].checkpoint, trained(config, stop=cut)[1].checkpoint
    assert trained(config, start=cut, checkpoint=first)[1].checkpoint == whole


@pytest.mark.parametrize("cut", [3, 4, 5])
def test_a_training_whose_weights_become_narrow_is_cut_without_a_trace(cut: int) -> None:
    first = Phase(timesteps=(2, 1), epochs=3)
    config = configuration((first, first.model_copy(update={"weight_bits": 4, "sparsity": 0.5})))
    assert config.prefix_key(0) == configuration((first,)).prefix_key(0)
    network, whole = trained(config)
    checkpoint = trained(config, stop=cut)[1].checkpoint
    assert trained(config, start=cut, checkpoint=checkpoint)[1].checkpoint == whole.checkpoint
    assert {layer.weight_bits for layer in network.weighted().values()} == {4}
    dense = trained(configuration((first, first)))[1].checkpoint
    assert unpack_weights(dense)["head.weight"].shape == network.head.weight.shape
    assert not torch.equal(unpack_weights(dense)["head.weight"], network.head.weight)


def test_masks_grow_with_the_sparsity_and_stay_where_it_does_not() -> None:
    config = pruned(0.5, 0.5, 0.8, epochs=1)
    first, second, third = (unpack_weights(trained(config, stop=n)[1].checkpoint) for n in (1, 2, 3))
    for name in ("kept.block1", "kept.block2"):
        assert torch.equal(first[name], second[name])
        assert (first[name] | ~third[name]).all()  # what is kept at last was kept before
        assert third[name].sum() < first[name].sum()


def test_what_was_pruned_in_the_whole_network_stays_pruned_by_layer() -> None:
    """And the least that such a network costs is that of a single weight per layer, as only the last scope is not all
    that tells what is left."""
    phases = (
        Phase(timesteps=(2, 1), epochs=1, sparsity=0.8, pruning="network"),
        Phase(timesteps=(2, 1), epochs=1, sparsity=0.81),
    )
    config = configuration(phases)
    first, second = (unpack_weights(trained(config, stop=n)[1].checkpoint) for n in (1, 2))
    for name in ("block1", "block2"):
        assert (first[f"kept.{name}"] | ~second[f"kept.{name}"]).all()
        assert n_zero(second, f"blocks.{name[-1]}.main.conv.weight") >= int((~first[f"kept.{name}"]).sum())
    plan = build(config, (1, 6, 6), 2).plan
    assert scopes_of(config) == {"network", "layer"}
    assert largest_reduction(config, plan) == largest_reduction(configuration(phases[:1]), plan)


def test_a_weight_that_is_zero_without_being_pruned_trains_on() -> None:
    """So masks belong into the checkpoint: they do not follow from zeros."""
    config = pruned(0.5)
    network, first = trained(config, stop=1)
    state = load(first.checkpoint)
    name = "blocks.1.main.conv.weight"
    weight = state[f"model/{name}"]
    place = int(weight.abs().argmax())
    weight.view(-1)[place] = 0.0
    after = unpack_weights(trained(config, start=1, checkpoint=save(state, {"epoch": "1"}))[1].checkpoint)
    assert float(after[name].flatten()[place]) != 0.0
    assert n_zero(after, name) == n_zero(network.state_dict(), name)


def test_schedules_without_sparsity_have_no_masks_and_sparser_ones_share_their_prefix() -> None:
    plain, sparse = pruned(0.0), pruned(0.0, 0.5)
    assert not any("kept" in name for name in build(plain, (1, 6, 6), 2).state_dict())
    assert plain.prefix_key(0) == sparse.prefix_key(0)
    assert trained(plain)[1].checkpoint == trained(sparse, stop=3)[1].checkpoint


def test_a_sparsity_that_falls_is_refused() -> None:
    with pytest.raises(ValueError, match=r"falls from 0.5 to 0.0; weights that were pruned stay zero"):
        pruned(0.5, 0.0)
