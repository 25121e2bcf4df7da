"""YAML content together with the line of every key, for errors that point at it."""

from collections.abc import Mapping
from copy import copy
from typing import Any, Self

import yaml

from tsearch.errors import TsearchError
from tsearch.files.reading import parse_yaml

Path = tuple[str | int, ...]


class Lines:
    """YAML content together with the line of every key."""

    def __init__(self, source: str, text: str) -> None:
        """Raises: TsearchError for what is no plain YAML, beyond the limits of `hwcost.plain_yaml`, or no mapping."""
        self.source, self.text = source, text
        self.lines: dict[Path, int] = {}
        self.also: Mapping[
            Path, tuple[str, ...]
        ] = {}  # keys that may stand at a place beside those of its model
        self.content, node = parse_yaml(text, source)
        if not isinstance(self.content, dict):
            raise TsearchError(
                f"{source}: a search space is a mapping of keys, at least name, data and timesteps."
            )
        self._walk(node, ())

    def seen_as(
        self, content: dict[str, Any], lines: dict[Path, int], also: Mapping[Path, tuple[str, ...]]
    ) -> Self:
        """The same text, read as other content."""
        seen = copy(self)
        seen.content, seen.lines, seen.also = content, lines, also
        return seen

    def _walk(self, node: Any, path: Path) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self.lines[(*path, str(key.value))] = key.start_mark.line + 1
                self._walk(value, (*path, str(key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                self.lines[(*path, i)] = value.start_mark.line + 1
                self._walk(value, (*path, i))

    def known(self, path: Path) -> Path:
        """`path` without the parts that are no keys of the file (pydantic's names for the members of a
        union)."""
        kept: Path = ()
        for part in path:
            if (*kept, part) in self.lines:
                kept = (*kept, part)
        return kept

    def error(self, path: Path, message: str) -> TsearchError:
        """An error at the line of `path`, or of the nearest key above it that the file holds."""
        line = self.lines.get(self.known(path))
        return TsearchError(f"{self.source}{f':{line}' if line else ''}: {message}")
