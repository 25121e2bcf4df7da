"""Versions of what a number depends on."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from tsearch import __version__

PACKAGES = ("numpy", "optuna", "torch", "ray")


def versions() -> dict[str, str]:
    """tsearch, Python, and those of `PACKAGES` that are installed."""
    return dict(_versions())


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    found = [("tsearch", __version__), ("python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return tuple(found)
