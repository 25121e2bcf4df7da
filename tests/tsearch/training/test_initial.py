"""Weights of a file as the beginning of trainings."""

import pytest
import torch
from safetensors.torch import save_file
from tiny import DATASET, TASK, configuration, trained

from tsearch.configuration import Configuration, Phase
from tsearch.errors import TsearchError
from tsearch.files.initial import find_init
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.networks.quantised import to_codes
from tsearch.training.checkpoints import pack, unpack_weights
from tsearch.training.identity import prepare
from tsearch.training.initial import report, take_initial
from tsearch.training.schedule import positions


def network_of(config: Configuration):
    made = build(config, DATASET.shape, DATASET.n_classes)
    initialise(made, 7, 0)
    return made


@pytest.fixture
def source():
    """A network with other weights than any training here begins with."""
    return network_of(configuration())


def write(state, path) -> None:
    save_file({name: value.contiguous() for name, value in state.items()}, path)


def beginning_with(path, network: str = "snn", **given) -> Configuration:
    init = find_init({"file": str(path), "network": network})
    return configuration(**given).model_copy(update={"init": init})


@pytest.mark.parametrize("kind", ["checkpoint", "state dict", "whole numbers"])
def test_every_kind_of_file_gives_its_weights(source, tmp_path, kind: str) -> None:
    path = tmp_path / "w.safetensors"
    state = source.state_dict()
    if kind == "checkpoint":
        path.write_bytes(pack(source, 3))
    elif kind == "whole numbers":
        write(to_codes(source, state, 8), path)
    else:
        write(state, path)
    target = build(beginning_with(path), DATASET.shape, DATASET.n_classes)
    initialise(target, 0, 0)
    loaded = take_initial(target)
    assert loaded.taken == tuple(state)
    assert (loaded.new, loaded.left) == ((), ())
    for name, value in target.state_dict().items():
        close = 0.02 if kind == "whole numbers" and "weight" in name else 0.0
        assert torch.allclose(value.float(), state[name].float(), atol=close), name


def test_what_does_not_fit_is_left_and_named(source, tmp_path) -> None:
    state = source.state_dict() | {"foreign.weight": torch.ones(2), "kept.block1": torch.ones(2)}
    write(state, tmp_path / "w.safetensors")
    wider = Vgg(widths=(3, 5), pool_after=(1,))
    config = beginning_with(tmp_path / "w.safetensors").model_copy(update={"backbone": wider})
    target = build(config, DATASET.shape, DATASET.n_classes)
    initialise(target, 0, 0)
    before = {name: value.clone() for name, value in target.state_dict().items()}
    loaded = take_initial(target)
    assert torch.equal(target.blocks["1"]["main"].conv.weight, source.blocks["1"]["main"].conv.weight)
    assert torch.equal(target.blocks["2"]["main"].conv.weight, before["blocks.2.main.conv.weight"])
    assert "blocks.2.main.conv.weight" in loaded.new
    assert "blocks.2.main.conv.weight [4, 3, 3, 3] for [5, 3, 3, 3]" in loaded.left
    assert "foreign.weight" in loaded.left
    assert not any("kept" in name for name in (*loaded.taken, *loaded.left))
    assert report(loaded).startswith(f"{len(loaded.taken)} weights taken, {len(loaded.new)} new (")


def test_a_file_without_a_weight_that_fits_is_refused(tmp_path) -> None:
    write({"features.0.weight": torch.ones(2)}, tmp_path / "w.safetensors")
    target = network_of(beginning_with(tmp_path / "w.safetensors"))
    with pytest.raises(
        TsearchError, match=r"no weights of it fit this network; it has features.0.weight, and the"
    ):
        take_initial(target)
    (tmp_path / "text").write_text("no tensors")
    with pytest.raises(TsearchError, match=r"text: no safetensors file"):
        take_initial(network_of(beginning_with(tmp_path / "text")))


