"""Which form a network has in which phase."""

import pytest

from tsearch.configuration import Configuration, Conversion, Init, Phase
from tsearch.networks.form import SPIKING, Form, form_of

ANN = Phase(timesteps=(1,), epochs=1, network="ann")
LONG, SHORT = (Phase(timesteps=(t,), epochs=1) for t in (4, 1))
OF_AN_ANN = Form(is_ann=True, is_converted=False, is_folded=False)
CONVERTED = Form(is_ann=False, is_converted=True, is_folded=False)
FOLDED = Form(is_ann=False, is_converted=True, is_folded=True)


def forms(*schedule: Phase, init: Init | None = None, fold_norm: bool = False) -> list[Form]:
    """Of the initial weights, then of every phase."""
    conversion = Conversion(fold_norm=fold_norm)
    configuration = Configuration(stages=(3,), schedule=schedule, conversion=conversion, init=init)
    return [form_of(configuration, phase) for phase in range(-1, len(schedule))]


@pytest.mark.parametrize(("fold_norm", "behind"), [(False, CONVERTED), (True, FOLDED)])
def test_all_phases_behind_an_ann_are_converted(fold_norm: bool, behind: Form) -> None:
    weights = Init(file="x", content="0" * 16, network="ann")
    assert forms(ANN, LONG, SHORT, fold_norm=fold_norm) == [OF_AN_ANN, OF_AN_ANN, behind, behind]
    assert forms(LONG, SHORT, init=weights, fold_norm=fold_norm) == [OF_AN_ANN, behind, behind]


def test_without_an_ann_there_is_one_form_whatever_a_conversion_says() -> None:
    weights = Init(file="x", content="0" * 16)
    assert set(forms(LONG, SHORT, fold_norm=True)) == {SPIKING}
    assert set(forms(LONG, SHORT, init=weights, fold_norm=True)) == {SPIKING}


def test_an_ann_behind_weights_of_a_spiking_network_is_an_ann() -> None:
    weights = Init(file="x", content="0" * 16)
    assert forms(ANN, LONG, init=weights) == [SPIKING, OF_AN_ANN, CONVERTED]
