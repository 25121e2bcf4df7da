"""JSON files that may be damaged or made to hurt: read whole, within a size and a depth, or refused in one line."""

import json
import re
from pathlib import Path
from typing import Any

MAX_BYTES = 256 * 2**20
MAX_DEPTH = 64
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]')


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """The content of a file. Raises: FileNotFoundError; ValueError, saying why, if it is too large or cannot be
    read."""
    try:
        with open(path, "rb") as file:
            content = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from None
    if len(content) > max_bytes:
        raise ValueError(f"it is larger than {max_bytes} bytes")
    return content


def parse_json(content: bytes | str) -> Any:
    """What JSON text stands for. Raises: ValueError, saying why, if it is none or nested too deep."""
    text = content if isinstance(content, str) else content.decode()
    depth = 0
    for token in _TOKENS.findall(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0)
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    return json.loads(text)
