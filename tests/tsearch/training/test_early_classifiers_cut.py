"""Early classifiers in a training that is cut, inside a phase and between two."""

from itertools import product

import pytest
from tiny import TWO_PHASES, configuration, trained

KINDS = list(product(("before", "after"), ("linear", "convolution")))


@pytest.mark.parametrize(("tap", "head"), KINDS)
@pytest.mark.parametrize("cut", [1, 2])
def test_a_training_with_early_classifiers_continues_with_the_same_bits(
    tap: str, head: str, cut: int
) -> None:
    config = configuration(TWO_PHASES, early_tap=tap, early_head=head)
    _, whole = trained(config, stop=3)
    _, first = trained(config, stop=cut)
    _, rest = trained(config, stop=3, start=cut, checkpoint=first.checkpoint)
    assert rest.checkpoint == whole.checkpoint
