"""Who runs the timesteps: the model, or a loop around it; images, and what is computed once."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import hwcost as h


class Steps(nn.Module):
    """A loop over time inside forward, as users of snnTorch write it."""

    def __init__(self, neuron: type[nn.Module], timesteps: int = 0) -> None:
        super().__init__()
        self.fc1, self.fire1, self.fc2, self.fire2 = nn.Linear(6, 5), neuron(), nn.Linear(5, 3), neuron()
        self.timesteps = timesteps

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept = []
        total = torch.zeros(1)
        for t in range(self.timesteps or len(x)):
            spikes = self.fire2(self.fc2(self.fire1(self.fc1(x if self.timesteps else x[t]))))
            total = total + spikes
            kept.append(spikes)
        return torch.stack(kept), total / len(kept)


class Once(nn.Module):
    """One timestep per call."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.fc1, self.fire1, self.fc2, self.fire2 = steps.fc1, steps.fire1, steps.fc2, steps.fire2

    def forward(self, x: Tensor) -> Tensor:
        return self.fire2(self.fc2(self.fire1(self.fc1(x))))


def test_a_loop_inside_and_a_loop_around_are_the_same(neuron: Any, events: Any, excite: Any) -> None:
    inside, batch = excite(Steps(neuron)), events(4, 3, 6)
    around = Once(inside)
    found = h.from_torch(inside, batch)
    assert found == h.from_torch(around, batch) == h.from_torch(around, batch, loop=True)
    assert sum(found.spikes.layers["fc2"].outputs) > 0


def test_time_and_samples_flattened_together_are_told_apart(neuron: Any, events: Any, excite: Any) -> None:
    """[T * samples, ...] and [samples * T, ...] both say which timestep a row belongs to."""

    class Fused(nn.Module):
        def __init__(self, steps: Steps, *, swapped: bool) -> None:
            super().__init__()
            self.fc1, self.fire1, self.fc2, self.fire2 = steps.fc1, steps.fire1, steps.fc2, steps.fire2
            self.swapped = swapped

        def forward(self, x: Tensor) -> None:
            if self.swapped:
                x = self.fc1(x.transpose(0, 1).reshape(-1, 6)).view(x.shape[1], len(x), -1).permute(1, 0, 2)
            else:
                x = self.fc1(x.flatten(0, 1)).unflatten(0, x.shape[:2])
            for current in x:
                self.fire2(self.fc2(self.fire1(current)))

    steps, batch = excite(Steps(neuron)), events(4, 3, 6)
    expected = h.from_torch(steps, batch)
    assert h.from_torch(Fused(steps, swapped=False), batch) == expected
    assert h.from_torch(Fused(steps, swapped=True), batch) == expected


@pytest.mark.parametrize("loop", [None, True])
def test_images_are_the_same_frame_at_every_timestep(loop: bool | None, neuron: Any, excite: Any) -> None:
    steps, images = excite(Steps(neuron, timesteps=4)), torch.rand(3, 6)
    model = steps if loop is None else Once(steps)
    network, spikes = h.from_torch(model, images, timesteps=4, loop=loop)
    assert network.stages == (h.StageSpec(4),)
    first, second = network.layers
    assert (first.in_class, first.constant_input, second.constant_input) == ("analog", True, False)
    assert len(spikes.layers["fc1"].outputs) == 4
    repeated = h.from_torch(
        Steps(neuron), images.expand(4, 3, 6)
    )  # the same numbers, read anew at every timestep
    assert not repeated.network.layers[0].constant_input


def test_a_layer_in_front_of_the_loop_is_computed_once(neuron: Any, excite: Any) -> None:
    class Front(Steps):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            current = self.fc1(x)
            kept = [self.fire2(self.fc2(self.fire1(current))) for _ in range(4)]
            return torch.stack(kept), current

    images = torch.rand(3, 6)
    torch.manual_seed(1)
    front = excite(Front(neuron))
    torch.manual_seed(1)
    inside = excite(Steps(neuron, timesteps=4))
    assert h.from_torch(front, images, timesteps=4) == h.from_torch(inside, images, timesteps=4)


