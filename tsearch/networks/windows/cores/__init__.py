"""What runs in a window, by name: a core gives the nodes between the gate of a block and its condense node.

Adding one is one file and one line. Importing this package imports no torch.
"""

from tsearch.networks.windows.cores.cnn import Cnn
from tsearch.networks.windows.cores.core import Core
from tsearch.networks.windows.cores.gru import GRU
from tsearch.networks.windows.cores.lstm import LSTM
from tsearch.networks.windows.cores.mlp import MLP
from tsearch.networks.windows.cores.rnn import BIRNN, RNN

CORES: dict[str, Core] = {
    "birnn": BIRNN,
    "cnn": Cnn(),
    "gru": GRU,
    "lstm": LSTM,
    "mlp": MLP,
    "rnn": RNN,
}
