"""Phases as tables and pages tell them."""

import pytest

from tsearch.cli.space_table import phase_text as short_text
from tsearch.configuration import Phase
from tsearch.front.phases import neuron_text, path_text, phase_text


@pytest.mark.parametrize(
    ("phase", "long", "short"),
    [
        (Phase(timesteps=(3, 1), epochs=6), "T=(3, 1)", "3,1 x6"),
        (Phase(timesteps=(1, 1), epochs=20, network="ann"), "ANN", "ANN x20"),
        (
            Phase(timesteps=(1,), epochs=4, sparsity=0.5, weight_bits=8),
            "T=1 (50 % pruned, 8 bits)",
            "1 x4 (50 % pruned, 8 bits)",
        ),
    ],
)
def test_a_phase_says_its_timesteps_and_what_is_left_of_the_weights(
    phase: Phase, long: str, short: str
) -> None:
    assert phase_text(phase) == long
    assert short_text(phase.model_dump(mode="json")) == short


def test_a_path_goes_from_phase_to_phase() -> None:
    phases = [Phase(timesteps=(t,), epochs=1) for t in (5, 3, 1)]
    assert path_text(phases) == "T=5 > T=3 > T=1"


def test_neurons_tell_what_they_have() -> None:
    assert neuron_text({"threshold": 0.51999, "leak": 0.98}) == "0.52, 0.98"
    assert neuron_text({"threshold": 2.0}) == "2, -"
