"""The kinds of spaces that a run can hold, by the name that stands in run.json."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from tsearch.errors import TsearchError
from tsearch.space.protocol import Space

KINDS = {
    "network": "tsearch.space.space:SearchSpace",
    "union": "tsearch.space.union:UnionSpace",
    "parameters": "tsearch.space.plain:ParameterSpace",
}


def space_from_dict(content: Mapping[str, Any], source_text: str = "") -> Space:
    """The space that `to_dict` wrote; one that names no kind is a network's. Raises: TsearchError for an unknown
    kind."""
    kind = content.get("kind", "network")
    if kind not in KINDS:
        raise TsearchError(
            f"run.json: a space of kind '{kind}', which this tsearch does not know. Known kinds: {', '.join(KINDS)}."
        )
    module, _, name = KINDS[kind].partition(":")
    space: Space = getattr(import_module(module), name).from_dict(content, source_text)
    return space
