"""Things of the user's, named 'module:name': an evaluator, a data set, a network.

Modules are looked for where Python looks, and also in the current folder and in the folder of the search space. Worker
processes and Ray look where the driver looks.
"""

import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from tsearch.errors import TsearchError, did_you_mean

HINT = "Modules are looked for in the current folder, beside the search space and on PYTHONPATH"
_LIBRARIES = tuple(f"{folder}{os.sep}" for folder in (Path(__file__).parent, Path(os.__file__).parent))
_folders: list[str] = []  # where modules are looked for that Python does not find


class BadReferenceError(TsearchError, ValueError):
    """What 'module:name' refers to is missing, fails or is of another kind. A ValueError too, so that a search-space
    file adds its line."""


def is_reference(name: str) -> bool:
    """True for 'module:name', false for the name of something that tsearch has."""
    return ":" in name


def resolve(reference: str) -> Any:
    """What 'module:name' refers to. Raises: BadReferenceError if there is no such module or name, or if importing the
    module fails."""
    module, _, name = reference.partition(":")
    if not module or not name.isidentifier():
        raise BadReferenceError(f"'{reference}' is not of the form 'module:name'.")
    try:
        imported = _imported(module)
    except Exception as error:
        raise BadReferenceError(_import_problem(reference, module, error)) from error
    if not hasattr(imported, name):
        known = [word for word in vars(imported) if not word.startswith("_")]
        where = getattr(imported, "__file__", None) or module
        raise BadReferenceError(f"'{reference}': {where} has no '{name}'.{did_you_mean(name, known)}")
    return getattr(imported, name)


def reference_to(thing: Any) -> str | None:
    """Where something can be imported from, 'module:name'; None if nowhere."""
    if isinstance(thing, str):
        return thing
    module, name = getattr(thing, "__module__", "__main__"), getattr(thing, "__qualname__", "")
    return f"{module}:{name}" if module != "__main__" and name.isidentifier() else None


def look_in(folder: str | Path) -> None:
    """Also look in `folder` for modules that are found nowhere else."""
    absolute = str(Path(folder).absolute())
    if absolute not in _folders:
        _folders.append(absolute)


def where_it_failed(error: BaseException, called: Any = None) -> str:
    """'KeyError: 'x' (mine.py:12)': the error in one line, with the last line of the user's own that was run; where
    none was, as for arguments that do not fit, with the first line of the function that was `called`."""
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    places = [(frame.filename, frame.lineno) for frame in frames if not _is_library(frame.filename)]
    code = getattr(called, "__code__", None)
    if not places and code is not None:
        places = [(code.co_filename, code.co_firstlineno)]
    return f"{text} ({Path(places[-1][0]).name}:{places[-1][1]})" if places else text


def _is_library(file: str) -> bool:
    """True for tsearch itself, the standard library, and what is installed."""
    return file.startswith(_LIBRARIES) or "site-packages" in file or file.startswith("<")


def _imported(module: str) -> ModuleType:
    try:
        found = import_module(module)
        if not (hasattr(found, "__path__") and found.__file__ is None):
            return found
        del sys.modules[module]  # a mere folder of that name, which may hide a module in a later place
    except ModuleNotFoundError:
        pass
    look_in(os.getcwd())  # an installed command does not look there
    sys.path.extend(folder for folder in _folders if folder not in sys.path)
    return import_module(module)


def _import_problem(reference: str, module: str, error: Exception) -> str:
    missing = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
    if missing is not None and (module == missing or module.startswith(missing + ".")):
        return f"'{reference}': module '{missing}' not found. {HINT}; the current folder is {os.getcwd()}."
    return f"'{reference}': importing '{module}' failed: {where_it_failed(error)}."
