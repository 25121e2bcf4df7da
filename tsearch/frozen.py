"""Frozen objects of plain data, and the keys made from their content."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict


class AbsentMeans(NamedTuple):
    """The value that a field has where a key does not name it.

    Fixed for ever when the field is introduced: at that value the field is left out of keys, so that a new field
    leaves old keys alone, and a changed default enters them. A field without it is always part of the key."""

    value: Any


class OutsideKey:
    """Marks a field that never enters a key: where something lies, beside a field that says what it is."""


class Frozen(BaseModel):
    """Base of every configuration object: immutable, hashable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def canonical(model: Frozen) -> dict[str, Any]:
    """The content of `model` that enters its key, as plain JSON data: every field but those at the value that their
    absence means, and those outside keys."""
    content = {name: plain_content(value) for name, value in (model.model_extra or {}).items()}
    for name, field in type(model).model_fields.items():
        if any(isinstance(mark, OutsideKey) for mark in field.metadata):
            continue
        value = plain_content(getattr(model, name))
        absent = [plain_content(mark.value) for mark in field.metadata if isinstance(mark, AbsentMeans)]
        if [value] != absent:
            content[name] = value
    return content


def with_absent(model: type[Frozen], content: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data of a `model`, as `canonical` or an earlier version wrote it, with the fields that it leaves out at the
    value that their absence means."""
    marks = {name: field.metadata for name, field in model.model_fields.items()}
    absent = {n: m.value for n, marked in marks.items() for m in marked if isinstance(m, AbsentMeans)}
    return absent | dict(content)


def plain_content(value: Any) -> Any:
    """Plain JSON data of a field's value, of what it holds in canonical form."""
    if isinstance(value, Frozen):
        return canonical(value)
    if isinstance(value, tuple | list):
        return [plain_content(entry) for entry in value]
    return {str(k): plain_content(v) for k, v in value.items()} if isinstance(value, Mapping) else value


def content_hash(content: Any) -> str:
    """16 hexadecimal digits of SHA-256 over canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
