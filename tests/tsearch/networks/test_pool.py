"""The average pool against the library's."""

import pytest
import torch

from tsearch.networks.pool import average_pool


@pytest.mark.parametrize("shape", [(3, 8, 16, 16), (2, 3, 5, 4), (2, 3, 4, 5), (1, 2, 7, 7)])
@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
def test_values_and_gradients_equal_those_of_the_library(shape, memory_format) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator).contiguous(memory_format=memory_format).requires_grad_()
    ours, theirs = average_pool(x), torch.nn.functional.avg_pool2d(x, 2)
    weights = torch.randn(theirs.shape, generator=generator)
    (mine,) = torch.autograd.grad(ours, x, weights)
    (expected,) = torch.autograd.grad(theirs, x, weights)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(mine, expected)
