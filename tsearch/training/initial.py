"""Weights from which trainings start: those of a file that have a place in the network, wherever else it is from."""

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from tsearch.configuration import Configuration
from tsearch.errors import TsearchError
from tsearch.files.initial import read_init
from tsearch.networks.build import Network
from tsearch.networks.quantised import from_codes
from tsearch.networks.weights import Loaded, current_names, load_fitting
from tsearch.training.checkpoints import weights_in


def take_initial(network: Network) -> Loaded | None:
    """Put the weights that the configuration of `network` names into it, in place; None where it names none. It takes
    the form of its first phase, or that of an ANN where the weights are those of one, which is yet to be converted.

    The file is a checkpoint of tsearch, weights.safetensors of a bundle, or any state dict; taken is what has a name
    and a shape of this network. Masks are not: pruning begins where the schedule says, and layers with the timesteps
    that `Masks` says.

    Raises: TsearchError where the file is another than when the run began, is no safetensors, or where none of it fits.
    """
    network.enter(-1)
    configuration = network.configuration
    if configuration.init is None:
        return None
    loaded = load_fitting(network, initial_weights(configuration))
    if not any(name.endswith(".weight") for name in loaded.taken):
        raise TsearchError(
            f"init: {configuration.init.file}: no weights of it fit this network; it has {_some(loaded.left)}, and the "
            f"network {_some(loaded.new)}. Give weights of the same backbone under these names."
        )
    if not configuration.is_ann_at(-1):
        network.enter(0)
    return loaded


def initial_weights(configuration: Configuration) -> dict[str, Tensor]:
    """The weights in the file that a configuration names, under the names of today, without masks and the scores of
    such."""
    assert configuration.init is not None
    content = read_init(configuration.init)
    try:
        state = from_codes(weights_in(load(content)))
    except (SafetensorError, ValueError) as error:
        raise TsearchError(
            f"init: {configuration.init.file}: no safetensors file ({error}). "
            "Give a checkpoint, weights.safetensors of a bundle, or a state dict saved with safetensors."
        ) from None
    named = current_names(state, configuration)
    return {name: value for name, value in named.items() if not name.startswith(("kept.", "timestep_masks."))}


def report(loaded: Loaded) -> str:
    """What became of the weights of a file, in a sentence."""
    parts = [f"{len(loaded.taken)} weights taken"]
    parts += [f"{len(loaded.new)} new ({_some(loaded.new)})"] if loaded.new else []
    parts += [f"{len(loaded.left)} left ({_some(loaded.left)})"] if loaded.left else []
    return ", ".join(parts)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
