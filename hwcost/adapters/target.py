"""What a command line names: a model in a Python file, and a batch in a file of arrays."""

import importlib.util
import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcost.errors import HwcostError, did_you_mean, one_line

ARRAYS = ("data", "frames")


def load_target(text: str) -> Any:
    """The model that `model.py:net` names: an object of that file, or what a function without arguments returns.

    Raises: HwcostError, one line, where there is no such file or name, or the file or function fails.
    """
    file, _, name = text.rpartition(":")
    path = Path(file)
    if not file or not name or path.suffix != ".py":
        raise HwcostError(f"'{text}': FILE.py:NAME expected, for example model.py:net")
    if not path.is_file():
        raise HwcostError(f"{path}: no such file")
    module = _module(path)
    if not hasattr(module, name):
        known = [key for key in vars(module) if not key.startswith("_")]
        raise HwcostError(f"{path}: no '{name}' in it.{did_you_mean(name, known)}")
    found = getattr(module, name)
    if not callable(found) or (hasattr(found, "forward") and not isinstance(found, type)):
        return found
    try:
        return found()
    except Exception as error:
        raise HwcostError(f"{text}: calling it without arguments failed: {one_line(error)}") from error


def _module(path: Path) -> Any:
    """The file as a module, with its folder on the path as `python FILE` has it."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    logging.getLogger("torch._library.triton").setLevel(
        logging.ERROR
    )  # that Triton is missing changes no count
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem], hidden = module, sys.modules.get(path.stem)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise HwcostError(f"{path}: running it failed: {one_line(error)}") from error
    finally:
        sys.path.remove(str(path.resolve().parent))
        if hidden is not None:
            sys.modules[path.stem] = hidden
    return module


def load_batch(path: str | Path) -> NDArray[Any]:
    """The array of an .npy file; of an .npz file its array 'data' or 'frames', or the only one.

    Raises: HwcostError, one line, where there is no such file or array.
    """
    try:
        content = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise HwcostError(f"{path}: no such file") from None
    except (OSError, ValueError, EOFError) as error:
        raise HwcostError(f"{path}: not an .npy or .npz file of numbers: {one_line(error)}") from None
    if isinstance(content, np.ndarray):
        return content
    with content:
        names = list(content.files)
        name = next((name for name in ARRAYS if name in names), names[0] if len(names) == 1 else None)
        if name is None:
            raise HwcostError(
                f"{path}: which array is the batch? It has {', '.join(names) or 'none'}; call it 'data'"
            )
        try:
            array: NDArray[Any] = content[name]
        except ValueError:
            raise HwcostError(f"{path}: '{name}' holds no numbers") from None
        return array
