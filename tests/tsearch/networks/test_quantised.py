"""Weights of few bits against a second implementation, and what training and export make of them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.nn import functional

from tsearch.configuration import Configuration, Phase
from tsearch.errors import TsearchError
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.networks.quantised import encoded, from_codes, quantised, take_codes, to_codes

CLIP = {8: 3.92, 4: 2.475, 2: 1.225}
FINITE = st.floats(-100, 100, width=32).filter(lambda x: x == 0 or abs(x) > 1e-12)


def codes_of(weight: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers and scales, channel by channel in float64."""
    most, codes, scales = 2 ** (bits - 1) - 1, np.zeros(weight.shape), np.ones(len(weight))
    for channel, values in enumerate(weight.astype(np.float64)):
        alive = values[values != 0]
        if alive.size:
            clip = min(np.abs(values).max(), CLIP[bits] * np.sqrt((alive**2).mean()))
            scales[channel] = clip / most
            codes[channel] = np.clip(values / scales[channel], -most, most)
    return codes, scales


@given(arrays(np.float32, (3, 2, 3), elements=FINITE), st.sampled_from([8, 4, 2]))
def test_weights_are_the_nearest_whole_numbers_times_a_scale_per_channel(
    weight: np.ndarray, bits: int
) -> None:
    exact, scales = codes_of(weight, bits)
    codes, scale = (part.numpy() for part in encoded(torch.from_numpy(weight), bits))
    has_weights = np.abs(weight).max((1, 2)) > 0
    assert np.allclose(scale.ravel()[has_weights], scales[has_weights], rtol=1e-5)
    assert np.array_equal(codes, np.rint(codes))
    assert np.abs(codes).max() <= 2 ** (bits - 1) - 1
    assert (np.abs(codes - exact) <= 0.5 + 1e-3).all()


def test_the_clip_has_the_least_squared_error_for_normal_weights() -> None:
    """Among all clips in steps of a hundredth, by numerical integration of the normal density."""
    x = np.linspace(-8, 8, 8001)
    density = np.exp(-(x**2) / 2)
    for bits, clip in CLIP.items():
        most = 2 ** (bits - 1) - 1

        def error(clip: float, most: int = most) -> float:
            scale = clip / most
            return float((density * (x - np.clip(np.rint(x / scale), -most, most) * scale) ** 2).sum())

        best = min(np.arange(0.8, 5, 0.01), key=error)
        assert clip == pytest.approx(best, abs=0.03)


def test_gradients_pass_straight_through_and_32_bits_change_nothing() -> None:
    weight = torch.randn(4, 3, requires_grad=True, generator=torch.Generator().manual_seed(0))
    upstream = torch.arange(12.0).view(4, 3)
    (quantised(weight, 4) * upstream).sum().backward()
    assert torch.equal(weight.grad, upstream)
    assert quantised(weight, 32) is weight


def network(bits: int):
    config = Configuration(
        backbone=Vgg(widths=(4, 6), pool_after=(1,)),
        stages=(1, 1),
        schedule=(Phase(timesteps=(3, 2), epochs=1, weight_bits=bits),),
    )
    made = build(config, (2, 6, 6), 3, is_static=False)
    initialise(made, 0, 0)
    generator = torch.Generator().manual_seed(1)
    for name, value in made.state_dict().items():
        if "norm" in name and value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    made.blocks["1"]["main"].norm.weight.data[0] *= -1
    return made.eval()


FRAMES = torch.randint(0, 3, (3, 5, 2, 6, 6), generator=torch.Generator().manual_seed(2)).float()


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_currents_are_those_of_whole_numbers_times_a_scale_per_channel(bits: int) -> None:
    """With BatchNorm folded in, a layer multiplies the whole numbers of the folded weights, and scales the sums."""
    made = network(bits)
    module = made.blocks["1"]["main"]
    norm = module.norm
    factor = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach().double()
    folded = module.conv.weight.detach().double() * factor[:, None, None, None]
    exact, scales = codes_of(folded.numpy(), bits)
    whole = torch.from_numpy(np.rint(exact))
    assert np.abs(whole.numpy() - exact).max() <= 0.5
    bias = (norm.bias - norm.running_mean * factor).detach().double()
    sums = functional.conv2d(FRAMES.flatten(0, 1).double(), whole, padding=1)
    by_hand = sums * torch.from_numpy(scales)[:, None, None] + bias[:, None, None]
    with torch.no_grad():
        current = module.normalised(FRAMES.flatten(0, 1))
    assert torch.allclose(current.double(), by_hand, atol=1e-4)
    in_training = (
        module.train().conv(FRAMES.flatten(0, 1)).double() * factor[:, None, None] + bias[:, None, None]
    )
    assert torch.allclose(in_training, by_hand, atol=1e-4)  # training multiplies the same numbers


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_stored_whole_numbers_give_the_very_logits(bits: int) -> None:
    made = network(bits)
    names = [f"{name}.weight" for name, module in made.named_modules() if module in made.weighted().values()]
    stored = to_codes(made, made.state_dict(), bits)
    assert {stored[name].dtype for name in names} == {torch.int8}
    assert max(int(stored[name].abs().max()) for name in names) == 2 ** (bits - 1) - 1
    plain = network(bits)
    plain.set_weight_bits(32)
    assert not torch.equal(plain(FRAMES), made(FRAMES))
    plain.load_state_dict(from_codes(stored))
    assert torch.equal(plain(FRAMES), made(FRAMES))
    bundled = network(bits)
    bundled.load_state_dict(from_codes(stored))
    take_codes(bundled, stored)  # not rounded a second time
    assert torch.equal(bundled(FRAMES), made(FRAMES))
    with pytest.raises(ValueError, match=r"the scale of head.weight is of shape \[1\]"):
        from_codes(stored | {"head.weight_scale": torch.ones(1)})


def test_weights_that_nobody_quantises_are_refused_by_their_module() -> None:
    made = network(8)
    made.blocks["2"]["main"].extra = torch.nn.Linear(2, 2)
    made.set_weight_bits(32)
    with pytest.raises(TsearchError, match=r"weight_bits 4: weights of Linear.* cannot be quantised"):
        made.set_weight_bits(4)
