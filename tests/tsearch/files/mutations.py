"""Mutations of plain content: what a careless or a malicious hand may write into a YAML or JSON file."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import yaml

NASTIES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 7, 10**6, 10**12, 10**18 - 1, 2**63, 10**30, -(10**18), 0.5, -0.5, 1e-308, 1e308,
    float("inf"), float("-inf"), float("nan"), 3.999999999999, "", " ", "x", "1", "1e5", "-3", "nan", "inf", "1e400",
    "9" * 5000, "../../x", "/dev/zero", "a\nb", "a\r\nb\x1b[31m", "a\x00b", "\u202e\u0661\u0662", "é" * 300, "n" * 300,
    "mine:network", "os:system", "json:dumps", "~", "{}", "%s%n", "any", "uniform", [], [[]], [[[]]], [None],
    [0], [1, "a"],
    [1] * 1000, [[1]] * 500, [-1, 2], [1e308, 1e308], {}, {"a": 1}, {"low": 1, "high": 2}, {"low": 2, "high": 1},
    {"low": 0, "high": 10**18}, {"low": -1e308, "high": 1e308}, {"low": float("nan"), "high": 1}, {"value": 1},
    {"min": 1}, {"max": "3nJ"}, {"name": "x"}, {"name": 3}, [{"name": "x"}],
)  # fmt: skip
KEYS = ("", "x", "name", "a\nb", "é" * 300, "low", "high", "min", "max", "__class__", "energy", "accuracy")


def mutated(content: Any, rng: random.Random) -> Any:
    """A copy of plain content with one to three changes."""
    content = copy.deepcopy(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = list(_places(content))
        if not places:
            return content
        holder, key = rng.choice(places)
        _change(holder, key, rng)
    return content


def _change(holder: Any, key: Any, rng: random.Random) -> None:
    """One value replaced, wrapped, repeated, moved, renamed or removed."""
    way = rng.choice(("nasty",) * 6 + ("number", "delete", "wrap", "deep", "repeat", "add", "rename", "swap"))
    value = holder[key]
    if way == "nasty":
        holder[key] = copy.deepcopy(rng.choice(NASTIES))
    elif way == "number":
        holder[key] = -value if isinstance(value, int | float) else len(str(value))
    elif way == "delete":
        del holder[key]
    elif way == "wrap":
        holder[key] = [value] if rng.random() < 0.5 else {rng.choice(KEYS): value}
    elif way == "deep":
        for _ in range(rng.choice((5, 40, 150))):
            value = [value]
        holder[key] = value
    elif way == "repeat" and isinstance(value, list):
        holder[key] = value * rng.choice((2, 50))
    elif way == "swap":
        other, place = rng.choice(list(_places(holder)))
        holder[key] = copy.deepcopy(other[place])
    elif isinstance(holder, dict):
        name = rng.choice(KEYS)
        holder[name] = value if way == "add" else holder.pop(key)


def _places(content: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Every place of a value: what holds it, and its key or index."""
    if depth > 20 or not isinstance(content, dict | list):
        return
    for key in list(content) if isinstance(content, dict) else range(len(content)):
        yield content, key
        yield from _places(content[key], depth + 1)


def spoiled(text: str, rng: random.Random) -> str:
    """A text with a few characters changed, a line repeated, or cut short."""
    way = rng.choice(("characters", "line", "cut", "indent"))
    lines = text.splitlines(keepends=True) or [""]
    place = rng.randrange(len(lines))
    if way == "line":
        return "".join([*lines[: place + 1], *lines[place:]])
    if way == "cut":
        return text[: rng.randrange(len(text) + 1)]
    if way == "indent":
        return "".join([*lines[:place], "  ", *lines[place:]])
    characters = list(text)
    for _ in range(rng.randint(1, 5)):
        characters[rng.randrange(len(characters))] = rng.choice("[]{}:,&*!|>'\"#%@\t\n-\x00\x07é\u202e0")
    return "".join(characters)


def as_json(content: Any) -> str:
    """JSON, also of what Python's own writer is too shallow for."""
    try:
        return json.dumps(content)
    except RecursionError:
        return "[" * 5000 + "]" * 5000


def as_yaml(content: Any) -> str:
    """YAML, or JSON of what its writer is too shallow for."""
    try:
        return yaml.safe_dump(content, sort_keys=False)
    except RecursionError:
        return as_json(content)
