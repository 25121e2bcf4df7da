"""Plain torch layers: shapes, sources, classes of events and counts equal those found by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import hwcost as h


def test_a_small_network_is_described_whole(
    neuron: Any, events: Any, excite: Any, sop: Any, synapses_met: Any
) -> None:
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2, bias=False),
        nn.BatchNorm2d(4),
        neuron(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(36, 5),
        neuron(),
    )
    batch = events(4, 3, 2, 12, 12)
    network, spikes = h.from_torch(excite(model), batch)
    assert network == h.NetworkSpec(
        (
            h.conv("0", (2, 12, 12), 4, 3, stride=2, padding=1, groups=2, bias=True, neuron="if"),
            h.pool("3", (4, 6, 6), 2),
            h.linear("6", 36, 5, in_class="graded", in_max=4, bias=True, neuron="if"),
        ),
        (h.StageSpec(4),),
    )
    assert spikes.n_samples == 3

    def run() -> None:
        for module in (model[2], model[7]):
            module.reset()
        for frame in batch:
            model(frame)

    assert sop(network, spikes) == synapses_met(model, run)
    assert sum(spikes.layers["0"].outputs) == sum(map(sum, spikes.layers["3"].events)) > 0
    pooled, summed = (np.array(x).sum() for x in (spikes.layers["6"].events, spikes.layers["6"].sums))
    assert summed == sum(spikes.layers["0"].outputs) > pooled


LAYERS = {
    "conv1d": (nn.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2), (4, 11)),
    "conv3d": (nn.Conv3d(2, 3, (1, 2, 3), padding=(0, 1, 1)), (2, 4, 5, 6)),
    "same": (nn.Conv2d(2, 3, (2, 4), padding="same"), (2, 6, 7)),
    "valid": (nn.Conv2d(2, 3, 3, padding="valid"), (2, 6, 7)),
    "circular": (nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), (2, 6, 7)),
    "reflect": (nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), (2, 6, 7)),
    "transposed1d": (nn.ConvTranspose1d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2), (4, 5)),
    "transposed2d": (nn.ConvTranspose2d(2, 3, 3, stride=2, dilation=2), (2, 4, 5)),
    "linear": (nn.Linear(9, 4), (9,)),
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_synapses_are_those_that_torch_meets(name: str, events: Any, sop: Any, synapses_met: Any) -> None:
    layer, shape = LAYERS[name]
    batch = events(2, 3, *shape)
    network, spikes = h.from_torch(nn.Sequential(layer), batch)
    assert sop(network, spikes) == synapses_met(nn.Sequential(layer), lambda: [layer(x) for x in batch])
    assert network.layers[0].bias


class Functional(nn.Module):
    """The modules of `plain`, called as functions."""

    def __init__(self, plain: nn.Sequential) -> None:
        super().__init__()
        self.conv, self.up, self.fc, self.fire = plain[0], plain[3], plain[6], plain[1]

    def forward(self, x: Tensor) -> Tensor:
        x = self.fire(F.conv2d(x, self.conv.weight, self.conv.bias, padding=1))
        x = F.max_pool2d(x, 2)
        x = F.conv_transpose2d(x, self.up.weight, self.up.bias, 2)
        x = F.avg_pool2d(x, (2, 2))
        x = torch.flatten(F.dropout(x, 0.5, self.training), 1)
        return F.linear(x, self.fc.weight)


def test_functions_mean_what_their_modules_mean(neuron: Any, events: Any, excite: Any) -> None:
    plain = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), neuron(), nn.MaxPool2d(2), nn.ConvTranspose2d(4, 3, 2, 2), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(48, 5, bias=False),
    )  # fmt: skip
    batch = events(3, 2, 2, 8, 8)
    modules, functions = h.from_torch(excite(plain), batch), h.from_torch(Functional(plain), batch)
    names = ["conv2d", "max_pool2d", "conv_transpose2d", "avg_pool2d", "linear"]
    assert [layer.name for layer in functions.network.layers] == names
    for ours, theirs in zip(modules.network.layers, functions.network.layers, strict=True):
        assert {**ours.to_dict(), "name": ""} == {**theirs.to_dict(), "name": ""}
        assert modules.spikes.layers[ours.name] == functions.spikes.layers[theirs.name]


def test_batch_norm_elsewhere_than_behind_a_layer_with_weights_stays(neuron: Any, events: Any) -> None:
    model = nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 3, 3), neuron())
    network, _ = h.from_torch(model, events(2, 1, 2, 5, 5))
    assert [(layer.kind, layer.in_class) for layer in network.layers] == [
        ("batch_norm", "binary"),
        ("conv2d", "analog"),
    ]


@pytest.mark.parametrize("at_once", [1, 2, 16])
def test_the_record_does_not_depend_on_how_many_samples_run_at_once(
    at_once: int, neuron: Any, events: Any, excite: Any
) -> None:
    model = excite(nn.Sequential(nn.Conv2d(2, 4, 3), neuron(), nn.Flatten(), nn.Linear(144, 5), neuron()))
    batch = events(3, 5, 2, 8, 8)
    assert h.from_torch(model, batch, samples_at_once=at_once) == h.from_torch(model, batch)


def test_a_record_knows_channels_and_samples(neuron: Any, events: Any, excite: Any) -> None:
    model = excite(nn.Sequential(nn.Conv2d(2, 4, 3), neuron(), nn.Flatten(), nn.Linear(144, 5), neuron()))
    batch = events(3, 5, 2, 8, 8)
    spikes = h.from_torch(model, batch, samples_at_once=2).spikes.layers["0"]
    assert spikes.channel_events == tuple(int(n) for n in batch.sum(dim=(0, 1, 3, 4)))
    assert spikes.per_sample is not None
    by_sample = batch.sum(dim=(2, 3, 4))
    assert spikes.per_sample.events == tuple((int(t.min()), int(t.max())) for t in by_sample)


def test_the_model_is_left_as_it_was(neuron: Any, events: Any) -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Dropout(), neuron()).train()
    model[1].eval()
    h.from_torch(model, events(2, 1, 4))
    assert [module.training for module in model.modules()] == [True, True, False, True]
    assert model[2].v == 0.0
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_arrays_are_batches_too(events: Any, neuron: Any) -> None:
    model, batch = nn.Sequential(nn.Linear(4, 3), neuron()), events(2, 3, 4)
    assert h.from_torch(model, batch.numpy().astype(np.uint8)) == h.from_torch(model, batch)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 1, 0], ("binary", 1)),
        ([0, -1, 1, 0], ("ternary", 1)),
        ([0, 3, 1, 0], ("graded", 3)),
        ([0, 0.5, 1, 0], ("analog", 1)),
        ([0, -2, 1, 0], ("analog", 1)),
    ],
)
def test_the_class_of_the_input_fits_all_its_values(values: list[float], expected: tuple[str, int]) -> None:
    batch = torch.tensor(values).reshape(2, 2, 1).expand(2, 2, 6).contiguous()
    layer = h.from_torch(nn.Sequential(nn.Linear(6, 2)), batch).network.layers[0]
    assert (layer.in_class, layer.in_max) == expected


def test_the_class_of_the_input_can_be_declared(events: Any) -> None:
    model, batch = nn.Sequential(nn.Linear(6, 2)), events(2, 2, 6)
    assert h.from_torch(model, batch, input_class="analog").network.layers[0].in_class == "analog"
    with pytest.raises(
        h.HwcostError, match=r"input_class is ternary, but the batch holds values from 0 to 2"
    ):
        h.from_torch(model, 2 * batch, input_class="ternary")
    with pytest.raises(h.HwcostError, match=r"'spiky' is none of analog, binary"):
        h.from_torch(model, batch, input_class="spiky")


def test_numbers_of_any_type_give_the_same_network(neuron: Any, events: Any) -> None:
    batch = events(3, 2, 4)
    model = nn.Sequential(nn.Linear(4, 3), neuron(), nn.Linear(3, 2))
    with torch.no_grad():
        for weight in model.parameters():  # exact in 16 bits, so that spikes do not depend on the type
            weight.copy_((weight * 8).round() / 8)
    expected = h.from_torch(model, batch)
    for made in (torch.bfloat16, torch.float16, torch.float64):
        assert h.from_torch(model.to(made), batch) == expected
    for stored in (">f4", "longdouble", bool, np.uint8):
        assert h.from_torch(model, batch.numpy().astype(stored)) == expected


def test_large_whole_numbers_are_no_event_counts() -> None:
    """Counts are kept in 32 bits; from 2 ** 31 on they would wrap around."""
    network, _ = h.from_torch(nn.Linear(1, 1).double(), torch.full((2, 1, 1), 2.0**32, dtype=torch.float64))
    assert network.layers[0].in_class == "analog"