def test_a_pool_in_front_of_the_loop_gets_the_same_events_at_every_timestep(neuron: Any, events: Any) -> None:
    class Front(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool, self.fc, self.fire = nn.MaxPool1d(2), nn.Linear(3, 2), neuron()

        def forward(self, x: Tensor) -> list[Tensor]:
            x = self.pool(x).flatten(1)
            return [self.fire(self.fc(x)) for _ in range(4)]

    image = events(2, 1, 6)
    _, spikes = h.from_torch(Front(), image, timesteps=4)
    assert [sum(row) for row in spikes.layers["pool"].events] == [int(image.sum())] * 4


def test_neurons_in_front_of_the_loop_are_refused(neuron: Any) -> None:
    class Front(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encode, self.fc, self.fire = neuron(), nn.Linear(6, 2), neuron()

        def forward(self, x: Tensor) -> list[Tensor]:
            spikes = self.encode(x)
            return [self.fire(self.fc(spikes)) for _ in range(4)]

    with pytest.raises(h.HwcostError, match=r"'encode' runs 1 of 4 timesteps"):
        h.from_torch(Front(), torch.rand(2, 6), timesteps=4)


def test_static_spikes_are_events_of_every_timestep(neuron: Any, events: Any) -> None:
    image = events(3, 6)
    network, spikes = h.from_torch(Steps(neuron, timesteps=4), image, timesteps=4)
    assert not network.layers[0].constant_input
    assert spikes.layers["fc1"].events == ((int(image.sum()),),) * 4


def test_other_numbers_of_timesteps_are_refused(neuron: Any) -> None:
    with pytest.raises(h.HwcostError, match=r"'fc1' runs 4 of 5 timesteps"):
        h.from_torch(Steps(neuron, timesteps=4), torch.rand(3, 6), timesteps=5)
    with pytest.raises(h.HwcostError, match=r"'fc1' \(Linear\) runs more than the 3 timesteps"):
        h.from_torch(Steps(neuron, timesteps=4), torch.rand(3, 6), timesteps=3)


def test_a_loop_that_is_denied_says_so(neuron: Any, events: Any) -> None:
    once = Once(Steps(neuron))
    with pytest.raises(
        h.HwcostError, match=r"'fire1' \(IF\) runs one timestep per call, but got 4; give loop=True"
    ):
        h.from_torch(once, events(4, 3, 6), loop=False)
    with pytest.raises(h.HwcostError, match=r"takes 4 dimensions, but got \(2, 3, 1, 5, 5\); give loop=True"):
        h.from_torch(nn.Conv2d(1, 2, 3), events(2, 3, 1, 5, 5), loop=False)
    with pytest.raises(
        h.HwcostError, match=r"one call of the model runs one timestep, not 4; give loop=True"
    ):
        h.from_torch(once, torch.rand(3, 6), timesteps=4, loop=False)


def test_images_without_timesteps_are_refused(neuron: Any) -> None:
    with pytest.raises(
        h.HwcostError, match=r"\(3, 6\) holds no \[T, samples, ...\]; for images .* timesteps="
    ):
        h.from_torch(Once(Steps(neuron)), torch.rand(3, 6))


def test_a_state_that_forward_takes_is_given_back(neuron: Any, events: Any, excite: Any) -> None:
    class Stateful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.cell = nn.Linear(6, 3), Cell()

        def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
            spikes, state = self.cell(self.fc(x), state)
            return spikes, state

    class Cell(nn.Module):
        def forward(self, x: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
            v = x if state is None else state + x
            spikes = (v >= 1).to(x.dtype)
            return spikes, v - spikes

    h.register(Cell, lambda *_: {"neuron": "if"})
    model, batch = excite(Stateful()), events(5, 2, 6)
    found = h.from_torch(model, batch)
    plain = nn.Sequential(model.fc, neuron())
    assert found.spikes.layers["fc"].outputs == h.from_torch(plain, batch).spikes.layers["0"].outputs


@pytest.mark.parametrize("timesteps", [0, -1, 100_000_000])
def test_timesteps_out_of_range_are_refused_at_once(timesteps: int) -> None:
    with pytest.raises(h.HwcostError, match="a stage has 1 to 10,000 timesteps"):
        h.from_torch(nn.Linear(4, 2), torch.ones(3, 4), timesteps=timesteps)