def test_missing_and_changed_files_are_one_line(source, tmp_path) -> None:
    path = tmp_path / "w.safetensors"
    with pytest.raises(
        TsearchError, match=r"w.safetensors: No such file or directory. Give a safetensors file"
    ):
        find_init(str(path))
    with pytest.raises(TsearchError, match=r"FILE, or {file: FILE, network: snn or ann}, is expected"):
        find_init({"file": str(path), "network": "cnn"})
    write(source.state_dict(), path)
    config = beginning_with(path)
    task = TASK.model_copy(
        update={"init": config.init, "data": TASK.data.model_copy(update={"name": "digits"})}
    )
    prepare(task)
    write({name: 2 * value for name, value in source.state_dict().items()}, path)
    for refused in (lambda: prepare(task), lambda: take_initial(network_of(config))):
        with pytest.raises(
            TsearchError, match=r"its content changed since this run started .* Start a new run"
        ):
            refused()


def test_files_lie_beside_the_space_file_first(source, tmp_path, monkeypatch) -> None:
    write(source.state_dict(), tmp_path / "w.safetensors")
    monkeypatch.chdir(tmp_path.parent)
    beside = find_init("w.safetensors", tmp_path)
    assert beside == find_init(str(tmp_path / "w.safetensors"))
    monkeypatch.chdir(tmp_path)
    assert find_init("w.safetensors") == beside


@pytest.mark.parametrize("cut", [1, 3])
def test_a_training_that_begins_with_a_file_is_cut_without_a_trace(source, tmp_path, cut: int) -> None:
    write(source.state_dict(), tmp_path / "w.safetensors")
    config = beginning_with(tmp_path / "w.safetensors")
    whole = trained(config)[1]
    first = trained(config, stop=cut)[1].checkpoint
    assert trained(config, start=cut, checkpoint=first)[1].checkpoint == whole.checkpoint
    assert whole.checkpoint != trained(configuration())[1].checkpoint
    assert len(whole.loaded.taken) == len(source.state_dict())


def test_an_ann_is_converted_before_a_first_phase_that_spikes(tmp_path) -> None:
    """An ANN in a file, and the same one as the first phase of a schedule, become the same spiking network. (Only the
    order of the samples that a conversion draws may differ; here it draws all.)"""
    ann, snn = Phase(timesteps=(1, 1), epochs=2, network="ann"), Phase(timesteps=(2, 1), epochs=1)
    both = configuration((ann, snn))
    checkpoint = trained(both, stop=2)[1].checkpoint
    (tmp_path / "ann.safetensors").write_bytes(checkpoint)
    for fold_norm in (False, True):
        how = {"conversion": both.conversion.model_copy(update={"fold_norm": fold_norm})}
        whole, alone = (
            config.model_copy(update=how)
            for config in (both, beginning_with(tmp_path / "ann.safetensors", "ann", schedule=(snn,)))
        )
        assert alone.prefix_key(0) != beginning_with(
            tmp_path / "ann.safetensors", schedule=(snn,)
        ).prefix_key(0)
        converted = [begun(whole, checkpoint, 2), begun(alone, None, 0)]
        of_files, of_phases = (made.state_dict() for made in converted)
        assert of_files.keys() == of_phases.keys()
        for name, value in of_files.items():
            if name.startswith("blocks"):
                assert torch.equal(value, of_phases[name]), name
        assert any("threshold" in name for name in of_files)


def begun(config: Configuration, checkpoint: bytes | None, epoch: int):
    """The network as its first spiking phase begins."""
    from tsearch.networks.weights import load_weights
    from tsearch.training.transition import begin_phase

    network = build(config, DATASET.shape, DATASET.n_classes)
    initialise(network, TASK.seed, TASK.replicate)
    take_initial(network)
    if checkpoint is not None:
        load_weights(network, unpack_weights(checkpoint), may_be_new=["boundaries", "early_classifiers"])
    begin_phase(network, DATASET, TASK, positions(config)[epoch])
    return network
