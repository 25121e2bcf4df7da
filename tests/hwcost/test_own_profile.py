"""docs/own_profile.md: its files are complete as printed."""

from pathlib import Path

import pytest

import hwcost as h

PAGE = Path(__file__).parents[2] / "docs" / "own_profile.md"


@pytest.mark.parametrize(("number", "execution"), [(0, "layer_serial"), (0, "lock_step"), (1, "lock_step")])
def test_the_files_of_the_page_price_a_network(tmp_path: Path, number: int, execution: str) -> None:
    text = PAGE.read_text(encoding="utf-8").split("```yaml\n")[number + 1].split("```")[0]
    (tmp_path / "mine.yaml").write_text(text)
    layers = (
        h.conv("a", (1, 8, 8), 4, 3, neuron="lif", bias=True),
        h.linear("b", (4, 6, 6), 10, neuron="lif"),
    )
    network = h.NetworkSpec(layers, (h.StageSpec(4),))
    cost = h.estimate(network, h.SpikeRecord.full(network), str(tmp_path / "mine.yaml"), execution)
    assert cost.total_pj > 0
    assert cost.latency_s > 0
    assert bool(cost.cores) == (number == 1)
