"""What IIR-SNN reads out, and what it drops: logits summed over time, one mask for all timesteps."""

import torch
from torch.nn import functional

from tsearch.configuration import Configuration, Phase, Training
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.networks.parts import Outputs
from tsearch.networks.plan import Neuron
from tsearch.training.losses import readout_loss

PAPER = Vgg(widths=(3, 4), pool_after=(1,), dense=(6,), norm="none")


def network(**training):
    config = Configuration(
        backbone=PAPER,
        stages=(1, 2),
        schedule=(Phase(timesteps=(5, 5), epochs=1),),
        neuron=Neuron(tau=1e30, threshold=0.4),
        training={"loss": "sum"} | training,
    )
    made = build(config, (1, 6, 6), 10)
    initialise(made, 0, 0)
    return made


def test_a_silent_network_without_biases_gives_logits_of_zero() -> None:
    assert not network().eval()(torch.zeros(1, 4, 1, 6, 6)).any()


def test_the_loss_reads_the_sum_over_time_of_what_the_last_layer_gives() -> None:
    made, seen = network().train(), {}
    outputs = made.run(torch.rand(1, 4, 1, 6, 6) * 3, (5, 5), seen.__setitem__)
    spikes = seen["block3"].flatten(2)
    assert 0 < spikes.mean() < 1
    logits = sum(spikes[t] @ made.head.weight.T for t in range(5))
    labels = torch.tensor([1, 2, 3, 4])
    expected = functional.cross_entropy(logits, labels)
    torch.testing.assert_close(readout_loss(outputs, labels, Training(loss="sum")), expected)
    assert isinstance(outputs, Outputs)


def test_a_dropout_mask_is_one_for_all_timesteps_another_in_every_forward_and_none_outside_training() -> None:
    """The second block reads what is left of the first one's: caught where it arrives."""
    made, arrived = network(block_dropout=0.5), []
    second = made.blocks["2"]["main"]
    second.register_forward_pre_hook(lambda _module, inputs: arrived.append(inputs[0].detach()))
    whole = {}
    x = torch.rand(1, 8, 1, 6, 6) * 9
    torch.manual_seed(0)
    for _ in range(2):
        made.train().run(x, (5, 5), whole.__setitem__)
    masks = []
    for value in arrived:
        fired = whole["pool1"] > 0
        factors = value / whole["pool1"]
        assert set(factors[fired].round(decimals=4).unique().tolist()) == {0.0, 2.0}
        kept = torch.where(fired, factors > 0, False).any(0)
        assert torch.equal((factors > 0) & fired, kept.expand_as(fired) & fired)
        masks.append(kept)
    assert not torch.equal(*masks)
    made.eval().run(x, (5, 5), whole.__setitem__)
    assert torch.equal(arrived[2], whole["pool1"])
